import { z } from "zod";
import { AppError } from "#core/errors.ts";
import { readPieces } from "../export-files.ts";
import { excerptOf } from "../words.ts";
import { identifyAccount } from "./account.ts";
import { readDay, readSpan } from "./dates.ts";
import { claimDomains } from "./domains.ts";
import { type About, type Entry, type Format, isObject, type Problem, problemsOf, type ReadInput, text, type Understood } from "./entry.ts";
import { type Belonging, stateOrganization, statePerson } from "./state-person.ts";

const nullableText = z.string().nullable();
const identitySchema = z.looseObject({ email: nullableText, name: nullableText, source: z.string().min(1), username: nullableText });
const enrollmentSchema = z.looseObject({ organization: z.string().min(1), start: z.string(), end: z.string() });
const profileSchema = z.looseObject({ name: nullableText.optional(), email: nullableText.optional(), is_bot: z.boolean().nullish() });
/** Nothing is done with it, but a file in which it is wrong was written by something that is no SortingHat. */
const genderSchema = z.looseObject({ gender_acc: z.number().int().min(1).max(100).nullish() });
const personSchema = z.looseObject({
  uuid: z.string().min(1),
  identities: z.array(z.unknown()),
  enrollments: z.array(z.unknown()),
  profile: z.unknown().optional(),
});
const domainSchema = z.looseObject({ domain: z.string().min(1), is_top: z.boolean() });

