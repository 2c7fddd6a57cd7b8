import { linkSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { basename } from "node:path";
import { z } from "zod";
import { processBegan } from "../process-began.ts";

const beatMs = 5000;
/** A lock of another machine (a container before this one, a shared disk) counts as left behind after this silence. */
const foreignStaleMs = 20_000;

const lockSchema = z.object({
  pid: z.number().int().positive(),
  /** When the process began, as its system says it: a process id alone may be somebody else's by now. */
  began: z.string(),
  host: z.string(),
  /** What it was started as, for messages. */
  program: z.string(),
});
export type LockHolder = z.output<typeof lockSchema>;

export interface FolderLock {
  release(): void;
}

/**
 * Takes the lock of a folder, clearing away one whose process is gone (a crash, a power cut, a container before this).
 * @returns the lock, or who holds it
 */
export function takeFolderLock(path: string): FolderLock | LockHolder {
  const self: LockHolder = {
    pid: process.pid,
    began: processBegan(process.pid) ?? "",
    host: hostname(),
    program: basename(process.argv[1] ?? "causeway"),
  };
  for (let attempt = 0; ; attempt += 1) {
    if (tryLink(path, self)) return holdFolderLock(path);
    const holder = readFolderLock(path);
    if (holder && isHeld(path, holder, self)) return holder;
    rmSync(path, { force: true });
    if (attempt > 20) throw new Error(`the lock ${path} can be neither taken nor removed`);
  }
}

/** Who holds the lock as it stands, alive or not. */
export function readFolderLock(path: string): LockHolder | undefined {
  try {
    return lockSchema.parse(JSON.parse(readFileSync(path, "utf8")));
  } catch {
    // Gone, or a form that no version of ours writes: nobody's lock.
    return undefined;
  }
}

export function isFolderLock(lock: FolderLock | LockHolder): lock is FolderLock {
  return "release" in lock;
}

function tryLink(path: string, self: LockHolder): boolean {
  // Written aside and linked into place, so that nobody ever reads a lock without its holder in it.
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, JSON.stringify(self), { mode: 0o600 });
  try {
    linkSync(draft, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    return false;
  } finally {
    rmSync(draft, { force: true });
  }
}

function holdFolderLock(path: string): FolderLock {
  const beat = setInterval(() => {
    try {
      utimesSync(path, new Date(), new Date());
    } catch {
      // Somebody removed the file by hand; the database itself does not need it.
    }
  }, beatMs);
  beat.unref();
  return {
    release: () => {
      clearInterval(beat);
      rmSync(path, { force: true });
    },
  };
}

function isHeld(path: string, holder: LockHolder, self: LockHolder): boolean {
  if (holder.host !== self.host) return Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0) < foreignStaleMs;
  // Our own process may hold it for another part of itself, such as a test.
  const began = processBegan(holder.pid);
  return began !== undefined && (began === holder.began || began === "" || holder.began === "");
}
