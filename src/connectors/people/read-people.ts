import { AppError } from "#core/errors.ts";
import { type FileIdentity, type ImportFileInput, openFile, type RecordChunk } from "#features/ledger/index.ts";
import { type ExportFile, type ExportFiles, openExport, plainFileName } from "../export-files.ts";
import { decodeHead, guessEncoding } from "../text-encoding.ts";
import { type PeopleSettings, toRejected, type Understood } from "./entry.ts";
import { type FormatId, formats, recognizeFormat } from "./formats.ts";
import type { PeoplePayload } from "./normalize.ts";

const entriesPerChunk = 400;

interface Opened {
  files: ExportFiles;
  file: ExportFile;
  format: FormatId;
  origin: string;
  name: string;
}

/**
 * Reads the file to its end and stores nothing.
 * @throws AppError `unreadable_file` with the place where it breaks, or when it is in no form that is known
 */
export async function identifyPeople({ path, settings, signal }: ImportFileInput<PeopleSettings>): Promise<FileIdentity> {
  const opened = await open(path, settings);
  try {
    const { file, format, origin, name } = opened;
    const about = { registry: origin, visibility: settings.visibility };
    const reported: Record<string, number> = {};
    for await (const entry of formats[format].read({ file, signal, onRead: () => undefined, settings })) {
      if ("problem" in entry || entry.stream !== "activities") continue;
      const { batch } = formats[format].understand(entry.value, about);
      for (const { kind } of batch?.activities ?? []) reported[kind] = (reported[kind] ?? 0) + 1;
    }
    return { origin, name, ...(Object.keys(reported).length > 0 && { reported }) };
  } finally {
    await opened.files.close();
  }
}

/** Yields the file's entries as records; what is wrong in them is set aside with line and field. */
export async function* importPeople({ path, settings, signal }: ImportFileInput<PeopleSettings>): AsyncGenerator<RecordChunk> {
  const opened = await open(path, settings);
  try {
    const { file, format, origin } = opened;
    const about = { registry: origin, visibility: settings.visibility };
    let done = 0;
    let chunk: Required<Pick<RecordChunk, "records" | "rejected">> = { records: [], rejected: [] };
    const flush = (): RecordChunk => {
      const full = { ...chunk, progress: { done, total: file.sizeBytes, unit: "bytes" as const } };
      chunk = { records: [], rejected: [] };
      return full;
    };
    const onRead = (bytes: number) => {
      done = bytes;
    };
    for await (const entry of formats[format].read({ file, signal, onRead, settings })) {
      if ("problem" in entry) chunk.rejected.push(toRejected("people", entry));
      else {
        const { stream, externalId, value, place, asOf } = entry;
        const { batch, problems }: Understood = formats[format].understand(value, about);
        for (const problem of problems) chunk.rejected.push(toRejected(stream, { place, problem, excerpt: excerptNear(value, problem.field) }));
        const payload: PeoplePayload = { format, registry: origin, entry: value };
        if (batch) chunk.records.push({ stream, externalId, payload, ...(asOf && { asOf }) });
      }
      if (chunk.records.length + chunk.rejected.length >= entriesPerChunk) yield flush();
    }
    done = file.sizeBytes;
    yield flush();
  } finally {
    await opened.files.close();
  }
}

async function open(path: string, settings: PeopleSettings): Promise<Opened> {
  const files = await openExport(path);
  try {
    const [file] = files.files;
    if (!files.isSingle || !file)
      throw new AppError("unreadable_file", { public: `${files.name} is a folder or a zip. Lists of people are brought in one file at a time.` });
    const { head } = await openFile(path);
    const text = decodeHead(head, guessEncoding(head)).replace(/^\ufeff/, "");
    const found = recognizeFormat({ name: file.name, text });
    if (!found) {
      const known = Object.values(formats).map(({ title }) => title);
      throw new AppError("unreadable_file", {
        public: `${file.name} is in no form of a list of people that is known here: ${[...new Set(known)].join(", ")}. Nothing was stored.`,
      });
    }
    const stated = settings.list === "" ? formats[found.id].origin?.(text) : undefined;
    const name = settings.list || stated?.name || plainFileName(file.name);
    const family = found.id === "orbit-csv" ? "orbit" : found.id;
    const origin = stated?.origin ?? (family === "orbit" ? `orbit:${name.toLowerCase()}` : `people:${family}:${name.toLowerCase()}`);
    return { files, file, format: found.id, origin, name };
  } catch (error) {
    await files.close();
    throw error;
  }
}

/** What stands at the field that is wrong, or the entry. */
function excerptNear(value: unknown, field: string): string {
  let at: unknown = value;
  for (const part of field.split(/[.[\]]+/).filter(Boolean)) {
    if (typeof at !== "object" || at === null) break;
    const inner: unknown = Reflect.get(at, part) ?? Reflect.get(Reflect.get(at, "value") ?? {}, part);
    if (inner === undefined) break;
    at = inner;
  }
  return (JSON.stringify(at) ?? "").slice(0, 300);
}
