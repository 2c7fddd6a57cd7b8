/** Before a request is made again that was refused by a limit which is over by now. */
const renewedPauseMs = 1000;

/** Why a request waits, for the progress line of a sync. */
export interface Wait {
  ms: number;
  until: Date;
  reason: string;
}

/**
 * How long a server asks us to wait, read from one answer.
 * Understands Retry-After (seconds or a date), `x-ratelimit-remaining`/`x-ratelimit-reset` (GitHub, Discord, GitLab:
 * a moment or a span in seconds) and `ratelimit-remaining`/`ratelimit-reset` (IETF draft). Moments are told by the server's
 * clock, so they are held against its own Date where it gives one.
 * @returns milliseconds, and in whose words; undefined when we may go on at once
 */
export function waitAsked(headers: Headers, status: number, nowMs: number): { ms: number; reason: string } | undefined {
  const serverMs = Date.parse(headers.get("date") ?? "");
  const clockMs = Number.isFinite(serverMs) ? serverMs : nowMs;
  const retryAfter = headers.get("retry-after");
  if (retryAfter !== null && (status === 429 || status === 403 || status >= 500)) {
    const seconds = Number(retryAfter);
    const ms = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(retryAfter) - clockMs;
    if (Number.isFinite(ms)) return { ms: Math.max(0, ms), reason: "the server asked to wait (Retry-After)" };
  }
  const remaining = headers.get("x-ratelimit-remaining") ?? headers.get("ratelimit-remaining");
  const reset = headers.get("x-ratelimit-reset-after") ?? headers.get("x-ratelimit-reset") ?? headers.get("ratelimit-reset");
  if (remaining === null || reset === null || Number(remaining) > 0) return undefined;
  const value = Number(reset);
  if (!Number.isFinite(value)) return undefined;
  // A moment is given in seconds since 1970; anything small is a span.
  const ms = value > 1_000_000_000 ? value * 1000 - clockMs : value * 1000;
  const reason = "the server's request limit is used up";
  if (ms > 0) return { ms, reason };
  // Renewed while the refusal was on its way: it is one all the same, and the next request may pass.
  return status === 403 || status === 429 ? { ms: renewedPauseMs, reason } : undefined;
}

/** Remembers per host when the next request may go out, for pacing and for limits that an answer told us of. */
export interface Pacer {
  /** Reserves the next free moment; returns the milliseconds until then and why. */
  reserve(host: string, spacingMs: number): { ms: number; reason: string };
  /** No request to the host before this much time has passed. */
  holdOff(host: string, ms: number, reason: string): void;
}

export function createPacer(now: () => number): Pacer {
  const hosts = new Map<string, { nextAt: number; reason: string }>();
  return {
    reserve(host, spacingMs) {
      const at = now();
      const state = hosts.get(host);
      const goesAt = Math.max(at, state?.nextAt ?? 0);
      if (spacingMs > 0 || (state && state.nextAt > at)) {
        hosts.set(host, { nextAt: goesAt + spacingMs, reason: state && state.nextAt > at ? state.reason : "requests to this server are spaced out" });
      }
      return { ms: goesAt - at, reason: state?.reason ?? "" };
    },
    holdOff(host, ms, reason) {
      const nextAt = now() + ms;
      if (nextAt > (hosts.get(host)?.nextAt ?? 0)) hosts.set(host, { nextAt, reason });
    },
  };
}
