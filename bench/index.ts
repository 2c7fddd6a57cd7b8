import { fork } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import nodeFlags from "../scripts/node-flags.json" with { type: "json" };
import { findPostgres, howToGetPostgres, type PostgresServer } from "../scripts/postgres.ts";
import { freshDatabase } from "./fresh-database.ts";
import { type BenchOptions, readOptions, usage } from "./options.ts";
import { printGrowth, printTable } from "./print-table.ts";
import type { CaseInput, CaseResult } from "./result.ts";

const results = fileURLToPath(new URL("./results", import.meta.url));
const build = fileURLToPath(new URL("../build/server/index.js", import.meta.url));

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2));
  if (options === "help") {
    process.stdout.write(usage);
    return;
  }
  const wantsPages = options.stages.some((stage) => stage === "pages" || stage === "portal" || stage === "read");
  if (wantsPages && !existsSync(build)) {
    process.stderr.write("The pages have not been built. Use npm run bench, or first: node scripts/start.mjs --build\n");
    process.exitCode = 1;
    return;
  }
  mkdirSync(results, { recursive: true });
  const server = options.databases.includes("postgres") ? await findPostgres() : undefined;
  if (server) process.stderr.write(`${server.description}\n`);
  else if (options.databases.includes("postgres")) process.stderr.write(`Without PostgreSQL: no server was found. ${howToGetPostgres}\n`);
  const measured: CaseResult[] = [];
  try {
    for (const database of options.databases) {
      if (database === "postgres" && !server) continue;
      for (const size of options.sizes) {
        process.stderr.write(`\n${database}, ${size.toLocaleString("en")} activities\n`);
        measured.push(await runApart({ database, size, seed: options.seed, stages: options.stages }, { server, options }));
        save(measured);
      }
    }
  } finally {
    await server?.close();
  }
  printTable(measured);
  printGrowth(measured);
  process.stdout.write(`\nAll figures: ${save(measured)}\n`);
}

/** Makes one run in a process of its own, on a fresh data folder and, for PostgreSQL, a fresh database. */
async function runApart(input: CaseInput, { server, options }: { server: PostgresServer | undefined; options: BenchOptions }): Promise<CaseResult> {
  const dataDir = mkdtempSync(join(tmpdir(), "causeway-bench-"));
  const removeData = () => rmSync(dataDir, { recursive: true, force: true });
  process.once("exit", removeData);
  const database = input.database === "postgres" && server ? await freshDatabase(server.url) : undefined;
  const { DATABASE_URL: _unused, ...inherited } = process.env;
  try {
    return await new Promise<CaseResult>((settle, reject) => {
      const child = fork(fileURLToPath(new URL("./run-case.ts", import.meta.url)), {
        env: {
          ...inherited,
          CAUSEWAY_DATA_DIR: dataDir,
          CAUSEWAY_LOG_LEVEL: "error",
          NODE_ENV: "production",
          ...(database ? { DATABASE_URL: database.url } : {}),
        },
        execArgv: [...nodeFlags, ...(options.profile ? ["--cpu-prof", `--cpu-prof-dir=${results}`] : [])],
      });
      child.once("message", ({ result }: { result: CaseResult }) => settle(result));
      child.once("exit", (code) => reject(new Error(`the run ended with code ${code}`)));
      child.send(input);
    });
  } finally {
    await database?.drop();
    removeData();
    process.off("exit", removeData);
  }
}

const startedAt = new Date().toISOString();

function save(measured: readonly CaseResult[]): string {
  const path = join(results, `${startedAt.replace(/[:.]/g, "-")}.json`);
  const machine = {
    processor: cpus()[0]?.model.trim(),
    cores: availableParallelism(),
    memoryGb: Math.round(totalmem() / 2 ** 30),
    node: process.version,
  };
  writeFileSync(path, `${JSON.stringify({ startedAt, machine, runs: measured }, null, 2)}\n`);
  return path;
}

// Leaving by exit lets the private server and the data folders be removed.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(130));

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
