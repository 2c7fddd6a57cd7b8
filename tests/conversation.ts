import { json, sql } from "#core/database/database.ts";
import { newId } from "#core/ids.ts";
import { type Ctx, type Visibility, visibilityRank } from "#features/access/index.ts";

/** A word in a thread. `by` names a person made with `addPerson`; null is somebody whose account is gone. */
export interface Said {
  by: string | null;
  body?: string;
  /** Hours after the thread's opening. */
  atHours?: number;
  kind?: string;
  visibility?: Visibility;
  deleted?: boolean;
  attributes?: Record<string, unknown>;
  replyTo?: string;
}

export interface Place {
  sourceId: string;
  channelId: string;
}

/** A source with one channel, written straight into the ledger's tables: for tests of what is derived from them. */
export async function addPlace(
  ctx: Ctx,
  options: { connector?: string; name?: string; channelKind?: string; visibility?: Visibility } = {},
): Promise<Place> {
  const [sourceId, channelId] = [newId(), newId()];
  await ctx.db.execute(sql`
    INSERT INTO source (community_id, id, connector, origin, name)
    VALUES (${ctx.community.id}, ${sourceId}, ${options.connector ?? "github-archive"}, ${`test:${sourceId}`}, ${options.name ?? "harbour/pilot"})`);
  await ctx.db.execute(sql`
    INSERT INTO channel (community_id, id, source_id, external_id, kind, name, visibility)
    VALUES (${ctx.community.id}, ${channelId}, ${sourceId}, 'main', ${options.channelKind ?? "repository"}, 'harbour/pilot', ${visibilityRank(options.visibility ?? "public")})`);
  return { sourceId, channelId };
}

/**
 * A person with one identity; with `sameAs`, a further identity of that person's member.
 * @returns the identity's id
 */
export async function addPerson(ctx: Ctx, name: string, options: { kind?: "human" | "bot" | "team"; sameAs?: string } = {}): Promise<string> {
  const id = newId();
  await ctx.db.execute(sql`
    INSERT INTO identity (community_id, id, platform, external_id, display_name, login, kind, member_id)
    VALUES (${ctx.community.id}, ${id}, 'github', ${id}, ${name}, ${name.toLowerCase()}, ${options.kind ?? "human"}, ${options.sameAs ?? id})`);
  if (!options.sameAs) {
    await ctx.db.execute(sql`
      INSERT INTO member (community_id, id, display_name, kind, visibility, first_activity_at, last_activity_at)
      VALUES (${ctx.community.id}, ${id}, ${name}, ${options.kind ?? "human"}, 0, array_fill(${ctx.clock.now()}::timestamptz, ARRAY[4]), array_fill(${ctx.clock.now()}::timestamptz, ARRAY[4]))`);
  }
  return id;
}

export interface ThreadOptions {
  kind?: string;
  title?: string;
  labels?: string[];
  state?: "open" | "closed";
  stateReason?: string;
  visibility?: Visibility;
  openedAt?: string;
  attributes?: Record<string, unknown>;
  deleted?: boolean;
  /** The first is the opening. */
  said: Said[];
}

/** A thread and its words; ids of the activities in the order given. */
export async function addThread(ctx: Ctx, place: Place, options: ThreadOptions): Promise<{ threadId: string; activityIds: string[] }> {
  const threadId = newId();
  const openedAt = new Date(options.openedAt ?? "2026-11-01T08:00:00Z");
  const kind = options.kind ?? "issue";
  const visibility = visibilityRank(options.visibility ?? "public");
  const lastHours = Math.max(0, ...options.said.map((word) => word.atHours ?? 0));
  await ctx.db.execute(sql`
    INSERT INTO thread (community_id, id, source_id, external_id, channel_id, kind, ref, title, visibility, state, state_reason, labels,
      opened_at, closed_at, deleted_at, opener_id, attributes, last_activity_at, activity_count)
    VALUES (${ctx.community.id}, ${threadId}, ${place.sourceId}, ${threadId}, ${place.channelId}, ${kind}, '#1', ${options.title ?? "A thread"},
      ${visibility}, ${options.state ?? "open"}, ${options.stateReason ?? null}, ARRAY(SELECT jsonb_array_elements_text(${json(options.labels ?? [])})),
      ${openedAt}, ${options.state === "closed" ? new Date(openedAt.getTime() + 1e9) : null}, ${options.deleted ? openedAt : null},
      ${options.said[0]?.by ?? null}, ${json(options.attributes ?? {})}, ${new Date(openedAt.getTime() + lastHours * 3_600_000)}, ${options.said.length})`);
  const activityIds: string[] = [];
  for (const [index, word] of options.said.entries()) {
    const id = newId();
    activityIds.push(id);
    await ctx.db.execute(sql`
      INSERT INTO activity (community_id, id, source_id, kind, external_id, channel_id, thread_id, reply_to, identity_id, unattributed, visibility,
        occurred_at, deleted_at, body, attributes, content_hash)
      VALUES (${ctx.community.id}, ${id}, ${place.sourceId}, ${word.kind ?? kindOf(kind, index)}, ${id}, ${place.channelId}, ${threadId}, ${word.replyTo ?? null},
        ${word.by}, ${word.by === null ? "ghost" : null}, ${visibilityRank(word.visibility ?? options.visibility ?? "public")},
        ${new Date(openedAt.getTime() + (word.atHours ?? index) * 3_600_000)}, ${word.deleted ? openedAt : null}, ${word.body ?? ""},
        ${json(word.attributes ?? {})}, 0)`);
  }
  return { threadId, activityIds };
}

function kindOf(threadKind: string, index: number): string {
  if (threadKind === "mail") return "mail";
  if (threadKind === "chat") return "message";
  return index === 0 ? `${threadKind}_opened` : "comment";
}