/** SortingHat's own export: `uidentities` with their identities, profile and enrollments; `organizations` with domains. */
export const sortinghat: Format = {
  title: "SortingHat",
  recognizes({ text: head }) {
    if (!/^\s*\{/.test(head)) return 0;
    const members = ['"uidentities"', '"organizations"', '"blacklist"'].filter((member) => head.includes(member)).length;
    return members >= 2 && (head.includes('"uidentities"') || head.includes('"is_top"')) ? 1 : 0;
  },
  read: readSortinghat,
  understand(value, about) {
    if (!isObject(value)) return nothing;
    return value.type === "organization" ? understandOrganization(value.value) : understandPerson(value.value, about);
  },
};

/** The list of identities that GrimoireLab's tools hand to SortingHat: each by itself. */
export const identityList: Format = {
  title: "List of identities for SortingHat",
  recognizes: ({ text: head }) =>
    /^\s*\{/.test(head) && /"identities"\s*:\s*\[/.test(head) && /"source"\s*:\s*"/.test(head) && !head.includes('"uidentities"') ? 0.95 : 0,
  async *read({ file, signal, onRead }) {
    let source: unknown;
    for await (const { piece, cutter } of readPieces(file, signal, { onRead })) {
      if (piece.key === "source") source = cutter.parse(piece);
      if (piece.key !== "identities" || piece.index === undefined) continue;
      const identity = cutter.parse(piece);
      const value = isObject(identity) ? { source, ...identity } : identity;
      const id = isObject(value) ? [value.source, value.email, value.name, value.username].map((part) => text(part) ?? "").join(":") : "";
      yield { stream: "people", externalId: id.toLowerCase(), value, place: placeOf(file.name, piece.line, `identities[${piece.index}]`) };
    }
  },
  understand(value, { registry }) {
    const parsed = identitySchema.safeParse(value);
    if (!parsed.success) return { problems: problemsOf(parsed.error) };
    return statePerson({
      identities: identitiesOf(parsed.data, registry),
      rule: "sortinghat-identity",
      evidence: "one entry of the list",
      strength: 1,
    });
  },
};

const nothing: Understood = { problems: [{ field: "", reason: "It is no object." }] };

async function* readSortinghat({ file, signal, onRead }: ReadInput): AsyncGenerator<Entry> {
  const claims = claimDomains();
  let asOf: string | undefined;
  let isOne = false;
  for await (const { piece, cutter } of readPieces(file, signal, { inside: ["uidentities", "organizations"], onRead })) {
    const value = cutter.parse(piece);
    if (piece.member === undefined) {
      if (piece.key === "uidentities" || piece.key === "organizations") {
        throw new AppError("unreadable_file", {
          public: `${file.name}, line ${piece.line}: ${piece.key} is no object. It is no export of SortingHat, or it was changed by hand; nothing was stored.`,
        });
      }
      if (piece.key === "time" && typeof value === "string") asOf = readDay(value)?.toISOString();
      if (piece.key === "blacklist" && piece.index !== undefined && text(value) === undefined) {
        const problem = { field: "", reason: "The blacklist has an entry without words.", remedy: "Take it out; all the rest was taken." };
        yield { place: placeOf(file.name, piece.line, `blacklist[${piece.index}]`), problem, excerpt: excerptOf(value) };
      }
      continue;
    }
    isOne = true;
    const place = placeOf(file.name, piece.line, `${piece.key}.${piece.member}`);
    if (piece.key === "uidentities") {
      const states = isObject(value) && Array.isArray(value.identities) && value.identities.length === 0;
      // A profile without handles states nobody.
      if (!states) yield { stream: "people", externalId: piece.member, value: { type: "person", value }, place, ...(asOf && { asOf }) };
      continue;
    }
    const domains = Array.isArray(value) ? (value as unknown[]) : undefined;
    const kept = [];
    for (const [index, item] of (domains ?? []).entries()) {
      const domain = domainSchema.safeParse(item);
      const taken = domain.success ? claims.claim(domain.data.domain, piece.member, piece.line) : undefined;
      if (taken) yield { place, problem: { field: `[${index}].domain`, ...taken }, excerpt: excerptOf(item) };
      else kept.push(item);
    }
    const record = { type: "organization", value: { name: piece.member, domains: domains ? kept : value } };
    yield { stream: "organizations", externalId: piece.member.toLowerCase(), value: record, place, ...(asOf && { asOf }) };
  }
  if (!isOne && asOf === undefined)
    throw new AppError("unreadable_file", {
      public: `${file.name} has neither uidentities nor organizations, so it is no export of SortingHat. Nothing was stored.`,
    });
}

function understandOrganization(value: unknown): Understood {
  const parsed = z.looseObject({ name: z.string().trim().min(1), domains: z.array(z.unknown()) }).safeParse(value);
  if (!parsed.success) return { problems: problemsOf(parsed.error) };
  const problems: Problem[] = [];
  const domains = parsed.data.domains.flatMap((item, index) => {
    const domain = domainSchema.safeParse(item);
    if (domain.success) return [domain.data.domain];
    problems.push(...problemsOf(domain.error, `[${index}]`));
    return [];
  });
  return { batch: stateOrganization({ name: parsed.data.name, domains }), problems };
}

function understandPerson(value: unknown, { registry }: About): Understood {
  const parsed = personSchema.safeParse(value);
  if (!parsed.success) return { problems: problemsOf(parsed.error) };
  const { uuid, identities, enrollments, profile } = parsed.data;
  const problems: Problem[] = [];
  const about = readProfile(profile, problems);
  const stated = identities.flatMap((item, index) => {
    const identity = identitySchema.safeParse(item);
    if (identity.success) return [{ isMain: isObject(item) && item.id === uuid, found: identitiesOf(identity.data, registry) }];
    problems.push(...problemsOf(identity.error, `identities[${index}]`));
    return [];
  });
  const ordered = [...stated.filter(({ isMain }) => isMain), ...stated.filter(({ isMain }) => !isMain)].flatMap(({ found }) => found);
  const [hub, ...others] = ordered;
  const named = hub && about.name && about.name !== hub.displayName ? withName(hub, about.name) : hub;
  const who = about.name ?? about.email ?? hub?.displayName ?? uuid;
  return statePerson(
    {
      identities: named ? [named, ...others] : [],
      rule: "sortinghat-profile",
      evidence: `SortingHat keeps both under one profile, «${who}» (${uuid.slice(0, 8)}).`,
      strength: 0.95,
      ...(about.isBot && { kind: { value: "bot" as const, reason: `SortingHat marks the profile «${who}» as a bot.` } }),
      belongings: readEnrollments(enrollments, who, problems),
    },
    problems,
  );
}

function readProfile(profile: unknown, problems: Problem[]): { name?: string | undefined; email?: string | undefined; isBot?: boolean } {
  if (profile === null || profile === undefined) return {};
  const gender = genderSchema.safeParse(profile);
  if (!gender.success) problems.push(...problemsOf(gender.error, "profile"));
  const parsed = profileSchema.safeParse(profile);
  if (!parsed.success) {
    problems.push(...problemsOf(parsed.error, "profile"));
    return isObject(profile) ? { name: text(profile.name), email: text(profile.email) } : {};
  }
  return { name: text(parsed.data.name), email: text(parsed.data.email), isBot: parsed.data.is_bot === true };
}

function readEnrollments(enrollments: readonly unknown[], who: string, problems: Problem[]): Belonging[] {
  return enrollments.flatMap((item, index) => {
    const field = `enrollments[${index}]`;
    const parsed = enrollmentSchema.safeParse(item);
    if (!parsed.success) {
      problems.push(...problemsOf(parsed.error, field));
      return [];
    }
    const { organization, start, end } = parsed.data;
    const read = readSpan({ from: start, to: end }, { from: `${field}.start`, to: `${field}.end` });
    if ("span" in read) return [{ organization, ...read.span, evidence: `SortingHat enrolls «${who}».` }];
    problems.push(read);
    return [];
  });
}

function identitiesOf(identity: z.output<typeof identitySchema>, registry: string) {
  const { source, email, name, username } = identity;
  return identifyAccount({ source, email: text(email), name: text(name), username: text(username) }, registry);
}

/** An identity under the name that its curator gave, with its own name kept. */
function withName<T extends { displayName?: string; labels?: { kind: "name" | "login" | "email" | "signature"; value: string }[] }>(
  identity: T,
  name: string,
): T {
  const own = identity.displayName ? [{ kind: "name" as const, value: identity.displayName }] : [];
  return { ...identity, displayName: name, labels: [...(identity.labels ?? []), ...own] };
}

export function placeOf(file: string, line: number, entry: string): string {
  return `${file}, line ${line}, ${entry}`;
}
