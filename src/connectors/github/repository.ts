import { AppError } from "#core/errors.ts";

/** Which repository something is of. */
export interface Place {
  /** As it is written, `owner/name`. */
  repo: string;
  /** Its number at GitHub, which stays when it is renamed. */
  id?: number;
  /** A GitHub Enterprise Server; undefined for github.com. */
  host?: string | undefined;
  visibility?: "private" | "internal";
}

const address = /^https?:\/\/([^/]+)\/(?:api\/v3\/)?(?:repos\/)?([^/\s]+)\/([^/\s?#]+)/i;

/** The repository that an address of the API or the site names. */
export function addressOf(value: unknown): Place | undefined {
  if (typeof value !== "string") return undefined;
  const found = address.exec(value);
  if (!found?.[1] || !found[2] || !found[3]) return undefined;
  const host = siteOf(found[1]);
  return { repo: `${found[2]}/${found[3]}`, ...(host !== undefined && { host }) };
}

/** The host of a site, as it is noted: none for github.com. */
export function siteOf(host: string): string | undefined {
  const name = host
    .toLowerCase()
    .replace(/^api\.(?=github\.com$|.*\.ghe\.com$)/, "")
    .replace(/^www\.(?=github\.com$)/, "");
  return name === "github.com" || name === "api.github.dev" || name === "github.dev" ? undefined : name;
}

/**
 * A repository as people name it: `owner/name`, or its address in the browser or of git.
 * @returns `owner/name`; undefined for an empty setting
 * @throws AppError `invalid_input`
 */
export function parseRepository(given: string): string | undefined {
  const text = given.trim();
  if (text === "") return undefined;
  const path = text
    .replace(/^(?:[a-z+]+:\/\/)?(?:[^@/\s]+@)?(?:www\.)?[^/\s:]+\.[^/\s:]+(?::\d+)?[/:](?=[^/]+\/[^/]+)/i, "")
    .replace(/\.git\/?$/, "")
    .replace(/\/+$/, "");
  const found = /^([\w.-]+)\/([\w.-]+)(?:\/.*)?$/.exec(path);
  if (found?.[1] && found[2]) return `${found[1]}/${found[2]}`;
  throw new AppError("invalid_input", { public: `«${text}» is no repository. Write it as owner/name, or give its address in the browser.` });
}

/** Further names of the same repository, from a setting. */
export function parseNames(given: string): string[] {
  return given
    .split(/[\n,\s]+/)
    .flatMap((name) => parseRepository(name) ?? [])
    .map((name) => name.toLowerCase());
}

/** The name of a source, the same for its files and its live connection. */
export const originOf = (repo: string, host: string | undefined): string =>
  host === undefined ? `github:${repo.toLowerCase()}` : `github:${host}/${repo.toLowerCase()}`;
