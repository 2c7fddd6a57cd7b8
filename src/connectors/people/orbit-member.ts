import type { NormalizedIdentity } from "#features/ledger/index.ts";
import { hostOf } from "../words.ts";
import { identifyAccount } from "./account.ts";
import { type About, text, type Understood } from "./entry.ts";
import { statePerson } from "./state-person.ts";

/** Fields in which Orbit names a member's handles, in the API's answers as in its CSV files. */
const handleFields = ["email", "github", "twitter", "discourse", "linkedin", "devto", "discord"] as const;

/** A member of Orbit: as its own identity, with which all their handles are linked. */
export function stateOrbitMember(
  member: {
    id: string | undefined;
    fields: Record<string, unknown>;
    accounts: readonly NormalizedIdentity[];
    organizations: readonly Record<string, unknown>[];
  },
  about: About,
): Understood {
  const { fields } = member;
  const name = text(fields.name);
  const url = text(fields.orbit_url);
  const own: NormalizedIdentity[] =
    member.id === undefined
      ? []
      : [
          {
            platform: about.registry,
            externalId: member.id,
            ...(name && { displayName: name }),
            ...(text(fields.slug) && { login: String(fields.slug) }),
            ...(text(fields.avatar_url) && { avatarUrl: String(fields.avatar_url) }),
            ...(url && /^https?:/.test(url) && { url }),
          },
        ];
  const company = text(fields.company) ?? text(fields.organization);
  const numbered = new Set(member.accounts.map(({ platform, login }) => `${platform} ${login?.toLowerCase()}`));
  const handles = handlesOf(fields, name, about.registry).filter(
    ({ platform, login }) => !login || !numbered.has(`${platform} ${login.toLowerCase()}`),
  );
  const who = name ?? text(fields.slug) ?? "this member";
  const understood = statePerson({
    identities: [...own, ...member.accounts, ...handles],
    rule: "orbit-member",
    evidence: `Orbit keeps both under the member ${who}.`,
    strength: 0.95,
    ...(isTrue(fields.teammate) && { kind: { value: "team" as const, reason: `Orbit marks ${who} as a teammate.` } }),
    belongings: company ? [{ organization: company, evidence: `Orbit has it as the company of ${who}.` }] : [],
  });
  if (understood.batch) {
    understood.batch.organizations = member.organizations.flatMap((organization) => {
      const called = text(organization.name);
      const domain = hostOf(text(organization.website) ?? "")?.replace(/^www\./, "");
      return called ? [{ name: called, ...(domain && { domains: [domain] }) }] : [];
    });
  }
  return understood;
}

/** The handles that a member's own fields name. */
export function handlesOf(fields: Record<string, unknown>, name: string | undefined, scope: string): NormalizedIdentity[] {
  return handleFields.flatMap((source) => {
    const given = text(fields[source]);
    if (!given) return [];
    if (source === "email")
      return given.split(/[,;\s]+/).flatMap((email) => (email.includes("@") ? identifyAccount({ source, email, name }, scope) : []));
    return identifyAccount({ source, username: handleOf(given), name }, scope);
  });
}

/** The name at the end of a link to a profile, or the name as it is. */
export function handleOf(given: string): string {
  if (!/^(?:https?:)?\/\/|^www\.|^[\w.-]+\.(?:com|org|net|to)\//i.test(given)) return given;
  const path = given.replace(/[?#].*$/, "").replace(/\/+$/, "");
  return decodeURI(path.slice(path.lastIndexOf("/") + 1));
}

export const isTrue = (value: unknown): boolean => value === true || /^(?:true|yes|1|y)$/i.test(text(value) ?? "");
