import { randomBytes } from "node:crypto";
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { z } from "zod";
import { AppError } from "./errors.ts";

const key = z.string().refine((text) => Buffer.from(text, "base64").length === 32, "32 bytes in base64");
const secretKeysSchema = z.object({
  /** Newest first: it encrypts, all of them decrypt. */
  keys: z.array(z.object({ id: z.string().regex(/^[a-z0-9]+$/), key, createdAt: z.iso.datetime() })).min(1),
  hashKey: key,
  authSecret: z.string().min(32),
});

/** The installation's own keys. */
export type SecretKeys = z.output<typeof secretKeysSchema>;

/**
 * Reads the installation's keys, making them on the first start.
 * @param path the file, created with owner-only rights
 * @throws AppError `forbidden` when others may read the file; `unreadable_file` when it is damaged
 */
export function openSecrets(path: string): SecretKeys {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const existing = readSecrets(path);
  if (existing) return existing;
  const fresh: SecretKeys = {
    keys: [newKey()],
    hashKey: randomBytes(32).toString("base64"),
    authSecret: randomBytes(32).toString("base64url"),
  };
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, serializeSecrets(fresh), { mode: 0o600 });
  try {
    // Linked, not renamed: of two processes that start together the first wins and the second reads its keys.
    linkSync(draft, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  } finally {
    rmSync(draft, { force: true });
  }
  const stored = readSecrets(path);
  if (!stored) throw new AppError("internal", { public: `The secrets file ${path} vanished while it was written.` });
  return stored;
}

/**
 * Adds a new key in front: from now on it encrypts, and stored secrets move to it by `SecretBox.rotate`.
 * @returns the keys as they are now stored
 */
export function addSecretKey(path: string): SecretKeys {
  const current = openSecrets(path);
  const next = { ...current, keys: [newKey(), ...current.keys] };
  writeSecrets(path, next);
  return next;
}

/** Replaces the file in one step, owner-only. For key rotation and restores. */
export function writeSecrets(path: string, keys: SecretKeys): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, serializeSecrets(keys), { mode: 0o600 });
  renameSync(draft, path);
}

/**
 * Reads keys from their stored text.
 * @throws AppError `unreadable_file` when it is not a secrets file
 */
export function parseSecrets(text: string, place: string): SecretKeys {
  try {
    return secretKeysSchema.parse(JSON.parse(text));
  } catch (error) {
    throw new AppError("unreadable_file", {
      public: `${place} is not a usable secrets file. Restore it from a backup; without it stored tokens and sessions are lost.`,
      cause: error,
    });
  }
}

/** The keys as they are stored. */
export function serializeSecrets(keys: SecretKeys): string {
  return `${JSON.stringify(keys, null, 2)}\n`;
}

function readSecrets(path: string): SecretKeys | undefined {
  let mode: number;
  let text: string;
  try {
    mode = statSync(path).mode;
    text = readFileSync(path, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return undefined;
    throw new AppError("forbidden", {
      public: `The secrets file ${path} cannot be read (${code}). Give this user the right to read it, or point CAUSEWAY_SECRETS_FILE elsewhere.`,
      cause: error,
    });
  }
  if (process.platform !== "win32" && (mode & 0o077) !== 0) {
    throw new AppError("forbidden", {
      public: `The secrets file ${path} may be read by others (mode ${(mode & 0o777).toString(8)}). Run: chmod 600 ${path}`,
    });
  }
  return parseSecrets(text, path);
}

function newKey(): SecretKeys["keys"][number] {
  return { id: randomBytes(4).toString("hex"), key: randomBytes(32).toString("base64"), createdAt: new Date().toISOString() };
}
