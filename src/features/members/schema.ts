import { index, integer, pgTable, primaryKey, smallint, text, timestamp, uuid } from "drizzle-orm/pg-core";
import { community } from "../access/schema.ts";

const at = (name: string) => timestamp(name, { withTimezone: true });

/** A connected component of accepted identity links. Derived: it can be rebuilt from identities and links at any time. */
export const member = pgTable(
  "member",
  {
    communityId: uuid("community_id")
      .notNull()
      .references(() => community.id, { onDelete: "cascade" }),
    id: uuid("id").notNull(),
    displayName: text("display_name").notNull(),
    avatarUrl: text("avatar_url"),
    /** `human`, `bot` or `team`: the strongest mark among its identities. */
    kind: text("kind").notNull().default("human"),
    /** The most open visibility among its activities: who only spoke in private is not shown to those who cannot read it. */
    visibility: smallint("visibility").notNull(),
    /** Activities per visibility rank, so that each viewer sees the count of what they may see. */
    activityCounts: integer("activity_counts").array().notNull().default([0, 0, 0, 0]),
    firstActivityAt: at("first_activity_at"),
    lastActivityAt: at("last_activity_at"),
    identityCount: integer("identity_count").notNull().default(1),
  },
  (t) => [
    primaryKey({ columns: [t.communityId, t.id] }),
    index("member_recent").on(t.communityId, t.lastActivityAt, t.id),
    index("member_first").on(t.communityId, t.firstActivityAt),
  ],
);

/** Which days a member was active, by visibility: what active, new and returning are counted from. */
export const memberDay = pgTable(
  "member_day",
  {
    communityId: uuid("community_id")
      .notNull()
      .references(() => community.id, { onDelete: "cascade" }),
    identityId: uuid("identity_id").notNull(),
    day: text("day").notNull(),
    visibility: smallint("visibility").notNull(),
    count: integer("count").notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.communityId, t.identityId, t.day, t.visibility] }),
    index("member_day_by_day").on(t.communityId, t.day),
  ],
);
