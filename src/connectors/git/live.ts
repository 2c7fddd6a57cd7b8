import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { AppError } from "#core/errors.ts";
import { countOf } from "#core/text/count-of.ts";
import type { ConnectInput, LiveIdentity, PullInput, RecordChunk } from "#features/ledger/index.ts";
import { Mailmap } from "./mailmap.ts";
import { type HeldMailmap, readHeldMailmap, updateMirror } from "./mirror.ts";
import { nameOf, webUrl } from "./read-repository.ts";
import { openRemote, type RemoteSettings } from "./remote.ts";
import { askGit, type GitPlace } from "./run-git.ts";
import { countAuthors, findOrigin, type RepositoryAbout, streamCommits } from "./stream-commits.ts";

export interface LiveSettings extends RemoteSettings {
  repositoryName: string;
  firstCommit: string;
}

/** Within what a person waits for; the first commit of a larger history must be told. */
const connectTimeoutMs = 20_000;
/** What a cursor holds of them; tags beyond are reached from branches anyway, or read again. */
const tipsMax = 1_000;

const cursorSchema = z.object({
  origin: z.string(),
  /** Everything that is reached from here has been read. */
  base: z.array(z.string()).default([]),
  /** The walk that is under way: from here, so many commits done. */
  walk: z.object({ tips: z.array(z.string()), done: z.number() }).optional(),
  /** The `.mailmap` by which people were told apart. */
  mailmap: z.string().default(""),
});
type Cursor = z.output<typeof cursorSchema>;

