import { index, integer, pgTable, primaryKey, real, smallint, text, timestamp, unique, uuid } from "drizzle-orm/pg-core";
import { community } from "../access/schema.ts";

const at = (name: string) => timestamp(name, { withTimezone: true });

/** A passage of an activity that is feedback: an immutable quote with its place in the original and the reason it was taken. */
export const signal = pgTable(
  "signal",
  {
    communityId: uuid("community_id")
      .notNull()
      .references(() => community.id, { onDelete: "cascade" }),
    id: uuid("id").notNull(),
    activityId: uuid("activity_id").notNull(),
    threadId: uuid("thread_id"),
    identityId: uuid("identity_id"),
    visibility: smallint("visibility").notNull(),
    occurredAt: at("occurred_at").notNull(),
    /** `bug`, `request`, `friction`, `question`, `praise` */
    kind: text("kind").notNull(),
    quote: text("quote").notNull(),
    /** Where the quote begins and ends in the activity's body, in UTF-16 units. */
    quoteStart: integer("quote_start").notNull(),
    quoteEnd: integer("quote_end").notNull(),
    /** The rule that took it and, in words, why. */
    rule: text("rule").notNull(),
    reason: text("reason").notNull(),
    confidence: real("confidence").notNull(),
    /** `suggested`, `confirmed`, `dismissed`: by whom and when is in the audit log. */
    state: text("state").notNull().default("suggested"),
    createdAt: at("created_at").notNull().defaultNow(),
  },
  (t) => [
    primaryKey({ columns: [t.communityId, t.id] }),
    unique("signal_key").on(t.communityId, t.activityId, t.kind),
    index("signal_recent").on(t.communityId, t.occurredAt, t.id),
    index("signal_of_thread").on(t.communityId, t.threadId),
  ],
);
