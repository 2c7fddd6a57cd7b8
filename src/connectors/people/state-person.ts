import type { NormalizedBatch, NormalizedIdentity } from "#features/ledger/index.ts";
import type { Problem, Understood } from "./entry.ts";

/** More handles than this under one entry are no person's: somebody merged strangers, and nobody should be joined by it. */
const handlesMax = 50;

/** Words that registries write where they do not know an employer. */
const nothingKnown = /^\(?(?:unknown|not ?found|none|null|n\/?a|\?+|-+)\)?$/i;

export interface Belonging {
  organization: string;
  from?: Date;
  to?: Date;
  evidence: string;
}

export interface StatedPerson {
  /** The first one is the hub: the others are linked with it, and what the person is part of follows it. */
  identities: readonly NormalizedIdentity[];
  rule: string;
  /** What joins them, readable. */
  evidence: string;
  strength: number;
  kind?: NormalizedIdentity["kind"];
  belongings?: readonly Belonging[];
}

/** One person of a registry as identities, the links that the entry states, and where they belonged. */
export function statePerson(person: StatedPerson, problems: Problem[] = []): Understood {
  const identities = mergeSame(person.identities, person.kind);
  const [hub, ...others] = identities;
  if (!hub) return { problems };
  const refOf = ({ platform, externalId }: NormalizedIdentity) => ({ platform, externalId });
  const tooMany = identities.length > handlesMax;
  const batch: NormalizedBatch = {
    identities,
    channels: [],
    threads: [],
    activities: [],
    links: tooMany
      ? []
      : others.map((other) => ({ a: refOf(hub), b: refOf(other), rule: person.rule, evidence: person.evidence, strength: person.strength })),
    affiliations: (person.belongings ?? [])
      .filter(({ organization }) => organization.trim() !== "" && !nothingKnown.test(organization.trim()))
      .map((belonging) => ({ identity: refOf(hub), ...belonging, organization: belonging.organization.trim() })),
  };
  if (!tooMany) return { batch, problems };
  const reason = `It joins ${identities.length} handles: more than one person has. They came in, and none of them was joined.`;
  return { batch, problems: [...problems, { field: "", reason, remedy: "Take the entry apart where the file comes from." }] };
}

/** An organization with its domains and other names. */
export function stateOrganization(organization: { name: string; domains?: string[]; aliases?: string[] }): NormalizedBatch {
  return { identities: [], channels: [], threads: [], activities: [], organizations: nothingKnown.test(organization.name) ? [] : [organization] };
}

/** One identity for each id, with all names under which it stands in the entry. */
function mergeSame(identities: readonly NormalizedIdentity[], kind: StatedPerson["kind"]): NormalizedIdentity[] {
  const byKey = new Map<string, NormalizedIdentity>();
  for (const identity of identities) {
    const key = `${identity.platform}\u0000${identity.externalId}`;
    const known = byKey.get(key);
    if (!known) {
      byKey.set(key, { ...identity, ...(kind && { kind }) });
      continue;
    }
    const names = (known.labels ?? []).filter((label) => label.kind === "name").map((label) => label.value);
    if (identity.displayName && known.displayName && identity.displayName !== known.displayName && !names.includes(identity.displayName))
      known.labels = [...(known.labels ?? []), { kind: "name", value: identity.displayName }];
    byKey.set(key, { ...identity, ...known });
  }
  return [...byKey.values()];
}
