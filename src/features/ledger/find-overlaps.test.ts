import { expect, test } from "vitest";
import { z } from "zod";
import { createCtx } from "#tests/factories.ts";
import { defineConnector } from "./connector.ts";
import { findOverlaps } from "./find-overlaps.ts";
import { receiveRecords, takeInbox } from "./inbox.ts";
import { ensureSource, requireSource } from "./sources.ts";

const notes = defineConnector({
  id: "notes",
  title: "Notes",
  summary: "Notes.",
  normalizeVersion: 1,
  settings: z.object({}),
  docs: { collects: "-", identityKey: "-", limits: "-", privacy: "-" },
  streams: {},
  normalize: (record) => ({
    identities: [],
    channels: [{ externalId: "c", kind: "chat", name: "c", visibility: "public" }],
    threads: [],
    activities: [{ externalId: record.externalId, kind: "message", channel: "c", unattributed: "unknown", occurredAt: new Date(0), body: "x" }],
  }),
});

test("a source that holds much of what another holds is named to both, one that shares little is not", async () => {
  const ctx = await createCtx();
  const bring = async (origin: string, from: number, to: number) => {
    const { id } = await ensureSource(ctx, { connector: "notes", origin, name: origin });
    const records = Array.from({ length: to - from }, (_, n) => ({ stream: "notes", externalId: String(from + n).padStart(4, "0"), payload: {} }));
    await receiveRecords(ctx, { source: await requireSource(ctx, id), records });
    await takeInbox(ctx, { connector: notes, sourceId: id });
    return id;
  };
  const first = await bring("first", 0, 100);
  const second = await bring("second", 50, 150);
  const third = await bring("third", 95, 300);
  expect(await findOverlaps(ctx, { sourceId: first })).toEqual([{ sourceId: second, name: "second", share: 0.5 }]);
  expect((await findOverlaps(ctx, { sourceId: second })).map((overlap) => overlap.name)).toEqual(["third", "first"]);
  expect((await findOverlaps(ctx, { sourceId: third })).map((overlap) => overlap.name)).toEqual(["second"]);
});
