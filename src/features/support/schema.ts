import { foreignKey, index, pgTable, primaryKey, text, timestamp, uuid } from "drizzle-orm/pg-core";
import { community } from "../access/schema.ts";
import { thread } from "../ledger/schema.ts";

const at = (name: string) => timestamp(name, { withTimezone: true });

/**
 * What a person said a thread is. The newest one that was not withdrawn holds, and no rule overrules it; the older
 * ones stay, so that withdrawing it brings back exactly what was before.
 */
export const questionMark = pgTable(
  "question_mark",
  {
    communityId: uuid("community_id")
      .notNull()
      .references(() => community.id, { onDelete: "cascade" }),
    threadId: uuid("thread_id").notNull(),
    id: uuid("id").notNull(),
    /** `question`, `not_question`, `answered`, `solved`; `rules` hands it back to the rules. */
    mark: text("mark").notNull(),
    author: text("author").notNull(),
    at: at("at").notNull(),
    withdrawnAt: at("withdrawn_at"),
  },
  (t) => [
    primaryKey({ columns: [t.communityId, t.threadId, t.id] }),
    index("question_mark_recent").on(t.communityId, t.at),
    foreignKey({ columns: [t.communityId, t.threadId], foreignColumns: [thread.communityId, thread.id] }).onDelete("cascade"),
  ],
);
