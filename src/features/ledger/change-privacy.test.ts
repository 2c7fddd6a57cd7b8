import { expect, test } from "vitest";
import { z } from "zod";
import { fixedClock } from "#core/clock.ts";
import { sql } from "#core/database/database.ts";
import { as, createCtx } from "#tests/factories.ts";
import { changePrivacy, removeExpired } from "./change-privacy.ts";
import { defineConnector } from "./connector.ts";
import { receiveRecords, takeInbox } from "./inbox.ts";
import { sourcePrivacySchema } from "./source-privacy.ts";
import { ensureSource } from "./sources.ts";

/** Each record is one message in one of two channels. */
const chat = defineConnector({
  id: "chat",
  title: "Chat",
  summary: "Chat.",
  normalizeVersion: 1,
  settings: z.object({}),
  docs: { collects: "-", identityKey: "-", limits: "-", privacy: "-" },
  streams: {},
  normalize(record) {
    const { channel, at } = z.object({ channel: z.enum(["open", "closed"]), at: z.string() }).parse(record.payload);
    const author = { platform: "chat", externalId: "ann" };
    return {
      identities: [author],
      channels: [{ externalId: channel, kind: "chat", name: channel, visibility: channel === "closed" ? "restricted" : "public" }],
      threads: [{ externalId: `t${record.externalId}`, channel, kind: "chat", title: "t", state: "open", openedAt: new Date(at) }],
      activities: [
        { externalId: record.externalId, kind: "message", channel, thread: `t${record.externalId}`, author, occurredAt: new Date(at), body: "words" },
      ],
    };
  },
});

async function fill() {
  const ctx = { ...(await createCtx()), clock: fixedClock("2026-11-25T12:00:00Z") };
  const source = await ensureSource(ctx, { connector: "chat", origin: "chat:one", name: "Chat" });
  const records = [
    { stream: "messages", externalId: "old", payload: { channel: "open", at: "2020-01-01T00:00:00Z" } },
    { stream: "messages", externalId: "new", payload: { channel: "open", at: "2026-11-01T00:00:00Z" } },
    { stream: "messages", externalId: "private", payload: { channel: "closed", at: "2026-11-02T00:00:00Z" } },
  ];
  const bring = async () => {
    const { parsePrivacy } = await import("./source-privacy.ts");
    const row = await ctx.db.first<{ privacy: unknown }>(sql`SELECT privacy FROM source WHERE id = ${source.id}`);
    await receiveRecords(ctx, { source: { ...source, privacy: parsePrivacy(row?.privacy) }, records });
    return takeInbox(ctx, { connector: chat, sourceId: source.id });
  };
  await bring();
  const held = async (table: "activity" | "raw_record" | "thread") =>
    (await ctx.db.rows<{ id: string }>(sql`SELECT external_id AS id FROM ${sql.identifier(table)} WHERE source_id = ${source.id} ORDER BY 1`)).map(
      ({ id }) => id,
    );
  return { ctx, source, bring, held };
}

test("private channels and old activities go with their words, and stay out when they come again", async () => {
  const { ctx, source, bring, held } = await fill();
  expect(await held("activity")).toEqual(["new", "old", "private"]);
  const privacy = sourcePrivacySchema.parse({ privateChannels: "out", retentionDays: 365 });
  expect(await changePrivacy(as(ctx, "owner"), { sourceId: source.id, privacy })).toEqual({ removedActivities: 2 });
  expect(await held("activity")).toEqual(["new"]);
  expect(await held("thread")).toEqual(["tnew"]);
  expect(await held("raw_record")).toEqual(["new"]);
  expect((await bring())?.counts.new.activities).toBe(0);
  expect(await held("activity")).toEqual(["new"]);
  expect(await held("raw_record")).toEqual(["new"]);
});

test("what grows older than is kept goes by itself", async () => {
  const { ctx, source, held } = await fill();
  await changePrivacy(as(ctx, "owner"), { sourceId: source.id, privacy: sourcePrivacySchema.parse({ retentionDays: 3650 }) });
  expect(await held("activity")).toEqual(["new", "old", "private"]);
  expect(await removeExpired({ ...ctx, clock: fixedClock("2030-06-01T00:00:00Z") })).toBe(1);
  expect(await held("activity")).toEqual(["new", "private"]);
});

test("only owners and admins may change what is kept", async () => {
  const { ctx, source } = await fill();
  const privacy = sourcePrivacySchema.parse({ retentionDays: 1 });
  for (const role of ["advocate", "product", "viewer"] as const) {
    await expect(changePrivacy(as(ctx, role), { sourceId: source.id, privacy })).rejects.toMatchObject({ code: "forbidden" });
  }
});
