import { type NormalizedBatch, type NormalizedChannel, type RawRecord, RecordError } from "#features/ledger/index.ts";
import { firstProblem } from "./first-problem.ts";
import { type About, isItemStream, itemSchemas, type Payload, payloadSchema, takenOverSchema } from "./format.ts";
import { threadKey } from "./keys.ts";
import { normalizeArchive } from "./normalize-archive.ts";
import { readComment, readReview } from "./normalize-comment.ts";
import { readFork, readRelease, readStar } from "./normalize-happening.ts";
import { readDiscussion, readIssue, readPull } from "./normalize-thread.ts";
import { People } from "./people.ts";

export interface NormalizeSettings {
  visibility: NormalizedChannel["visibility"];
}

/** What the readers of items are given. */
export interface Reading {
  about: About;
  channel: string;
  people: People;
  /** The thread that an item opens or in which it was said. */
  keyOf(number: number): string;
  /** The address of a thread for people. */
  urlOf(path: string): string;
}

export type Statement = Pick<NormalizedBatch, "threads" | "activities">;

const nothing: NormalizedBatch = { identities: [], channels: [], threads: [], activities: [] };

/** One stored record of GitHub to what it says. */
export function normalizeGithub(record: RawRecord, settings: NormalizeSettings): NormalizedBatch {
  if (takenOverSchema.safeParse(record.payload).success) return nothing;
  if (isArchived(record.payload)) return normalizeArchive(record, settings);
  const parsed = payloadSchema.safeParse(record.payload);
  if (!parsed.success) throw problem(parsed.error);
  const payload = parsed.data;
  const { item, number, of, ...about } = payload;
  const site = `https://${about.host ?? "github.com"}/${about.repo}`;
  const channel = about.repo.toLowerCase();
  const people = new People({ host: about.host });
  const reading: Reading = { about, channel, people, keyOf: (n) => threadKey(about.repo, n), urlOf: (path) => `${site}/${path}` };
  const said = readItem(record.stream, payload, reading);
  if (said.activities.length + said.threads.length === 0) return nothing;
  return {
    ...people.state(),
    channels: [{ externalId: channel, kind: "repository", name: about.repo, url: site, visibility: visibilityOf(about, settings) }],
    ...said,
  };
}

/** The records of an archive.json say which list they are from. */
const isArchived = (payload: unknown): boolean => typeof payload === "object" && payload !== null && "kind" in payload;

function readItem(stream: string, payload: Payload, reading: Reading): Statement {
  if (!isItemStream(stream)) {
    throw new RecordError({ place: "stream", reason: `there are no records called ${stream}`, remedy: "Update Causeway." });
  }
  const parse = <S extends keyof typeof itemSchemas>(name: S) => {
    const parsed = itemSchemas[name].safeParse(payload.item);
    if (!parsed.success) throw problem(parsed.error, "item");
    // Zod's output of the schema of that very name; the compiler cannot follow the index.
    return parsed.data as ReturnType<(typeof itemSchemas)[S]["parse"]>;
  };
  switch (stream) {
    case "issues":
      return readIssue(parse(stream), reading);
    case "pulls":
      return readPull(parse(stream), reading);
    case "discussions":
      return readDiscussion(parse(stream), reading);
    case "comments":
    case "review_comments":
    case "discussion_comments":
      return readComment(stream, parse(stream), payload, reading);
    case "reviews":
      return readReview(parse(stream), payload, reading);
    case "stars":
      return readStar(parse(stream), reading);
    case "forks":
      return readFork(parse(stream), reading);
    case "releases":
      return readRelease(parse(stream), reading);
  }
}

/** A private repository is closed whatever the setting says; one that all of a company may read is at least the team's. */
function visibilityOf(about: About, { visibility }: NormalizeSettings): NormalizedChannel["visibility"] {
  if (about.visibility === "private") return "restricted";
  if (about.visibility === "internal" && (visibility === "public" || visibility === "members")) return "team";
  return visibility;
}

function problem(error: Parameters<typeof firstProblem>[0], under = ""): RecordError {
  const { path, reason } = firstProblem(error);
  const place = `${under}${path}`.replace(/^\./, "");
  return new RecordError({
    place,
    reason: `${path.replace(/^\./, "") || place} ${reason}`,
    remedy: "Look at that item on GitHub; the others were taken.",
  });
}
