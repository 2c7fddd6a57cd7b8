import { index, integer, pgTable, primaryKey, smallint, text, timestamp, uuid } from "drizzle-orm/pg-core";
import { communityId, tsvector } from "./schema.ts";

const at = (name: string) => timestamp(name, { withTimezone: true });

/** Days whose roll-up no longer fits the activities; worked off once the outbox is empty. */
export const dirtyDay = pgTable("dirty_day", { communityId: communityId(), day: text("day").notNull() }, (t) => [
  primaryKey({ columns: [t.communityId, t.day] }),
]);

/** Activities per day, for charts over any span. Kept by the roll-up. */
export const activityDay = pgTable(
  "activity_day",
  {
    communityId: communityId(),
    day: text("day").notNull(),
    sourceId: uuid("source_id").notNull(),
    kind: text("kind").notNull(),
    visibility: smallint("visibility").notNull(),
    /** `human`, `team`, `bot`, `unattributed` */
    authorKind: text("author_kind").notNull(),
    count: integer("count").notNull(),
  },
  (t) => [primaryKey({ columns: [t.communityId, t.day, t.sourceId, t.kind, t.visibility, t.authorKind] })],
);

/** What full-text search reads; built behind the ingest by a consumer. */
export const searchDocument = pgTable(
  "search_document",
  {
    communityId: uuid("community_id").notNull(),
    activityId: uuid("activity_id").notNull(),
    threadId: uuid("thread_id"),
    visibility: smallint("visibility").notNull(),
    occurredAt: at("occurred_at").notNull(),
    tokens: tsvector("tokens").notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.communityId, t.activityId] }),
    index("search_document_tokens").using("gin", t.tokens),
    index("search_document_recent").on(t.communityId, t.occurredAt),
  ],
);

/** Titles for finding by similarity; built by the same consumer. */
export const searchTitle = pgTable(
  "search_title",
  {
    communityId: communityId(),
    threadId: uuid("thread_id").notNull(),
    visibility: smallint("visibility").notNull(),
    title: text("title").notNull(),
  },
  (t) => [primaryKey({ columns: [t.communityId, t.threadId] }), index("search_title_trigrams").using("gin", t.title.op("gin_trgm_ops"))],
);
