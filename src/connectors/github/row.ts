/** An object of which nothing is known yet. */
export interface Row {
  [field: string]: unknown;
}

export const isRow = (value: unknown): value is Row => typeof value === "object" && value !== null && !Array.isArray(value);

/** A part of an object, empty where it is missing. */
export function rowIn(value: unknown, field: string): Row {
  const part: unknown = isRow(value) ? value[field] : undefined;
  return isRow(part) ? part : {};
}
