import { z } from "zod";
import {
  type BadRow,
  type ColumnField,
  cellOf,
  columnFields,
  type Mapping,
  mappingSchema,
  namedFormats,
  type PreviewRow,
  type Row,
  type SuggestedMapping,
  type TablePreview,
  timeChoices,
} from "#connectors/table/index.ts";

/** A column of a table and what it is taken for. */
export interface MappingColumn {
  name: string;
  samples: string[];
  field: ColumnField | "";
  /** What speaks for it, where it was guessed. */
  reason: string;
}

/** What a form asks that says what the columns of a table mean. */
export interface MappingQuestion {
  columns: MappingColumn[];
  /** Columns that mean a second thing as well. */
  also: { field: ColumnField; label: string; column: string }[];
  choices: { value: string; label: string }[];
  labels: Record<string, { title: string; description: string }>;
  values: { kindValue: string; timeFormat: string; timeZone: string; authorPlatform: string };
  timeFormats: string[];
  timeZones: string[];
}

/** Rows as they would come in. */
export interface MappingPreview {
  rows: ShownRow[];
  bad: BadRow[];
  counts: TablePreview["counts"];
  times: { fitting: { format: string; given: string; at: Date }[]; needsZone: boolean };
  hasAuthorId: boolean;
  /** Whether some column says something. */
  hasWords: boolean;
  /** Why there are no rows to show. */
  problem: string | null;
}

export interface ShownRow {
  line: number;
  at: Date;
  who: string;
  kind: string;
  title: string;
  words: string;
  channel: string | null;
  visibility: string | null;
}

/** How many rows are shown, and how many are looked through for bad ones. */
export const rowsShown = 20;
export const rowsScanned = 5_000;
const sampleMax = 3;
const wordsMax = 240;

const described = z
  .looseObject({ properties: z.record(z.string(), z.looseObject({ title: z.string().default(""), description: z.string().default("") })) })
  .parse(z.toJSONSchema(mappingSchema, { io: "input", unrepresentable: "any" })).properties;
const labelOf = (field: string) => described[field]?.title ?? field;

/** The form of a table. */
export function askForMapping(
  table: { columns: readonly string[]; rows: readonly Row[] },
  given: { mapping: Partial<Mapping>; reasons?: SuggestedMapping["reasons"]; isOpen?: boolean },
): MappingQuestion {
  const { mapping, reasons = {} } = given;
  const taken = new Map<string, ColumnField>();
  const also: MappingQuestion["also"] = [];
  for (const field of columnFields) {
    const column = mapping[field];
    if (column === undefined) continue;
    if (taken.has(column)) also.push({ field, label: labelOf(field), column });
    else taken.set(column, field);
  }
  const names = [...new Set([...table.columns, ...taken.keys()])];
  const values = mappingSchema.partial().parse(mapping);
  return {
    columns: names.map((name) => {
      const field = taken.get(name);
      return { name, samples: samplesOf(table.rows, name), field: field ?? "", reason: (field && reasons[field]) ?? "" };
    }),
    also,
    choices: [{ value: "", label: "not used" }, ...columnFields.map((value) => ({ value, label: labelOf(value) }))],
    labels: described,
    values: {
      kindValue: values.kindValue ?? "post",
      // What may be one or the other is for a person to say.
      timeFormat: given.isOpen ? "" : (values.timeFormat ?? "auto"),
      timeZone: values.timeZone ?? "UTC",
      authorPlatform: values.authorPlatform ?? "",
    },
    timeFormats: [...new Set([...namedFormats, values.timeFormat ?? "auto"])],
    timeZones: [...new Set(["UTC", ...Intl.supportedValuesOf("timeZone"), values.timeZone ?? "UTC"])],
  };
}

/** The form again, as it was sent: for a page that is drawn anew. */
export function askAgain(table: { columns: readonly string[]; rows: readonly Row[] }, said: { mapping: Partial<Mapping> }): MappingQuestion {
  return askForMapping(table, { mapping: said.mapping, isOpen: said.mapping.timeFormat === undefined });
}

