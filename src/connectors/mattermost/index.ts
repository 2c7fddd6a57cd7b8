import { z } from "zod";
import { AppError } from "#core/errors.ts";
import { defineConnector, type FileIdentity } from "#features/ledger/index.ts";
import { type ExportFile, type ExportFiles, openExport } from "../export-files.ts";
import { visibilitySetting } from "../settings.ts";
import { hostOf } from "../words.ts";
import { normalizeMattermost } from "./normalize.ts";
import { inspectAnswers, readAnswers } from "./read-answers.ts";
import { inspectBulk, readBulk } from "./read-bulk.ts";

/** Mattermost: a server's bulk export, or saved answers of its API. */
export const mattermost = defineConnector({
  id: "mattermost",
  title: "Mattermost",
  summary: "Messages, threads and people of a Mattermost server, from its bulk export or saved answers of its API.",
  normalizeVersion: 1,
  settings: z.object({
    site: z.string().trim().default("").meta({
      title: "Server's address",
      description: "As you open it in the browser, like https://chat.example.com. With it, later exports feed the same source.",
    }),
    visibility: visibilitySetting("team"),
  }),
  docs: {
    collects: "Messages with thread, author, time, edit, reactions (counted) and names of attachments; accounts with name, address and bot mark.",
    identityKey:
      "The account's id from the API. The bulk export has no ids: there it is the username in lower case, which a change of name splits. Posts of webhooks belong to a bot of the name they show.",
    limits:
      "From files only; it is not read live. The bulk export has no ids of posts either: they are known by team, channel, user and time of writing, so the same post from the export and from the API is two. Deleted posts are in the API's answers, not in the export. What the server notes by itself («… joined the channel») is left out and counted.",
    privacy:
      "Private channels, direct and group messages are shown to owners, admins and advocates only, and so are channels of which the files do not say what they are. Password hashes and notification settings are not taken over.",
    gettingTheFile:
      "1. On the server run `mmctl export create`, then `mmctl export list` and `mmctl export download <name>`: a zip with `import.jsonl` in it. (Or `mattermost export bulk export.jsonl --all-teams`.)\n2. Bring in the zip or the `.jsonl`.\n\nAnswers of `GET /api/v4/channels/<id>/posts`, saved into one folder with those of `/channels/<id>` and `/users/<id>`, work as well.",
  },
  streams: { posts: { title: "Messages" }, users: { title: "People who wrote" } },
  normalize: normalizeMattermost,

  recognizes({ head, isDirectory, entries }) {
    if (entries.length > 0) {
      const names = entries.map(({ name }) => name);
      if (names.some((name) => /(?:^|\/)import\.jsonl$/.test(name))) return 0.9;
      return names.some((name) => /mattermost/i.test(name)) && names.every((name) => name.endsWith(".json")) ? 0.5 : 0;
    }
    if (isDirectory) return 0;
    const start = head.toString("utf8");
    if (/^\ufeff?\s*\{\s*"type"\s*:\s*"version"\s*,\s*"version"\s*:\s*\d/.test(start)) return 1;
    if (!/^\ufeff?\s*\{/.test(start)) return 0;
    if (/"order"\s*:\s*\[/.test(start) && /"posts"\s*:\s*\{/.test(start)) return /"channel_id"\s*:/.test(start) ? 1 : 0.6;
    // One account or one channel by itself: the fields that only Mattermost spells so.
    return /"create_at"\s*:\s*\d{13}/.test(start) && /"delete_at"\s*:\s*\d/.test(start) && /"(?:auth_service|creator_id)"\s*:/.test(start) ? 0.8 : 0;
  },

  async identifyFile(_ctx, { path, settings, signal }): Promise<FileIdentity> {
    const files = await openExport(path);
    try {
      const bulk = await findBulk(files, signal);
      if (bulk) {
        const { teams, messages } = await inspectBulk(bulk, signal);
        return {
          origin: `mattermost:${siteOf(settings.site, teams.map(({ name }) => name).join(",") || files.name)}`,
          name: hostOf(settings.site) ?? (teams.map(({ title }) => title).join(", ") || files.name),
          reported: { message: messages },
        };
      }
      const { messages, channels } = await inspectAnswers(files, signal);
      const [first] = channels.keys();
      return {
        origin: `mattermost:${siteOf(settings.site, first ?? files.name)}`,
        name: hostOf(settings.site) ?? ([...channels.values()].map(({ name }) => name).join(", ") || files.name),
        reported: { message: messages },
      };
    } finally {
      await files.close();
    }
  },

  async *importFile(_ctx, { path, settings, signal }) {
    const files = await openExport(path);
    try {
      const bulk = await findBulk(files, signal);
      if (bulk) {
        const { teams } = await inspectBulk(bulk, signal);
        yield* readBulk(bulk, `mattermost:${siteOf(settings.site, teams.map(({ name }) => name).join(",") || files.name)}`, signal);
        return;
      }
      const found = await inspectAnswers(files, signal);
      const [first] = found.channels.keys();
      yield* readAnswers(files, { ...found, site: `mattermost:${siteOf(settings.site, first ?? files.name)}` }, signal);
    } finally {
      await files.close();
    }
  },
});

/** The server's host; without an address, what the file itself is of. */
function siteOf(address: string, fallback: string): string {
  return hostOf(address) ?? `unnamed-${fallback.toLowerCase()}`;
}

/** The bulk export among the files: the one JSON-lines file, or `import.jsonl` of a zip. */
async function findBulk(files: ExportFiles, signal: AbortSignal): Promise<ExportFile | undefined> {
  const lines = files.files.filter(({ name }) => /\.jsonl?(?:\.gz)?$|\.ndjson$/i.test(name) || files.isSingle);
  const named = lines.filter(({ name }) => /\.jsonl(?:\.gz)?$/i.test(name));
  if (named.length > 1) {
    throw new AppError("unreadable_file", {
      public: `${files.name} holds several bulk exports (${named.map(({ name }) => name).join(", ")}). Bring in one at a time.`,
    });
  }
  if (named[0]) return named[0];
  const [only] = lines;
  if (!files.isSingle || !only) return undefined;
  for await (const chunk of only.read(signal)) return /^\ufeff?\s*\{\s*"type"\s*:\s*"/.test(chunk.toString("utf8", 0, 200)) ? only : undefined;
  return undefined;
}
