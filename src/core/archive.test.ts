import { mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { zipSync } from "fflate";
import { expect, test } from "vitest";
import { looksLikeZip, openArchive } from "./archive.ts";

const scratch = () => mkdtempSync(join(tmpdir(), "causeway-archive-"));
const bytes = (text: string) => new TextEncoder().encode(text);

async function textOf(stream: Readable): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of stream) parts.push(part as Buffer);
  return Buffer.concat(parts).toString("utf8");
}

function zipOf(files: Record<string, string>): string {
  const path = join(scratch(), "export.zip");
  writeFileSync(path, zipSync(Object.fromEntries(Object.entries(files).map(([name, text]) => [name, bytes(text)]))));
  return path;
}

test("a zip and the folder that it holds read alike, names sorted and without what the packing computer added", async () => {
  const files = { "b/2.json": "two", "a.json": "one, größer", "__MACOSX/a.json": "x" };
  const folder = scratch();
  mkdirSync(join(folder, "b"));
  writeFileSync(join(folder, "a.json"), files["a.json"]);
  writeFileSync(join(folder, "b", "2.json"), files["b/2.json"]);
  for (const path of [zipOf(files), folder]) {
    const archive = await openArchive(path);
    expect(archive.entries).toEqual([
      { name: "a.json", sizeBytes: 13 },
      { name: "b/2.json", sizeBytes: 3 },
    ]);
    expect(await textOf(await archive.open("a.json"))).toBe("one, größer");
    await expect(archive.open("c.json")).rejects.toThrow(/has no file c\.json/);
    await archive.close();
  }
});

test("a link in a folder is no way out of it", async () => {
  const folder = scratch();
  symlinkSync("/etc/hostname", join(folder, "hostname"));
  expect((await openArchive(folder)).entries).toEqual([]);
});

test("a damaged zip and one that unpacks to far more than an export holds are refused in words", async () => {
  const whole = zipOf({ "a.json": "words ".repeat(500) });
  const { readFileSync } = await import("node:fs");
  const cut = join(scratch(), "cut.zip");
  writeFileSync(cut, readFileSync(whole).subarray(0, 60));
  await expect(openArchive(cut)).rejects.toThrow(/cut\.zip is a damaged zip file/);
  const bomb = join(scratch(), "bomb.zip");
  const packed = Buffer.from(zipSync({ "a.txt": bytes("x".repeat(4000)) }, { level: 9 }));
  // The size that the directory states for its one entry, changed to 3 GB.
  const directory = packed.lastIndexOf(Buffer.from([0x50, 0x4b, 0x01, 0x02]));
  packed.writeUInt32LE(3_000_000_000, directory + 24);
  writeFileSync(bomb, packed);
  await expect(openArchive(bomb)).rejects.toThrow(/bomb\.zip would unpack to far more/);
});

test("a zip is known by its first bytes", () => {
  expect(looksLikeZip(Buffer.from("PK\u0003\u0004rest", "latin1"))).toBe(true);
  expect(looksLikeZip(Buffer.from("PKlease"))).toBe(false);
  expect(looksLikeZip(Buffer.alloc(0))).toBe(false);
});
