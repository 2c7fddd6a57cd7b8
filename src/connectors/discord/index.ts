import { z } from "zod";
import { defineConnector } from "#features/ledger/index.ts";
import { visibilitySetting } from "../settings.ts";
import { normalizeMessage } from "./normalize.ts";
import { importExport, inspectExport } from "./read-export.ts";
import { recognizeExport } from "./recognize.ts";

/** A Discord server, by DiscordChatExporter's files or live by a bot; and direct messages, by files. */
export const discord = defineConnector({
  id: "discord",
  title: "Discord",
  summary: "Messages, threads and forum posts of a Discord server, from DiscordChatExporter's JSON or live by a bot.",
  normalizeVersion: 1,
  settings: z.object({
    visibility: visibilitySetting("team"),
    privateChannels: z.string().default("").meta({
      title: "Private channels",
      description:
        "Names or ids of channels that only owners, admins and advocates may see, with commas between them. Exports do not say which channels are private; a bot knows it.",
    }),
  }),
  docs: { collects: "todo todo todo", identityKey: "todo todo todo", limits: "todo todo todo", privacy: "todo todo todo" },
  streams: { messages: { title: "Messages" } },
  normalize: normalizeMessage,
  recognizes: recognizeExport,
  identifyFile: (_ctx, { path, signal }) => inspectExport(path, signal),
  importFile: (_ctx, { path, signal }) => importExport(path, signal),
});
