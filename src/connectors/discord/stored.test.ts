import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { createSecretBox } from "#core/crypto.ts";
import { sql } from "#core/database/database.ts";
import { openSecrets } from "#core/secrets.ts";
import { addLiveSource, runImport, runPull } from "#features/ledger/index.ts";
import { createCtx } from "#tests/factories.ts";
import { guildId } from "./fake-discord.ts";
import { discord } from "./index.ts";
import { general, message, readBatches, replyTo, scratch, scratchFolder, server, write } from "./testing.ts";
import { answer, general as channel, flake, http, say, settingsOf, start, stopAll } from "./testing-live.ts";

afterEach(stopAll);

const none = { threads: 0, activities: 0, identities: 0 };

type Ctx = Awaited<ReturnType<typeof createCtx>>;

const wordsOf = (ctx: Ctx) =>
  ctx.db.rows<{ body: string | null; kind: string; author: string | null; name: string | null; thread: string | null; deleted: boolean }>(sql`
    SELECT a.body, a.kind, i.external_id AS author, i.display_name AS name, t.title AS thread, a.deleted_at IS NOT NULL AS deleted
    FROM activity a LEFT JOIN identity i ON i.community_id = a.community_id AND i.id = a.identity_id
    LEFT JOIN thread t ON t.community_id = a.community_id AND t.id = a.thread_id
    WHERE a.community_id = ${ctx.community.id} ORDER BY a.occurred_at, a.external_id`);

describe("discord, in the database", () => {
  it("holds what an export reports, once, however often and in whatever parts it comes", async () => {
    const ctx = await createCtx();
    const { identity } = await readBatches(server);
    const parts = await runImport(ctx, { connector: discord, path: general });
    const first = await runImport(ctx, { connector: discord, path: server });
    expect(first.sourceId).toBe(parts.sourceId);
    expect(first.rejected + parts.rejected).toBe(0);
    const kinds = await ctx.db.rows<{ kind: string; n: number }>(sql`
      SELECT kind, count(*)::int AS n FROM activity WHERE community_id = ${ctx.community.id} GROUP BY kind`);
    expect(Object.fromEntries(kinds.map(({ kind, n }) => [kind, n]))).toEqual(identity.reported);
    const again = await runImport(ctx, { connector: discord, path: server });
    expect([again.counts.new, again.counts.changed]).toEqual([none, none]);
  });

  it("lets the later export name people, and an older one that comes after it change nothing", async () => {
    const ctx = await createCtx();
    const author = { id: "700000000000001001", name: "mara.v", discriminator: "0000", isBot: false };
    const early = write([message(1, { author: { ...author, nickname: "Mara" } })], { exportedAt: "2026-01-01T00:00:00Z" });
    const late = write(
      [message(1, { author: { ...author, nickname: "Captain Mara" }, content: "words, edited", timestampEdited: "2026-02-01T00:00:00Z" })],
      { exportedAt: "2026-03-01T00:00:00Z" },
    );
    for (const text of [early, late, early]) await runImport(ctx, { connector: discord, path: await scratch("x.json", text) });
    expect(await wordsOf(ctx)).toMatchObject([{ body: "words, edited", name: "Captain Mara" }]);
  });

  it("joins a reply to its thread though the message it answers comes in later", async () => {
    const ctx = await createCtx();
    await runImport(ctx, { connector: discord, path: await scratch("b.json", write([message(2, replyTo(1))])) });
    expect(await wordsOf(ctx)).toMatchObject([{ thread: "words 2" }]);
    await runImport(ctx, { connector: discord, path: await scratchFolder({ "a [700000000000000101].json": write([message(1)]) }) });
    expect(await wordsOf(ctx)).toMatchObject([{ thread: "words 1" }, { thread: "words 1" }]);
  });

  it("reads live into the source of the export, and takes out what was deleted", async () => {
    const ctx = await createCtx();
    const root = say(flake(5), "Where?", { channel_id: channel([]).id });
    const reply = answer(flake(4), "Here.", root);
    const place = channel([root, reply]);
    const fake = await start([place]);
    const settings = settingsOf(fake);
    const dataDir = mkdtempSync(join(tmpdir(), "causeway-discord-data-"));
    const services = { http, secrets: createSecretBox(openSecrets(join(dataDir, "secrets"))), dataDir };
    const { sourceId, identity } = await addLiveSource(ctx, { connector: discord, settings, services });
    expect(identity.origin).toBe(`discord:${guildId}`);
    const pull = () => runPull(ctx, { connector: discord, sourceId, stream: "messages", services });
    await pull();
    expect(await wordsOf(ctx)).toMatchObject([
      { body: "Where?", thread: "Where?" },
      { body: "Here.", thread: "Where?", author: "700000000000001002" },
    ]);
    expect((await pull()).counts).toMatchObject({ new: none, changed: none });
    place.messages = [root];
    await pull();
    expect(await wordsOf(ctx)).toMatchObject([{ deleted: false }, { body: null, deleted: true }]);
  });
});
