import { z } from "zod";
import { defineConnector, type FileIdentity } from "#features/ledger/index.ts";
import { openExport } from "../export-files.ts";
import { secretSetting, visibilitySetting } from "../settings.ts";
import { hostOf } from "../words.ts";
import { arrangeAnswers } from "./arrange.ts";
import { connectMatrix } from "./live-rooms.ts";
import { normalizeMatrix } from "./normalize.ts";
import { pullMatrix } from "./pull.ts";
import { inspectFiles, readMatrix } from "./read-files.ts";

/** Matrix: rooms live from a homeserver, from Element's export, from saved answers of the client-server API. */
export const matrix = defineConnector({
  id: "matrix",
  aliases: ["element"],
  title: "Matrix",
  summary: "Messages, threads, answers and reactions of Matrix rooms, live from a homeserver or from Element's export.",
  normalizeVersion: 1,
  settings: z.object({
    homeserver: z.string().trim().default("").meta({
      title: "Homeserver's address",
      description: "Where the API answers, like https://matrix-client.matrix.org. With it, an export of several rooms is of that server.",
    }),
    accessToken: secretSetting("Access token", "Of an account made for this, which needs no rights in the rooms beyond being in them.").default(""),
    rooms: z.string().trim().default("").meta({
      for: "live",
      title: "Rooms",
      description: "Ids (!…) or addresses (#room:server) with commas between them; none for all that the account is in.",
    }),
    visibility: visibilitySetting("team"),
  }),
  docs: {
    collects:
      "Messages, stickers and polls with author, time, last edit, redaction, reactions (counted), mentions and the names of files; threads, and answers put into the thread of what they answer; the names of people who wrote.",
    identityKey:
      "The Matrix id (`@name:server`), which never changes. People seen through a bridge keep the id that the bridge gave them; the network and the id behind it (`@slack_…`, `@_discord_…`, `@gitter_…`, `…:gitter.im` and others) are noted beside each message.",
    limits:
      "Encrypted messages without their key are set aside, so a live connection reads no encrypted rooms; export those from an Element that has the keys. Who joined or left is not collected. Of an edited message the last words count. A reaction that is taken back is noticed when its message is read again for another reason. Messages of which the file holds only the edit are set aside. Live, the history reaches as far back as the room shows it to the account.",
    privacy:
      "Rooms that not everybody may join are shown to owners, admins and advocates only, as far as the join rule is known: live always, in a file where it holds the room's state. Words of redacted messages are not stored, also where the file still has them.",
    gettingTheFile:
      "1. Open the room in Element (web or desktop), then **Room info > Export chat**.\n2. Format **JSON**, messages **From the beginning** (or as many as you want), without attachments.\n3. Bring in the file as it is.\n\nAnswers of `/rooms/{id}/messages` and `/sync`, and lists or lines of events, work as well.",
    connecting:
      "1. Make an account for this on your homeserver, and join or invite it to the rooms. No rights are needed in them.\n2. Sign it in in Element, open **All settings > Help & About > Advanced > Access Token** and copy it. Do not sign out there afterwards: that ends the token. Close the window instead.\n3. Enter the homeserver's address that stands beside it.",
  },
  streams: { messages: { title: "Messages", everyMinutes: 60 }, people: { title: "People who wrote" } },
  normalize: normalizeMatrix,
  arrangeThreads: arrangeAnswers,
  connect: (_ctx, input) => connectMatrix(input),
  pull: (_ctx, input) => pullMatrix(input),

  recognizes({ head, isDirectory, entries }) {
    if (entries.length > 0) return entries.some(({ name }) => /(?:^|\/)matrix - .* - chat export[^/]*\.json$/i.test(name)) ? 0.9 : 0;
    if (isDirectory) return 0;
    const start = head.toString("utf8");
    if (!/^\ufeff?\s*[[{]/.test(start)) return 0;
    if (/^\ufeff?\s*\{\s*"room_name"\s*:/.test(start) && /"exported_by"\s*:/.test(start)) return 1;
    const isEvent = /"event_id"\s*:\s*"\$/.test(start) && /"origin_server_ts"\s*:\s*\d{12,14}\b/.test(start);
    return isEvent && /"sender"\s*:\s*"@[^"]+:[^"]+"/.test(start) ? 0.95 : 0;
  },

  async identifyFile(_ctx, { path, settings, signal }): Promise<FileIdentity> {
    const files = await openExport(path);
    try {
      const { rooms, spokenIn, messages } = await inspectFiles(files, signal);
      const ids = spokenIn.size > 0 ? [...spokenIn].sort() : rooms.ids;
      const [only] = ids;
      const host = hostOf(settings.homeserver);
      const reported = { message: messages };
      if (ids.length === 1 && only) return { origin: `matrix:${only}`, name: rooms.room(only).name, reported };
      const names = ids.slice(0, 3).map((id) => rooms.room(id).name);
      return {
        origin: `matrix:${host ?? (only ? `${only}+${ids.length - 1}` : files.name)}`,
        name: host ?? (names.join(", ") || files.name),
        reported,
      };
    } finally {
      await files.close();
    }
  },

  async *importFile(_ctx, { path, signal }) {
    const files = await openExport(path);
    try {
      yield* readMatrix(files, await inspectFiles(files, signal), signal);
    } finally {
      await files.close();
    }
  },
});
