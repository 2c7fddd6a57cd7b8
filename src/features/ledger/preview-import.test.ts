import { mkdtempSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { z } from "zod";
import { sql } from "#core/database/database.ts";
import { createCtx } from "#tests/factories.ts";
import { defineConnector, RecordError } from "./connector.ts";
import { checkFile, runImport } from "./import-file.ts";
import { previewImport } from "./preview-import.ts";

const lines = defineConnector({
  id: "lines",
  title: "Lines",
  summary: "JSON lines",
  normalizeVersion: 1,
  settings: z.object({}),
  docs: { collects: "-", identityKey: "-", limits: "-", privacy: "-" },
  streams: {},
  normalize(record) {
    const { says, by } = record.payload as { says?: string; by: string };
    if (says === undefined) throw new RecordError({ reason: "It says nothing.", place: record.externalId, remedy: "Add words." });
    const author = { platform: "test", externalId: by };
    return {
      identities: [author],
      channels: [{ externalId: "c", kind: "chat", name: "c", visibility: "team" }],
      threads: [{ externalId: `t${record.externalId}`, channel: "c", kind: "chat", title: "t", state: "open", openedAt: new Date(0) }],
      activities: [
        {
          externalId: record.externalId,
          kind: "message",
          channel: "c",
          thread: `t${record.externalId}`,
          author,
          occurredAt: new Date(0),
          body: says,
        },
      ],
    };
  },
  identifyFile: async () => ({ origin: "lines:preview", name: "Lines" }),
  async *importFile(_ctx, { path }) {
    const records = (await readFile(path, "utf8")).split("\n").map((text) => JSON.parse(text) as { id: string });
    yield { records: records.map((payload) => ({ stream: "lines", externalId: payload.id, payload })) };
  },
});

function fileOf(records: object[]): string {
  const path = join(mkdtempSync(join(tmpdir(), "causeway-preview-")), "lines.ndjson");
  writeFileSync(path, records.map((record) => JSON.stringify(record)).join("\n"));
  return path;
}

test("a preview says exactly what the import then does, and stores nothing", async () => {
  const ctx = await createCtx();
  const before = [
    { id: "1", by: "ann", says: "one" },
    { id: "2", by: "ben", says: "two" },
  ];
  const after = [
    { id: "1", by: "ann", says: "one" },
    { id: "2", by: "ben", says: "two, edited" },
    { id: "3", by: "cem", says: "three" },
    { id: "4", by: "cem" },
  ];
  const preview = async (records: object[]) => {
    const checked = await checkFile(ctx, { connector: lines, path: fileOf(records) });
    return previewImport(ctx, { ctx, connector: lines, checked });
  };
  const first = await preview(before);
  expect(first).toMatchObject({ sourceId: null, counts: { new: { activities: 2, threads: 2, identities: 2 }, activitiesByKind: { message: 2 } } });
  expect(await ctx.db.rows(sql`SELECT id FROM source WHERE community_id = ${ctx.community.id}`)).toEqual([]);

  await runImport(ctx, { connector: lines, path: fileOf(before) });
  const second = await preview(after);
  expect(second.setAside).toEqual([{ reason: "It says nothing.", remedy: "Add words.", place: "4", n: 1 }]);
  const done = await runImport(ctx, { connector: lines, path: fileOf(after) });
  expect(second.counts).toEqual(done.counts);
  expect(second.sourceId).toBe(done.sourceId);
});
