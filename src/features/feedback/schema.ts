import { foreignKey, index, integer, pgTable, primaryKey, real, smallint, text, timestamp, unique, uuid } from "drizzle-orm/pg-core";
import { community } from "../access/schema.ts";
import { activity } from "../ledger/schema.ts";

const at = (name: string) => timestamp(name, { withTimezone: true });
const communityId = () =>
  uuid("community_id")
    .notNull()
    .references(() => community.id, { onDelete: "cascade" });

/** A passage of an activity that is feedback: an immutable quote with its place in the original and the reason it was taken. */
export const signal = pgTable(
  "signal",
  {
    communityId: communityId(),
    id: uuid("id").notNull(),
    activityId: uuid("activity_id").notNull(),
    sourceId: uuid("source_id").notNull(),
    threadId: uuid("thread_id"),
    identityId: uuid("identity_id"),
    visibility: smallint("visibility").notNull(),
    occurredAt: at("occurred_at").notNull(),
    /** `bug`, `request`, `friction`, `question`, `praise` */
    kind: text("kind").notNull(),
    quote: text("quote").notNull(),
    /** Where the quote begins and ends in the activity's body, in UTF-16 units; both 0 when the title is quoted. */
    quoteStart: integer("quote_start").notNull(),
    quoteEnd: integer("quote_end").notNull(),
    /** The rule that took it and, in words, why. `person` for what somebody reclassified. */
    rule: text("rule").notNull(),
    reason: text("reason").notNull(),
    confidence: real("confidence").notNull(),
    /** `suggested`, `confirmed`, `dismissed` */
    state: text("state").notNull().default("suggested"),
    /** When the activity was deleted at its source: what was decided is kept, and shown to nobody. */
    withdrawnAt: at("withdrawn_at"),
    createdAt: at("created_at").notNull().defaultNow(),
  },
  (t) => [
    primaryKey({ columns: [t.communityId, t.id] }),
    unique("signal_key").on(t.communityId, t.activityId, t.kind),
    index("signal_recent").on(t.communityId, t.occurredAt, t.id),
    index("signal_by_kind").on(t.communityId, t.kind, t.state, t.occurredAt, t.id),
    index("signal_of_source").on(t.communityId, t.sourceId, t.occurredAt, t.id),
    index("signal_of_thread").on(t.communityId, t.threadId),
    index("signal_of_identity").on(t.communityId, t.identityId),
    index("signal_quote").using("gin", t.quote.op("gin_trgm_ops")),
    foreignKey({ columns: [t.communityId, t.activityId], foreignColumns: [activity.communityId, activity.id] }).onDelete("cascade"),
  ],
);

/** What a person decided about a signal, with all that taking it back needs. The site's own truth about the rules. */
export const signalDecision = pgTable(
  "signal_decision",
  {
    communityId: communityId(),
    signalId: uuid("signal_id").notNull(),
    id: uuid("id").notNull(),
    /** `confirmed`, `dismissed`, `reclassified` */
    action: text("action").notNull(),
    stateBefore: text("state_before").notNull(),
    /** For a reclassification: the signal of the new kind, and how it stood before; null when it was made by it. */
    otherSignalId: uuid("other_signal_id"),
    otherStateBefore: text("other_state_before"),
    author: text("author").notNull(),
    at: at("at").notNull(),
    undoneAt: at("undone_at"),
  },
  (t) => [
    primaryKey({ columns: [t.communityId, t.signalId, t.id] }),
    foreignKey({ columns: [t.communityId, t.signalId], foreignColumns: [signal.communityId, signal.id] }).onDelete("cascade"),
  ],
);
