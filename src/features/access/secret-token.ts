import { createHash, randomBytes } from "node:crypto";

/**
 * Makes a secret to hand out once: 256 random bits in URL-safe letters. What is stored is its hash. A plain
 * SHA-256 is enough, since nobody guesses 256 random bits; a slow hash is for passwords that people choose.
 * @param prefix letters in front by which people and secret scanners recognise it
 */
export function createSecretToken(prefix = ""): { token: string; hash: string } {
  const token = prefix + randomBytes(32).toString("base64url");
  return { token, hash: hashSecretToken(token) };
}

export function hashSecretToken(token: string): string {
  return createHash("sha256").update(token).digest("hex");
}
