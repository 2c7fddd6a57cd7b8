import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { consumers } from "#app/consumers.ts";
import { sql } from "#core/database/database.ts";
import { newId } from "#core/ids.ts";
import { type Ctx, type Visibility, visibilities, visibilityRank } from "#features/access/index.ts";
import { defineConnector, drainOutbox, runImport } from "#features/ledger/index.ts";
import { createCtx } from "./factories.ts";

/** The objects of one visibility in the seeded community. Every name, title and text among them holds the mark. */
export interface Shelf {
  mark: string;
  threadId: string;
  activityIds: string[];
  channelId: string;
  signalId: string;
  /** Who opened the thread, and a second person who is suggested to be the same. */
  memberId: string;
  otherIdentityId: string;
  linkId: string;
}

export interface Seeded {
  ctx: Ctx;
  sourceId: string;
  /** A member who wrote once on every shelf. */
  everywhereId: string;
  shelves: Record<Visibility, Shelf>;
}

interface Line {
  mark: string;
  visibility: Visibility;
}

/** One line of the file is one channel: a question with feedback in it that was answered and asked again, and one that nobody answered. */
const shelves = defineConnector({
  id: "shelves",
  title: "Shelves",
  summary: "Objects of every visibility",
  normalizeVersion: 1,
  settings: z.object({}),
  docs: { collects: "-", identityKey: "-", limits: "-", privacy: "-" },
  streams: {},
  identifyFile: async () => ({ origin: "shelves:test", name: "Shelves" }),
  async *importFile(_ctx, { path }) {
    const { readFile } = await import("node:fs/promises");
    for (const text of (await readFile(path, "utf8")).split("\n")) {
      const payload: Line = JSON.parse(text);
      yield { records: [{ stream: "file", externalId: payload.mark, payload }] };
    }
  },
  normalize({ payload }) {
    const { mark, visibility } = payload as Line;
    const person = (name: string) => ({ platform: "test", externalId: name });
    const [asker, other, everywhere] = [person(`asker ${mark}`), person(`other ${mark}`), person("everywhere")];
    const at = (day: number) => new Date(`2026-11-${day}T09:00:00Z`);
    const word = { channel: mark, thread: mark, url: `https://example.org/${mark}` };
    const thread = { channel: mark, kind: "question", ref: mark, state: "open" as const, labels: [mark], openedAt: at(20), opener: asker };
    return {
      identities: [
        { ...asker, displayName: `Asker ${mark}`, login: `asker-${mark}`, email: `asker@${mark}.example` },
        { ...other, displayName: `Other ${mark}`, login: `other-${mark}` },
        { ...everywhere, displayName: "Everywhere" },
      ],
      affiliations: [{ identity: asker, organization: `Company of ${mark}`, evidence: `stated at ${mark}` }],
      channels: [{ externalId: mark, kind: "category", name: `channel ${mark}`, visibility }],
      threads: [
        { ...thread, externalId: mark, title: `How do I light the lighthouse at ${mark}?` },
        { ...thread, externalId: `${mark}/alone`, title: `Who answers at ${mark}?` },
      ],
      activities: [
        {
          ...word,
          externalId: `${mark}/1`,
          kind: "question_opened",
          author: asker,
          occurredAt: at(20),
          title: `Lighthouse ${mark}`,
          body: `How do I light the lighthouse? The server crashes on start at ${mark}.`,
        },
        { ...word, externalId: `${mark}/2`, kind: "comment", author: other, occurredAt: at(21), body: `The lighthouse of ${mark} is closed.` },
        { ...word, externalId: `${mark}/3`, kind: "comment", author: everywhere, occurredAt: at(21), body: `I have seen ${mark} too.` },
        { ...word, externalId: `${mark}/4`, kind: "comment", author: asker, occurredAt: at(22), body: `How do I open it then, at ${mark}?` },
        {
          ...word,
          externalId: `${mark}/5`,
          kind: "question_opened",
          thread: `${mark}/alone`,
          author: asker,
          occurredAt: at(23),
          title: `Alone ${mark}`,
          body: `Is anybody at ${mark}?`,
        },
      ],
    };
  },
});

/**
 * A community with a thread, a channel, activities, signals, members and suggested links of every visibility, brought
 * in by the one ingest path and derived by the product's own consumers.
 * @param prefix begins every mark, so that two seeded communities are told apart
 */
