import { z } from "zod";
import { defineConnector } from "#features/ledger/index.ts";
import { secretSetting, visibilitySetting } from "../settings.ts";
import { arrangeMails } from "./arrange-mails.ts";
import { connectMail, pullMail } from "./live.ts";
import { normalizeMail } from "./normalize.ts";
import { inspectMailbox, readMailbox } from "./read-mailbox.ts";
import { recognizeMails } from "./recognize.ts";

const only = { imap: "Only for IMAP.", web: "Only for Pipermail and HyperKitty." };

/** Mailing lists: from mbox, maildir, .eml, Groups.io exports; live from an IMAP folder, Pipermail or HyperKitty. */
export const mbox = defineConnector({
  id: "mbox",
  aliases: ["mail"],
  title: "Mailing list",
  summary: "Mails and threads of a mailing list, from mbox, maildir, .eml and Groups.io exports, or live by IMAP, Pipermail and HyperKitty.",
  normalizeVersion: 2,
  settings: z.object({
    kind: z.enum(["file", "imap", "pipermail", "hyperkitty"]).default("file").meta({
      for: "live",
      title: "Read from",
      description: "Files alone; or live: a folder by IMAP, a Pipermail archive (Mailman 2) or a HyperKitty archive (Mailman 3) on the web.",
    }),
    visibility: visibilitySetting("team"),
    list: z.string().trim().min(1).optional().meta({
      title: "List",
      description:
        "The list's id, such as users.lists.example.org, where the mails do not say it. Files and live connection of one list feed one source.",
    }),
    url: z
      .string()
      .trim()
      .default("")
      .meta({
        for: "live",
        when: { kind: ["pipermail", "hyperkitty"] },
        title: "Archive's address",
        description: `${only.web} Such as https://lists.example.org/pipermail/users/ or https://lists.example.org/archives/list/users@lists.example.org/.`,
      }),
    since: z
      .string()
      .trim()
      .regex(/^(?:\d{4}-\d{2})?$/, "write a month like 2019-05")
      .default("")
      .meta({
        for: "live",
        when: { kind: ["hyperkitty"] },
        title: "First month",
        description: "Only for HyperKitty, where its page does not show how far back it goes. A month like 2019-05.",
      }),
    host: z
      .string()
      .trim()
      .default("")
      .meta({ for: "live", when: { kind: ["imap"] }, title: "IMAP server", description: `${only.imap} Such as imap.example.org.` }),
    port: z
      .int()
      .min(1)
      .max(65_535)
      .default(993)
      .meta({ for: "live", when: { kind: ["imap"] }, title: "Port", description: `${only.imap} 993 with TLS, 143 with STARTTLS.` }),
    security: z
      .enum(["tls", "starttls", "none"])
      .default("tls")
      .meta({
        for: "live",
        when: { kind: ["imap"] },
        title: "Encryption",
        description: `${only.imap} TLS from the start, or STARTTLS, without which nothing is sent. None only inside a network of your own: the password travels readable.`,
      }),
    user: z
      .string()
      .trim()
      .default("")
      .meta({ for: "live", when: { kind: ["imap"] }, title: "User", description: `${only.imap} Often the whole address.` }),
    password: secretSetting("Password", `${only.imap} Best an app password, of an account that receives this list alone.`)
      .meta({ when: { kind: ["imap"] } })
      .default(""),
    token: secretSetting("OAuth access token", `${only.imap} In place of a password, where the server asks for one; such tokens end within hours.`)
      .meta({ when: { kind: ["imap"] } })
      .default(""),
    folder: z
      .string()
      .trim()
      .min(1)
      .default("INBOX")
      .meta({
        for: "live",
        when: { kind: ["imap"] },
        title: "Folder",
        description: `${only.imap} The folder into which the list's mails are sorted.`,
      }),
  }),
  docs: {
    collects:
      "Every mail: sender, time, subject, words (HTML as text), names of attachments, the mails it refers to, and its thread. From a page of Groups.io's subscriptions: who joined the group and when.",
    identityKey:
      "The address in lower case («user at host» read as an address). Where list software put its own address in From, X-Original-From or Reply-To names the writer; else the name, inside this source. Groups.io's subscribers have its number for a user.",
    limits:
      "A mail's key is its Message-ID and the second in which it was sent, so the same mail from a file, by IMAP and from a web archive is one, and the fullest copy of it stays; two mails that share both are taken for one. Threads follow References and In-Reply-To, then the subject within 30 days, over all mails of the source, whichever months came when. The same mail on two lists stands in each. A mail that stands in a file twice is kept once and listed as set aside, as is one without any date. Drafts and mails marked as deleted are left out. Contents of attachments are not read; a mail beyond 64 MB is read to there. Live: mails that an archive or mailbox loses stay here; Pipermail hides addresses and cuts attachments; HyperKitty tells only which mail one answers; an OAuth access token is used as it is and not renewed.",
    privacy:
      "Mails hold names, addresses and signatures, and are stored as they came. Only the team sees them unless you choose otherwise; where anybody may see them, addresses in subjects and words are shortened to «name@…». Who merely subscribed is seen by owners, admins and advocates only. By IMAP the folder is opened read-only: nothing is marked as read, moved or deleted.",
    gettingTheFile:
      "Any of these, also several in one folder or zip:\n\n- **Mailman 2 (Pipermail)**: on the archive's page, «Gzip'd Text» of each month; or, on the server, `archives/private/<list>.mbox/<list>.mbox`.\n- **Mailman 3 (HyperKitty)**: on the list's page, **Download**, gives `.mbox.gz`.\n- **Groups.io**: as an owner, **Admin > Settings > Export Group Data > Messages** gives a zip; pages that the API answers to `getsubs` may lie beside it.\n- **Google Groups**: Google Takeout gives an `.mbox` for each group you own.\n- **A mail program or server**: an mbox, a maildir (the folder that holds `cur` and `new`), or mails saved as `.eml`. Files of Outlook (.pst, .msg) need a program that saves them as one of these.",
    connecting:
      "- **IMAP**: subscribe an account of its own to the list and let it sort the list into a folder. Give server, user, folder and an app password. Reading is all it needs: the folder is only examined.\n- **Pipermail**: give the address of the page that lists the months, such as `https://lists.example.org/pipermail/users/`. No account is needed.\n- **HyperKitty**: give the address of the list's page, such as `https://lists.example.org/archives/list/users@lists.example.org/`. The archive must be public and allow downloads.",
  },
  streams: { mails: { title: "Mails", everyMinutes: 60 }, subscriptions: { title: "Subscriptions (Groups.io)" } },
  normalize: normalizeMail,
  arrangeThreads: arrangeMails,
  connect: connectMail,
  pull: pullMail,
  recognizes: recognizeMails,
  identifyFile: (_ctx, { path, settings, signal }) => inspectMailbox({ path, list: settings.list, signal }),
  importFile: (_ctx, { path, settings, signal }) => readMailbox({ path, list: settings.list, signal }),
});
