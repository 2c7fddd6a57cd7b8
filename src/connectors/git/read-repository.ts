import { constants } from "node:fs";
import { open, realpath, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { AppError } from "#core/errors.ts";
import type { FileIdentity, RecordChunk } from "#features/ledger/index.ts";
import { Mailmap } from "./mailmap.ts";
import { askGit, type GitPlace } from "./run-git.ts";
import { countAuthors, findOrigin, type RepositoryAbout, streamCommits } from "./stream-commits.ts";

const maxMailmapBytes = 8 * 1024 * 1024;

interface Repository {
  place: GitPlace;
  bare: boolean;
  shallow: boolean;
  about: RepositoryAbout;
  commits: number;
}

/**
 * What a folder is, after git has walked every commit in it: a broken history is refused before anything is stored.
 * @throws AppError `unreadable_file` when it is no repository, is broken, or git is missing
 */
export async function inspectRepository(path: string, signal: AbortSignal): Promise<FileIdentity> {
  const repository = await openRepository(path, signal);
  return {
    origin: repository.about.origin,
    name: repository.shallow ? `${repository.about.name} (shallow clone)` : repository.about.name,
    reported: { commit: repository.commits, authors: await countAuthors(repository.place) },
  };
}

async function openRepository(path: string, signal: AbortSignal): Promise<Repository> {
  const real = await realpath(path);
  if (!(await stat(real)).isDirectory()) {
    throw new AppError("unreadable_file", {
      public: `${path} is a file. Give the folder of a git repository: a clone, its .git folder, or a bare repository.`,
    });
  }
  const folder = basename(real) === ".git" ? dirname(real) : real;
  const place: GitPlace = { folder, ceiling: dirname(folder), signal };
  const [bare, shallow] = (await askGit(place, ["rev-parse", "--is-bare-repository", "--is-shallow-repository"])).split("\n");
  const url = (await askGit(place, ["config", "--default", "", "--get", "remote.origin.url"])).trim();
  const name = nameOf(url) ?? basename(folder).replace(/\.git$/, "");
  return {
    place,
    bare: bare === "true",
    shallow: shallow === "true",
    about: { origin: (await findOrigin(place)) ?? `git:empty/${name}`, name, url: webUrl(url) },
    commits: Number.parseInt(await askGit(place, ["rev-list", "--all", "--count"]), 10),
  };
}

/** `owner/name` of a remote address, without anything secret that it may hold. */
export function nameOf(url: string): string | undefined {
  const path = /^[a-z+]+:\/\/[^/]*\/(.+)$/i.exec(url)?.[1] ?? /^[^/:]+:(?!\/)(.+)$/.exec(url)?.[1];
  return path?.replace(/\/+$/, "").replace(/\.git$/, "") || undefined;
}

/** The web page of a repository on the hosts whose addresses are known to be one. */
export function webUrl(url: string): string | undefined {
  const match = /(?:@|:\/\/)(?:[^/@]*@)?(github\.com|gitlab\.com|codeberg\.org)[:/](.+?)(?:\.git)?\/*$/.exec(url);
  return match ? `https://${match[1]}/${match[2]}` : undefined;
}

/** Every commit that any ref reaches, some hundred at a time. Differences are not read. */
export async function* readRepository(path: string, signal: AbortSignal): AsyncGenerator<RecordChunk> {
  const repository = await openRepository(path, signal);
  const mailmap = new Mailmap(await readMailmap(repository));
  const total = repository.commits;
  let done = 0;
  for await (const records of streamCommits({ place: repository.place, about: repository.about, mailmap, which: ["--all"] })) {
    done += records.length;
    yield { records, progress: { done, total, unit: "records" } };
  }
  const rejected = repository.shallow
    ? [
        {
          stream: "commits",
          place: "the start of the history",
          reason: "The clone is shallow: commits before its boundary are not in it.",
          remedy: 'Run "git fetch --unshallow" in it and import it again.',
        },
      ]
    : [];
  yield { records: [], rejected, progress: { done, total, unit: "records" } };
}

/** The `.mailmap` that git itself uses: the one in the work tree, or HEAD's in a bare repository. */
async function readMailmap(repository: Repository): Promise<string> {
  if (!repository.bare) {
    try {
      const file = await open(join(repository.place.folder, ".mailmap"), constants.O_RDONLY | constants.O_NOFOLLOW);
      try {
        return (await file.stat()).size > maxMailmapBytes ? "" : await file.readFile("utf8");
      } finally {
        await file.close();
      }
    } catch {
      return "";
    }
  }
  try {
    return await askGit(repository.place, ["cat-file", "blob", "HEAD:.mailmap"]);
  } catch {
    repository.place.signal.throwIfAborted();
    return "";
  }
}
