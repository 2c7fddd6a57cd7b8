import { createCipheriv, createDecipheriv, createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { AppError } from "./errors.ts";
import type { SecretKeys } from "./secrets.ts";

const version = "v1";
const ivBytes = 12;
const tagBytes = 16;

/** Keeps secrets at rest and recognises tokens. Made once from the installation's keys. */
export interface SecretBox {
  /**
   * Encrypts with AES-256-GCM under the newest key.
   * @param boundTo what the secret belongs to, such as `source:<id>:token`; it opens only with the same words, so a
   *   sealed text copied to another row is worthless
   */
  seal(plaintext: string, boundTo: string): string;
  /**
   * @throws AppError `internal` when it was changed, moved to another owner, or its key is gone
   */
  open(sealed: string, boundTo: string): string;
  /** Whether it is under the newest key. */
  isCurrent(sealed: string): boolean;
  /** Encrypts again under the newest key; what is current already comes back as it is. */
  rotate(sealed: string, boundTo: string): string;
  /** A keyed hash (HMAC-SHA-256, hex) under which a token may be stored and looked up. */
  hash(token: string): string;
  /** Whether a token has this hash, in constant time. */
  matches(token: string, hash: string): boolean;
  /** Signs sessions; for the sign-in library alone. */
  readonly authSecret: string;
}

/** Builds the box from keys as `openSecrets` returns them; the first key seals, all of them open. */
export function createSecretBox(keys: SecretKeys): SecretBox {
  const decoded = keys.keys.map(({ id, key }) => ({ id, key: Buffer.from(key, "base64") }));
  const byId = new Map(decoded.map(({ id, key }) => [id, key]));
  const [newest] = decoded;
  if (!newest) throw new AppError("internal", { public: "The secrets file holds no key." });
  const hashKey = Buffer.from(keys.hashKey, "base64");

  const seal = (plaintext: string, boundTo: string): string => {
    const iv = randomBytes(ivBytes);
    const cipher = createCipheriv("aes-256-gcm", newest.key, iv);
    cipher.setAAD(additionalData(newest.id, boundTo));
    const text = Buffer.concat([cipher.update(plaintext, "utf8"), cipher.final(), cipher.getAuthTag()]);
    return [version, newest.id, iv.toString("base64url"), text.toString("base64url")].join(".");
  };
  const open = (sealed: string, boundTo: string): string => {
    const [sealedVersion, keyId = "", iv = "", body = ""] = sealed.split(".");
    const key = byId.get(keyId);
    if (sealedVersion !== version || !key) {
      throw cannotOpen(key ? "unknown form" : `no key ${JSON.stringify(keyId)} in the secrets file`);
    }
    const bytes = Buffer.from(body, "base64url");
    try {
      const decipher = createDecipheriv("aes-256-gcm", key, Buffer.from(iv, "base64url"), { authTagLength: tagBytes });
      decipher.setAAD(additionalData(keyId, boundTo));
      decipher.setAuthTag(bytes.subarray(bytes.length - tagBytes));
      return Buffer.concat([decipher.update(bytes.subarray(0, bytes.length - tagBytes)), decipher.final()]).toString("utf8");
    } catch (error) {
      throw cannotOpen("the stored text was changed or belongs to something else", error);
    }
  };
  const isCurrent = (sealed: string) => sealed.startsWith(`${version}.${newest.id}.`);
  const hash = (token: string) => createHmac("sha256", hashKey).update(token).digest("hex");
  return {
    seal,
    open,
    isCurrent,
    rotate: (sealed, boundTo) => (isCurrent(sealed) ? sealed : seal(open(sealed, boundTo), boundTo)),
    hash,
    matches: (token, stored) => equalInConstantTime(hash(token), stored),
    authSecret: keys.authSecret,
  };
}

/**
 * A random token for links and keys, URL-safe.
 * @param prefix says what it is for, so that a leaked one is recognised: `cw_setup_`
 * @param bytes of randomness; 32 by default
 */
export function newToken(prefix = "", bytes = 32): string {
  return `${prefix}${randomBytes(bytes).toString("base64url")}`;
}

/** Compares two texts without telling by its duration where they differ. */
export function equalInConstantTime(a: string, b: string): boolean {
  const left = Buffer.from(a);
  const right = Buffer.from(b);
  return left.length === right.length && timingSafeEqual(left, right);
}

function additionalData(keyId: string, boundTo: string): Buffer {
  return Buffer.from(`causeway:${version}:${keyId}:${boundTo}`);
}

function cannotOpen(internal: string, cause?: unknown): AppError {
  return new AppError("internal", {
    public: "A stored secret cannot be read. Was the secrets file replaced? Restore it from the backup, or enter the secret again.",
    internal,
    cause,
  });
}
