import { z } from "zod";
import { type NormalizedBatch, type RawRecord, RecordError } from "#features/ledger/index.ts";
import { type Mapping, mappingSchema } from "./mapping.ts";
import { readRow } from "./read-row.ts";
import type { Row } from "./read-rows.ts";
import { type TableSettings, tableScope } from "./read-table.ts";

const payloadSchema = z.object({ table: z.string(), name: z.string(), row: z.record(z.string(), z.unknown()), guess: mappingSchema.optional() });

/** A row as it is held: what was read, what its table is called, and what its columns were taken for when nobody said it. */
export function readHeldRow(payload: unknown): { name: string; row: Row; guess?: Mapping | undefined } | undefined {
  const parsed = payloadSchema.safeParse(payload);
  return parsed.success ? parsed.data : undefined;
}

/** One row of a table, by what the source's settings say that its columns mean. */
export function normalizeRow(record: RawRecord, settings: TableSettings): NormalizedBatch {
  const parsed = payloadSchema.safeParse(record.payload);
  const mapping = settings.mapping ?? (parsed.success ? parsed.data.guess : undefined);
  if (!parsed.success || !mapping) {
    throw new RecordError({
      place: record.externalId,
      reason: "What the columns of the stored row mean is not known.",
      remedy: "Say it in the source's settings, or bring the file in again.",
    });
  }
  const { table, name, row } = parsed.data;
  const reading = readRow(row, mapping, { scope: tableScope(settings, table), name: settings.table || name, visibility: settings.visibility });
  if ("batch" in reading) return reading.batch;
  const [problem] = reading.problems;
  throw new RecordError({
    place: problem?.column ?? problem?.field ?? record.externalId,
    reason: problem?.reason ?? "The row cannot be read.",
    remedy: problem?.remedy ?? "Correct it and bring the file in again.",
  });
}
