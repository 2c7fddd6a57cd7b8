import { describe, expect, test } from "vitest";
import { waitAsked } from "./rate-limit.ts";

const now = Date.parse("2026-03-01T12:00:00Z");
const asked = (status: number, headers: Record<string, string>) => waitAsked(new Headers(headers), status, now)?.ms;
const usedUp = (resetMs: number) => ({ "x-ratelimit-remaining": "0", "x-ratelimit-reset": String(resetMs / 1000) });

describe("how long a server asks to wait", () => {
  test("a moment is told by the server's clock, whatever ours says", () => {
    const ahead = { date: "Sun, 01 Mar 2026 11:50:00 GMT" };
    expect(asked(403, { ...ahead, ...usedUp(Date.parse("2026-03-01T11:51:00Z")) })).toBe(60_000);
    expect(asked(503, { ...ahead, "retry-after": "Sun, 01 Mar 2026 11:50:30 GMT" })).toBe(30_000);
    expect(asked(200, usedUp(now + 5000))).toBe(5000);
  });

  test("a refusal by a limit that was renewed meanwhile is made again after a moment; an answer that passed waits for nothing", () => {
    expect(asked(403, usedUp(now - 60_000))).toBe(1000);
    expect(asked(429, usedUp(now))).toBe(1000);
    expect(asked(200, usedUp(now - 60_000))).toBeUndefined();
  });

  test("a refusal without a stated limit is none", () => {
    expect(asked(403, {})).toBeUndefined();
    expect(asked(403, { "x-ratelimit-remaining": "12", "x-ratelimit-reset": "1" })).toBeUndefined();
  });
});
