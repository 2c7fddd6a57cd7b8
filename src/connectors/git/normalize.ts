import { z } from "zod";
import {
  type NormalizedActivity,
  type NormalizedBatch,
  type NormalizedChannel,
  type NormalizedIdentity,
  type RawRecord,
  RecordError,
} from "#features/ledger/index.ts";
import { identifyPerson } from "../person.ts";
import { readTrailers } from "./trailers.ts";

const signature = z.object({ name: z.string(), email: z.string() });

/** A commit as git prints it. Dates are git's raw ones: seconds and zone. */
const commitSchema = z.object({
  repository: z.object({
    origin: z.string(),
    name: z.string(),
    url: z.string().optional(),
    /** Told by a text about the repository, not by itself. */
    partial: z.literal(true).optional(),
  }),
  hash: z.string().regex(/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/),
  parents: z.array(z.string()),
  author: signature,
  mappedAuthor: signature,
  authorDate: z.string(),
  committer: signature,
  mappedCommitter: signature,
  committerDate: z.string(),
  trailers: z.string(),
  message: z.string(),
  /** Who is whom in this commit by the `.mailmap`, with the line that says so. */
  mailmap: z.array(z.object({ from: signature, to: signature, line: z.string().optional() })).optional(),
  /** Addresses that the `.mailmap` gives to several people. */
  sharedAddresses: z.array(z.string()).optional(),
  /** What a log left out of the author's date. */
  dateDoubt: z.string().optional(),
});

export type CommitPayload = z.output<typeof commitSchema>;

/** One commit: its author's activity, and one for each person and deed that its trailers name. */
export function normalizeCommit(record: RawRecord, settings: { visibility: NormalizedChannel["visibility"] }): NormalizedBatch {
  const parsed = commitSchema.safeParse(record.payload);
  if (!parsed.success) {
    throw new RecordError({
      place: `commit ${record.externalId}`,
      reason: "The stored commit cannot be read.",
      remedy: "Import the repository again.",
    });
  }
  const commit = parsed.data;
  const channel = commit.repository.origin;
  const people = new Map<string, NormalizedIdentity>();
  const shared = new Set(commit.sharedAddresses);
  const identify = (person: { name: string; email: string }) =>
    identifyPerson({ name: person.name, address: person.email }, { scope: channel, shared: shared.has(person.email.toLowerCase()) });

  const { at, doubt } = readTime(commit);
  const author = identify(commit.author);
  const shown = signatureOf(commit.mappedAuthor);
  if (author) people.set(keyOf(author), describeAuthor(author, commit, shown, at));
  const [title = "", ...rest] = commit.message.replace(/\r\n?/g, "\n").trim().split("\n");
  const base = { channel, occurredAt: at };
  const activities: NormalizedActivity[] = [
    {
      ...base,
      externalId: commit.hash,
      kind: "commit",
      ...(author ? { author: refOf(author) } : { unattributed: signatureOf(commit.author).trim() || "no author" }),
      title: title.slice(0, 1000),
      ...bodyOf(rest),
      ...(commit.repository.url && { url: `${commit.repository.url}/commit/${commit.hash}` }),
      attributes: attributesOf(commit, shown, doubt),
    },
  ];

  const links = [];
  for (const { from, to, line } of commit.mailmap ?? []) {
    const a = identify(from);
    const b = identify(to);
    if (!a || !b || keyOf(a) === keyOf(b)) continue;
    if (!people.has(keyOf(a))) people.set(keyOf(a), a);
    if (!people.has(keyOf(b))) people.set(keyOf(b), b);
    links.push({
      a: refOf(a),
      b: refOf(b),
      rule: "mailmap",
      evidence: `.mailmap of ${commit.repository.name} gives ${signatureOf(from)} as ${signatureOf(to)}${line ? `: ${line}` : ""}`,
      strength: 1,
    });
  }

  const own = new Set([author, identify(commit.mappedAuthor)].flatMap((person) => (person ? [keyOf(person)] : [])));
  const seen = new Set<string>();
  for (const credit of readTrailers(commit.trailers)) {
    // A name alone, as in «Suggested-by: somebody on IRC», is no person that could be found again.
    const person = credit.email === "" ? undefined : identify(credit);
    const key = person ? keyOf(person) : `name:${(credit.name || credit.email).toLowerCase()}`;
    if (own.has(key) && (credit.kind === "signed_off" || credit.kind === "co_authored")) continue;
    if (seen.has(`${credit.kind} ${key}`)) continue;
    seen.add(`${credit.kind} ${key}`);
    if (person && !people.has(key)) people.set(key, person);
    activities.push({
      ...base,
      externalId: `${commit.hash}/${key}`,
      kind: credit.kind,
      replyTo: commit.hash,
      ...(person ? { author: refOf(person) } : { unattributed: credit.name || credit.email }),
      title: title.slice(0, 1000),
    });
  }

  return {
    identities: [...people.values()],
    channels: [
      {
        externalId: channel,
        kind: "repository",
        name: commit.repository.name,
        ...(commit.repository.url && { url: commit.repository.url }),
        visibility: settings.visibility,
        ...(commit.repository.partial && { partial: true as const }),
      },
    ],
    threads: [],
    activities,
    ...(links.length > 0 && { links }),
  };
}

