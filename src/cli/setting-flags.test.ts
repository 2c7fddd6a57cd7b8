import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { findConnector } from "#connectors/index.ts";
import { table } from "#connectors/table/index.ts";
import type { SettingUse } from "#features/ledger/index.ts";
import { settingFlags, settingsGiven } from "./setting-flags.ts";

const names = (id: string, use: SettingUse) => {
  const connector = findConnector(id);
  return connector ? settingFlags(connector, use).map(({ name }) => name) : [];
};

test("a command asks for what matters to it: a file for no secrets and nothing that is for reading live", () => {
  expect(names("mbox", "file")).toEqual(["visibility", "list"]);
  expect(names("mbox", "live")).toEqual(expect.arrayContaining(["kind", "url", "host", "password", "visibility", "list"]));
  expect(names("zulip", "file")).toEqual(["site", "visibility"]);
  expect(names("git", "file")).toEqual(["firstCommit", "repositoryName", "visibility"]);
  // What no form asks for can be said on the command line.
  expect(names("slack", "live")).toContain("baseUrl");
});

test("a mapping is given as JSON or stands in a file", () => {
  const path = join(mkdtempSync(join(tmpdir(), "causeway-mapping-")), "mapping.json");
  const mapping = { time: "created_at", title: "title" };
  writeFileSync(path, `${JSON.stringify(mapping)}\n`);
  const flags = settingFlags(table, "file");
  for (const given of [`@${path}`, JSON.stringify(mapping)]) {
    const { mapping: read } = table.settings.parse(settingsGiven(flags, { mapping: given }));
    expect(read).toMatchObject(mapping);
  }
  expect(() => settingsGiven(flags, { mapping: "@/nowhere/mapping.json" })).toThrow(/\/nowhere\/mapping\.json cannot be read/);
});
