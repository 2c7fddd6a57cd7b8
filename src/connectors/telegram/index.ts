import { z } from "zod";
import { defineConnector } from "#features/ledger/index.ts";
import { visibilitySetting } from "../settings.ts";
import { arrangeReplies } from "./arrange.ts";
import { normalizeMessage } from "./normalize.ts";
import { importExport, inspectExport } from "./read-export.ts";
import { isTimeZone } from "./read-time.ts";
import { recognizeExport } from "./recognize.ts";

/** Chats of Telegram, by the JSON that Telegram Desktop exports. */
export const telegram = defineConnector({
  id: "telegram",
  title: "Telegram",
  summary: "Messages, replies and topics of Telegram groups, channels and chats, from Telegram Desktop's export.",
  normalizeVersion: 1,
  settings: z.object({
    visibility: visibilitySetting("team").meta({
      title: "Who may see public groups and channels",
      description: "Anybody, signed-in developers, the team, or only owners, admins and advocates.",
    }),
    privateGroups: visibilitySetting("restricted").meta({
      title: "Who may see private groups and channels",
      description: "Those without a public address. Chats between two are always for owners, admins and advocates only.",
    }),
    chats: z.string().trim().default("").meta({
      title: "Chats",
      description:
        "Names or ids to bring in from an account's export, with commas between them. None for its public groups and channels alone, * for everything, private chats too.",
    }),
    account: z.string().trim().default("").meta({
      title: "Account",
      description: "Whose account it is, where its export does not say so: any name that stays the same.",
    }),
    timeZone: z.string().trim().default("UTC").refine(isTimeZone, "must be a zone like Europe/Berlin").meta({
      title: "Time zone",
      description: "Of the computer that exported, like Europe/Berlin. Only for exports from before 2021, which do not say it.",
    }),
  }),
  docs: {
    collects:
      "Messages with author, time, edit, words as Markdown, reply, reactions (counted), mentions, names of files and stickers, and from whom they were forwarded; topics of forums; who joined by themselves. What Telegram notes besides (pinned, renamed, called, invited …) is left out.",
    identityKey:
      "The account's number, the same in all chats. Names are those of the day of the export. Groups and channels that write in their own name are shown by it and are no person. Deleted accounts stay unattributed, although their number is still there. Exports mark no bots: known as such are those of chats with bots, and those whose messages have buttons.",
    limits:
      "From files only. Exports bear no date: of two that differ in names or reactions, the one brought in last counts. The export of one chat and that of an account are two sources. Groups and channels number their messages; in chats between two and in small groups that are no supergroup each account does, so let always the same person export those. A group that became a supergroup is another chat: what it held before comes with the supergroup's export under ids below zero. Mentions by @name bear no id and stay words. Topics are known by the message that opened them; renaming them later is not seen. Messages that an older Telegram Desktop did not know are set aside.",
    privacy:
      "Chats between two are shown to owners, admins and advocates only; so are private groups and channels unless you say otherwise. An account's export holds everything that its owner ever wrote to anybody: only its public groups and channels come in, and private ones that you name. Shared contacts, phone numbers and places are not taken over, files never. Ask the members of a group before you read along.",
    gettingTheFile:
      "1. In [Telegram Desktop](https://desktop.telegram.org) open the group or channel, then ⋮ > **Export chat history**. (For all chats: **Settings > Advanced > Export Telegram data**; keep **Account information** ticked.)\n2. Untick all media, and choose **Machine-readable JSON** as the format.\n3. Wait until it says that the export is complete.\n4. Bring in `result.json`, its folder, or a zip of it. Files that were packed with gzip work too.",
  },
  streams: { messages: { title: "Messages" } },
  normalize: normalizeMessage,
  arrangeThreads: arrangeReplies,
  recognizes: recognizeExport,
  identifyFile: (_ctx, { path, settings, signal }) => inspectExport(path, settings, signal),
  importFile: (_ctx, { path, settings, signal }) => importExport(path, settings, signal),
});
