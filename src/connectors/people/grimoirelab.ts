import { isMap, isSeq, LineCounter, parseDocument } from "yaml";
import { z } from "zod";
import { AppError } from "#core/errors.ts";
import type { ExportFile } from "../export-files.ts";
import { excerptOf } from "../words.ts";
import { identifyAccount } from "./account.ts";
import { readSpan } from "./dates.ts";
import { claimDomains } from "./domains.ts";
import { type About, type Entry, type Format, isObject, type Problem, problemsOf, type ReadInput, text, type Understood } from "./entry.ts";
import { placeOf } from "./sortinghat.ts";
import { type Belonging, stateOrganization, statePerson } from "./state-person.ts";

const maxBytes = 32 * 1024 * 1024;
const profileSchema = z
  .looseObject({ name: z.string().nullish(), is_bot: z.boolean({ error: "is neither true nor false" }).nullish() })
  .refine(({ name, is_bot }) => text(name) !== undefined || is_bot === true, "has neither a name nor is_bot");
const enrollmentSchema = z.looseObject({
  organization: z.string({ error: "is empty" }).trim().min(1),
  start: z.unknown().optional(),
  end: z.unknown().optional(),
});
const organizationSchema = z.looseObject({
  organization: z.string({ error: "is missing or empty" }).trim().min(1),
  domains: z.array(z.unknown(), { error: "is no list" }),
});

/** GrimoireLab's YAML files: profiles with accounts and enrollments, and organizations with domains. */
export const grimoirelab: Format = {
  title: "GrimoireLab identities",
  recognizes({ name, text: head }) {
    if (!/\.ya?ml$/i.test(name) && !/^\s*(?:#.*\n\s*)*-\s+\w+:/.test(head)) return 0;
    const isProfiles = /^-\s+profile:\s*$/m.test(head) || (/^-\s+\w+:/m.test(head) && /^\s+enrollments:\s*$/m.test(head));
    return isProfiles || (/^-\s+(?:organization|domains):/m.test(head) && /\bdomains:/.test(head)) ? 1 : 0;
  },
  read: readGrimoirelab,
  understand(value, about): Understood {
    if (!isObject(value)) return { problems: [{ field: "", reason: "It is no entry with fields." }] };
    return "organization" in value || "domains" in value ? understandOrganization(value) : understandProfile(value, about);
  },
};

async function* readGrimoirelab({ file, signal, onRead }: ReadInput): AsyncGenerator<Entry> {
  const source = await readText(file, signal, onRead);
  const lines = new LineCounter();
  const document = parseDocument(source, { lineCounter: lines, logLevel: "error" });
  const [error] = document.errors;
  if (error) {
    const { line, col } = lines.linePos(error.pos[0]);
    throw new AppError("unreadable_file", {
      public: `${file.name} is no valid YAML at line ${line}, column ${col}: ${error.message.split("\n")[0]} Repair that place; nothing was stored.`,
      cause: error,
    });
  }
  if (!isSeq(document.contents)) {
    throw new AppError("unreadable_file", {
      public: `${file.name} is no list of profiles or organizations: its entries begin with «- ». Nothing was stored.`,
    });
  }
  const claims = claimDomains();
  for (const [index, node] of document.contents.items.entries()) {
    const at = isMap(node) && node.range ? node.range[0] : 0;
    const { line } = lines.linePos(at);
    const value: unknown = isMap(node) ? node.toJS(document) : node;
    const place = placeOf(file.name, line, `[${index}]`);
    if (isObject(value) && Array.isArray(value.domains)) {
      const kept = [];
      for (const [i, domain] of (value.domains as unknown[]).entries()) {
        const taken = typeof domain === "string" ? claims.claim(domain, String(value.organization), line) : undefined;
        if (taken) yield { place, problem: { field: `domains[${i}]`, ...taken }, excerpt: excerptOf(domain) };
        else kept.push(domain);
      }
      value.domains = kept;
    }
    const isOrganization = isObject(value) && ("organization" in value || "domains" in value);
    yield { stream: isOrganization ? "organizations" : "people", externalId: keyOf(value) ?? `${index}`, value, place };
  }
}

async function readText(file: ExportFile, signal: AbortSignal, onRead: (bytes: number) => void): Promise<string> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of file.read(signal, onRead)) {
    bytes += part.length;
    if (bytes > maxBytes)
      throw new AppError("too_large", { public: `${file.name} is larger than ${maxBytes / 1024 / 1024} MB. Split it into several files.` });
    parts.push(part);
  }
  return Buffer.concat(parts).toString("utf8");
}