const keyOf = (person: { platform: string; externalId: string }) => `${person.platform}:${person.externalId}`;
const refOf = ({ platform, externalId }: NormalizedIdentity) => ({ platform, externalId });
const signatureOf = (person: { name: string; email: string }) => `${person.name} <${person.email}>`;

/** The author under the name that the `.mailmap` gives, with both names kept and the signature as git prints it. */
function describeAuthor(author: NormalizedIdentity, commit: CommitPayload, shown: string, at: Date): NormalizedIdentity {
  const sameAddress = commit.author.email.toLowerCase() === commit.mappedAuthor.email.toLowerCase();
  const name = sameAddress ? commit.mappedAuthor.name.trim() : commit.author.name.trim();
  const labels = [...(author.labels ?? []), { kind: "signature" as const, value: shown, at }];
  if (name !== commit.author.name.trim() && commit.author.name.trim() !== "")
    labels.push({ kind: "name" as const, value: commit.author.name.trim(), at });
  return { ...author, ...(name && { displayName: name }), labels };
}

function attributesOf(commit: CommitPayload, shown: string, doubt: string | undefined): Record<string, unknown> {
  const committer = signatureOf(commit.mappedCommitter);
  return {
    signature: shown,
    ...(committer !== shown && { committer }),
    ...(commit.committerDate !== commit.authorDate && { committedAt: secondsOf(commit.committerDate)?.toISOString() }),
    ...(commit.parents.length > 1 && { parents: commit.parents.length }),
    ...(doubt && { dateDoubt: doubt }),
  };
}

function bodyOf(lines: readonly string[]): { body?: string } {
  const body = lines.join("\n").trim();
  return body === "" ? {} : { body };
}

/**
 * When it was written. Zones such as +51800 do not matter, as git stores seconds. A missing or absurd date gives
 * way to the committer's, and the doubt is noted.
 */
function readTime(commit: CommitPayload): { at: Date; doubt?: string } {
  const written = secondsOf(commit.authorDate);
  if (written) return { at: written, ...(commit.dateDoubt && { doubt: commit.dateDoubt }) };
  const committed = secondsOf(commit.committerDate);
  if (committed) return { at: committed, doubt: `The author's date "${commit.authorDate}" cannot be; this is the committer's.` };
  return { at: new Date(0), doubt: "Neither the author's nor the committer's date can be read." };
}

/** Git counts from 1970 and knows no earlier date; year 9999 is where texts of dates change their form. */
function secondsOf(raw: string): Date | undefined {
  const seconds = Number(/^(\d{1,15}) /.exec(raw)?.[1]);
  return seconds > 0 && seconds < 253_402_300_800 ? new Date(seconds * 1000) : undefined;
}
