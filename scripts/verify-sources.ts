import { execFileSync } from "node:child_process";
import { existsSync, globSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { connectors, findConnector } from "../src/connectors/index.ts";
import { systemClock } from "../src/core/clock.ts";
import { openDatabase, sql } from "../src/core/database/database.ts";
import { startInMemory } from "../src/core/database/embedded.ts";
import { migrate } from "../src/core/database/migrate.ts";
import { AppError } from "../src/core/errors.ts";
import { newId } from "../src/core/ids.ts";
import { createLogger } from "../src/core/log.ts";
import type { Ctx } from "../src/features/access/index.ts";
import { type Connector, checkFile, openFile, recognizeFile, runImport } from "../src/features/ledger/index.ts";
import { verifyCases } from "./verify/cases.ts";
import type { VerifyCase } from "./verify/verify-case.ts";

/** What became of one file or folder. */
interface Verified {
  path: string;
  kind: string;
  origin: string;
  recognized: string;
  outcome: "held" | "refused";
  /** Records by the independent count; null when the file is refused. */
  counted: number | null;
  held: number;
  same: number;
  setAside: number;
  /** Fields that were set aside of entries that are held. */
  parts: number;
  activities: number;
  again: string;
  reasons: string[];
  balanced: boolean;
}

const usage = `Usage: node scripts/verify-sources.ts <folder of real files> [--only <text in the path>]

Brings in every file of the folder that belongs to a source, counts its records by Python as well, and writes
docs/sources-verified.md. Needs python3.
`;

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({ options: { only: { type: "string" }, help: { type: "boolean" } }, allowPositionals: true });
  const [given] = positionals;
  if (values.help || given === undefined || !existsSync(given)) {
    process.stdout.write(usage);
    process.exitCode = values.help ? 0 : 2;
    return;
  }
  const folder = resolve(given);
  const units = verifyCases.flatMap((one) =>
    [...new Set(one.paths.flatMap((pattern) => globSync(pattern, { cwd: folder })))]
      .filter((path) => !one.except?.some((pattern) => pattern.test(path)))
      .sort()
      .map((path) => ({ one, path })),
  );
  const embedded = await startInMemory();
  const log = createLogger({ level: "silent" });
  const db = openDatabase({ connection: embedded.connection, embedded: true, log });
  const rows: Verified[] = [];
  try {
    await migrate(db);
    for (const { one, path } of units) {
      if (values.only !== undefined && !path.includes(values.only)) continue;
      process.stderr.write(`${path}\n`);
      rows.push(await verify({ db, clock: systemClock, log }, { folder, one, path }));
    }
  } finally {
    await db.close();
    await embedded.close();
  }
  if (values.only === undefined) writeFileSync(new URL("../docs/sources-verified.md", import.meta.url), report(rows));
  else process.stdout.write(report(rows));
  const wrong = rows.filter((row) => !row.balanced);
  for (const row of wrong) process.stderr.write(`NOT ACCOUNTED FOR ${row.path}: ${JSON.stringify(row)}\n`);
  process.stderr.write(`${rows.length} files, ${wrong.length} not accounted for\n`);
  process.exitCode = wrong.length === 0 ? 0 : 1;
}

async function verify(
  core: Pick<Ctx, "db" | "clock" | "log">,
  { folder, one, path }: { folder: string; one: VerifyCase; path: string },
): Promise<Verified> {
  const file = join(folder, path);
  const connector = findConnector(one.connector);
  if (!connector) throw new Error(`there is no connector ${one.connector}`);
  const base = { path, kind: one.kind, origin: one.origin };
  const recognized = await describeRecognition(file, connector);
  const expected = one.refused?.find(({ path: pattern }) => pattern.test(path));
  try {
    const checked = await checkFile(core, { connector, path: file, settings: one.settings ?? {} });
    const yielded = await countYielded(core, connector, checked);
    const ctx = await freshCommunity(core);
    const first = await runImport(ctx, { connector, path: file, settings: one.settings ?? {} });
    const second = await runImport(ctx, { connector, path: file, settings: one.settings ?? {} });
    const held = await count(ctx, sql`SELECT count(*) AS n FROM raw_record WHERE community_id = ${ctx.community.id} AND normalize_version > 0`);
    const rejected = await ctx.db.rows<{ place: string; reason: string }>(
      sql`SELECT place, reason FROM rejected_record WHERE community_id = ${ctx.community.id}`,
    );
    const activities = await count(ctx, sql`SELECT count(*) AS n FROM activity WHERE community_id = ${ctx.community.id}`);
    const counted = countByPython(one, file);
    const parts = rejected.filter(({ place, reason }) => one.within?.test(`${place}: ${reason}`)).length;
    const setAside = rejected.length - parts;
    const same = yielded.records - yielded.distinct;
    const fresh = second.counts.new;
    const again = `${fresh.threads + fresh.activities + fresh.identities} new, ${second.counts.changed.activities + second.counts.changed.threads + second.counts.changed.identities} changed`;
    return {
      ...base,
      recognized,
      outcome: "held",
      counted,
      held,
      same,
      setAside,
      parts,
      activities,
      again,
      reasons: summarize(rejected.map(({ reason }) => reason)),
      balanced: counted === held + same + setAside && again === "0 new, 0 changed" && first.counts.changed.activities === 0 && expected === undefined,
    };
  } catch (error) {
    if (!(error instanceof AppError) || error.code === "internal") throw error;
    return {
      ...base,
      recognized,
      outcome: "refused",
      counted: null,
      held: 0,
      same: 0,
      setAside: 0,
      parts: 0,
      activities: 0,
      again: "–",
      reasons: [error.message.replaceAll(folder, "")],
      balanced: expected?.reason.test(error.message) ?? false,
    };
  }
}

