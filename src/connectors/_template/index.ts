import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { basename } from "node:path";
import { createInterface } from "node:readline";
import { z } from "zod";
import { AppError } from "#core/errors.ts";
import { defineConnector, type RecordChunk } from "#features/ledger/index.ts";
import { visibilitySetting } from "../settings.ts";
import { normalizeTopic } from "./normalize.ts";

/**
 * The start of a new connector: copy this folder, rename it after the source, and name it in `connectors/index.ts`.
 * It is compiled and tested with the others and never offered. Here it reads a file with one JSON topic a line.
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

  // From the name and the first bytes alone: it is asked for every file that somebody drops.
  recognizes({ head, isDirectory }) {
    return !isDirectory && head.toString("utf8").startsWith('{"topic":') ? 1 : 0;
  },

  // Reads the whole file and stores nothing, so that a broken one is refused before anything is half-written.
  async identifyFile(_ctx, { path, settings, signal }) {
    let topics = 0;
    for await (const { text, line } of readLines(path, signal)) {
      if (parseLine(text) === undefined) {
        throw new AppError("unreadable_file", {
          public: `${basename(path)} is no JSON at line ${line}. Export it again; nothing was stored.`,
        });
      }
      topics++;
    }
    return { origin: `template:${settings.site}`, name: settings.site, reported: { topic_opened: topics } };
  },

  // Yields some hundred records at a time, so that memory stays flat however long the file is.
  async *importFile(_ctx, { path, signal }) {
    const total = (await stat(path)).size;
    let chunk: RecordChunk & { rejected: NonNullable<RecordChunk["rejected"]> } = { records: [], rejected: [] };
    let done = 0;
    for await (const { text, line } of readLines(path, signal)) {
      done += Buffer.byteLength(text) + 1;
      const topic = parseLine(text);
      const id = z.looseObject({ id: z.int() }).safeParse(topic);
      if (id.success) chunk.records.push({ stream: "topics", externalId: String(id.data.id), payload: topic });
      else
        chunk.rejected.push({
          stream: "topics",
          place: `line ${line}`,
          reason: `Line ${line} has no topic with an id.`,
          remedy: "Export it again.",
          excerpt: text.slice(0, 300),
        });
      if (chunk.records.length + chunk.rejected.length >= 200) {
        yield { ...chunk, progress: { done, total, unit: "bytes" } };
        chunk = { records: [], rejected: [] };
      }
    }
    yield { ...chunk, progress: { done: total, total, unit: "bytes" } };
  },
});

async function* readLines(path: string, signal: AbortSignal): AsyncGenerator<{ text: string; line: number }> {
  let line = 0;
  for await (const text of createInterface({ input: createReadStream(path, { signal }), crlfDelay: Number.POSITIVE_INFINITY })) {
    line++;
    if (text.trim() !== "") yield { text, line };
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
