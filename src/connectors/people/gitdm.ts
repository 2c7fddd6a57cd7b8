import { z } from "zod";
import { AppError } from "#core/errors.ts";
import type { ExportFile } from "../export-files.ts";
import { readLines } from "../export-files.ts";
import { identifyPerson, normalizeAddress } from "../person.ts";
import { readDay } from "./dates.ts";
import { claimDomains } from "./domains.ts";
import type { Entry, Format, Problem, ReadInput, Understood } from "./entry.ts";
import { type Belonging, stateOrganization, statePerson } from "./state-person.ts";

type Kind = "employers" | "aliases" | "domains" | "developers";

interface Line {
  /** What stands before the first space. */
  first: string;
  rest: string;
  text: string;
  line: number;
  indented: boolean;
}

const address = /^[^\s@!]+[@!][^\s@!]+$/;
const domain = /^[\w-]+(?:\.[\w-]+)+$/;
/** `login: mail!host, mail!host`, as cncf/gitdm's developers_affiliations.txt has it. */
const developer = /^([^\s:][^:]*):\s*([^\s@!,]+[@!][^\s,]+(?:\s*,\s*[^\s@!,]+[@!][^\s,]+)*)$/;
const until = /^(.*?)\s*<\s*(\S+)$/;
const spanned = /^(.*?)(?:\s+from\s+(\S+))?(?:\s+until\s+(\S+))?$/;