async function describeRecognition(file: string, connector: Connector): Promise<string> {
  const matches = await openFile(file).then(
    (opened) => recognizeFile(connectors, opened),
    () => [],
  );
  const [best] = matches;
  if (!best) return "no";
  const sure = `${Math.round(best.confidence * 100)} %`;
  return best.connector.id === connector.id ? sure : `taken for ${best.connector.id} (${sure})`;
}

async function countYielded(core: Pick<Ctx, "db" | "clock" | "log">, connector: Connector, checked: Awaited<ReturnType<typeof checkFile>>) {
  const keys = new Set<string>();
  let records = 0;
  const { file, settings } = checked;
  const input = { settings, path: file.path, head: file.rawHead, signal: new AbortController().signal };
  for await (const chunk of connector.importFile?.(core, input) ?? []) {
    for (const record of chunk.records) {
      records += 1;
      keys.add(`${record.stream}\u0000${record.externalId}`);
    }
  }
  return { records, distinct: keys.size };
}

async function freshCommunity(core: Pick<Ctx, "db" | "clock" | "log">): Promise<Ctx> {
  const id = newId();
  await core.db.execute(sql`INSERT INTO community (id, slug, name) VALUES (${id}, ${id}, 'Verified')`);
  return { ...core, community: { id, slug: id, name: "Verified", timeZone: "UTC" }, viewer: { kind: "system" } };
}

async function count(ctx: Ctx, query: ReturnType<typeof sql>): Promise<number> {
  return (await ctx.db.first<{ n: number }>(query))?.n ?? 0;
}

/** Counts by another program in another language: an error of ours would have to be made twice. */
function countByPython(one: VerifyCase, file: string): number {
  return Number(execFileSync("python3", ["-c", one.count, file], { encoding: "utf8" }).trim());
}

function summarize(reasons: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const reason of reasons) {
    const general = reason.replace(/\d+/g, "N");
    counts.set(general, (counts.get(general) ?? 0) + 1);
  }
  return [...counts].sort((a, b) => b[1] - a[1]).map(([reason, n]) => (n > 1 ? `${n} × ${reason}` : reason));
}

function report(rows: readonly Verified[]): string {
  const cell = (text: string) => text.replaceAll("|", "\\|").replaceAll("\n", " ").replaceAll("<", "&lt;");
  const lines = rows.map((row) =>
    [
      `\`${row.path}\``,
      `${row.kind}; ${row.origin}`,
      row.recognized,
      row.counted === null ? "–" : String(row.counted),
      String(row.held),
      String(row.same),
      row.parts === 0 ? String(row.setAside) : `${row.setAside} (+ ${row.parts} fields)`,
      String(row.activities),
      row.again,
      row.outcome === "refused" ? `**refused**: ${cell(row.reasons.join("; "))}` : cell(row.reasons.join("; ")),
    ].join(" | "),
  );
  const methods = [...new Map(verifyCases.map((one) => [`${one.kind}`, one.counts])).entries()].map(([kind, counts]) => `- ${kind}: ${counts}`);
  const held = rows.filter(({ outcome }) => outcome === "held");
  return `<!-- Written by scripts/verify-sources.ts. Run it again instead of editing. -->
# Sources, verified

Real files of public origin, each brought in twice. **In the file** is counted by a Python program that shares nothing with the
connector; **held** are records kept, **same** are records that stand in the file more than once, **set aside** those that could
not be used, fields of entries that are held for the rest apart. Nothing is unaccounted for: in the file = held + same + set aside. Recognised tells how sure Causeway is of what the
file is without being told.

${held.length} files come in, with ${held.reduce((sum, row) => sum + row.activities, 0).toLocaleString("en")} activities; ${rows.length - held.length} are refused with their reason. ${rows.filter((row) => !row.balanced).length} are not accounted for.

| file | kind; public origin | recognised | in the file | held | same | set aside | activities | second time | reasons |
|---|---|---|---:|---:|---:|---:|---:|---|---|
${lines.map((line) => `| ${line} |`).join("\n")}

## What is counted

${methods.join("\n")}
`;
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  process.exitCode = 1;
});
