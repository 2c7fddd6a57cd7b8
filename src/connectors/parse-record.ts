import { type RawRecord, RecordError } from "#features/ledger/index.ts";

/** What is needed of a Zod schema. */
interface Parsing<T> {
  safeParse(value: unknown): { success: true; data: T } | { success: false; error: { issues: { path: PropertyKey[]; message: string }[] } };
}

/**
 * A record's payload in the form that its schema asks for.
 * @param remedy how its owner gets it again
 * @throws RecordError naming the first field that does not fit
 */
export function parseRecord<T>(schema: Parsing<T>, record: RawRecord, remedy: string): T {
  const parsed = schema.safeParse(record.payload);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const place = issue?.path.map(String).join(".") ?? "";
  throw new RecordError({ place, reason: `${place} ${issue?.message ?? "cannot be read"}`, remedy });
}
