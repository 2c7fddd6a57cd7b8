import { execFile } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { findChromium } from "../scripts/chromium.ts";

const root = join(import.meta.dirname, "..");
const folder = mkdtempSync(join(tmpdir(), "causeway-scripts-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function run(script: string, args: string[]): Promise<{ code: number; lines: string[] }> {
  return new Promise((settle) => {
    const child = execFile(process.execPath, [join(root, script), ...args], { cwd: root }, (_, output) => {
      settle({ code: child.exitCode ?? -1, lines: output.trim().split("\n") });
    });
  });
}

describe("npm test", () => {
  test("fails when nothing was tested, and says so in its last line", async () => {
    const { code, lines } = await run("scripts/test-runs.ts", ["--project", "browser", "no-such-folder"]);
    expect(lines.at(-1)).toBe("0 passed, 1 failed, 0 skipped");
    expect(lines.at(-2)).toContain("No test ran: nothing matches --project browser no-such-folder");
    expect(code).toBe(1);
  });
});

describe("npm run check", () => {
  test("names its steps to whoever asks for another", async () => {
    expect((await run("scripts/check/index.ts", ["spelling"])).code).toBe(2);
  });

  test("runs one step alone", async () => {
    const { code, lines } = await run("scripts/check/index.ts", ["settings"]);
    expect(lines.filter((line) => /[✓✗]/.test(line))).toEqual([expect.stringContaining("settings")]);
    expect(code).toBe(0);
  });
});

describe("the browser for tests", () => {
  test("is the one that CHROMIUM_PATH names, before any other", () => {
    expect(findChromium({ CHROMIUM_PATH: "/opt/mine", PATH: folder })).toBe("/opt/mine");
  });

  test("is found in PATH, when it can be run", () => {
    const path = join(folder, "chromium");
    writeFileSync(path, "#!/bin/sh\n");
    chmodSync(path, 0o644);
    const before = findChromium({ PATH: folder });
    chmodSync(path, 0o755);
    expect([before === path, findChromium({ PATH: folder })]).toEqual([false, path]);
  });
});
