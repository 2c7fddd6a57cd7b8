import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { resolve } from "node:path";
import { type Command, Option } from "commander";
import type { Page } from "#core/page.ts";
import type { Ctx } from "#features/access/index.ts";
import { recordAudit } from "#features/access/index.ts";
import { listSignals } from "#features/feedback/index.ts";
import { listActivities, listThreads } from "#features/ledger/index.ts";
import { listMembers } from "#features/members/index.ts";
import { openNamedCommunity, type Session } from "./session.ts";

type Run = (action: (session: Session) => Promise<unknown>) => Promise<void>;
type ExportRow = Record<string, unknown>;

const rowsPerPage = 200;

/** The same lists as pages and the API show, so that counts agree everywhere. */
const kinds: Record<string, (ctx: Ctx, after: string | undefined) => Promise<Page<object>>> = {
  threads: (ctx, after) => listThreads(ctx, { sort: "opened", after, limit: rowsPerPage }),
  activities: (ctx, after) => listActivities(ctx, { after, limit: rowsPerPage }),
  members: (ctx, after) => listMembers(ctx, { sort: "first", after, limit: rowsPerPage }),
  signals: (ctx, after) => listSignals(ctx, { after, limit: rowsPerPage }),
};

/** `export`: all rows of a kind, as JSON lines or CSV. */
export function addExport(program: Command, run: Run): void {
  program
    .command("export")
    .description(`write all ${Object.keys(kinds).join(", ")} as JSON lines or CSV, to standard output or a file`)
    .addArgument(program.createArgument("<kind>", "what to export").choices(Object.keys(kinds)))
    .option("--community <slug>", "which community; may be left out when there is one")
    .addOption(new Option("--format <format>", "ndjson or csv").choices(["ndjson", "csv"]).default("ndjson"))
    .option("--output <file>", "a file instead of standard output")
    .action((kind: string, options: { community?: string; format: "ndjson" | "csv"; output?: string }) =>
      run((session) => exportKind(session, kind, options)),
    );
}

/** Streams; memory stays flat however many rows there are. */
export async function exportKind(
  session: Session,
  kind: string,
  options: { community?: string; format: "ndjson" | "csv"; output?: string },
): Promise<void> {
  const ctx = await openNamedCommunity(session, options);
  await recordAudit(ctx, { action: "export.started", objectKind: "export", objectId: kind });
  const target = options.output === undefined ? process.stdout : createWriteStream(resolve(session.cwd, options.output), { mode: 0o600 });
  let columns: string[] | undefined;
  for await (const row of readAll(session, ctx, kind)) {
    if (options.format === "csv" && !columns) {
      columns = Object.keys(row);
      target.write(`${columns.map(csvCell).join(",")}\r\n`);
    }
    const line = columns ? `${columns.map((column) => csvCell(row[column])).join(",")}\r\n` : `${JSON.stringify(row)}\n`;
    if (!target.write(line)) await once(target, "drain");
  }
  if (target !== process.stdout) await new Promise<void>((settle) => target.end(settle));
}

async function* readAll(session: Session, ctx: Ctx, kind: string): AsyncGenerator<ExportRow> {
  const read = kinds[kind];
  let after: string | undefined;
  do {
    session.signal.throwIfAborted();
    const page = await read?.(ctx, after);
    for (const row of page?.rows ?? []) yield { ...row };
    after = page?.next ?? undefined;
  } while (after !== undefined);
}

/** A cell that spreadsheets read as text: RFC 4180 quoting, and no cell begins as a formula (CWE-1236). */
export function csvCell(value: unknown): string {
  const text =
    value === null || value === undefined
      ? ""
      : value instanceof Date
        ? value.toISOString()
        : typeof value === "object"
          ? JSON.stringify(value)
          : String(value);
  const safe = /^[=+\-@\t\r]/.test(text) && !/^-?\d+(\.\d+)?$/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
