import { spawn } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import type { Config } from "drizzle-kit";
import { envExample } from "../../src/core/config.ts";
import { findBreaches } from "./boundaries.ts";
import { readImports } from "./imports.ts";
import { findUnlisted } from "./lists.ts";
import { compareSourceDocs, storeSourceDocs, writeSourceDocs } from "./source-docs.ts";
import { readTree } from "./tree.ts";
import { findBypasses } from "./visibility.ts";
import * as exemptions from "./visibility-exempt.ts";

export interface Step {
  name: string;
  /** What makes it pass again. */
  remedy: string;
  /** Resolves to its problems as text, empty when there are none. */
  run(root: string): Promise<string>;
  /** Mends what can be mended without a thought. */
  fix?(root: string): Promise<string>;
}

/** Everything that `npm run check` holds the project to. The steps are independent and run side by side. */
export const steps: readonly Step[] = [
  {
    name: "format and lint",
    remedy: "npm run check -- --fix mends most of it",
    run: (root) => biome(root, "--error-on-warnings", "--diagnostic-level=warn", "--max-diagnostics=60"),
    fix: (root) => biome(root, "--write", "--diagnostic-level=error", "--max-diagnostics=none"),
  },
  {
    name: "types",
    remedy: "the place and the reason stand beside each",
    run: async (root) => {
      const generated = await tool(root, "@react-router/dev/bin.cjs", ["typegen"]);
      return generated || tool(root, "typescript/bin/tsc", ["--pretty", "false"]);
    },
  },
  {
    name: "boundaries",
    remedy: "each says what to do instead; docs/architecture.md has the map",
    run: async (root) => {
      const breaches = findBreaches(readImports(readTree(root)));
      return breaches.map((breach) => `${breach.from}:${breach.line} imports ${breach.to}\n  ${breach.rule}: ${breach.instead}`).join("\n");
    },
  },
  {
    name: "visibility",
    remedy: "put the rule into the WHERE clause; what is answered to nobody is named, with its reason, in scripts/check/visibility-exempt.ts",
    run: async (root) =>
      findBypasses(readTree(root), exemptions)
        .map(({ path, line, problem }) => `${path}:${line} ${problem}`)
        .join("\n"),
  },
  {
    name: "lists",
    remedy: "a list is the table of contents of its folder",
    run: async (root) =>
      findUnlisted(readTree(root))
        .map((gap) => `${gap.path} ${gap.problem}`)
        .join("\n"),
  },
  {
    name: "dead code",
    remedy: "remove it, or use it",
    run: (root) => tool(root, "knip/bin/knip.js", ["--no-progress"]),
  },
  {
    name: "migrations",
    remedy: "npx drizzle-kit generate, read the SQL, commit it with the schema",
    run: checkMigrations,
  },
  {
    name: "settings",
    remedy: "npm run check -- --fix writes it",
    run: async (root) =>
      readFileSync(join(root, ".env.example"), "utf8") === envExample() ? "" : ".env.example does not say what src/core/config.ts says",
    fix: async (root) => {
      writeFileSync(join(root, ".env.example"), envExample());
      return "";
    },
  },
  {
    name: "source docs",
    remedy: "npm run check -- --fix writes them from the connectors",
    run: async (root) => compareSourceDocs(root, await sourceDocs()).join("\n"),
    fix: async (root) => {
      storeSourceDocs(root, await sourceDocs());
      return "";
    },
  },
];

/** Loaded late: the connectors bring half of the house along, which the other steps do not need. */
async function sourceDocs(): Promise<Map<string, string>> {
  const { connectors } = await import("../../src/connectors/index.ts");
  return writeSourceDocs(connectors);
}

function biome(root: string, ...options: string[]): Promise<string> {
  return tool(root, "@biomejs/biome/bin/biome", ["check", ".", ...options]);
}

/** Generates into a copy of the migrations: whatever appears there is in the schema and in no migration. */
async function checkMigrations(root: string): Promise<string> {
  const copy = mkdtempSync(join(tmpdir(), "causeway-migrations-"));
  try {
    cpSync(join(root, "db", "migrations"), copy, { recursive: true });
    const config: Config = (await import(pathToFileURL(join(root, "drizzle.config.ts")).href)).default;
    const settings = join(copy, "check.json");
    // drizzle-kit puts `./` before the folder's path, so it must be a relative one.
    writeFileSync(settings, JSON.stringify({ ...config, out: relative(root, copy) }));
    const before = new Set(readdirSync(copy));
    const failed = await tool(root, "drizzle-kit/bin.cjs", ["generate", `--config=${relative(root, settings)}`]);
    if (failed) return failed;
    return readdirSync(copy)
      .filter((file) => !before.has(file))
      .map((file) => `The schema differs from db/migrations; this is missing there:\n${readFileSync(join(copy, file), "utf8")}`)
      .join("\n");
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

/** Runs a package's program under this Node; its output is the problem when it fails. */
function tool(root: string, program: string, args: string[]): Promise<string> {
  return new Promise((settle, reject) => {
    const child = spawn(process.execPath, [join(root, "node_modules", program), ...args], {
      cwd: root,
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, NO_COLOR: "1", CI: "1" },
    });
    let output = "";
    child.stdout.on("data", (chunk) => {
      output += chunk;
    });
    child.stderr.on("data", (chunk) => {
      output += chunk;
    });
    child.once("error", reject);
    child.once("close", (code) => settle(code === 0 ? "" : output.trim() || `${program} ended with exit code ${code}`));
  });
}
