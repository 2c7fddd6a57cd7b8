import { mkdtemp, readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { sql } from "#core/database/database.ts";
import { newId } from "#core/ids.ts";
import { createCtx } from "#tests/factories.ts";
import { openUpload, stageUpload, startUpload } from "./stage-upload.ts";
import { storeUpload, uploadFolder } from "./store-upload.ts";

const store = async (dataDir: string, text: string, fileName: string) =>
  storeUpload({ dataDir, fileName, body: new Blob([text]).stream() as ReadableStream<Uint8Array> });

test("a file that waits is seen by its own community alone, whoever knows its id", async () => {
  const dataDir = await mkdtemp(join(tmpdir(), "causeway-stage-"));
  const [ours, theirs] = [await createCtx(), await createCtx()];
  const staged = await stageUpload(ours, { upload: await store(dataDir, "date,text\n2024-01-01,hello\n", "ideas.csv") });
  expect(await openUpload(ours, { dataDir, uploadId: staged.id })).toMatchObject({ id: staged.id, fileName: "ideas.csv", connector: "table" });
  await expect(openUpload(theirs, { dataDir, uploadId: staged.id })).rejects.toMatchObject({ code: "not_found" });
  for (const uploadId of ["..", "../..", `${staged.id}/..`, ""]) {
    await expect(openUpload(ours, { dataDir, uploadId })).rejects.toMatchObject({ code: "not_found" });
  }
});

test("a file that nobody can read leaves nothing behind", async () => {
  const dataDir = await mkdtemp(join(tmpdir(), "causeway-stage-"));
  const ctx = await createCtx();
  const upload = await store(dataDir, "\u0000\u0001 no export of anything", "noise.bin");
  await expect(stageUpload(ctx, { upload })).rejects.toMatchObject({ code: "unreadable_file" });
  expect(await readdir(uploadFolder(dataDir))).toEqual([]);
});

test("a file that is asked for twice is brought in once, and the audit log says so once", async () => {
  const dataDir = await mkdtemp(join(tmpdir(), "causeway-stage-"));
  const ctx = await createCtx();
  const { id: uploadId } = await stageUpload(ctx, { upload: await store(dataDir, "date,text\n2024-01-01,hello\n", "ideas.csv") });
  const sent: unknown[] = [];
  const jobs = {
    send: async (_job: unknown, payload: unknown) => {
      sent.push(payload);
      return newId();
    },
  };
  const start = async () =>
    startUpload(ctx, {
      jobs,
      upload: await openUpload(ctx, { dataDir, uploadId }),
      connector: "table",
      settings: { mapping: { time: "date", body: "text" } },
    });
  const [first, beside] = await Promise.all([start(), start()]);
  expect(beside).toEqual(first);
  expect(await start()).toEqual(first);
  expect(sent).toHaveLength(1);
  const log = await ctx.db.rows<{ objectId: string }>(
    sql`SELECT object_id AS "objectId" FROM audit_entry WHERE community_id = ${ctx.community.id} AND action = 'source.import_started'`,
  );
  expect(log).toEqual([{ objectId: first.sourceId }]);
});
