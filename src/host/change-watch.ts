import type { CoreContext } from "#core/context.ts";
import { readAuditStamp } from "#features/access/index.ts";
import { readChangeStamp } from "#features/ledger/index.ts";

/** Notices what jobs, commands and other processes change, so that kept pages do not outlive it. */
export interface ChangeWatch {
  /**
   * Whether all changes up to `trustMs` ago are known. Asking keeps the watch going: under load it looks every
   * `everyMs`, in the background.
   */
  isCurrent(): boolean;
  /** Looks now, unless a look is under way; waits for its end, but no longer than a visitor should. */
  look(): Promise<void>;
}

export interface ChangeWatchOptions {
  /** Another text when something has changed. */
  read: () => Promise<string>;
  onChange: () => void;
  now: () => number;
  everyMs?: number;
  trustMs?: number;
  patienceMs?: number;
}

/** Makes a watch that looks only while somebody asks: a process without visitors asks the database nothing. */
export function createChangeWatch(options: ChangeWatchOptions): ChangeWatch {
  const { read, onChange, now, everyMs = 1000, trustMs = 3000, patienceMs = 500 } = options;
  let stamp: string | undefined;
  let knownAt = Number.NEGATIVE_INFINITY;
  let looking: Promise<void> | undefined;

  async function compare(): Promise<void> {
    const startedAt = now();
    try {
      const found = await read();
      if (found !== stamp) onChange();
      stamp = found;
    } catch {
      // Without a database the pages that are kept are the best there is.
    } finally {
      knownAt = startedAt;
      looking = undefined;
    }
  }

  function start(): Promise<void> {
    looking ??= compare();
    return looking;
  }

  return {
    isCurrent() {
      const age = now() - knownAt;
      if (age > everyMs) void start();
      return age <= trustMs;
    },
    async look() {
      let timer: NodeJS.Timeout | undefined;
      const patience = new Promise<void>((settle) => {
        timer = setTimeout(settle, patienceMs);
      });
      await Promise.race([start(), patience]);
      clearTimeout(timer);
    },
  };
}

/** What public pages are made of, as one text. */
export async function readContentStamp(core: CoreContext): Promise<string> {
  const stamps = await Promise.all([readChangeStamp(core), readAuditStamp(core)]);
  return stamps.join(" ");
}
