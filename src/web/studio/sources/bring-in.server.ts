import { requireConnector } from "#app/background/import-upload.ts";
import { discardUpload, lookAtUpload, openUpload, type StagedUpload, startUpload } from "#app/background/stage-upload.ts";
import type { Runtime } from "#app/runtime.ts";
import { connectors, findConnector } from "#connectors/index.ts";
import { lookAtTable, mappingSchema, previewRows, suggestMapping, type TableHead, table } from "#connectors/table/index.ts";
import { AppError } from "#core/errors.ts";
import type { Ctx } from "#features/access/index.ts";
import { type Connector, findHeldSource, type HeldSource } from "#features/ledger/index.ts";
import {
  askAgain,
  askForMapping,
  type MappingPreview,
  type MappingQuestion,
  previewOf,
  readMappingForm,
  rowsScanned,
  rowsShown,
} from "./mapping-form.server.ts";
import { describeSettings, readSettingsForm } from "./settings-fields.server.ts";
import type { SettingField } from "./settings-fields.tsx";

/** What the page of a waiting file shows. */
export interface BringIn {
  fileName: string;
  sizeBytes: number;
  /** By what it is read; null when that has to be said first. */
  connector: { id: string; title: string } | null;
  choices: { value: string; label: string }[];
  /** What it is an export of. */
  name: string | null;
  reported: [kind: string, n: number][];
  /** The source that it goes on in. */
  source: { id: string; name: string } | null;
  settings: SettingField[];
  /** What has to be said, or is wrong, before it can come in. */
  problem: string | null;
  /** Whether that connector can read it at all. */
  isReadable: boolean;
  table: TableBringIn | null;
}

interface TableBringIn {
  form: string;
  headerRows: number;
  /** The page's address asks for another number of rows than was found or held. */
  columns: number;
  isHeld: boolean;
  doubts: string[];
  question: MappingQuestion;
  preview: MappingPreview;
}

/** What a post of the page answers when it does not lead elsewhere. */
export interface BringInSaid {
  ok: boolean;
  message: string;
  problems: Record<string, string>;
  preview?: MappingPreview;
  /** The form as it was sent, for browsers that draw the page anew. */
  question?: MappingQuestion;
  settings?: SettingField[];
}

/** Reads what the page of a waiting file shows. */
export async function readBringIn(
  ctx: Ctx,
  input: { runtime: Runtime; uploadId: string; as: string | undefined; headerRows: number | undefined },
): Promise<BringIn & { started: string | null }> {
  const upload = await openUpload(ctx, { dataDir: input.runtime.config.dataDir, uploadId: input.uploadId });
  const connector = findConnector(input.as ?? upload.connector ?? "");
  const page: BringIn & { started: string | null } = {
    started: upload.started?.sourceId ?? null,
    fileName: upload.fileName,
    sizeBytes: upload.sizeBytes,
    connector: connector ? { id: connector.id, title: connector.title } : null,
    choices: choicesFor(upload),
    name: null,
    reported: [],
    source: null,
    settings: [],
    problem: null,
    isReadable: connector !== undefined,
    table: null,
  };
  if (!connector) return page;
  try {
    if (connector.id === table.id) return { ...page, ...(await readTable(ctx, { upload, headerRows: input.headerRows })) };
    const { identified, problem = null } = await lookAtUpload(ctx, { upload, connector });
    const source = identified && (await findHeldSource(ctx, { connector, origin: identified.origin }));
    return {
      ...page,
      name: identified?.name ?? null,
      reported: Object.entries(identified?.reported ?? {}).sort(([, a], [, b]) => b - a),
      source: source ? { id: source.id, name: source.name } : null,
      settings: describeSettings(connector, "file", source?.settings),
      problem,
    };
  } catch (error) {
    if (!(error instanceof AppError) || error.status >= 500) throw error;
    return { ...page, problem: error.message, isReadable: false };
  }
}

async function readTable(ctx: Ctx, { upload, headerRows }: { upload: StagedUpload; headerRows: number | undefined }): Promise<Partial<BringIn>> {
  const { head, source } = await openTable(ctx, { upload, headerRows });
  const held = headerRows === undefined ? mappingSchema.safeParse(source?.settings.mapping) : undefined;
  const guess = suggestMapping(head);
  const isHeld = held?.success === true;
  const mapping = held?.success ? held.data : guess.mapping;
  const isOpen = !isHeld && guess.doubts.length > 0;
  const rows = head.sample.map(({ row }) => row);
  return {
    name: upload.fileName,
    source: source ? { id: source.id, name: source.name } : null,
    settings: tableSettings(source?.settings),
    table: {
      form: formOf(head),
      headerRows: head.headerRows,
      columns: head.columns.length,
      isHeld,
      doubts: isOpen ? guess.doubts : [],
      question: askForMapping({ columns: head.columns, rows }, { mapping, reasons: isHeld ? {} : guess.reasons, isOpen }),
      preview: await previewOf(rows, { mapping }, (by) => previewRows(upload.path, by, rowsShown, { name: upload.fileName, scan: rowsScanned })),
    },
  };
}

