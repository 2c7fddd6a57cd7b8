import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { envExample, listSettings, loadConfig, unknownVariables } from "./config.ts";

const cwd = mkdtempSync(join(tmpdir(), "causeway-config-"));

test("without any variable everything has a usable default", () => {
  const config = loadConfig({ env: {}, cwd });
  expect(config).toMatchObject({ host: "127.0.0.1", port: 4400, publicUrl: "http://localhost:4400", dataDir: join(cwd, "data"), role: "all" });
  expect(config.secretsFile).toBe(join(cwd, "data", "secrets.json"));
  expect(config.databaseUrl).toBeUndefined();
});

test("all problems are told at once, each with its variable, what it got and what it accepts", () => {
  const read = () => loadConfig({ env: { PORT: "eighty", CAUSEWAY_ROLE: "boss", PUBLIC_URL: "example.org", HOST: "0.0.0.0" }, cwd });
  expect(read).toThrow(/PORT is "eighty"; it accepts a whole number from 0 to 65535/);
  expect(read).toThrow(/CAUSEWAY_ROLE is "boss"; it accepts all, web or worker/);
  expect(read).toThrow(/PUBLIC_URL is "example.org"/);
  expect(read).toThrow(/3 settings/);
});

test("a secret's value is not repeated in the message", () => {
  const read = () => loadConfig({ env: { DATABASE_URL: "mysql://root:hunter2@db/x" }, cwd });
  expect(read).toThrow(/DATABASE_URL/);
  expect(read).not.toThrow(/hunter2/);
});

test("a .env file is honoured, the environment wins over it and the command line over both", () => {
  const folder = mkdtempSync(join(tmpdir(), "causeway-config-"));
  writeFileSync(join(folder, ".env"), 'PORT=5001\nHOST=10.0.0.1\nCAUSEWAY_OUTBOUND_ALLOW="gitlab.internal, 10.0.0.0/8"\n');
  const config = loadConfig({ env: { HOST: "0.0.0.0", PORT: "" }, cwd: folder });
  expect(config).toMatchObject({ port: 5001, host: "0.0.0.0", outboundAllow: ["gitlab.internal", "10.0.0.0/8"] });
  expect(loadConfig({ env: {}, cwd: folder, overrides: { port: 6000 } }).port).toBe(6000);
});

test("a mistyped variable of ours is noticed", () => {
  expect(unknownVariables({ CAUSEWAY_DATADIR: "x", CAUSEWAY_ROLE: "all", OTHER: "y" })).toEqual(["CAUSEWAY_DATADIR"]);
});

test(".env.example is the one that the schema makes, and names every setting", () => {
  const committed = readFileSync(new URL("../../.env.example", import.meta.url), "utf8");
  expect(committed).toBe(envExample());
  for (const setting of listSettings()) expect(committed).toContain(`${setting.env}=`);
});
