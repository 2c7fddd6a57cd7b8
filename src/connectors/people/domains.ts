/** Notes which organization a domain belongs to, so that a second one that claims it is told. */
export interface DomainClaims {
  /** @returns why the domain is not taken for this organization; undefined when it is */
  claim(domain: string, organization: string, line: number): { reason: string; remedy: string } | undefined;
}

/** A domain is one organization's: of several that a file gives it to, the first has it. */
export function claimDomains(): DomainClaims {
  const owners = new Map<string, { organization: string; line: number }>();
  return {
    claim(domain, organization, line) {
      const key = domain.trim().toLowerCase();
      const owner = owners.get(key);
      if (!owner) owners.set(key, { organization, line });
      if (!owner || owner.organization.toLowerCase() === organization.toLowerCase()) return undefined;
      return {
        reason: `${key} is given to ${organization} here, and to ${owner.organization} on line ${owner.line}. It stays with ${owner.organization}.`,
        remedy: "Take it out of one of the two; all the rest was taken.",
      };
    },
  };
}
