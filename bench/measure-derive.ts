import { consumers } from "#app/consumers.ts";
import type { Ctx } from "#features/access/index.ts";
import { type Consumer, drainOutbox } from "#features/ledger/index.ts";
import type { CaseResult } from "./result.ts";
import { say } from "./say.ts";
import { watchMemory } from "./watch-memory.ts";

/** The consumers catching up with all that was ingested, each with its own time. */
export async function measureDerive(ctx: Ctx, activities: number): Promise<NonNullable<CaseResult["derive"]>> {
  const each: Record<string, number> = {};
  const timed = async (name: string, work: () => Promise<void>) => {
    const started = performance.now();
    try {
      await work();
    } finally {
      each[name] = (each[name] ?? 0) + (performance.now() - started) / 1000;
    }
  };
  const watched = consumers.map((consumer): Consumer => {
    const { settle } = consumer;
    return {
      ...consumer,
      run: (inner, changes) => timed(consumer.name, () => consumer.run(inner, changes)),
      ...(settle ? { settle: (inner: Ctx) => timed(`${consumer.name} (settle)`, () => settle.call(consumer, inner)) } : {}),
    };
  });
  const memory = watchMemory();
  const started = performance.now();
  await drainOutbox(ctx, {
    consumers: watched,
    communityId: ctx.community.id,
    onProgress: ({ consumer, left }) => say(`derive ${consumer}, ${left} left, ${Math.round((performance.now() - started) / 1000)} s`),
  });
  const seconds = (performance.now() - started) / 1000;
  return { seconds, perSecond: Math.round(activities / seconds), each, peakRss: Math.max(...memory.stop().map(({ rss }) => rss)) };
}
