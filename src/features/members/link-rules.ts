import { addressWorth, normalizeAddress, parseGithubNoReply } from "./address.ts";

/** An identity as the rules compare it. */
export interface ComparedIdentity {
  id: string;
  platform: string;
  externalId: string;
  login: string | null;
  email: string | null;
  emailVerified: boolean;
}

/** An edge that a rule would draw. */
export interface DrawnLink {
  a: string;
  b: string;
  state: "accepted" | "suggested";
  rule: "verified-email" | "github-no-reply" | "same-login";
  /** What was compared, in words for the team. */
  evidence: string;
  strength: number;
}

/** More identities than this with one verified address are no person's set of accounts: somebody has to look. */
const blockMax = 8;
/** Of such a block, the first ones are suggested; the rest would only repeat the question. */
const suggestedMax = 12;

/** The addresses under which an identity may be met again: the one its platform vouches for, or the one that it is. */
export function vouchedAddress(identity: ComparedIdentity): string | undefined {
  if (identity.platform === "email") return identity.externalId.includes("#") ? undefined : normalizeAddress(identity.externalId);
  return identity.email !== null && identity.emailVerified ? normalizeAddress(identity.email) : undefined;
}

/**
 * Joins identities whose platforms vouch for one address, with each other and with the address itself. Role
 * addresses and addresses that too many hold are only suggested; placeholders join nobody.
 * @param block all identities of one address
 */
export function linkByAddress(address: string, block: readonly ComparedIdentity[]): DrawnLink[] {
  const worth = addressWorth(address);
  if (worth === "placeholder" || block.length < 2) return [];
  const members = [...block].sort((x, y) => Number(y.platform === "email") - Number(x.platform === "email") || (x.id < y.id ? -1 : 1));
  const [hub, ...others] = members;
  if (!hub) return [];
  const platforms = members.map(({ platform }) => platform);
  const twice = new Set(platforms).size < platforms.length;
  const shared = members.length > blockMax;
  const doubt = shared
    ? ` ${members.length} identities have this address: too many for one person without a look.`
    : twice
      ? " Two accounts of one platform have this address."
      : worth === "role"
        ? " It looks like the address of a role or a group."
        : "";
  return (shared ? others.slice(0, suggestedMax) : others).map((other) => ({
    ...pair(hub.id, other.id),
    state: doubt ? "suggested" : "accepted",
    rule: "verified-email",
    evidence: `${other.platform} vouches for ${address}, ${hub.platform === "email" ? "which is the other's address" : `as does ${hub.platform}`}.${doubt}`,
    strength: doubt ? 0.6 : 0.98,
  }));
}

/** Joins GitHub's private address with the account whose number it carries; a login alone is only a suggestion. */
export function linkByNoReply(address: ComparedIdentity, accounts: readonly ComparedIdentity[]): DrawnLink[] {
  const parsed = address.platform === "email" ? parseGithubNoReply(normalizeAddress(address.externalId)) : undefined;
  if (!parsed) return [];
  return accounts.flatMap((account): DrawnLink[] => {
    const number = accountNumber(account);
    if (account.platform !== "github") return [];
    if (parsed.accountId !== null && number !== undefined) {
      if (number !== parsed.accountId) return [];
      const evidence = `The address ${address.externalId} carries GitHub's account number ${number}.`;
      return [{ ...pair(address.id, account.id), state: "accepted", rule: "github-no-reply", evidence, strength: 1 }];
    }
    if (loginOf(account) !== parsed.login) return [];
    const evidence = `The address ${address.externalId} carries the login ${parsed.login}; logins can change hands.`;
    return [{ ...pair(address.id, account.id), state: "suggested", rule: "github-no-reply", evidence, strength: 0.9 }];
  });
}

/** Suggests that an account known by its login alone is the one that has this login now. */
export function linkByLogin(byLogin: ComparedIdentity, accounts: readonly ComparedIdentity[]): DrawnLink[] {
  if (!byLogin.externalId.startsWith("login:")) return [];
  const login = loginOf(byLogin);
  return accounts.flatMap((account): DrawnLink[] => {
    if (account.platform !== byLogin.platform || account.externalId.startsWith("login:") || loginOf(account) !== login) return [];
    const evidence = `Both are “${login}” on ${byLogin.platform}: one export has only logins, the other the account's number. Logins can change hands.`;
    return [{ ...pair(byLogin.id, account.id), state: "suggested", rule: "same-login", evidence, strength: 0.9 }];
  });
}

/** The account number in an external id: `583231` or `id:583231`. */
export function accountNumber(identity: ComparedIdentity): string | undefined {
  return /^(?:id:)?(\d+)$/.exec(identity.externalId)?.[1];
}

/** The login by which an account is known, lower case. */
export function loginOf(identity: ComparedIdentity): string | undefined {
  if (identity.externalId.startsWith("login:")) return identity.externalId.slice("login:".length).toLowerCase();
  return identity.login?.toLowerCase();
}

function pair(x: string, y: string): { a: string; b: string } {
  return x < y ? { a: x, b: y } : { a: y, b: x };
}
