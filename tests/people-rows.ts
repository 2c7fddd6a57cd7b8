import { array, sql } from "#core/database/database.ts";
import { newId } from "#core/ids.ts";
import type { Ctx } from "#features/access/index.ts";
import { rollUp } from "#features/ledger/index.ts";
import { membersConsumer } from "#features/members/index.ts";

/** Rows as an ingest would leave them, for tests of what is derived from them. */
export interface PeopleRows {
  sourceId: string;
  channelId: string;
  identity(input: {
    platform?: string;
    externalId: string;
    name?: string;
    login?: string;
    email?: string;
    verified?: boolean;
    kind?: string;
  }): Promise<string>;
  thread(input: {
    openedAt: string;
    opener?: string;
    kind?: string;
    visibility?: number;
    question?: string;
    firstResponseAt?: string;
    firstResponseBy?: string;
    waitingSince?: string;
    closedAt?: string;
    title?: string;
  }): Promise<string>;
  activity(input: { by?: string; at: string; kind?: string; thread?: string; visibility?: number; title?: string }): Promise<string>;
  link(a: string, b: string, input?: { state?: string; rule?: string; strength?: number; author?: string }): Promise<string>;
  /** Derives days and members from everything in the community. */
  derive(): Promise<void>;
}

/** A source with one channel in the context's community, and the means to fill it. */
export async function peopleRows(ctx: Ctx, options: { name?: string } = {}): Promise<PeopleRows> {
  const communityId = ctx.community.id;
  const [sourceId, channelId] = [newId(), newId()];
  let serial = 0;
  await ctx.db.execute(
    sql`INSERT INTO source (community_id, id, connector, origin, name) VALUES (${communityId}, ${sourceId}, 'test', ${`test:${sourceId}`}, ${options.name ?? "Test"})`,
  );
  await ctx.db.execute(
    sql`INSERT INTO channel (community_id, id, source_id, external_id, kind, name, visibility) VALUES (${communityId}, ${channelId}, ${sourceId}, 'c', 'list', 'general', 0)`,
  );
  return {
    sourceId,
    channelId,
    async identity(input) {
      const id = newId();
      await ctx.db.execute(sql`
        INSERT INTO identity (community_id, id, member_id, platform, external_id, display_name, login, email, email_verified, kind)
        VALUES (${communityId}, ${id}, ${id}, ${input.platform ?? "email"}, ${input.externalId}, ${input.name ?? null}, ${input.login ?? null},
                ${input.email ?? null}, ${input.verified ?? false}, ${input.kind ?? "human"})`);
      return id;
    },
    async thread(input) {
      const id = newId();
      await ctx.db.execute(sql`
        INSERT INTO thread (community_id, id, source_id, external_id, channel_id, kind, title, visibility, state, opened_at, closed_at, opener_id, last_activity_at,
                            question, first_response_at, first_response_by, waiting_since)
        VALUES (${communityId}, ${id}, ${sourceId}, ${id}, ${channelId}, ${input.kind ?? "issue"}, ${input.title ?? "A thread"}, ${input.visibility ?? 0},
                ${input.closedAt ? "closed" : "open"}, ${input.openedAt}, ${input.closedAt ?? null}, ${input.opener ?? null}, ${input.openedAt},
                ${input.question ?? "none"}, ${input.firstResponseAt ?? null}, ${input.firstResponseBy ?? null}, ${input.waitingSince ?? null})`);
      return id;
    },
    async activity(input) {
      const id = newId();
      serial += 1;
      await ctx.db.execute(sql`
        INSERT INTO activity (community_id, id, source_id, kind, external_id, channel_id, thread_id, identity_id, unattributed, visibility, occurred_at, title, content_hash)
        VALUES (${communityId}, ${id}, ${sourceId}, ${input.kind ?? "comment"}, ${`a${serial}`}, ${channelId}, ${input.thread ?? null}, ${input.by ?? null},
                ${input.by ? null : "ghost"}, ${input.visibility ?? 0}, ${input.at}, ${input.title ?? null}, 0)`);
      return id;
    },
    async link(a, b, input = {}) {
      const id = newId();
      const [low, high] = [a, b].sort();
      await ctx.db.execute(sql`
        INSERT INTO identity_link (community_id, id, identity_a, identity_b, state, rule, evidence, strength, author)
        VALUES (${communityId}, ${id}, ${low}, ${high}, ${input.state ?? "accepted"}, ${input.rule ?? "test"}, 'as the test says', ${input.strength ?? 1}, ${input.author ?? "rule"})`);
      return id;
    },
    async derive() {
      const ids = async (table: "identity" | "activity" | "thread") =>
        (await ctx.db.rows<{ id: string }>(sql`SELECT id FROM ${sql.identifier(table)} WHERE community_id = ${communityId}`)).map(({ id }) => id);
      const changes = { threads: await ids("thread"), identities: await ids("identity"), activities: await ids("activity") };
      await ctx.db.transaction((tx) => rollUp.run({ ...ctx, db: tx }, changes));
      await ctx.db.transaction((tx) => membersConsumer.run({ ...ctx, db: tx }, changes));
      await rollUp.settle?.(ctx);
    },
  };
}

/** The members of some identities, as groups in a fixed order. */
export async function groupsOf(ctx: Ctx, identityIds: readonly string[]): Promise<string[][]> {
  const rows = await ctx.db.rows<{ id: string; memberId: string }>(sql`
    SELECT id, member_id AS "memberId" FROM identity WHERE community_id = ${ctx.community.id} AND id = ANY(${array(identityIds, "uuid")}) ORDER BY id`);
  return [...Map.groupBy(rows, ({ memberId }) => memberId).values()]
    .map((group) => group.map(({ id }) => id))
    .sort((x, y) => ((x[0] ?? "") < (y[0] ?? "") ? -1 : 1));
}
