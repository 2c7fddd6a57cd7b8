import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { styleText } from "node:util";
import { findChromium, howToGetChromium } from "./chromium.ts";
import { findPostgres, howToGetPostgres } from "./postgres.ts";

interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

interface VitestReport {
  numPassedTests: number;
  numFailedTests: number;
  numPendingTests: number;
  numTodoTests: number;
  testResults: { name: string; status: string; assertionResults: unknown[] }[];
}

const vitest = join("node_modules", "vitest", "vitest.mjs");
const scratch = mkdtempSync(join(tmpdir(), "causeway-tests-"));
process.once("exit", () => rmSync(scratch, { recursive: true, force: true }));

// `--all`: a run that this machine cannot do is a failure and not a note, so that CI cannot pass by leaving something out.
const all = process.argv.includes("--all");
const args = process.argv.slice(2).filter((parameter) => parameter !== "--all");
const wanted = projectsWanted(args);
const notes: string[] = [];
const total: Counts = { passed: 0, failed: 0, skipped: 0 };

if (wanted("unit")) {
  const { TEST_DATABASE_URL: _, ...withoutServer } = process.env;
  await run("unit tests on the embedded database", "unit", withoutServer);
  await runOnPostgres();
}
if (wanted("browser")) await runInBrowser();

for (const note of notes) console.log(note);
if (total.passed + total.failed === 0) {
  total.failed += 1;
  console.log(`No test ran${args.length > 0 ? `: nothing matches ${args.join(" ")}` : ""}.`);
}
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exitCode = total.failed === 0 ? 0 : 1;

async function runOnPostgres(): Promise<void> {
  const server = await findPostgres().catch((error: Error) => error);
  if (server instanceof Error) {
    total.failed += 1;
    notes.push(styleText("red", `The tests on PostgreSQL did not run: ${server.message}`));
  } else if (!server) {
    notes.push(`Not run: the unit tests on PostgreSQL, as no server was found. ${howToGetPostgres}`);
    if (all) total.failed += 1;
  } else {
    try {
      await run(`unit tests on ${server.description}`, "unit", { ...process.env, TEST_DATABASE_URL: server.url });
    } finally {
      await server.close();
    }
  }
}

async function runInBrowser(): Promise<void> {
  const chromium = findChromium();
  if (chromium) {
    await run(`browser tests in ${chromium}`, "browser", { ...process.env, CHROMIUM_PATH: chromium });
    return;
  }
  const skipped = await listTests("browser");
  if (all) total.failed += 1;
  total.skipped += skipped;
  notes.push(`Skipped: ${skipped} browser tests (tests/e2e), as no Chromium was found. ${howToGetChromium}`);
}

/** Runs one Vitest project with its own output, and adds its counts to the total. */
async function run(title: string, project: string, env: NodeJS.ProcessEnv): Promise<void> {
  console.log(styleText("bold", `\n— ${title}`));
  const report = join(scratch, `${project}-${Date.now()}.json`);
  const options = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`, "--passWithNoTests"];
  const code = await spawnVitest(["run", "--project", project, ...options, ...withoutProjects(args)], env);
  const counts = readCounts(report);
  if (code !== 0 && counts.failed === 0) {
    // An error outside any test, such as a failing set-up or a rejected promise nobody awaited.
    counts.failed = 1;
    notes.push(styleText("red", `The ${title} ended with exit code ${code} though no test of them failed: see their output.`));
  }
  total.passed += counts.passed;
  total.failed += counts.failed;
  total.skipped += counts.skipped;
}

function readCounts(path: string): Counts {
  let report: VitestReport;
  try {
    report = JSON.parse(readFileSync(path, "utf8"));
  } catch {
    // The run died before it could report; its exit code says so.
    return { passed: 0, failed: 0, skipped: 0 };
  }
  const unloadable = report.testResults.filter((file) => file.status === "failed" && file.assertionResults.length === 0).length;
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + unloadable,
    skipped: report.numPendingTests + report.numTodoTests,
  };
}

async function listTests(project: string): Promise<number> {
  const list = join(scratch, "list.json");
  await spawnVitest(["list", "--project", project, `--json=${list}`, ...withoutProjects(args)], process.env);
  try {
    return (JSON.parse(readFileSync(list, "utf8")) as unknown[]).length;
  } catch {
    return 0;
  }
}

function spawnVitest(parameters: string[], env: NodeJS.ProcessEnv): Promise<number> {
  return new Promise((settle, reject) => {
    const child = spawn(process.execPath, [vitest, ...parameters], { stdio: "inherit", env });
    child.once("error", reject);
    child.once("exit", (code) => settle(code ?? 1));
  });
}

/** `npm test -- --project browser` runs one project; by default all of them run. */
function projectsWanted(parameters: string[]): (project: string) => boolean {
  const named = parameters.flatMap((parameter, index) => {
    if (parameter === "--project") return [parameters[index + 1]];
    return parameter.startsWith("--project=") ? [parameter.slice("--project=".length)] : [];
  });
  return (project) => named.length === 0 || named.includes(project);
}

function withoutProjects(parameters: string[]): string[] {
  return parameters.filter((parameter, index) => !parameter.startsWith("--project") && parameters[index - 1] !== "--project");
}
