import { z } from "zod";
import { defineConnector } from "#features/ledger/index.ts";
import { visibilitySetting } from "../settings.ts";
import { normalizeMail } from "./normalize.ts";
import { holdsMailbox, isMailbox, unpackedHead } from "./open-mailbox.ts";
import { inspectMailbox, readMailbox } from "./read-mailbox.ts";

/** Mailboxes: a list's archive as mbox, packed or not, one file or a folder of them. */
export const mbox = defineConnector({
  id: "mbox",
  title: "Mailing list archive (mbox)",
  summary: "Mails and threads of a mailing list, from mbox files as pipermail, HyperKitty, Groups.io and mail programs write them.",
  normalizeVersion: 1,
  settings: z.object({
    visibility: visibilitySetting("team"),
    list: z
      .string()
      .trim()
      .min(1)
      .optional()
      .meta({ title: "List", description: "The list's name, where the mails do not say it. Files of one list feed one source." }),
  }),
  docs: {
    collects: "Every mail that Python's `mailbox` counts: sender, time, subject, words (HTML as text), names of attachments, and its thread.",
    identityKey:
      "The address in lower case («user at host» read as an address). Where list software put its own address in From, X-Original-From or Reply-To names the writer; else the name, inside this source.",
    limits:
      "Threads follow References and In-Reply-To over the whole file or folder, then the subject within 30 days; a list's months are best imported as one folder, as a month alone may not know where its threads began. The same mail on two lists stands in each. A mail that stands in a file twice is kept once and listed as set aside. Contents of attachments are not read; a mail beyond 64 MB is read to there.",
    privacy: "Mails hold names, addresses and signatures. Only the team sees them unless you choose otherwise.",
  },
  streams: { mails: { title: "Mails" } },
  normalize: normalizeMail,
  recognizes({ path, head, isDirectory }) {
    if (isDirectory) return holdsMailbox(path) ? 0.9 : 0;
    const start = unpackedHead(head);
    if (/^From \S+.*\d{4}[^\n]*\r?\n/.test(start)) return 0.95;
    if (start.startsWith("From ")) return 0.8;
    return isMailbox(start) ? 0.3 : 0;
  },
  identifyFile: (_ctx, { path, settings, signal }) => inspectMailbox({ path, list: settings.list, signal }),
  importFile: (_ctx, { path, settings, signal }) => readMailbox({ path, list: settings.list, signal }),
});
