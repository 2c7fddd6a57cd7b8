import { z } from "zod";
import { AppError } from "#core/errors.ts";
import type { ExportFile } from "../export-files.ts";
import { readLines } from "../export-files.ts";
import { type MailmapLine, parseMailmapLine } from "../mailmap-line.ts";
import { identifyPerson } from "../person.ts";
import type { Entry, Format, Problem, ReadInput, Understood } from "./entry.ts";
import { statePerson } from "./state-person.ts";

const lineSchema = z.object({
  line: z.string(),
  names: z.enum(["people", "organizations"]),
  /** The address in use belongs to several people by this file, so that it names nobody without its name. */
  shared: z.literal(true).optional(),
});
type LineEntry = z.output<typeof lineSchema>;

/** Git reads two addresses and lets the rest go; SortingHat takes every further one as one more in use. */
const whole = /^[^<>]*<[^<>]*>(?:[^<>]*<[^<>]*>)*\s*(?:#.*)?$/;
const groupBox = /^<?(?:contact|info|hello|office|admin|support|team|sales|press|opensource|community)@/i;

/** A `.mailmap` by itself, without its repository; SortingHat also keeps organizations in that form. */
export const mailmap: Format = {
  title: ".mailmap",
  recognizes({ name, text }) {
    const lines = text.split("\n").filter((line) => line.trim() !== "" && !line.trim().startsWith("#"));
    const fits = lines.slice(0, 200).filter((line) => whole.test(line.trim())).length / Math.max(1, Math.min(200, lines.length));
    if (/mailmap/i.test(name)) return /<[^<>]*>/.test(text) ? 1 : 0;
    // Tags of XML and HTML stand in angle brackets as well.
    if (/^\s*</.test(text) || !/<[^<>\s]+@[^<>\s]+>/.test(text)) return 0;
    return fits >= 0.95 && lines.length >= 2 && !/^From /m.test(text) && !/^[\w-]+:\s/m.test(text) ? 0.8 : 0;
  },
  read: readMailmap,
  understand(value, { registry }): Understood {
    const { data: entry } = lineSchema.safeParse(value);
    const parsed = entry && parseMailmapLine(entry.line);
    if (!entry || !parsed) return { problems: [{ field: "", reason: "It is no line of a .mailmap." }] };
    return entry.names === "organizations" ? understandBelonging(entry, parsed, registry) : understandAlias(entry, parsed, registry);
  },
};

function understandAlias(entry: LineEntry, line: MailmapLine, scope: string): Understood {
  const proper = identifyPerson({ name: line.properName ?? line.commitName ?? "", address: line.properEmail ?? line.commitEmail }, { scope });
  const used = identifyPerson(
    { name: line.commitName ?? line.properName ?? "", address: line.commitEmail },
    { scope, shared: entry.shared === true },
  );
  return statePerson({
    identities: [proper, used].flatMap((identity) => identity ?? []),
    rule: "mailmap",
    evidence: `.mailmap: ${line.line}`,
    strength: 1,
  });
}

function understandBelonging(entry: LineEntry, line: MailmapLine, scope: string): Understood {
  const used = identifyPerson({ name: line.commitName ?? "", address: line.commitEmail }, { scope, shared: entry.shared === true });
  if (!used || !line.properName) return { problems: [{ field: "", reason: "It names no organization, or nobody who belongs to it." }] };
  return statePerson({
    identities: [used],
    rule: "mailmap",
    evidence: "",
    strength: 1,
    belongings: [{ organization: line.properName, evidence: `.mailmap of organizations: ${line.line}` }],
  });
}

async function* readMailmap({ file, signal, onRead, settings }: ReadInput): AsyncGenerator<Entry> {
  const { lines, comments } = await readAll(file, signal, onRead);
  const parsed = lines.flatMap(({ text, line }) => partsOf(text).map((part) => ({ text, line, entry: part })));
  const known = parsed.flatMap(({ entry }) => entry ?? []);
  if (known.length === 0) {
    const first = lines[0] ? ` Line ${lines[0].line} reads: ${lines[0].text.slice(0, 100)}` : "";
    throw new AppError("unreadable_file", {
      public: `${file.name} has no line like «Proper Name <proper@mail> Name in use <mail@in.use>», so it is no .mailmap; nothing was stored.${first}`,
    });
  }
  const names = settings.mailmap === "auto" ? guessNames(known, comments) : settings.mailmap;
  const proper = new Map<string, Set<string>>();
  for (const entry of known) {
    const key = entry.commitEmail.toLowerCase();
    proper.set(key, (proper.get(key) ?? new Set()).add((entry.properEmail ?? entry.commitEmail).toLowerCase()));
  }
  for (const { text, line, entry } of parsed) {
    const place = `${file.name}, line ${line}`;
    const problem = problemOf(entry, names);
    if (problem || !entry) {
      yield { place, problem: problem ?? { field: "", reason: "It is no list of names with addresses in angle brackets." }, excerpt: text };
      continue;
    }
    const isShared = names === "people" && (proper.get(entry.commitEmail.toLowerCase())?.size ?? 0) > 1;
    const value: LineEntry = { line: entry.line.replace(/\s*#.*$/, ""), names, ...(isShared && { shared: true as const }) };
    const id = `${names === "organizations" ? "organization:" : ""}${entry.commitEmail.toLowerCase()}#${(entry.commitName ?? "").toLowerCase()}`;
    // Who belongs to several organizations has a line for each.
    yield { stream: "people", externalId: names === "organizations" ? `${id}#${(entry.properName ?? "").toLowerCase()}` : id, value, place };
  }
}

/** A line as lines of two addresses each; undefined stands for one that cannot be read. */
function partsOf(text: string): (MailmapLine | undefined)[] {
  if (!whole.test(text)) return [undefined];
  const pairs = text.replace(/\s*#.*$/, "").match(/[^<>]*<[^<>]*>/g) ?? [];
  const [first = "", ...others] = pairs.map((pair) => pair.trim());
  return others.length < 2 ? [parseMailmapLine(text)] : others.map((other) => parseMailmapLine(`${first} ${other}`));
}

/** A box of a group stands for no person: a line would join all who are behind it. */
function problemOf(entry: MailmapLine | undefined, names: LineEntry["names"]): Problem | undefined {
  if (!entry || names === "organizations" || entry.properEmail === undefined || !groupBox.test(entry.properEmail)) return undefined;
  return {
    field: "",
    reason: `${entry.properEmail} is the address of a group, so the line would make several people one.`,
    remedy: "If the file says who belongs to which organization, bring it in again with the setting «.mailmap names» on organizations.",
  };
}

function guessNames(entries: readonly MailmapLine[], comments: string): LineEntry["names"] {
  if (/organi[sz]ation/i.test(comments)) return "organizations";
  const groups = entries.filter(({ properEmail }) => properEmail !== undefined && groupBox.test(properEmail)).length;
  return entries.length > 1 && groups / entries.length >= 0.5 ? "organizations" : "people";
}

async function readAll(file: ExportFile, signal: AbortSignal, onRead: (bytes: number) => void) {
  const lines: { text: string; line: number }[] = [];
  const comments: string[] = [];
  for await (const { text, line } of readLines({ ...file, read: (one) => file.read(one, onRead) }, signal)) {
    const trimmed = text.trim();
    if (trimmed.startsWith("#")) comments.push(trimmed);
    else lines.push({ text: trimmed, line });
  }
  return { lines, comments: comments.join("\n") };
}