/** Reaches the remote and finds the first commit, by which an import of the same repository is known to be one with it. */
export async function connectRepository({ settings, http, signal }: ConnectInput<LiveSettings>): Promise<LiveIdentity> {
  const remote = await openRemote(settings, http);
  const folder = await mkdtemp(join(tmpdir(), "causeway-git-"));
  const timeout = AbortSignal.timeout(connectTimeoutMs);
  try {
    const { place } = await updateMirror({ folder: join(folder, "mirror.git"), remote, signal: AbortSignal.any([signal, timeout]) });
    const origin = await originOf(place, settings);
    const [commits, branches] = [await countCommits(place, ["--all"]), await askGit(place, ["for-each-ref", "--format=x", "refs/heads"])];
    const name = settings.repositoryName || nameOf(remote.url) || remote.host;
    const says = `${countOf(commits, "commit")} on ${countOf(branches.split("\n").length - 1, "branch", "branches")} can be read.`;
    return { origin, name, says };
  } catch (error) {
    if (!timeout.aborted || signal.aborted) throw error;
    if (settings.firstCommit) {
      return {
        origin: `git:${settings.firstCommit}`,
        name: settings.repositoryName || nameOf(remote.url) || remote.host,
        says: "It answers; its history is long and comes in with the first run.",
      };
    }
    const message = 'say its first commit: run "git rev-list --max-parents=0 HEAD" in a clone and enter the oldest';
    throw new AppError("invalid_input", {
      public: `The history is too long to find its first commit within ${connectTimeoutMs / 1000} seconds. Please ${message}.`,
      issues: [{ path: "firstCommit", message }],
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Fetches into a copy of the source's own, and reads the commits that no run has read yet. */
export async function* pullRepository({ settings, http, signal, workDir, cursor: given }: PullInput<LiveSettings>): AsyncGenerator<RecordChunk> {
  const remote = await openRemote(settings, http);
  const mirror = await updateMirror({ folder: join(workDir, "mirror.git"), remote, signal });
  const { place } = mirror;
  const held = cursorSchema.safeParse(given).data;
  const mailmap = mirror.mailmap ?? (await readHeldMailmap(place, held?.mailmap ?? ""));
  const origin = held?.origin ?? (await originOf(place, settings));
  const name = settings.repositoryName || nameOf(remote.url) || remote.host;
  const about: RepositoryAbout = { origin, name, url: webUrl(settings.remote) };
  let cursor: Cursor = { origin, base: [], mailmap: mailmap.id };
  // Another `.mailmap` may say of any commit that it is somebody else's.
  if (held && held.mailmap === mailmap.id) cursor = held;
  if (!(await isKnown(place, [...cursor.base, ...(cursor.walk?.tips ?? [])]))) cursor = { origin, base: [], mailmap: mailmap.id };

  const tips = await listTips(place);
  const isInterrupted = cursor.walk !== undefined;
  let any = false;
  for (const walk of [...(cursor.walk ? [cursor.walk] : []), { tips, done: 0 }]) {
    for await (const chunk of readWalk({ place, mailmap, about, cursor: { ...cursor, walk } })) {
      any = true;
      yield chunk;
    }
    cursor = { origin, base: walk.tips, mailmap: cursor.mailmap };
  }
  const counted = any || isInterrupted || !held;
  yield {
    records: [],
    cursor,
    ...(counted && { reported: { commit: await countCommits(place, ["--all"]), authors: await countAuthors(place, configOf(mailmap)) } }),
  };
}

async function* readWalk(input: { place: GitPlace; mailmap: HeldMailmap; about: RepositoryAbout; cursor: Cursor }): AsyncGenerator<RecordChunk> {
  const { place, about, cursor } = input;
  const { base, walk } = cursor;
  if (!walk || walk.tips.length === 0) return;
  // By standard input: a command line holds only so many.
  const given = `${[...walk.tips, ...base.map((hash) => `^${hash}`)].join("\n")}\n`;
  const total = await countCommits(place, ["--stdin"], given);
  let { done } = walk;
  if (done >= total) return;
  // Tips and base stand still while a walk lasts, so its order does too, and what was read before a crash is skipped.
  const which = ["--stdin", `--skip=${done}`];
  const mailmap = new Mailmap(input.mailmap.text);
  for await (const records of streamCommits({ place, about, mailmap, which, config: configOf(input.mailmap), given })) {
    done += records.length;
    yield { records, cursor: { ...cursor, walk: { ...walk, done } }, progress: { done, total, unit: "records" } };
  }
}

/** Git would look for HEAD's own, whose folder is not held here. */
function configOf(mailmap: HeldMailmap): string[] {
  return ["-c", `mailmap.blob=${mailmap.id || "refs/none"}`, "-c", "mailmap.file="];
}

async function originOf(place: GitPlace, { firstCommit }: LiveSettings): Promise<string> {
  const found = await findOrigin(place);
  if (!found) throw new AppError("not_found", { public: "The repository holds no commit yet. Add it once there is one." });
  if (!firstCommit) return found;
  const roots = await askGit(place, ["rev-list", "--all", "--max-parents=0"]);
  if (roots.split("\n").includes(firstCommit)) return `git:${firstCommit}`;
  const message = `${firstCommit.slice(0, 12)} is no first commit of this repository; it has ${found.slice(4)}`;
  throw new AppError("invalid_input", { public: `The first commit is another: ${message}.`, issues: [{ path: "firstCommit", message }] });
}

async function countCommits(place: GitPlace, which: readonly string[], given?: string): Promise<number> {
  return Number.parseInt(await askGit(place, ["rev-list", "--count", ...which], given), 10);
}

/** Whether the copy holds all of these commits: it may have been made anew after the remote forgot some. */
async function isKnown(place: GitPlace, hashes: readonly string[]): Promise<boolean> {
  if (hashes.length === 0) return true;
  try {
    await askGit(place, ["rev-list", "--no-walk", "--count", "--stdin"], `${hashes.join("\n")}\n`);
    return true;
  } catch {
    place.signal.throwIfAborted();
    return false;
  }
}

/** The commits to which branches and tags point, branches first. */
async function listTips(place: GitPlace): Promise<string[]> {
  const format = "%(objecttype) %(objectname) %(*objecttype) %(*objectname)";
  const refs = (await askGit(place, ["for-each-ref", "--sort=refname", `--format=${format}`, "refs/heads", "refs/tags"])).split("\n");
  const tips = refs.flatMap((line) => {
    const [type, hash, inner, innerHash] = line.split(" ");
    if (type === "commit" && hash) return [hash];
    if (type !== "tag" || !hash) return [];
    if (inner === "commit" && innerHash) return [innerHash];
    return inner === "tag" ? [hash] : [];
  });
  const all = [...new Set(tips)];
  return all.length <= tipsMax ? all : await mostDistant(place, all);
}

/** With very many refs, those that no other is reached from; the rest are found on the way. */
async function mostDistant(place: GitPlace, tips: readonly string[]): Promise<string[]> {
  const parents = await askGit(place, ["rev-list", "--all", "--parents"]);
  const inner = new Set(parents.split("\n").flatMap((line) => line.split(" ").slice(1)));
  return tips.filter((hash) => !inner.has(hash));
}
