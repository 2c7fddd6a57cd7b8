import { z } from "zod";
import { replaySourceJob } from "#app/background/import-upload.ts";
import type { Runtime } from "#app/runtime.ts";
import { columnsOf, type Mapping, mappingSchema, previewHeldRows, type Row, readHeldRow, table } from "#connectors/table/index.ts";
import { AppError } from "#core/errors.ts";
import { type Ctx, editorRoles, recordAudit, requireRole } from "#features/access/index.ts";
import { changeFileSettings, listHeldPayloads, requireSource } from "#features/ledger/index.ts";
import { askAgain, askForMapping, type MappingPreview, type MappingQuestion, previewOf, readMappingForm, rowsShown } from "./mapping-form.server.ts";

const rowsHeld = 200;

/** What a post of a source's mapping answers. */
export interface MappingSaid {
  ok: boolean;
  message: string;
  problems: Record<string, string>;
  preview?: MappingPreview;
  /** The form as it was sent, for browsers that draw the page anew. */
  question?: MappingQuestion;
  isKept?: boolean;
}

/** What the columns of a table that is held mean, and how some of its rows are read. */
export async function readMapping(ctx: Ctx, { sourceId }: { sourceId: string }) {
  const { source, rows, guess } = await openSource(ctx, sourceId);
  const held = mappingSchema.safeParse(source.settings.mapping);
  const mapping: Partial<Mapping> = held.success ? held.data : (guess ?? {});
  return {
    source: { id: source.id, name: source.name },
    headerRows: mapping.headerRows ?? 1,
    question: askForMapping({ columns: columnsOf(rows), rows }, { mapping }),
    preview: await previewOf(rows, { mapping }, (by) => previewHeld(rows, by, source.name)),
  };
}

/** Tries what a form says of a source's columns, or keeps it and reads what is held anew. */
export async function handleMapping(ctx: Ctx, input: { runtime: Runtime; sourceId: string; form: FormData }): Promise<MappingSaid> {
  const { runtime, sourceId, form } = input;
  const said = readMappingForm(form);
  const hasProblems = Object.keys(said.problems).length > 0;
  if (hasProblems || form.get("intent") === "look") {
    const { source, rows } = await openSource(ctx, sourceId);
    const again = {
      preview: await previewOf(rows, said, (by) => previewHeld(rows, by, source.name)),
      question: askAgain({ columns: columnsOf(rows), rows }, said),
    };
    if (form.get("intent") === "look") return { ok: true, message: "", problems: {}, ...again };
    return { ok: false, message: "Something has to be said first.", problems: said.problems, ...again };
  }
  const { needsReplay } = await changeFileSettings(ctx, { connector: table, sourceId, settings: { mapping: said.mapping } });
  await recordAudit(ctx, { action: "source.settings_changed", objectKind: "source", objectId: sourceId, detail: { mapping: said.mapping } });
  if (needsReplay) await runtime.jobs.send(replaySourceJob, { communityId: ctx.community.id, sourceId, connector: table.id }, { key: sourceId });
  return { ok: true, message: "", problems: {}, isKept: true };
}

const previewHeld = (rows: readonly Row[], by: Mapping, name: string) =>
  previewHeldRows(rows, by, { show: rowsShown, name, isWhole: rows.length < rowsHeld });

async function openSource(ctx: Ctx, sourceId: string) {
  requireRole(ctx, editorRoles, { scope: "import" });
  if (!z.uuid().safeParse(sourceId).success) throw new AppError("not_found", { public: "There is no such source. It may have been removed." });
  const { id, name, connector, settings } = await requireSource(ctx, sourceId);
  if (connector !== table.id) throw new AppError("not_found", { public: `«${name}» is no table: its columns need no telling.` });
  const held = (await listHeldPayloads(ctx, { sourceId, limit: rowsHeld })).flatMap((payload) => readHeldRow(payload) ?? []);
  return { source: { id, name, settings: asSettings(settings) }, rows: held.map(({ row }) => row), guess: held[0]?.guess };
}

function asSettings(settings: unknown): { mapping?: unknown } {
  return typeof settings === "object" && settings !== null ? settings : {};
}
