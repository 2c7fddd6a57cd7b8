import { z } from "zod";
import { AppError } from "#core/errors.ts";
import { defineConnector, type FileIdentity } from "#features/ledger/index.ts";
import { openExport } from "../export-files.ts";
import { secretSetting, visibilitySetting } from "../settings.ts";
import { hostOf } from "../words.ts";
import { normalizeZulip } from "./normalize.ts";
import { connectZulip, pullZulip } from "./pull.ts";
import { inspectAnswers, readAnswers, siteOfAnswers } from "./read-answers.ts";
import { inspectTopicArchive, isTopicArchive, openTopicArchive, readTopicArchive } from "./read-archive.ts";
import { inspectRealm, isRealm, openRealm, readRealm } from "./read-realm.ts";

/** Zulip: an organization live or from its export, a zulip-archive of public channels, saved answers of the API. */
export const zulip = defineConnector({
  id: "zulip",
  title: "Zulip",
  summary: "Messages, topics and people of a Zulip organization, live or from an export.",
  normalizeVersion: 1,
  settings: z.object({
    site: z.string().trim().default("").meta({
      title: "Organization's address",
      description: "As you open it in the browser, like https://example.zulipchat.com. With it, an export and the live connection are one source.",
    }),
    email: z
      .string()
      .trim()
      .default("")
      .meta({ for: "live", title: "Bot's e-mail address", description: "Shown beside its API key. Only for reading live." }),
    apiKey: secretSetting("API key", "Of a generic bot: Settings > Bots. It can read public channels and those it is subscribed to.").default(""),
    channels: z
      .string()
      .trim()
      .default("")
      .meta({ for: "live", title: "Channels", description: "Names with commas between them; none for all that the bot can see." }),
    visibility: visibilitySetting("team"),
  }),
  docs: {
    collects:
      "Messages of channels with their topic, author, time, edit, reactions (counted) and names of attachments; names, addresses (where Zulip shows them) and bot marks of the people who wrote. A full export also brings private messages, seen by owners, admins and advocates only.",
    identityKey:
      "The user's number within the server. zulip-archive knows no numbers: there it is the name in lower case, which a change of name splits. Deleted users stay unattributed.",
    limits:
      "A topic is a thread by its name within its channel; moved messages go over to the other topic and stay the same messages, and ✔ in front of a name reads as solved. Live, the last 500 messages of a channel are read again on every run for edits and reactions, and a topic when Zulip notes that it was moved or resolved; older edits, and messages that were deleted, are only seen by bringing in a new export. A zulip-archive has neither edits nor reactions nor ids of people, and never replaces what an export or the API told. Exports are read as a folder or zip, not as .tar.gz.",
    privacy:
      "Private channels and private messages are shown to owners, admins and advocates only. Addresses that the server made up are not stored as addresses. Password hashes and keys of an export are not taken over.",
    gettingTheFile:
      "1. In Zulip, an owner opens **Settings > Organization > Data exports** and starts a **Public data** export (or, on your own server, `./manage.py export --public-only`).\n2. Download it when it is done: a `.tar.gz`.\n3. Unpack it (`tar xzf …`) and bring in the folder, or zip the folder and bring in the zip.\n\nFor one public channel, the folder that [zulip-archive](https://github.com/zulip/zulip-archive) writes (with its `stream_index.json`) works as well.",
    connecting:
      "1. In Zulip open **Settings > Personal > Bots > Add a new bot**, type **Generic bot**.\n2. Copy its e-mail address and API key.\n3. It reads public channels at once; subscribe it to each private channel that you want here. It needs no role of administrator.",
  },
  streams: { messages: { title: "Messages", everyMinutes: 60 }, users: { title: "People who wrote" } },
  normalize: normalizeZulip,
  connect: (_ctx, input) => connectZulip(input),
  pull: (_ctx, input) => pullZulip(input),

  recognizes({ head, isDirectory, entries }) {
    const names = entries.map(({ name }) => name);
    if (names.length > 0)
      return isRealm(names) ? 1 : isTopicArchive(names) && names.some((name) => /(?:^|\/)\d+-[^/]+\/[^/]+\.json$/.test(name)) ? 1 : 0;
    if (isDirectory) return 0;
    if (isPackedRealm(head)) return 0.9;
    const start = head.toString("utf8");
    if (!/^\ufeff?\s*[[{]/.test(start)) return 0;
    const hasMessage = /"sender_full_name"\s*:/.test(start) && /"timestamp"\s*:\s*\d{9,11}\b/.test(start);
    return hasMessage && /"display_recipient"\s*:/.test(start) ? 0.95 : hasMessage ? 0.6 : 0;
  },

  async identifyFile(_ctx, { path, settings, signal }): Promise<FileIdentity> {
    const files = await openExport(path);
    try {
      const names = files.files.map(({ name }) => name);
      const host = hostOf(settings.site);
      if (isRealm(names)) {
        const realm = await openRealm(files, settings.site, signal);
        const { messages } = await inspectRealm(realm, signal);
        return { origin: `zulip:${realm.site}`, name: realm.name, reported: { message: messages } };
      }
      if (isTopicArchive(names)) {
        const archive = await openTopicArchive(files, settings.site, signal);
        await inspectTopicArchive(archive, signal);
        const channels = archive.channels.map(({ name }) => `#${name}`).join(", ");
        return { origin: `zulip:${archive.site}`, name: channels || files.name, reported: { message: archive.counted } };
      }
      if (!files.isSingle) {
        throw new AppError("unreadable_file", {
          public: `${files.name} is no export of Zulip: neither realm.json with messages-000001.json nor stream_index.json is in it. Bring in the folder as Zulip or zulip-archive wrote it.`,
        });
      }
      await refuseOthers(files.files[0], signal);
      const { messages, firstChannel } = await inspectAnswers(files, signal);
      if (messages > 0 && firstChannel === undefined) {
        throw new AppError("unreadable_file", {
          public: `${files.name} holds messages that do not say their channel. It may be one topic of a zulip-archive: bring in the whole folder, with stream_index.json in it.`,
        });
      }
      return {
        origin: `zulip:${siteOfAnswers(settings.site)}`,
        name: host ?? (firstChannel ? `#${firstChannel}` : files.name),
        reported: { message: messages },
      };
    } finally {
      await files.close();
    }
  },

  async *importFile(_ctx, { path, settings, signal }) {
    const files = await openExport(path);
    try {
      const names = files.files.map(({ name }) => name);
      if (isRealm(names)) yield* readRealm(await openRealm(files, settings.site, signal), files.totalBytes, signal);
      else if (isTopicArchive(names)) yield* readTopicArchive(await openTopicArchive(files, settings.site, signal), files.totalBytes, signal);
      else yield* readAnswers(files, siteOfAnswers(settings.site), signal);
    } finally {
      await files.close();
    }
  },
});

/** The name of a file in an export stands at the front of a tar archive, its mark at byte 257. */
function isPackedRealm(head: Buffer): boolean {
  return head.subarray(257, 262).toString("latin1") === "ustar" && /^(?:\.\/)?zulip-[\w.-]+\//.test(head.toString("latin1", 0, 100));
}

async function refuseOthers(
  file: { name: string; read(signal: AbortSignal): AsyncGenerator<Buffer> } | undefined,
  signal: AbortSignal,
): Promise<void> {
  if (!file) return;
  for await (const chunk of file.read(signal)) {
    if (chunk.subarray(257, 262).toString("latin1") === "ustar") {
      throw new AppError("unreadable_file", {
        public: `${file.name} is still packed as tar. Unpack it (tar xzf ${file.name}) and bring in the folder; nothing was stored.`,
      });
    }
    if (/^\ufeff?\s*\{/.test(chunk.toString("utf8", 0, 200)) && !/"messages"\s*:/.test(chunk.toString("utf8"))) {
      throw new AppError("unreadable_file", {
        public: `${file.name} is JSON, but no answer with "messages" and no list of messages. Bring in an export's folder, or an answer of GET /api/v1/messages.`,
      });
    }
    return;
  }
}
