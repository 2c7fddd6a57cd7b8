import { chmodSync, mkdtempSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createSecretBox, equalInConstantTime, newToken } from "./crypto.ts";
import { addSecretKey, openSecrets } from "./secrets.ts";

const newPath = () => join(mkdtempSync(join(tmpdir(), "causeway-secrets-")), "data", "secrets.json");

test("a sealed secret opens for its owner alone, and not after a change", () => {
  const box = createSecretBox(openSecrets(newPath()));
  const sealed = box.seal("xoxb-ключ", "source:1:token");
  expect(sealed).not.toContain("xoxb");
  expect(box.open(sealed, "source:1:token")).toBe("xoxb-ключ");
  expect(box.seal("xoxb-ключ", "source:1:token")).not.toBe(sealed);
  expect(() => box.open(sealed, "source:2:token")).toThrow(/cannot be read/);
  const parts = sealed.split(".");
  const body = Buffer.from(parts[3] ?? "", "base64url");
  body.writeUInt8(body.readUInt8(0) ^ 1, 0);
  parts[3] = body.toString("base64url");
  expect(() => box.open(parts.join("."), "source:1:token")).toThrow(/cannot be read/);
  expect(() => box.open("nonsense", "source:1:token")).toThrow(/cannot be read/);
});

test("after a rotation old secrets still open and move to the new key", () => {
  const path = newPath();
  const old = createSecretBox(openSecrets(path));
  const sealed = old.seal("token", "a");
  addSecretKey(path);
  const rotated = createSecretBox(openSecrets(path));
  expect(rotated.isCurrent(sealed)).toBe(false);
  expect(rotated.open(sealed, "a")).toBe("token");
  const moved = rotated.rotate(sealed, "a");
  expect(rotated.isCurrent(moved)).toBe(true);
  expect(rotated.rotate(moved, "a")).toBe(moved);
  expect(rotated.open(moved, "a")).toBe("token");
  expect(() => old.open(moved, "a")).toThrow(/cannot be read/);
  expect(rotated.hash("t")).toBe(old.hash("t"));
});

test("tokens are told by a keyed hash that another installation does not share", () => {
  const box = createSecretBox(openSecrets(newPath()));
  const other = createSecretBox(openSecrets(newPath()));
  const token = newToken("cw_");
  expect(token).toMatch(/^cw_[\w-]{43}$/);
  expect(box.matches(token, box.hash(token))).toBe(true);
  expect(box.matches(`${token}x`, box.hash(token))).toBe(false);
  expect(other.hash(token)).not.toBe(box.hash(token));
  expect(equalInConstantTime("a", "ab")).toBe(false);
});

test("the secrets file is made once, for its owner alone, and refused when others may read it", () => {
  const path = newPath();
  const first = openSecrets(path);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(openSecrets(path)).toEqual(first);
  chmodSync(path, 0o640);
  expect(() => openSecrets(path)).toThrow(`chmod 600 ${path}`);
  chmodSync(path, 0o600);
  writeFileSync(path, readFileSync(path, "utf8").slice(0, 40));
  expect(() => openSecrets(path)).toThrow(/not a usable secrets file/);
});
