import type { CoreContext } from "#core/context.ts";
import { sql } from "#core/database/database.ts";
import type { Ctx } from "#features/access/index.ts";
import { getThread, listThreadActivities, listThreads, search } from "#features/ledger/index.ts";
import { getMember, listMembers } from "#features/members/index.ts";
import { loadToday } from "#web/studio/today.server.ts";
import type { Founded } from "./found-community.ts";
import { summarize, type Times } from "./result.ts";
import { say } from "./say.ts";

/** What people type, from rare words to ones that stand everywhere. */
export const queries = [
  "pi-hole",
  "next.js raw body",
  "C++",
  "signature mismatch",
  "Retry-After",
  "rotate keys without downtime",
  "E_PRECONDITION",
  "webhook",
  "署名検証",
  "Schlüssel",
  "lantern listen localhost",
  "duplicate deliveries",
  "async python",
  "terraform",
  "rate limit 429",
  "goroutine leak",
];
const runs = 64;
const warmUps = 6;

/** The queries behind the pages, as the owner sees them. */
export async function measureReads(core: CoreContext, founded: Founded): Promise<Record<string, Times>> {
  const ctx = founded.ctxOf(core);
  const threads = await sampleIds(ctx, "thread");
  const members = await sampleIds(ctx, "member");
  const cases: Record<string, (turn: number) => Promise<unknown>> = {
    today: () => loadToday(ctx),
    threads: () => listThreads(ctx, { sort: "recent", limit: 40 }),
    "threads, page 20": pageTwenty(ctx),
    "threads, waiting": () => listThreads(ctx, { waiting: true, sort: "waiting", limit: 40 }),
    "threads, by words": (turn) => listThreads(ctx, { q: queries[turn % queries.length], sort: "recent", limit: 40 }),
    "a thread": async (turn) => {
      const threadId = threads[turn % threads.length] ?? "";
      await Promise.all([getThread(ctx, { threadId }), listThreadActivities(ctx, { threadId, limit: 100 })]);
    },
    members: () => listMembers(ctx, { kind: "human", sort: "recent", limit: 40 }),
    "members, by name": (turn) => listMembers(ctx, { q: ["maya", "佐藤", "müller", "silva", "weber@", "nguyen"][turn % 6], limit: 40 }),
    "a member": (turn) => getMember(ctx, { memberId: members[turn % members.length] ?? "" }),
    search: (turn) => search(ctx, { query: queries[turn % queries.length] ?? "", limit: 20 }),
  };
  const times: Record<string, Times> = {};
  for (const [name, work] of Object.entries(cases)) {
    say(`read ${name}`);
    times[name] = await repeat(work);
  }
  return times;
}

/** Times something done one after another, after a few turns that do not count. */
export async function repeat(work: (turn: number) => Promise<unknown>, times = runs): Promise<Times> {
  for (let turn = 0; turn < warmUps; turn += 1) await work(turn);
  const durations: number[] = [];
  for (let turn = 0; turn < times; turn += 1) {
    const started = performance.now();
    await work(turn);
    durations.push(performance.now() - started);
  }
  return summarize(durations);
}

function pageTwenty(ctx: Ctx): () => Promise<unknown> {
  let after: string | undefined;
  return async () => {
    for (let page = 0; after === undefined && page < 20; page += 1) {
      let cursor: string | undefined;
      for (let step = 0; step < 19; step += 1) {
        const { next } = await listThreads(ctx, { sort: "recent", limit: 40, ...(cursor ? { after: cursor } : {}) });
        if (next === null) break;
        cursor = next;
      }
      after = cursor ?? "";
    }
    return listThreads(ctx, { sort: "recent", limit: 40, ...(after ? { after } : {}) });
  };
}

/** Ids spread over the whole table. */
async function sampleIds(ctx: Ctx, table: "thread" | "member"): Promise<string[]> {
  const rows = await ctx.db.rows<{ id: string }>(sql`
    SELECT id FROM (SELECT id, row_number() OVER (ORDER BY id) AS place, count(*) OVER () AS n FROM ${sql.raw(table)} WHERE community_id = ${ctx.community.id}) t
    WHERE place % greatest(1, n / 40) = 0`);
  return rows.map(({ id }) => id);
}
