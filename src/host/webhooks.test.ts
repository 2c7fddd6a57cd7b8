import { createHmac } from "node:crypto";
import { expect, test } from "vitest";
import { countInbox, ensureSource, listSyncs, updateSource } from "#features/ledger/index.ts";
import { createTestApi, publicUrl } from "#tests/api-fixtures.ts";
import { createCtx } from "#tests/factories.ts";
import { answerWebhook } from "./webhooks.ts";

const secret = "sixteen letters, at least";

/** As a program sends it, signed. */
function signed(sourceId: string, id: string, key = secret): Request {
  const body = JSON.stringify({ id, occurredAt: "2026-03-01T10:00:00Z", body: "Hello" });
  const timestamp = String(Math.floor(Date.now() / 1000));
  const signature = `sha256=${createHmac("sha256", key).update(`${timestamp}.${body}`).digest("hex")}`;
  return new Request(`${publicUrl}/hooks/${sourceId}`, {
    method: "POST",
    body,
    headers: { "x-causeway-timestamp": timestamp, "x-causeway-signature": signature },
  });
}

test("while a source is paused its webhook and the API refuse alike and keep nothing; afterwards both take in", async () => {
  const ctx = await createCtx();
  const api = createTestApi(ctx);
  const key = await api.keyOf("admin", ["import", "write", "read"]);
  const base = `/communities/${ctx.community.slug}`;
  const { sourceId } = (await api.call("POST", `${base}/sources`, { key, body: { connector: "incoming", settings: { program: "bot", secret } } }))
    .json;
  const send = (id: string) =>
    api.call("POST", `${base}/activities?source=bot`, { key, body: { id, occurredAt: "2026-03-01T10:00:00Z", body: "Hi" } });
  const hook = (id: string, as?: string) => answerWebhook(api.runtime, signed(sourceId, id, as), sourceId);

  expect((await hook("1")).status).toBe(202);
  await updateSource(ctx, { sourceId, paused: true });
  const [byHook, byApi] = [await hook("2"), await send("3")];
  expect([byHook.status, byHook.headers.get("retry-after")]).toEqual([503, "3600"]);
  expect([byApi.status, byApi.headers.get("retry-after"), byApi.json.code]).toEqual([503, "3600", "paused"]);
  expect((await byHook.json()).title).toBe(byApi.json.detail);
  expect(byApi.json.detail).toBe("«bot» is paused and takes nothing in. Let it go on on its page, then send or fetch again.");
  // Who cannot sign hears what it hears of any source.
  expect((await hook("4", "another secret of letters")).status).toBe(403);
  expect(await countInbox(ctx, { sourceId })).toBe(1);

  await updateSource(ctx, { sourceId, paused: false });
  expect([(await hook("2")).status, (await send("3")).status]).toEqual([202, 202]);
  expect(await countInbox(ctx, { sourceId })).toBe(3);
});

test("an import into a paused source and a run that somebody asks for are refused before they are queued", async () => {
  const ctx = await createCtx();
  const api = createTestApi(ctx);
  const key = await api.keyOf("admin", ["import", "write", "read"]);
  const base = `/communities/${ctx.community.slug}`;
  const file = () =>
    api.call("POST", `${base}/imports?fileName=notes.csv&connector=table`, {
      key,
      raw: "who,when,what\nada@example.org,2026-03-01,Hello\n",
      headers: { "content-type": "application/octet-stream" },
    });
  const { sourceId } = (await file()).json;
  await updateSource(ctx, { sourceId, paused: true });
  expect(await file()).toMatchObject({ status: 503, json: { code: "paused" } });
  expect((await listSyncs(ctx, { sourceId })).rows).toHaveLength(1);

  const live = await ensureSource(ctx, { connector: "sample", origin: "sample:git", name: "Git", settings: { part: "git" } });
  await updateSource(ctx, { sourceId: live.id, paused: true });
  expect(await api.call("POST", `${base}/sources/${live.id}/sync`, { key })).toMatchObject({ status: 503, json: { code: "paused" } });
  expect((await listSyncs(ctx, { sourceId: live.id })).rows).toEqual([]);
});
