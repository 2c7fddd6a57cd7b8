import type { NormalizedIdentity } from "#features/ledger/index.ts";
import { botReason } from "./known-bots.ts";

/** A name and an address as a source shows them; either may be empty. */
export interface NamedAddress {
  name: string;
  address: string;
}

/** Lower-cased and without the brackets and `mailto:` that get copied along. */
export function normalizeAddress(address: string): string {
  return address
    .trim()
    .replace(/^<+|>+$/g, "")
    .replace(/^mailto:/i, "")
    .trim()
    .toLowerCase();
}

const noReply = /^(?:(\d+)\+)?([^@+]+)@users\.noreply\.(github\.com|gitlab\.com)$/;
const gitlabNoReply = /^(\d+)-([^@]+)@users\.noreply\.gitlab\.com$/;

const localPartsOfNobody = new Set(
  "noreply no-reply no_reply donotreply do-not-reply unknown nobody none null root devnull invalid anonymous undefined".split(" "),
);
const addressesOfNobody = new Set(
  "you@example.com your@email.com your-email@example.com your.email@example.com email@example.com user@example.com".split(" "),
);
const domainOfNobody = /^(?:localhost|.*\.local|.*\.localdomain|.*\.lan|.*\.internal|\(none\)|.*\.\(none\)|none|unknown|invalid)$/;

/** Whether an address is one that many strangers share: a placeholder, a machine's default, a no-reply box. */
export function namesNobody(address: string): boolean {
  const normalized = normalizeAddress(address);
  const at = normalized.lastIndexOf("@");
  if (at <= 0 || at === normalized.length - 1) return true;
  return localPartsOfNobody.has(normalized.slice(0, at)) || domainOfNobody.test(normalized.slice(at + 1)) || addressesOfNobody.has(normalized);
}

/**
 * The identity behind a name and an address: the account for GitHub's and GitLab's no-reply addresses (whose number
 * is the immutable id), else the address. An address that names nobody is joined with the name and counts only inside
 * its source, so that strangers with one placeholder stay apart.
 * @param options.scope names the source: the namespace of what means nothing outside of it
 * @param options.shared the address is known to belong to several people
 * @returns undefined when neither says who it was
 */
export function identifyPerson(person: NamedAddress, options: { scope: string; shared?: boolean }): NormalizedIdentity | undefined {
  const name = person.name.trim();
  const address = normalizeAddress(person.address);
  const account = accountOf(address);
  const bot = botReason({ login: account?.login, name, address });
  const about = {
    ...(name && { displayName: name }),
    ...(bot && { kind: { value: "bot" as const, reason: bot } }),
  };
  if (account) {
    return { ...account, ...about, labels: [{ kind: "email", value: address }] };
  }
  if (options.shared || namesNobody(address)) {
    if (!name) return undefined;
    return { platform: options.scope, externalId: `${address}#${name.toLowerCase()}`, ...about };
  }
  return { platform: "email", externalId: address, ...about, email: address };
}

function accountOf(address: string): { platform: string; externalId: string; login: string } | undefined {
  const gitlab = gitlabNoReply.exec(address);
  if (gitlab?.[1] && gitlab[2]) return { platform: "gitlab", externalId: `id:${gitlab[1]}`, login: gitlab[2] };
  const match = noReply.exec(address);
  if (!match?.[2] || !match[3]) return undefined;
  const platform = match[3] === "github.com" ? "github" : "gitlab";
  return { platform, externalId: match[1] ? `id:${match[1]}` : `login:${match[2]}`, login: match[2] };
}
