import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { createSecretBox } from "#core/crypto.ts";
import { sql } from "#core/database/database.ts";
import { openSecrets } from "#core/secrets.ts";
import { addLiveSource, findWebhookSource, receiveRecords, runImport, runPull, takeInbox } from "#features/ledger/index.ts";
import { createCtx } from "#tests/factories.ts";
import { eventToRecords } from "./from-event.ts";
import { slack } from "./index.ts";
import { say as exported, harbor, mara, oneDay, readBatches, scratchFolder } from "./testing.ts";
import { answer, hoursAgo, http, ilan, say, settingsOf, start, stopAll } from "./testing-live.ts";

afterEach(stopAll);

const none = { threads: 0, activities: 0, identities: 0 };
type Ctx = Awaited<ReturnType<typeof createCtx>>;

const wordsOf = (ctx: Ctx) =>
  ctx.db.rows<{ body: string | null; author: string | null; name: string | null; thread: string | null; channel: string; deleted: boolean }>(sql`
    SELECT a.body, i.external_id AS author, i.display_name AS name, t.title AS thread, c.name AS channel, a.deleted_at IS NOT NULL AS deleted
    FROM activity a LEFT JOIN identity i ON i.community_id = a.community_id AND i.id = a.identity_id
    LEFT JOIN thread t ON t.community_id = a.community_id AND t.id = a.thread_id
    JOIN channel c ON c.community_id = a.community_id AND c.id = a.channel_id
    WHERE a.community_id = ${ctx.community.id} ORDER BY a.occurred_at, a.external_id`);

describe("Slack, in the database", () => {
  it("holds what an export reports, once, however often it comes", async () => {
    const ctx = await createCtx();
    const { identity } = await readBatches(harbor);
    const first = await runImport(ctx, { connector: slack, path: harbor });
    expect([first.counts.activitiesByKind, first.rejected]).toEqual([identity.reported, 0]);
    const again = await runImport(ctx, { connector: slack, path: harbor });
    expect(again.sourceId).toBe(first.sourceId);
    expect([again.counts.new, again.counts.changed]).toEqual([none, none]);
    const [kim] = await ctx.db.rows<{ name: string }>(sql`
      SELECT display_name AS name FROM identity WHERE community_id = ${ctx.community.id} AND external_id = 'U0CONNECT1'`);
    expect(kim?.name).toBe("As it was then");
  });

  it("lets a later export rename a channel and a person, and an older one that comes after it change nothing", async () => {
    const ctx = await createCtx();
    const words = exported("1767600010.000100", "one");
    const early = await scratchFolder({
      "users.json": [mara],
      "channels.json": [{ id: "C0HELP0001", name: "support" }],
      "support/2026-01-05.json": [words],
    });
    const late = await scratchFolder({
      "users.json": [{ ...mara, updated: 1_767_700_000, profile: { ...mara.profile, display_name: "Captain Mara" } }],
      "channels.json": [{ id: "C0HELP0001", name: "help" }],
      "help/2026-01-05.json": [{ ...words, text: "one, edited", edited: { user: mara.id, ts: "1767690000.000000" } }],
      "help/2026-01-06.json": [exported("1767690010.000100", "two")],
    });
    for (const path of [early, late, early]) await runImport(ctx, { connector: slack, path });
    expect(await wordsOf(ctx)).toMatchObject([
      { body: "one, edited", channel: "help", name: "Captain Mara" },
      { body: "two", channel: "help" },
    ]);
  });

  it("joins a reply to its thread though the root comes in later", async () => {
    const ctx = await createCtx();
    const root = exported("1767600010.000100", "Where?", { thread_ts: "1767600010.000100" });
    const reply = exported("1767690010.000100", "Here.", { thread_ts: "1767600010.000100" });
    await runImport(ctx, { connector: slack, path: await scratchFolder(oneDay([reply])) });
    expect(await wordsOf(ctx)).toMatchObject([{ thread: "Here." }]);
    await runImport(ctx, { connector: slack, path: await scratchFolder(oneDay([root])) });
    expect(await wordsOf(ctx)).toMatchObject([{ thread: "Where?" }, { thread: "Where?" }]);
  });

  it("reads live and by events into the source of the export, and takes out what was deleted", async () => {
    const ctx = await createCtx();
    const root = say(hoursAgo(5), "Where?");
    const fake = await start([root, answer(hoursAgo(4), root)]);
    const dataDir = mkdtempSync(join(tmpdir(), "causeway-slack-data-"));
    const services = { http, secrets: createSecretBox(openSecrets(join(dataDir, "secrets"))), dataDir };
    const file = await runImport(ctx, {
      connector: slack,
      path: await scratchFolder(oneDay([exported("1767600010.000100", "long ago")], { "users.json": [mara, ilan] })),
    });
    const { sourceId } = await addLiveSource(ctx, { connector: slack, settings: settingsOf(fake), services });
    expect(sourceId).toBe(file.sourceId);
    const pull = () => runPull(ctx, { connector: slack, sourceId, stream: "messages", services });
    await pull();
    expect(await wordsOf(ctx)).toMatchObject([
      { body: "long ago", name: "Mara" },
      { body: "Where?", thread: "Where?", name: "Mara", channel: "general" },
      { body: "Here.", thread: "Where?", name: "Ilan Reed" },
    ]);
    expect((await pull()).counts).toMatchObject({ new: none, changed: none });

    const source = (await findWebhookSource(ctx, sourceId))?.source;
    if (!source) throw new Error("the source listens to events");
    const event = async (given: { type: string } & Record<string, unknown>) => {
      const outcome = eventToRecords({ channel: "C0GENERAL1", channel_type: "channel", ...given }, { team: "T0HARBOR1", at: new Date() });
      if ("records" in outcome) await receiveRecords(ctx, { source, records: outcome.records });
      await takeInbox(ctx, { connector: slack, sourceId });
    };
    const late = say(hoursAgo(-1), "By an event");
    await event({ type: "message", ...late, event_ts: late.ts });
    await event({ type: "message", ...late, event_ts: late.ts });
    expect((await wordsOf(ctx)).at(-1)).toMatchObject({ body: "By an event", channel: "general" });
    await event({ type: "message", subtype: "message_deleted", deleted_ts: late.ts, ts: hoursAgo(-2), event_ts: hoursAgo(-2) });
    // The first of these events, delivered once more and late, brings nothing back.
    await event({ type: "message", ...late, event_ts: late.ts });
    expect((await wordsOf(ctx)).at(-1)).toMatchObject({ body: null, deleted: true });
  });
});
