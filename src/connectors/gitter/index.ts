import { z } from "zod";
import { defineConnector } from "#features/ledger/index.ts";
import { openExport } from "../export-files.ts";
import { visibilitySetting } from "../settings.ts";
import { normalizeMessage } from "./normalize.ts";
import { inspectGitter, readGitter } from "./read-files.ts";

/** Gitter's rooms, which live on Matrix since 2023: what people saved of them before. */
export const gitter = defineConnector({
  id: "gitter",
  title: "Gitter room",
  summary: "Messages and threads of a Gitter room, from saved answers of its API or its room export.",
  normalizeVersion: 1,
  settings: z.object({
    room: z
      .string()
      .trim()
      .default("")
      .meta({ title: "Room", description: "Like owner/room: the messages do not say it. Without it, the file's name stands for it." }),
    visibility: visibilitySetting("team"),
  }),
  docs: {
    collects: "Messages with their thread, author, edit, people mentioned and issues named.",
    identityKey: "The user's id at Gitter. Removed accounts and ghosts stay unattributed.",
    limits:
      "Gitter's own service ended in February 2023; its rooms go on at Matrix, where the Matrix source reads them. Reactions are not in the files. A root that was deleted keeps its thread. Logs as plain text are not read.",
    privacy:
      "Closed rooms and private conversations are shown to owners, admins and advocates only, where the list of rooms lies beside the messages.",
    gettingTheFile:
      "There is no export any more. What works is what was saved before: answers of `GET /v1/rooms/…/chatMessages` (also of the tool gitter-export-room), the `messages.ndjson` of Gitter's room export, alone, in a folder or as zip, perhaps with the answer of `GET /v1/rooms` beside them.",
  },
  streams: { messages: { title: "Messages" } },
  normalize: normalizeMessage,
  recognizes({ path, head, isDirectory, entries }) {
    if (isDirectory || entries.length > 0)
      return /gitter/i.test(path) && entries.length > 0 && entries.every(({ name }) => !/\.(?:txt|log)$/.test(name)) ? 0.4 : 0;
    const start = head.toString("utf8");
    if (!/^\ufeff?\s*(?:\[\s*)?\{/.test(start)) return 0;
    if (!/"sent"\s*:\s*"\d{4}-\d\d-\d\dT/.test(start) || !/"fromUser"\s*:/.test(start)) return 0;
    return /"id"\s*:\s*"[0-9a-f]{24}"/.test(start) ? 1 : 0.6;
  },
  async identifyFile(_ctx, { path, settings, signal }) {
    const files = await openExport(path);
    try {
      const { room, messages } = await inspectGitter(files, settings.room, signal);
      return { origin: `gitter:${room.name.toLowerCase()}`, name: room.name, reported: { message: messages } };
    } finally {
      await files.close();
    }
  },
  async *importFile(_ctx, { path, settings, signal }) {
    const files = await openExport(path);
    try {
      yield* readGitter(files, await inspectGitter(files, settings.room, signal), signal);
    } finally {
      await files.close();
    }
  },
});
