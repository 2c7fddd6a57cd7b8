import { createHash } from "node:crypto";

/** A weak validator of a body: equal bodies have equal tags. */
export function etagOf(body: string): string {
  return `W/"${createHash("sha256").update(body).digest("base64url").slice(0, 27)}"`;
}

/**
 * Whether a list of tags from a request header holds this one, or is `*`. Compared weakly, also for If-Match: the
 * tags are of the representation, which is all that a client has seen.
 */
export function matchesEtag(header: string, etag: string): boolean {
  const bare = (tag: string) => tag.trim().replace(/^W\//, "");
  return header.trim() === "*" || header.split(",").some((tag) => bare(tag) === bare(etag));
}
