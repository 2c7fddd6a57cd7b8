import { execFile, fork, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { availableParallelism, cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs, promisify } from "node:util";
import nodeFlags from "../scripts/node-flags.json" with { type: "json" };
import { findPostgres, howToGetPostgres } from "../scripts/postgres.ts";
import type { DiscordJob, DiscordJobResult } from "./discord-job.ts";
import { writeDiscordExport } from "./discord-messages.ts";
import { freshDatabase } from "./fresh-database.ts";

const comparator = { name: "chat-analytics", version: "1.1.2" };

const usage = `Usage: node bench/discord-parse.ts [options]

Reads a made-up export of a Discord channel: ours beside ${comparator.name} ${comparator.version} from npm, each in a process of its own, and a
longer one for the memory.

  --messages N     for the comparison (default 200000)
  --stream N       for the memory (default 1000000; 0 leaves it out)
  --store D        also store the comparison's messages: embedded or postgres; may be repeated (default none)
  --alone          without ${comparator.name}
  --seed N         of the messages (default 1)
  --help
`;

interface Row {
  what: string;
  seconds: number;
  processSeconds?: number;
  perSecond: number;
  idleMb?: number;
  peakMb?: number;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      messages: { type: "string", default: "200000" },
      stream: { type: "string", default: "1000000" },
      store: { type: "string", multiple: true, default: [] },
      alone: { type: "boolean", default: false },
      seed: { type: "string", default: "1" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(usage);
    return;
  }
  const seed = Number(values.seed);
  const folder = mkdtempSync(join(tmpdir(), "causeway-bench-discord-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  process.stderr.write(`${cpus()[0]?.model.trim()}, ${availableParallelism()} cores, Node ${process.version}\n`);

  const rows: Row[] = [];
  const messages = Number(values.messages);
  const path = await generate(folder, messages, seed);
  rows.push(await runOurs("causeway: check, read, normalise", { path, store: false }, messages));
  if (!values.alone) {
    const other = await runComparator(folder, path, messages);
    if (typeof other === "string") process.stderr.write(`Without ${comparator.name}: ${other}\n`);
    else rows.push(other);
  }
  for (const database of values.store) {
    const row = await runStored(database, path, messages);
    if (row) rows.push(row);
  }
  rmSync(path);

  const streamed = Number(values.stream);
  if (streamed > 0) {
    const long = await generate(folder, streamed, seed);
    rows.push(await runOurs(`causeway: the same, ${streamed.toLocaleString("en")} messages`, { path: long, store: false }, streamed));
  }
  print(rows);
}

async function generate(folder: string, messages: number, seed: number): Promise<string> {
  const path = join(folder, `general-${messages}.json`);
  await writeDiscordExport(path, { messages, seed });
  process.stderr.write(`${messages.toLocaleString("en")} messages, ${(statSync(path).size / 1e6).toFixed(0)} MB\n`);
  return path;
}

async function runOurs(what: string, job: DiscordJob, messages: number, env: NodeJS.ProcessEnv = process.env): Promise<Row> {
  const started = performance.now();
  const result = await new Promise<DiscordJobResult>((settle, reject) => {
    const child = fork(fileURLToPath(new URL("./discord-job.ts", import.meta.url)), { env, execArgv: nodeFlags });
    child.once("message", (message: { result: DiscordJobResult }) => settle(message.result));
    child.once("exit", (code) => reject(new Error(`the run ended with code ${code}`)));
    child.send(job);
  });
  const processSeconds = (performance.now() - started) / 1000;
  if (result.activities !== messages || result.warnings > 0) {
    throw new Error(`${messages} messages became ${result.activities} activities with ${result.warnings} warnings`);
  }
  const { seconds, idleMb, peakMb } = result;
  return { what, seconds, processSeconds, perSecond: messages / seconds, idleMb, peakMb };
}

async function runStored(database: string, path: string, messages: number): Promise<Row | undefined> {
  const dataDir = mkdtempSync(join(tmpdir(), "causeway-bench-"));
  process.once("exit", () => rmSync(dataDir, { recursive: true, force: true }));
  const { DATABASE_URL: _unused, ...inherited } = process.env;
  const env = { ...inherited, CAUSEWAY_DATA_DIR: dataDir, CAUSEWAY_LOG_LEVEL: "error", NODE_ENV: "production" };
  const what = `causeway: the same, and stored (${database})`;
  if (database === "embedded") return runOurs(what, { path, store: true }, messages, env);
  if (database !== "postgres") throw new Error(`--store must be embedded or postgres, not ${database}.`);
  const server = await findPostgres();
  if (!server) {
    process.stderr.write(`Without PostgreSQL: no server was found. ${howToGetPostgres}\n`);
    return undefined;
  }
  const fresh = await freshDatabase(server.url);
  try {
    return await runOurs(what, { path, store: true }, messages, { ...env, DATABASE_URL: fresh.url });
  } finally {
    await fresh.drop();
    await server.close();
  }
}

const sayPeak = `data:text/javascript,${encodeURIComponent('process.on("exit", () => process.stderr.write("\\nmaxRSS " + process.resourceUsage().maxRSS + "\\n"))')}`;

/** Runs the other tool over the same file, its installation not counted. @returns why not, when it cannot be had */
async function runComparator(folder: string, path: string, messages: number): Promise<Row | string> {
  const home = join(folder, "comparator");
  const packageName = `${comparator.name}@${comparator.version}`;
  try {
    await promisify(execFile)("npm", ["install", "--prefix", home, "--no-save", "--no-audit", "--no-fund", packageName], {
      cwd: folder,
      timeout: 180_000,
    });
  } catch (error) {
    return `npm could not install it (${error instanceof Error ? error.message.split("\n")[0] : String(error)}).`;
  }
  const program = join(home, "node_modules", comparator.name, "dist/lib/CLI.js");
  if (!existsSync(program)) return "it has no command line where it had one.";
  const started = performance.now();
  const child = spawn(process.execPath, ["--import", sayPeak, program, "-p", "discord", "-i", path, "-o", join(folder, "report.html")], {
    cwd: home,
  });
  let said = "";
  child.stdout.on("data", (part: Buffer) => {
    said += part.toString();
  });
  child.stderr.on("data", (part: Buffer) => {
    said += part.toString();
  });
  const code = await new Promise<number | null>((settle) => child.once("close", settle));
  const seconds = (performance.now() - started) / 1000;
  if (code !== 0 || !existsSync(join(folder, "report.html"))) return `it ended with code ${code}: ${said.trim().slice(-300)}`;
  const peak = /maxRSS (\d+)/.exec(said)?.[1];
  return {
    what: `${comparator.name} ${comparator.version}: read, language, sentiment, report`,
    seconds,
    processSeconds: seconds,
    perSecond: messages / seconds,
    ...(peak !== undefined && { peakMb: Math.round((Number(peak) * 1024) / 1e6) }),
  };
}

function print(rows: readonly Row[]): void {
  const number = (value: number | undefined, digits = 0) =>
    value === undefined ? "" : value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
  const cells = [
    ["", "s", "s, whole process", "messages/s", "memory idle, MB", "peak, MB", "above idle, MB"],
    ...rows.map((row) => [
      row.what,
      number(row.seconds, 2),
      number(row.processSeconds, 2),
      number(row.perSecond),
      number(row.idleMb),
      number(row.peakMb),
      row.idleMb === undefined || row.peakMb === undefined ? "" : number(row.peakMb - row.idleMb),
    ]),
  ];
  const widths = (cells[0] ?? []).map((_, column) => Math.max(...cells.map((row) => (row[column] ?? "").length)));
  const lines = cells.map((row) =>
    row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0))).join("   "),
  );
  process.stdout.write(`\n${lines.join("\n")}\n`);
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
