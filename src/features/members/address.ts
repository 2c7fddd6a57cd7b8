/** What an e-mail address is worth as a name of a person. */
export type AddressWorth = "personal" | "role" | "placeholder";

/** Addresses that belong to a task or a group: whoever holds them today, somebody else may tomorrow. */
const roleNames = new Set([
  "abuse",
  "accounts",
  "admin",
  "administrator",
  "billing",
  "build",
  "ci",
  "community",
  "contact",
  "contribute",
  "dev",
  "developer",
  "developers",
  "devel",
  "devrel",
  "engineering",
  "feedback",
  "git",
  "hello",
  "help",
  "helpdesk",
  "hi",
  "hostmaster",
  "info",
  "it",
  "jobs",
  "legal",
  "list",
  "mail",
  "maintainer",
  "maintainers",
  "marketing",
  "news",
  "office",
  "ops",
  "opensource",
  "oss",
  "postmaster",
  "press",
  "privacy",
  "release",
  "releases",
  "sales",
  "security",
  "service",
  "staff",
  "support",
  "sysadmin",
  "team",
  "webmaster",
  "web",
]);
/** What programs write when nobody told them an address. */
const placeholderNames = new Set([
  "anonymous",
  "default",
  "devnull",
  "donotreply",
  "do-not-reply",
  "example",
  "foo",
  "invalid",
  "localhost",
  "me",
  "nobody",
  "none",
  "no-reply",
  "noreply",
  "null",
  "root",
  "test",
  "tester",
  "unknown",
  "user",
  "username",
  "you",
  "your",
  "your-email",
  "youremail",
]);
const placeholderDomain =
  /^(?:localhost|\(none\)|none|unknown|test|invalid|example|(?:.+\.)?example\.(?:com|org|net)|.+\.(?:local|localdomain|internal|invalid|test|example|lan)|domain\.com|email\.com|(?:users\.)?noreply\..+)$/;

/** An address as it is compared: lower case, without surrounding blanks or brackets. */
export function normalizeAddress(address: string): string {
  return address.trim().replace(/^<|>$/g, "").toLowerCase();
}

/** Whether an address can tell one person from all others. */
export function addressWorth(address: string): AddressWorth {
  const match = /^([^@\s]+)@([^@\s]+)$/.exec(address);
  if (!match) return "placeholder";
  const [, local = "", domain = ""] = match;
  if (!domain.includes(".") || placeholderDomain.test(domain)) return "placeholder";
  const name = local.split("+")[0] ?? local;
  if (placeholderNames.has(name)) return "placeholder";
  return roleNames.has(name) ? "role" : "personal";
}

/**
 * Reads GitHub's private addresses: `12345+login@users.noreply.github.com`, and `login@…` from before 2017.
 * The number is the account's immutable id; the login is the one it had then.
 */
export function parseGithubNoReply(address: string): { accountId: string | null; login: string } | undefined {
  const match = /^(?:(\d+)\+)?([a-z\d](?:[a-z\d-]*[a-z\d])?(?:\[bot\])?)@users\.noreply\.github\.com$/i.exec(address);
  return match?.[2] === undefined ? undefined : { accountId: match[1] ?? null, login: match[2].toLowerCase() };
}
