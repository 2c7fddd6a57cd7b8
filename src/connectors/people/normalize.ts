import { z } from "zod";
import { type NormalizedBatch, type RawRecord, RecordError } from "#features/ledger/index.ts";
import type { PeopleSettings } from "./entry.ts";
import { type FormatId, formatIds, formats } from "./formats.ts";

/** What is kept of an entry: itself as it stands in the file, with its form and what the file is an export of. */
const payloadSchema = z.object({ format: z.enum(formatIds), registry: z.string(), entry: z.unknown() });

export interface PeoplePayload {
  format: FormatId;
  registry: string;
  entry: unknown;
}

/** One entry of a list of people: identities, what joins them, where they belonged, or what they did. */
export function normalizeEntry(record: RawRecord, settings: PeopleSettings): NormalizedBatch {
  const parsed = payloadSchema.safeParse(record.payload);
  if (!parsed.success) {
    throw new RecordError({ place: record.externalId, reason: "The stored entry cannot be read.", remedy: "Bring the file in again." });
  }
  const { format, registry, entry } = parsed.data;
  const { batch, problems } = formats[format].understand(entry, { registry, visibility: settings.visibility });
  if (batch) return batch;
  const [problem] = problems;
  throw new RecordError({
    place: problem?.field || record.externalId,
    reason: problem?.reason ?? "It states nobody.",
    remedy: problem?.remedy ?? "Correct it where the file comes from and bring the file in again.",
  });
}
