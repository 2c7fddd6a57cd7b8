import { z } from "zod";
import { defineConnector } from "#features/ledger/index.ts";
import { secretSetting, visibilitySetting } from "../settings.ts";
import { connectDiscord } from "./connect.ts";
import { listenToDiscord } from "./listen.ts";
import { normalizeMessage } from "./normalize.ts";
import { pullDiscord } from "./pull.ts";
import { importExport, inspectExport } from "./read-export.ts";
import { recognizeExport } from "./recognize.ts";

/** A Discord server, by DiscordChatExporter's files or live by a bot; and direct messages, by files. */
export const discord = defineConnector({
  id: "discord",
  title: "Discord",
  summary: "Messages, threads and forum posts of a Discord server, live by a bot or from DiscordChatExporter's JSON.",
  normalizeVersion: 1,
  settings: z.object({
    token: secretSetting("Bot token", "Of your own application, from the Developer Portal. Only for reading live.").default(""),
    server: z.string().trim().default("").meta({
      for: "live",
      title: "Server",
      description: "Its id, or its address in the browser. Only for reading live, and not needed when the bot is in one server alone.",
    }),
    channels: z.string().trim().default("").meta({
      for: "live",
      title: "Channels",
      description: "Names or ids to read live, with commas between them; none for all that the bot can see.",
    }),
    since: z
      .union([z.literal(""), z.iso.date()])
      .default("")
      .meta({ for: "live", title: "Read from", description: "The first day to read live, like 2024-01-31; empty for everything." }),
    privateChannels: z.string().trim().default("").meta({
      title: "Private channels",
      description:
        "Names or ids, with commas between them, of channels in exports that only owners, admins and advocates may see. Exports do not say which channels are private; a bot knows it by itself.",
    }),
    listen: z.boolean().default(true).meta({
      for: "live",
      title: "Keep a connection open",
      description: "New, changed and deleted messages arrive at once, over Discord's gateway; else with the next run.",
    }),
    visibility: visibilitySetting("team"),
    baseUrl: z
      .url()
      // The token goes there: it must not be led elsewhere by who may change settings but not see secrets.
      .refine((address) => ["discord.com", "127.0.0.1", "localhost"].includes(URL.parse(address)?.hostname ?? ""), "must be Discord's own")
      .default("https://discord.com/api/v10")
      .meta({ title: "API address", description: "Discord's own; this machine alone may stand for it.", hidden: true }),
  }),
  docs: {
    collects:
      "Every message with author, time, edit, words, reply, reactions (counted), mentions, names of files and stickers; threads under their channel and forum posts as topics. Discord's own lines (joined, boosted, pinned, calls …) are activities of their own kinds, never messages. What apps show in boxes counts as their words; the preview of a link does not.",
    identityKey:
      "The account's number, the same on every server. Names and nicknames are labels of the day of the export. Apps and webhooks are bots. Deleted accounts stay unattributed; a webhook that speaks for many people is one bot, with the names it used noted at each message.",
    limits:
      "A reply names only the message it answers; chains are followed to their first message within what is brought in together, so bring in a channel's parts as one folder. Times come from the message ids, whatever zone the exporter ran in. A file that was cut off is taken up to the cut, with a warning; a message that cannot be read is set aside with its line. Live, the last 24 hours of each channel are read again on every run for edits, reactions and deletions; older changes come over the connection, or with a new export. Over the connection new, changed and deleted messages arrive at once, whatever their age, and reactions within seconds: the event names only its message, which is read again, up to 40 a minute. What happens while there is no connection is sent again by Discord for some minutes; after that the runs bring what they read. Discord does not name the messages of a deleted thread or channel: those of the last day are taken out, older ones stay until they are removed by hand. Live, nicknames of the server are not known, only names. Direct messages come from exports alone.",
    privacy:
      "Direct messages, private threads and (live) channels that are closed to ordinary members are shown to owners, admins and advocates only; in exports, name such channels in the settings. Links to files lose their tokens; files are never fetched. What was deleted in Discord within a day after it was read live is taken out here too. Ask your server's members before you read along; Discord's rules for developers ask for it.",
    gettingTheFile:
      "1. Get [DiscordChatExporter](https://github.com/Tyrrrz/DiscordChatExporter) and a bot token (below); Discord does not allow programs to use a person's own token.\n2. Export the server as JSON with its threads, for example `DiscordChatExporter.Cli exportguild -t <token> -g <server id> -f Json --include-threads All --utc -o export/`. Leave «Download assets» off.\n3. Bring in the folder, or a zip of it. One file works too, and so do files that were packed with gzip.",
    connecting:
      "1. In the [Developer Portal](https://discord.com/developers/applications) make a **New Application**, then open **Bot**.\n2. Switch on **Message Content Intent**: without it Discord sends empty messages and refuses the connection. No other privileged intent is needed, neither members nor presences.\n3. **Reset Token** and give the token here.\n4. Under **OAuth2 > URL Generator** choose the scope **bot** with the permissions **View Channels** and **Read Message History**, open the link and add the bot to your server. It needs no more; **Manage Threads** only to read closed private threads that it was not added to.\n5. Keep it out of channels that must not be read: what it cannot see is skipped and named in the run's log.\n6. Leave **Keep a connection open** on, and what is new arrives at once. The bot is seen as online meanwhile. Let one program use the token: Discord allows a bot 1,000 new sessions a day.",
  },
  streams: { messages: { title: "Messages", everyMinutes: 60 } },
  normalize: normalizeMessage,
  connect: (_ctx, { settings, http, signal }) => connectDiscord(settings, { http, signal }),
  pull: pullDiscord,
  listen: { isOn: ({ token, listen }) => token !== "" && listen, run: listenToDiscord },
  recognizes: recognizeExport,
  identifyFile: (_ctx, { path, signal }) => inspectExport(path, signal),
  importFile: (_ctx, { path, signal, noted }) => importExport(path, signal, noted),
});