/** What an entry is known by: its organization, or the first account in the alphabet, since entries have no id. */
function keyOf(value: unknown): string | undefined {
  if (!isObject(value)) return undefined;
  if ("organization" in value) return text(value.organization)?.toLowerCase();
  return accountsOf(value)
    .map(({ source, handle }) => `${source}:${handle.toLowerCase()}`)
    .sort((a, b) => Number(b.startsWith("email:")) - Number(a.startsWith("email:")) || (a < b ? -1 : 1))[0];
}

function accountsOf(entry: Record<string, unknown>): { source: string; handle: string }[] {
  return Object.entries(entry).flatMap(([source, handles]) => {
    if (source === "profile" || source === "enrollments") return [];
    return (Array.isArray(handles) ? (handles as unknown[]) : [handles]).flatMap((one) => {
      const handle = text(one);
      return handle === undefined ? [] : [{ source, handle }];
    });
  });
}

function understandOrganization(value: Record<string, unknown>): Understood {
  const parsed = organizationSchema.safeParse(value);
  if (!parsed.success) return { problems: problemsOf(parsed.error) };
  const problems: Problem[] = [];
  const domains = parsed.data.domains.flatMap((domain, index) => {
    const found = typeof domain === "string" ? text(domain) : undefined;
    if (!found) problems.push({ field: `domains[${index}]`, reason: "It is empty, or no text." });
    return found ?? [];
  });
  return { batch: stateOrganization({ name: parsed.data.organization, domains }), problems };
}

function understandProfile(value: Record<string, unknown>, { registry }: About): Understood {
  const profile = profileSchema.safeParse(value.profile);
  if (!profile.success) return { problems: problemsOf(profile.error, "profile") };
  const name = text(profile.data.name);
  const accounts = accountsOf(value);
  if (accounts.length === 0) {
    const reason = `${name ?? "The profile"} has no account and no address, so nobody can be found by it.`;
    return { problems: [{ field: "", reason, remedy: "Add an account (github:, email: …)." }] };
  }
  const problems: Problem[] = [];
  const ordered = [...accounts].sort((a, b) => Number(b.source === "email") - Number(a.source === "email"));
  return statePerson(
    {
      identities: ordered.flatMap(({ source, handle }) =>
        identifyAccount(source === "email" ? { source, email: handle, name } : { source, username: handle, name }, registry),
      ),
      rule: "grimoirelab-profile",
      evidence: `GrimoireLab's list keeps both under ${name ?? "one profile"}.`,
      strength: 1,
      ...(profile.data.is_bot === true && { kind: { value: "bot" as const, reason: `GrimoireLab's list marks ${name ?? "the profile"} as a bot.` } }),
      belongings: readEnrollments(value.enrollments, name, problems),
    },
    problems,
  );
}

function readEnrollments(enrollments: unknown, name: string | undefined, problems: Problem[]): Belonging[] {
  const found: (Belonging & { index: number })[] = [];
  for (const [index, item] of (Array.isArray(enrollments) ? (enrollments as unknown[]) : []).entries()) {
    const field = `enrollments[${index}]`;
    const parsed = enrollmentSchema.safeParse(item);
    if (!parsed.success) {
      problems.push(...problemsOf(parsed.error, field));
      continue;
    }
    const { organization, start, end } = parsed.data;
    const read = readSpan({ from: start, to: end }, { from: `${field}.start`, to: `${field}.end` });
    if (!("span" in read)) {
      problems.push(read);
      continue;
    }
    if (/^unknown$/i.test(organization)) continue;
    const other = found.find((one) => overlaps(one, read.span));
    if (other) {
      const reason = `${organization} and ${other.organization} overlap, and this list knows one employer at a time.`;
      problems.push({ field, reason, remedy: "Say when the earlier one ended (end:)." });
      continue;
    }
    found.push({ index, organization, ...read.span, evidence: `GrimoireLab's list enrolls ${name ?? "the profile"}.` });
  }
  return found.map(({ index: _, ...belonging }) => belonging);
}

function overlaps(a: { from?: Date; to?: Date }, b: { from?: Date; to?: Date }): boolean {
  const start = Math.max(a.from?.getTime() ?? -Infinity, b.from?.getTime() ?? -Infinity);
  return start < Math.min(a.to?.getTime() ?? Infinity, b.to?.getTime() ?? Infinity);
}