/** gitdm's files: who works where (`mail  Company < date`), which addresses are one person's, whose a domain is. */
export const gitdm: Format = {
  title: "gitdm",
  recognizes({ name, text }) {
    const lines = linesOf(text).slice(0, 200);
    if (lines.length === 0 || /^\s*[[{<]/.test(text) || /[<][^<>\s]+@[^<>\s]+[>]/.test(text)) return 0;
    const kind = kindOf(lines, name);
    const fits = lines.filter((line) => fitsKind(line, kind)).length / lines.length;
    const isNamed = /gitdm|email-?map|domain-?map|developers_affiliations|aliases/i.test(name) || /gitdm/i.test(text.slice(0, 2000));
    if (isNamed) return fits >= 0.2 ? 0.9 : 0;
    if (/\.(?:csv|tsv|ya?ml|md|json|xml|html?|eml|mbox)$/i.test(name)) return 0;
    return fits >= 0.9 && lines.length >= 2 ? 0.6 : 0;
  },
  read: readGitdm,
  understand(value, { registry }) {
    const { data: entry } = entrySchema.safeParse(value);
    if (!entry) return { problems: [{ field: "", reason: "It is no entry." }] };
    if (entry.kind === "domains") {
      return { batch: stateOrganization({ name: entry.organization, domains: entry.domains }), problems: [] };
    }
    return understandPerson(entry, registry);
  },
};

/** What is kept of a person: the lines that say so, as they stand in the file. */
const personSchema = z.object({
  kind: z.enum(["employers", "aliases", "developers"]),
  name: z.string().optional(),
  addresses: z.array(z.string()),
  lines: z.array(z.string()),
});
type PersonEntry = z.output<typeof personSchema>;
const entrySchema = z.union([personSchema, z.object({ kind: z.literal("domains"), organization: z.string(), domains: z.array(z.string()) })]);

function understandPerson(entry: PersonEntry, scope: string): Understood {
  const identities = entry.addresses.flatMap((one) => identifyPerson({ name: entry.name ?? "", address: atSign(one) }, { scope }) ?? []);
  if (identities.length === 0)
    return { problems: [{ field: "", reason: `${entry.addresses.join(", ")} is an address that many share, so it names nobody.` }] };
  return statePerson({
    identities,
    rule: entry.kind === "aliases" ? "gitdm-alias" : "gitdm-developer",
    evidence:
      entry.kind === "aliases" ? `gitdm gives both as one: ${entry.lines[0] ?? ""}` : `gitdm lists both under ${entry.name ?? "one developer"}.`,
    strength: 1,
    belongings: entry.kind === "aliases" ? [] : belongingsOf(entry.lines),
  });
}

/** Whoever works somewhere until a day works at the next place from that day on. */
function belongingsOf(lines: readonly string[]): Belonging[] {
  const jobs = lines.flatMap((text) => {
    const job = readJob(text);
    return "reason" in job ? [] : [{ ...job, text }];
  });
  jobs.sort((a, b) => (a.to?.getTime() ?? Infinity) - (b.to?.getTime() ?? Infinity));
  return jobs.map(({ organization, from, to, text }, i) => {
    const since = from ?? jobs[i - 1]?.to;
    return { organization, ...(since && { from: since }), ...(to && { to }), evidence: `gitdm: ${text}` };
  });
}

function readJob(text: string): { organization: string; from?: Date; to?: Date } | Problem {
  const dated = until.exec(text);
  const [, organization = "", from, to] = dated ? ["", dated[1], undefined, dated[2]] : (spanned.exec(text) ?? ["", text]);
  if (organization.trim() === "") return { field: "", reason: "There is no company.", remedy: "Add it, or take the line out." };
  if (organization.includes("#"))
    return {
      field: "",
      reason: `A comment needs a space before its #, so the company would be called ${organization}.`,
      remedy: "Put a space before the #.",
    };
  const job: { organization: string; from?: Date; to?: Date } = { organization: organization.trim() };
  for (const [end, day] of [["from", from] as const, ["to", to] as const]) {
    if (day === undefined) continue;
    const read = readDay(day);
    if (!read) return { field: "", reason: `${day} is no date like 2015-01-31.`, remedy: "Correct the date." };
    job[end] = read;
  }
  return job;
}

async function* readGitdm({ file, signal, onRead }: ReadInput): AsyncGenerator<Entry> {
  const lines = await readAll(file, signal, onRead);
  const kind = kindOf(lines, file.name);
  if (!lines.some((line) => fitsKind(line, kind))) {
    throw new AppError("unreadable_file", {
      public: `${file.name} has no line like «mail@host  Company», «alias  mail@host» or «domain  Company», so it is no file of gitdm. Nothing was stored.`,
    });
  }
  if (kind === "domains") yield* readDomains(file.name, lines);
  else if (kind === "developers") yield* readDevelopers(file.name, lines);
  else yield* readAddresses(file.name, lines, kind);
}

async function readAll(file: ExportFile, signal: AbortSignal, onRead: (bytes: number) => void): Promise<Line[]> {
  const lines: Line[] = [];
  const timed: ExportFile = { ...file, read: (one) => file.read(one, onRead) };
  for await (const { text, line } of readLines(timed, signal)) lines.push(...toLine(text, line));
  return lines;
}

const linesOf = (text: string): Line[] => text.split("\n").flatMap((line, i) => toLine(line, i + 1));

/** A comment begins with a # at the start or after a space. */
function toLine(raw: string, line: number): Line[] {
  const text = raw.replace(/(?:^|\s)#.*$/s, "");
  const trimmed = text.trim();
  if (trimmed === "") return [];
  const [, first = "", rest = ""] = /^(\S+)\s*(.*)$/s.exec(trimmed) ?? [];
  return [{ first, rest, text: trimmed.replace(/\s+/g, " "), line, indented: /^\s/.test(text) }];
}

/** What a file holds: by its name, else by what most of its lines are. */
function kindOf(lines: readonly Line[], name: string): Kind {
  if (lines.some((line) => !line.indented && developer.test(line.text)) && lines.some((line) => line.indented)) return "developers";
  if (/alias/i.test(name)) return "aliases";
  if (/employer|email-?map/i.test(name)) return "employers";
  if (/domain|orgs/i.test(name)) return "domains";
  const count = (kind: Kind) => lines.filter((line) => fitsKind(line, kind)).length;
  const counts = { employers: count("employers"), aliases: count("aliases"), domains: count("domains") };
  if (counts.aliases > counts.employers && counts.aliases >= counts.domains) return "aliases";
  return counts.domains > counts.employers ? "domains" : "employers";
}

function fitsKind({ first, rest, text, indented }: Line, kind: Kind): boolean {
  if (kind === "aliases") return address.test(first) && address.test(rest);
  if (kind === "employers") return address.test(first) && rest !== "" && !address.test(rest);
  if (kind === "domains") return domain.test(first) && rest !== "";
  return indented || developer.test(text);
}

function* readAddresses(name: string, lines: readonly Line[], kind: "employers" | "aliases"): Generator<Entry> {
  const people = new Map<string, { lines: Line[]; hasLast: boolean }>();
  for (const line of lines) {
    const fault = faultOf(line, kind);
    const person = people.get(line.first.toLowerCase());
    if (fault) yield faultEntry(name, line, fault);
    else if (kind === "aliases") {
      if (person) yield faultEntry(name, line, { field: "", reason: `${line.first} stands on line ${person.lines[0]?.line} already.` });
      else people.set(line.first.toLowerCase(), { lines: [line], hasLast: true });
    } else {
      const isLast = !until.test(line.rest);
      if (isLast && person?.hasLast)
        yield faultEntry(name, line, { field: "", reason: `${line.first} has two companies without a last day, so which is meant cannot be told.` });
      else people.set(line.first.toLowerCase(), { lines: [...(person?.lines ?? []), line], hasLast: isLast || (person?.hasLast ?? false) });
    }
  }
  for (const [key, { lines: own }] of people) {
    const [first] = own;
    const value: PersonEntry =
      kind === "aliases"
        ? { kind, addresses: [first?.rest ?? "", first?.first ?? ""], lines: [first?.text ?? ""] }
        : { kind, addresses: [key], lines: own.map((line) => line.rest.replace(/\s+/g, " ")) };
    yield { stream: "people", externalId: `${kind}:${atSign(key)}`, value, place: `${name}, line ${first?.line}` };
  }
}

function faultOf(line: Line, kind: "employers" | "aliases"): Problem | undefined {
  if (!address.test(line.first)) {
    return { field: "", reason: `${line.first} is no address: there is no @ (or, as in cncf/gitdm, no !) in it.`, remedy: "Correct the address." };
  }
  if (kind === "aliases")
    return address.test(line.rest) ? undefined : { field: "", reason: `${line.rest || "nothing"} is no address to stand for ${line.first}.` };
  const job = readJob(line.rest);
  return "reason" in job ? job : undefined;
}

function* readDomains(name: string, lines: readonly Line[]): Generator<Entry> {
  const claims = claimDomains();
  const organizations = new Map<string, { organization: string; domains: string[]; line: number }>();
  for (const line of lines) {
    const organization = line.rest.replace(/\s+/g, " ");
    const job = readJob(line.rest);
    const problem = !domain.test(line.first)
      ? { field: "", reason: `${line.first} is no domain.`, remedy: "Correct it." }
      : "reason" in job
        ? job
        : claims.claim(line.first, organization, line.line);
    if (problem) {
      yield faultEntry(name, line, { field: "", ...problem });
      continue;
    }
    const known = organizations.get(organization.toLowerCase());
    if (!known) organizations.set(organization.toLowerCase(), { organization, domains: [line.first.toLowerCase()], line: line.line });
    else if (!known.domains.includes(line.first.toLowerCase())) known.domains.push(line.first.toLowerCase());
  }
  for (const [key, { line, ...organization }] of organizations) {
    yield { stream: "organizations", externalId: key, value: { kind: "domains", ...organization }, place: `${name}, line ${line}` };
  }
}

function* readDevelopers(name: string, lines: readonly Line[]): Generator<Entry> {
  let own: { value: PersonEntry; line: number } | undefined;
  const finish = (): Entry[] =>
    own ? [{ stream: "people", externalId: `developers:${own.value.addresses[0] ?? ""}`, value: own.value, place: `${name}, line ${own.line}` }] : [];
  for (const line of lines) {
    const head = line.indented ? null : developer.exec(line.text);
    if (head) {
      yield* finish();
      const addresses = (head[2] ?? "").split(",").map((one) => atSign(one.trim()));
      own = { value: { kind: "developers", name: head[1]?.trim() ?? "", addresses, lines: [] }, line: line.line };
    } else if (!line.indented || !own) {
      yield faultEntry(name, line, { field: "", reason: "It is neither «login: mail!host» nor, indented below one, a company." });
    } else {
      const job = readJob(line.text);
      if ("reason" in job) yield faultEntry(name, line, job);
      else own.value.lines.push(line.text);
    }
  }
  yield* finish();
}

function faultEntry(name: string, line: Line, problem: Problem): Entry {
  return { place: `${name}, line ${line.line}`, problem, excerpt: line.text };
}

/** cncf/gitdm writes ! for @, so that nobody harvests its addresses. */
const atSign = (given: string): string => normalizeAddress(given.replace("!", "@"));
