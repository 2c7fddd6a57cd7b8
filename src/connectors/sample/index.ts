import { z } from "zod";
import { defineConnector, type RecordChunk } from "#features/ledger/index.ts";
import { recordAt, setStage } from "./generate.ts";
import { normalizeSample } from "./normalize.ts";
import { sampleSettings, worldOf } from "./settings.ts";
import { threadCount } from "./sizes.ts";

/** The one stream of the sample: threads, or commits, in the order of time. */
export const sampleStream = "history";
const recordsPerChunk = 250;

/** Where a pull goes on; it carries the history's end, so that a run that was cut goes on with the same history. */
const cursorSchema = z.object({ next: z.int().min(0), to: z.iso.datetime() });

export const sample = defineConnector({
  id: "sample",
  title: "Sample community",
  summary: "Brings in the made-up developer community of «Lantern», to try Causeway with.",
  normalizeVersion: 1,
  settings: sampleSettings,
  docs: {
    collects:
      "Issues, pull requests, discussions, forum topics, chat, mail and commits of a community that does not exist. The same seed and size make the same history.",
    identityKey:
      "The account number of the made-up platform; mail and commits by address. Its namespaces begin with `sample-`, and its addresses lie in a domain that does not exist.",
    limits: "It is written from templates. It shows what Causeway does with a community, not how yours will look.",
    privacy: "Nobody in it exists.",
  },
  streams: { [sampleStream]: { title: "History" } },
  normalize: normalizeSample,
  async *pull(ctx, { settings, cursor, signal }): AsyncGenerator<RecordChunk> {
    const held = cursorSchema.safeParse(cursor);
    const world = worldOf({ ...settings, ...(held.success ? { to: held.data.to } : {}) }, ctx.clock.now());
    const stage = setStage(world);
    const total = threadCount(world, settings.part);
    const to = new Date(world.to).toISOString();
    for (let next = held.success ? held.data.next : 0; next < total; ) {
      signal.throwIfAborted();
      const end = Math.min(total, next + recordsPerChunk);
      const records = [];
      for (; next < end; next += 1) records.push({ stream: sampleStream, ...recordAt(stage, settings.part, next) });
      yield { records, cursor: { next, to }, progress: { done: next, total, unit: "records" } };
    }
  },
});
