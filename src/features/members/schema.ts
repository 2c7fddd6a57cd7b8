import { sql } from "drizzle-orm";
import { boolean, date, foreignKey, index, integer, pgTable, primaryKey, smallint, text, timestamp, uuid } from "drizzle-orm/pg-core";
import { community } from "../access/schema.ts";
import { identity } from "../ledger/schema.ts";

const at = (name: string) => timestamp(name, { withTimezone: true });
const communityId = () =>
  uuid("community_id")
    .notNull()
    .references(() => community.id, { onDelete: "cascade" });

/**
 * A connected component of accepted identity links. Derived: it can be rebuilt from identities and links at any time.
 * The three arrays have one entry per visibility rank (index rank + 1) and are *cumulative*: what a viewer of that
 * level sees, so that nobody learns from a count or a date that somebody spoke where they may not read.
 */
export const member = pgTable(
  "member",
  {
    communityId: communityId(),
    /** The smallest id among its identities. */
    id: uuid("id").notNull(),
    displayName: text("display_name").notNull(),
    avatarUrl: text("avatar_url"),
    /** `human`, `bot` or `team`. Team when one identity is; bot only when all are. */
    kind: text("kind").notNull().default("human"),
    /** Holds a bot's and a person's identity: kept human, and shown so that somebody looks. */
    mixed: boolean("mixed").notNull().default(false),
    /** The most open visibility among its activities: who only spoke in private is not shown to those who cannot read it. */
    visibility: smallint("visibility").notNull(),
    activityCounts: integer("activity_counts").array().notNull().default([0, 0, 0, 0]),
    firstActivityAt: at("first_activity_at").array().notNull(),
    lastActivityAt: at("last_activity_at").array().notNull(),
    identityCount: integer("identity_count").notNull().default(1),
  },
  (t) => [
    primaryKey({ columns: [t.communityId, t.id] }),
    // The Studio's two levels: `team` is rank 2, `restricted` rank 3.
    index("member_recent_team").on(t.communityId, sql`(last_activity_at[3])`, t.id),
    index("member_recent_restricted").on(t.communityId, sql`(last_activity_at[4])`, t.id),
    index("member_first_team").on(t.communityId, sql`(first_activity_at[3])`, t.id),
    index("member_first_restricted").on(t.communityId, sql`(first_activity_at[4])`, t.id),
    index("member_busy_team").on(t.communityId, sql`(activity_counts[3])`, t.id),
    index("member_busy_restricted").on(t.communityId, sql`(activity_counts[4])`, t.id),
    index("member_name").on(t.communityId, sql`lower(display_name)`, t.id),
    index("member_marked").on(t.communityId, t.kind, t.id).where(sql`kind <> 'human'`),
  ],
);

/** The names, logins and addresses of a member's identities, for finding it by a part of any. */
export const memberText = pgTable(
  "member_text",
  {
    communityId: communityId(),
    memberId: uuid("member_id").notNull(),
    text: text("text").notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.communityId, t.memberId] }),
    index("member_text_trigrams").using("gin", sql`text gin_trgm_ops`),
    foreignKey({ columns: [t.communityId, t.memberId], foreignColumns: [member.communityId, member.id] }).onDelete("cascade"),
  ],
);

/**
 * Which days an identity was active where: what active, new and returning are counted from. As large as the ledger
 * itself and written with each import, so it has no foreign keys: whoever deletes an identity deletes its days.
 */
export const memberDay = pgTable(
  "member_day",
  {
    communityId: uuid("community_id").notNull(),
    identityId: uuid("identity_id").notNull(),
    /** In the community's time zone. */
    day: date("day").notNull(),
    sourceId: uuid("source_id").notNull(),
    visibility: smallint("visibility").notNull(),
    count: integer("count").notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.communityId, t.identityId, t.day, t.sourceId, t.visibility] }),
    index("member_day_by_day").on(t.communityId, t.day, t.identityId),
  ],
);

/** How much an identity did in a source, and from when to when: what a member's row is summed from. */
export const identityActivity = pgTable(
  "identity_activity",
  {
    communityId: uuid("community_id").notNull(),
    identityId: uuid("identity_id").notNull(),
    sourceId: uuid("source_id").notNull(),
    visibility: smallint("visibility").notNull(),
    count: integer("count").notNull(),
    firstAt: at("first_at").notNull(),
    lastAt: at("last_at").notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.communityId, t.identityId, t.sourceId, t.visibility] }),
    foreignKey({ columns: [t.communityId, t.identityId], foreignColumns: [identity.communityId, identity.id] }).onDelete("cascade"),
  ],
);

/** Identities that an import touched and that wait to be placed and counted, some thousand at a time. */
export const dirtyIdentity = pgTable(
  "dirty_identity",
  {
    communityId: communityId(),
    identityId: uuid("identity_id").notNull(),
  },
  (t) => [primaryKey({ columns: [t.communityId, t.identityId] })],
);

/** An identity that looks like a bot. Only people turn it into a mark. */
export const kindSuggestion = pgTable(
  "kind_suggestion",
  {
    communityId: uuid("community_id").notNull(),
    identityId: uuid("identity_id").notNull(),
    /** `bot` */
    kind: text("kind").notNull(),
    reason: text("reason").notNull(),
    createdAt: at("created_at").notNull().defaultNow(),
    /** When somebody decided, either way; it is not asked again. */
    decidedAt: at("decided_at"),
  },
  (t) => [
    primaryKey({ columns: [t.communityId, t.identityId, t.kind] }),
    foreignKey({ columns: [t.communityId, t.identityId], foreignColumns: [identity.communityId, identity.id] }).onDelete("cascade"),
  ],
);
