import { extname } from "node:path";
import { z } from "zod";
import { defineConnector } from "#features/ledger/index.ts";
import { guessDelimiter, readHeadRows } from "../csv-rows.ts";
import { looksLikeJsonLines } from "../json-items.ts";
import { visibilitySetting } from "../settings.ts";
import { decodeHead, guessEncoding } from "../text-encoding.ts";
import { docs } from "./docs.ts";
import { mappingSetting } from "./mapping.ts";
import { normalizeRow } from "./normalize.ts";
import { readTableHead, withTable } from "./read-rows.ts";
import { identifyTable, importTable, tableOrigin } from "./read-table.ts";

export { type ColumnField, columnFields, type Mapping, mappingSchema } from "./mapping.ts";
export { readHeldRow } from "./normalize.ts";
export {
  type BadRow,
  lookAtTable,
  type PreviewCounts,
  type PreviewFault,
  type PreviewRow,
  previewHeldRows,
  previewRows,
  type TablePreview,
} from "./preview-rows.ts";
export type { RowProblem } from "./read-row.ts";
export { cellOf, columnsOf, type Row, type TableForm, type TableHead } from "./read-rows.ts";
export { type SuggestedMapping, suggestMapping } from "./suggest-mapping.ts";
export { namedFormats, type TimeChoices, timeChoices } from "./time-choices.ts";

/** Any table: CSV, TSV, a JSON list, or JSON one object a line, once somebody says what its columns mean. */
export const table = defineConnector({
  id: "table",
  aliases: ["csv", "json"],
  title: "Any table (CSV or JSON)",
  summary: "Rows of a CSV, TSV or JSON file as activities, once you say what its columns mean.",
  normalizeVersion: 1,
  settings: z.object({
    table: z.string().trim().max(100).default("").meta({
      title: "Name of the table",
      description: "Files of one name are one table, and later ones update it. Left empty, files with the same header are one.",
    }),
    mapping: mappingSetting.meta({
      title: "What the columns mean",
      description:
        'As JSON, such as {"time": "created_at", "authorName": "created_by", "title": "title", "body": "description"}. Left empty, it is told by the columns’ names where they leave no doubt.',
    }),
    visibility: visibilitySetting("team"),
  }),
  docs,
  streams: { rows: { title: "Rows" } },
  normalize: normalizeRow,
  recognizes({ path, head, isDirectory, entries }) {
    // Low, so that whoever knows a file better comes first.
    if (isDirectory || entries.length > 0 || head.length === 0) return 0;
    const text = decodeHead(head, guessEncoding(head)).replace(/^\ufeff/, "");
    if (text.includes("\u0000")) return 0;
    if (looksLikeJsonLines(text) || /^\s*\[\s*\{/.test(text)) return 0.2;
    if (/^\s*\{\s*"[^"]+"\s*:\s*\[\s*\{/.test(text)) return 0.2;
    if (/^\s*[[{<]/.test(text)) return 0;
    const isWhole = head.length < 65_536;
    const { delimiter, confidence, columns } = guessDelimiter(text, isWhole);
    if (columns < 2 || confidence < 0.6) return 0;
    if ([".csv", ".tsv", ".tab"].includes(extname(path.replace(/\.gz$/i, "")).toLowerCase())) return 0.25;
    return columns >= 3 && confidence >= 0.9 && readHeadRows(text, delimiter, isWhole).length >= 3 ? 0.2 : 0;
  },
  peekOrigin: (_ctx, { path, settings, signal }) =>
    withTable(path, async (file) =>
      tableOrigin(settings, await readTableHead(file, signal, settings.mapping ? { headerRows: settings.mapping.headerRows } : {})),
    ),
  identifyFile: (_ctx, input) => identifyTable(input),
  importFile: (_ctx, input) => importTable(input),
});
