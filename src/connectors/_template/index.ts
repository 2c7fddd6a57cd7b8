import { basename } from "node:path";
import { z } from "zod";
import { AppError } from "#core/errors.ts";
import { defineConnector, type RecordChunk } from "#features/ledger/index.ts";
import { type ExportFile, openExport, readLines } from "../export-files.ts";
import { visibilitySetting } from "../settings.ts";
import { excerptOf } from "../words.ts";
import { normalizeTopic } from "./normalize.ts";

/**
 * The start of a new connector: copy this folder, rename it and the test after the source, and name it in
 * `connectors/index.ts`. It is compiled and tested with the others and never offered. Here it reads a file with one JSON topic a line.
 */
export const template = defineConnector({
  id: "_template",
  title: "Template",
  summary: "Topics from a file with one JSON object a line.",
  // Raise it when `normalize` says something else of the same record: stored records are then read again.
  normalizeVersion: 1,
  settings: z.object({
    site: z
      .string()
      .trim()
      .min(1)
      .default("example")
      .meta({ title: "Site", description: "Accounts are numbered by site, so two sites must not share one." }),
    visibility: visibilitySetting("team"),
  }),
  docs: {
    collects: "Topics and who opened them.",
    identityKey: "The account's number within its site.",
    limits: "No replies.",
    privacy: "Holds names and words of the people who wrote.",
  },
  streams: { topics: { title: "Topics" } },
  normalize: normalizeTopic,

  // From the name, the first bytes and the names inside alone: it is asked for every file that somebody drops.
  recognizes({ head, isDirectory }) {
    return !isDirectory && head.toString("utf8").startsWith('{"topic":') ? 1 : 0;
  },

  // Reads the whole file and stores nothing, so that a broken one is refused before anything is half-written.
  async identifyFile(_ctx, { path, settings, signal }) {
    let topics = 0;
    for await (const { value, line, file } of readTopics(path, signal)) {
      if (value === undefined) {
        throw new AppError("unreadable_file", { public: `${file} is no JSON at line ${line}. Export it again; nothing was stored.` });
      }
      topics++;
    }
    if (topics === 0) throw new AppError("unreadable_file", { public: `${basename(path)} holds no topic. Export it again as JSON lines.` });
    return { origin: `template:${settings.site}`, name: settings.site, reported: { topic_opened: topics } };
  },

  // Yields some hundred records at a time, so that memory stays flat however long the file is.
  async *importFile(_ctx, { path, signal }) {
    let chunk: RecordChunk & { rejected: NonNullable<RecordChunk["rejected"]> } = { records: [], rejected: [] };
    for await (const { value, text, line, file, done, total } of readTopics(path, signal)) {
      const topic = topicSchema.safeParse(value);
      if (topic.success) {
        const { id, updatedAt } = topic.data;
        // `asOf` keeps an older export, brought in later, from undoing what a newer one said.
        chunk.records.push({ stream: "topics", externalId: String(id), payload: value, ...(updatedAt && { asOf: updatedAt }) });
      } else
        chunk.rejected.push({
          stream: "topics",
          place: `${file}, line ${line}`,
          reason: `Line ${line} has no topic with an id.`,
          remedy: "Export it again.",
          excerpt: excerptOf(text),
        });
      if (chunk.records.length + chunk.rejected.length >= 200) {
        yield { ...chunk, progress: { done, total, unit: "bytes" } };
        chunk = { records: [], rejected: [] };
      }
    }
    yield chunk;
  },
});

/** Only what the reader itself looks at: `normalize` checks the rest. */
const topicSchema = z.looseObject({ id: z.int(), updatedAt: z.iso.datetime({ offset: true }).nullish() });

/** Every line of a file, plain or gzip, or of the files in a folder or zip; the value is undefined where it is no JSON. */
async function* readTopics(path: string, signal: AbortSignal) {
  const opened = await openExport(path);
  try {
    let before = 0;
    for (const file of opened.files) {
      let read = 0;
      // Told in bytes as they lie on the disk, so that a packed file shows its true progress.
      const counted: ExportFile = { ...file, read: (one) => file.read(one, (bytes) => (read = bytes)) };
      for await (const { text, line } of readLines(counted, signal)) {
        yield { value: parseLine(text), text, line, file: file.name, done: before + read, total: opened.totalBytes };
      }
      before += file.sizeBytes;
    }
  } finally {
    await opened.close();
  }
}

/** The topic on a line; undefined when the line is no JSON. */
function parseLine(text: string): unknown {
  try {
    return (JSON.parse(text) as { topic?: unknown } | null)?.topic ?? null;
  } catch {
    return undefined;
  }
}