export async function seedShelves(prefix: string): Promise<Seeded> {
  const ctx = await createCtx();
  const folder = mkdtempSync(join(tmpdir(), "causeway-shelves-"));
  const path = join(folder, "shelves.ndjson");
  const marks = visibilities.map((visibility) => ({ visibility, mark: `${prefix}-${visibility}-${newId().slice(-6)}` }));
  writeFileSync(path, marks.map((line) => JSON.stringify(line)).join("\n"));
  const { sourceId } = await runImport(ctx, { connector: shelves, path });
  rmSync(folder, { recursive: true });
  await drainOutbox(ctx, { consumers, communityId: ctx.community.id });

  const seeded = await Promise.all(marks.map(async ({ visibility, mark }) => [visibility, await readShelf(ctx, mark, visibility)] as const));
  const everywhere = await one<{ id: string }>(
    ctx,
    sql`SELECT member_id AS id FROM identity WHERE community_id = ${ctx.community.id} AND external_id = 'everywhere'`,
  );
  return { ctx, sourceId, everywhereId: everywhere.id, shelves: Object.fromEntries(seeded) as Record<Visibility, Shelf> };
}

/** What an answer gives away: the levels whose marks or ids stand anywhere in it, and `foreign` for another community's. */
export function marksIn(answer: unknown, seeded: { home: Seeded; foreign: Seeded }): string[] {
  const text = JSON.stringify(answer) ?? "";
  const tells = ({ shelves: those }: Seeded, level: Visibility) =>
    Object.values(those[level])
      .flat()
      .some((value: string) => text.includes(value));
  const levels: string[] = visibilities.filter((level) => tells(seeded.home, level));
  return visibilities.some((level) => tells(seeded.foreign, level)) ? [...levels, "foreign"] : levels;
}

async function readShelf(ctx: Ctx, mark: string, visibility: Visibility): Promise<Shelf> {
  const { id: communityId } = ctx.community;
  const thread = await one<{ id: string; channelId: string; rank: number }>(
    ctx,
    sql`SELECT id, channel_id AS "channelId", visibility AS rank FROM thread WHERE community_id = ${communityId} AND external_id = ${mark}`,
  );
  if (thread.rank !== visibilityRank(visibility)) throw new Error(`the thread ${mark} is not ${visibility}`);
  const activities = await ctx.db.rows<{ id: string }>(
    sql`SELECT id FROM activity WHERE community_id = ${communityId} AND thread_id = ${thread.id} ORDER BY occurred_at`,
  );
  const signal = await one<{ id: string }>(
    ctx,
    sql`SELECT id FROM signal WHERE community_id = ${communityId} AND thread_id = ${thread.id} ORDER BY id LIMIT 1`,
  );
  const identityOf = (name: string) =>
    one<{ id: string; memberId: string }>(
      ctx,
      sql`SELECT id, member_id AS "memberId" FROM identity WHERE community_id = ${communityId} AND external_id = ${name}`,
    );
  const [asker, other] = [await identityOf(`asker ${mark}`), await identityOf(`other ${mark}`)];
  const linkId = newId();
  const [a, b] = [asker.id, other.id].sort();
  await ctx.db.execute(sql`
    INSERT INTO identity_link (community_id, id, identity_a, identity_b, state, rule, evidence, strength, author)
    VALUES (${communityId}, ${linkId}, ${a}, ${b}, 'suggested', 'probe', ${`both speak of ${mark}`}, 0.5, 'rule')`);
  await ctx.db.execute(sql`
    INSERT INTO kind_suggestion (community_id, identity_id, kind, reason) VALUES (${communityId}, ${other.id}, 'bot', ${`speaks like a bot of ${mark}`})`);
  return {
    mark,
    threadId: thread.id,
    channelId: thread.channelId,
    activityIds: activities.map((row) => row.id),
    signalId: signal.id,
    memberId: asker.memberId,
    otherIdentityId: other.id,
    linkId,
  };
}

async function one<T extends object>(ctx: Ctx, query: ReturnType<typeof sql>): Promise<T> {
  const row = await ctx.db.first<T>(query);
  if (!row) throw new Error("the seed lacks a row that the test is about");
  return row;
}