/** A table's beginning, by what is held of the source that it would feed. */
async function openTable(ctx: Ctx, { upload, headerRows }: { upload: StagedUpload; headerRows: number | undefined }) {
  const read = (rows: number | undefined): Promise<TableHead> => lookAtTable(upload.path, rows === undefined ? {} : { headerRows: rows });
  const head = await read(headerRows);
  const origin =
    table.peekOrigin && (await table.peekOrigin(ctx, { path: upload.path, settings: table.settings.parse({}), signal: AbortSignal.timeout(60_000) }));
  const source: HeldSource | undefined = origin === undefined ? undefined : await findHeldSource(ctx, { connector: table, origin });
  const held = mappingSchema.safeParse(source?.settings.mapping);
  const isOther = headerRows === undefined && held.success && head.headerRows > 0 && held.data.headerRows !== head.headerRows;
  return { head: isOther ? await read(held.data.headerRows) : head, source: source?.connector === table.id ? source : undefined };
}

/** Does what the page of a waiting file asks for. */
export async function handleBringIn(
  ctx: Ctx,
  input: { runtime: Runtime; uploadId: string; form: FormData },
): Promise<BringInSaid & { sourceId?: string; gone?: boolean }> {
  const { runtime, form } = input;
  const upload = await openUpload(ctx, { dataDir: runtime.config.dataDir, uploadId: input.uploadId });
  const intent = form.get("intent");
  if (intent === "discard") {
    await discardUpload(upload);
    return { ok: true, message: "", problems: {}, gone: true };
  }
  const connector = requireConnector(String(form.get("connector") ?? ""));
  const settings = readSettingsForm(connector, "file", form);
  if (connector.id !== table.id) return bringIn(ctx, { runtime, upload, connector, form, settings });
  const said = readMappingForm(form);
  const hasProblems = Object.keys(said.problems).length > 0;
  const outcome: BringInSaid & { sourceId?: string } =
    intent === "look"
      ? { ok: true, message: "", problems: {} }
      : hasProblems
        ? { ok: false, message: "Something has to be said before it can come in.", problems: said.problems }
        : await bringIn(ctx, { runtime, upload, connector, form, settings: { ...settings, mapping: said.mapping } });
  return outcome.sourceId === undefined ? { ...outcome, ...(await lookAgain({ upload, said, settings })) } : outcome;
}

/** The page's form and preview, by what the form said. */
async function lookAgain(input: { upload: StagedUpload; said: ReturnType<typeof readMappingForm>; settings: Record<string, unknown> }) {
  const { upload, said } = input;
  const head = await lookAtTable(upload.path, said.mapping.headerRows === undefined ? {} : { headerRows: said.mapping.headerRows });
  const rows = head.sample.map(({ row }) => row);
  return {
    preview: await previewOf(rows, said, (by) => previewRows(upload.path, by, rowsShown, { name: upload.fileName, scan: rowsScanned })),
    question: askAgain({ columns: head.columns, rows }, said),
    settings: tableSettings(input.settings),
  };
}

function tableSettings(values: Record<string, unknown> | undefined): SettingField[] {
  return describeSettings(table, "file", values).filter(({ name }) => name !== "mapping");
}

async function bringIn(
  ctx: Ctx,
  input: { runtime: Runtime; upload: StagedUpload; connector: Connector; form: FormData; settings: Record<string, unknown> },
): Promise<BringInSaid & { sourceId?: string }> {
  const { runtime, upload, connector, form, settings } = input;
  const sourceName = String(form.get("name") ?? "").trim() || undefined;
  try {
    const started = await startUpload(ctx, { jobs: runtime.jobs, upload, connector: connector.id, sourceName, settings });
    return { ok: true, message: "", problems: {}, sourceId: started.sourceId };
  } catch (error) {
    if (!(error instanceof AppError) || error.code === "internal") throw error;
    return {
      ok: false,
      message: error.message,
      problems: Object.fromEntries(error.issues.map(({ path, message }) => [path.replace(/^mapping\./, "").split(".")[0] ?? "", message])),
    };
  }
}

function choicesFor({ candidates }: StagedUpload): BringIn["choices"] {
  const able = connectors.filter((one) => one.importFile);
  const rank = (id: string) => (candidates.includes(id) ? candidates.indexOf(id) : candidates.length);
  return [...able].sort((a, b) => rank(a.id) - rank(b.id)).map(({ id, title }) => ({ value: id, label: title }));
}

const separators: Record<string, string> = { ",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars" };

function formOf({ form }: TableHead): string {
  if (form.kind === "json") return "JSON";
  return `columns parted by ${separators[form.delimiter] ?? form.delimiter}, ${form.encoding.toUpperCase()}`;
}