/** What a form says that the columns mean, or what is wrong with it, by its fields. */
export function readMappingForm(form: FormData): { mapping: Partial<Mapping>; problems: Record<string, string> } {
  const given: Record<string, unknown> = {};
  const problems: Record<string, string> = {};
  for (const [key, value] of form) {
    if (typeof value !== "string" || value === "") continue;
    const [where, name] = [key.slice(0, key.indexOf(".")), key.slice(key.indexOf(".") + 1)];
    const field = columnFields.find((one) => one === (where === "column" ? value : name));
    if (field === undefined || (where !== "column" && where !== "also")) continue;
    const column = where === "column" ? name : value;
    // What a column means first counts before what another means as well.
    if (where === "also" && given[field] !== undefined) continue;
    if (given[field] !== undefined) problems[`column.${column}`] = `«${String(given[field])}» is ${labelOf(field)} already: one column alone can be.`;
    else given[field] = column;
  }
  for (const name of ["kindValue", "timeFormat", "timeZone", "authorPlatform"]) {
    const value = form.get(name);
    if (typeof value === "string" && value.trim() !== "") given[name] = value.trim();
  }
  const headerRows = Number(form.get("headerRows"));
  if (headerRows > 0) given.headerRows = headerRows;
  if (form.has("timeFormat.open") && given.timeFormat === undefined) problems.timeFormat = "Say which it is: the rows do not tell.";
  const parsed = mappingSchema.partial().safeParse(given);
  if (!parsed.success) for (const { path, message } of parsed.error.issues) problems[String(path[0])] ??= message;
  if (given.time === undefined) problems.time = "Say which column holds the time: a row without one cannot stand in the record.";
  if (!parsed.success) return { mapping: {}, problems };
  // The schema fills in what has a fallback; a time that is not said is left open.
  const { timeFormat, ...mapping } = parsed.data;
  return { mapping: { ...mapping, ...(given.timeFormat !== undefined && { timeFormat }) }, problems };
}

/**
 * The preview of a table.
 * @param read reads its first rows by a mapping
 */
export async function previewOf(
  rows: readonly Row[],
  given: { mapping: Partial<Mapping>; problems?: Record<string, string> },
  read: (mapping: Mapping) => Promise<Omit<TablePreview, "head">> | Omit<TablePreview, "head">,
): Promise<MappingPreview> {
  const { time, timeZone = "UTC" } = given.mapping;
  const times =
    time === undefined
      ? { fitting: [], needsZone: false }
      : timeChoices(
          rows.map((row) => cellOf(row, time)),
          timeZone,
        );
  const none = {
    rows: [],
    bad: [],
    counts: { rows: 0, good: 0, bad: 0, isWhole: false },
    times,
    hasAuthorId: given.mapping.authorId !== undefined,
    hasWords: (given.mapping.title ?? given.mapping.body) !== undefined,
  };
  // Until it is said which it is, the likelier is shown.
  const { timeFormat = times.fitting[0]?.format } = given.mapping;
  const parsed = mappingSchema.safeParse({ ...given.mapping, timeFormat });
  const problem = Object.entries(given.problems ?? {}).find(([field]) => field !== "timeFormat")?.[1];
  if (!parsed.success || problem !== undefined)
    return { ...none, problem: problem ?? "Say which column holds the time: a row without one cannot stand in the record." };
  const preview = await read(parsed.data);
  return {
    ...none,
    rows: preview.rows.flatMap((row) => shownOf(row, parsed.data)),
    bad: preview.bad,
    counts: preview.counts,
    problem: null,
  };
}

function shownOf({ line, activity }: PreviewRow, mapping: Mapping): ShownRow[] {
  if (!activity) return [];
  const { author, unattributed, title = "", body = "", channel, visibility = null } = activity;
  const name = author?.displayName ?? author?.email ?? author?.externalId.replace(/^#/, "");
  return [
    {
      line,
      at: activity.occurredAt,
      who: author
        ? `${name}${author.email && author.email !== name ? ` (${author.email})` : ""}`
        : unattributed === undefined || unattributed === "not named"
          ? "nobody is named"
          : `nobody («${unattributed}»)`,
      kind: activity.kind,
      title,
      words: body.length > wordsMax ? `${body.slice(0, wordsMax)} …` : body,
      channel: mapping.channel === undefined ? null : channel,
      visibility,
    },
  ];
}

function samplesOf(rows: readonly Row[], column: string): string[] {
  const seen = new Set<string>();
  for (const row of rows) {
    const value = cellOf(row, column);
    if (value === undefined || value === null || value === "") continue;
    seen.add((typeof value === "string" ? value : (JSON.stringify(value) ?? "")).replace(/\s+/g, " ").slice(0, 60));
    if (seen.size >= sampleMax) break;
  }
  return [...seen];
}
