import { existsSync } from "node:fs";
import { mkdir, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { AppError } from "#core/errors.ts";
import { explainFailure, isLocalFault, type Remote } from "./remote.ts";
import { collect, GitFailure, type GitPlace, spawnGit } from "./run-git.ts";

/** Bytes that a copy may take on the disk. Commits alone are small: a million of them take about 1 GB. */
const mirrorMaxBytes = 8 * 1024 ** 3;
const sizeEveryMs = 1_000;
const fetchTimeoutMs = 2 * 3_600_000;
/** Branches and tags; what hosts keep beside them are other people's proposals and their own notes. */
const refspecs = ["+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"];
/** Neither folders nor files, for they are not read; else no files; else all: servers differ in what they can leave out. */
const filters = ["tree:0", "blob:none", undefined] as const;
/** Of the folder that may hold a `.mailmap`: that folder's list alone; else the lists of all. */
const folderFilters = ["combine:tree:1+blob:none", "blob:none"] as const;

/** A copy of a remote's commits in a folder of our own. */
export interface Mirror {
  place: GitPlace;
  /** The `.mailmap` of the default branch, empty where there is none; undefined where it could not be fetched. */
  mailmap: HeldMailmap | undefined;
}

export interface HeldMailmap {
  id: string;
  text: string;
}

export const noMailmap: HeldMailmap = { id: "", text: "" };

/**
 * Brings the copy up to date; makes it where there is none, and anew where it is broken.
 * @throws AppError `forbidden`, `not_found`, `upstream_failed`, `too_large`
 */
export async function updateMirror(input: { folder: string; remote: Remote; signal: AbortSignal }): Promise<Mirror> {
  try {
    return await fetchInto(input);
  } catch (error) {
    if (!existsSync(input.folder) || !isLocalFault(error)) throw explainFailure(error, input.remote);
    // A run that was killed leaves locks and half a pack behind; all of it can be fetched again.
    await rm(input.folder, { recursive: true, force: true });
    return await fetchInto(input).catch((again: unknown) => {
      throw explainFailure(again, input.remote);
    });
  }
}

async function fetchInto({ folder, remote, signal }: { folder: string; remote: Remote; signal: AbortSignal }): Promise<Mirror> {
  const place: GitPlace = { folder, ceiling: folder, signal };
  const away: GitPlace = { ...place, network: remote.network };
  await mkdir(folder, { recursive: true, mode: 0o700 });
  if (!existsSync(join(folder, "HEAD"))) await run(place, ["init", "--quiet", "--bare", "--template=", "."]);
  await run(place, ["config", "remote.origin.url", remote.url]);
  const head = readHead(await run(away, ["ls-remote", "--symref", "origin", "HEAD"]));
  await withinBounds(away, fetchCommits);
  if (head) await run(place, ["symbolic-ref", "HEAD", head]);
  await tidy(place);
  return { place, mailmap: head ? await fetchMailmap(place, away) : noMailmap };
}

async function fetchCommits(place: GitPlace): Promise<void> {
  const args = ["fetch", "--quiet", "--prune", "--force", "--no-tags", "--no-write-fetch-head"];
  for (const filter of filters) {
    try {
      await run(place, [...args, ...(filter ? [`--filter=${filter}`] : []), "origin", ...refspecs]);
      return;
    } catch (error) {
      if (filter === undefined || !(error instanceof GitFailure && /filter/i.test(error.complaint))) throw error;
    }
  }
}

/** Each fetch leaves a pack or two; git joins them once they are many. */
async function tidy(place: GitPlace): Promise<void> {
  try {
    await run(place, ["-c", "gc.autoDetach=false", "gc", "--auto", "--quiet"]);
  } catch {
    // Many packs are slow and no more than that; the next run tries again.
    place.signal.throwIfAborted();
  }
}

/** The branch that the remote shows by default, from `ls-remote --symref`. */
function readHead(answer: string): string | undefined {
  return /^ref: (refs\/heads\/\S+)\tHEAD$/m.exec(answer)?.[1];
}

/** The one file that is read: who is whom. Its folder and itself are asked for by their ids. */
async function fetchMailmap(place: GitPlace, away: GitPlace): Promise<HeldMailmap | undefined> {
  try {
    const tree = /^tree ([0-9a-f]+)/.exec(await run(place, ["cat-file", "commit", "HEAD"]))?.[1] ?? "";
    const isHeld = await run(place, ["cat-file", "-e", tree]).then(
      () => true,
      () => false,
    );
    if (!isHeld) await fetchFolder(away, tree);
    const entry = /^100(?:644|755) blob ([0-9a-f]+)\t/.exec(await run(place, ["ls-tree", tree, ".mailmap"]));
    const id = entry?.[1];
    return id ? { id, text: await run(away, ["cat-file", "blob", id]) } : noMailmap;
  } catch {
    place.signal.throwIfAborted();
    return undefined;
  }
}

async function fetchFolder(away: GitPlace, tree: string): Promise<void> {
  // What is held must not be told: the server would take it that folders come with commits.
  const args = ["-c", "fetch.negotiationAlgorithm=noop", "fetch", "--quiet", "--no-tags", "--no-write-fetch-head"];
  const [narrow, wide] = folderFilters;
  await run(away, [...args, `--filter=${narrow}`, "origin", tree]).catch(() => run(away, [...args, `--filter=${wide}`, "origin", tree]));
}

/** A `.mailmap` that an earlier run fetched. */
export async function readHeldMailmap(place: GitPlace, id: string): Promise<HeldMailmap> {
  if (id === "") return noMailmap;
  return { id, text: await run(place, ["cat-file", "blob", id]).catch(() => "") };
}

/** Runs git for as long as the folder and the time stay within their bounds. */
async function withinBounds(place: GitPlace, work: (bounded: GitPlace) => Promise<unknown>): Promise<void> {
  const bound = new AbortController();
  const began = performance.now();
  let isMeasuring = false;
  const measure = async () => {
    if (isMeasuring) return;
    isMeasuring = true;
    const bytes = await sizeOf(place.folder);
    isMeasuring = false;
    if (bytes > mirrorMaxBytes) {
      const gigabytes = mirrorMaxBytes / 1024 ** 3;
      bound.abort(
        new AppError("too_large", {
          public: `The repository takes more than ${gigabytes} GB here: its server sends the files as well. Bring in its log instead.`,
        }),
      );
    } else if (performance.now() - began > fetchTimeoutMs) {
      bound.abort(
        new AppError("upstream_failed", {
          public: `The repository did not come within ${fetchTimeoutMs / 3_600_000} hours. It is tried again later.`,
        }),
      );
    }
  };
  const timer = setInterval(() => void measure(), sizeEveryMs);
  try {
    await work({ ...place, signal: AbortSignal.any([place.signal, bound.signal]) });
  } catch (error) {
    if (bound.signal.aborted) await rm(place.folder, { recursive: true, force: true });
    throw error;
  } finally {
    clearInterval(timer);
  }
}

async function sizeOf(folder: string): Promise<number> {
  let bytes = 0;
  for (const name of await readdir(folder, { recursive: true }).catch(() => [])) {
    // A file may have gone since it was listed.
    bytes += await stat(join(folder, name)).then(
      ({ size }) => size,
      () => 0,
    );
  }
  return bytes;
}

const run = (place: GitPlace, args: readonly string[]) => collect(spawnGit(place, args));
