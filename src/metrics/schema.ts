import { boolean, integer, jsonb, pgTable, primaryKey, smallint, text, timestamp, uuid } from "drizzle-orm/pg-core";
import { community } from "../features/access/schema.ts";

/** Figures as they were computed, so that pages need not wait for them. A cache: it may be emptied at any time. */
export const metricSnapshot = pgTable(
  "metric_snapshot",
  {
    communityId: uuid("community_id")
      .notNull()
      .references(() => community.id, { onDelete: "cascade" }),
    metric: text("metric").notNull(),
    version: integer("version").notNull(),
    /** The parameters as sorted JSON. */
    params: text("params").notNull(),
    /** The visibility rank of those for whom it was computed. */
    level: smallint("level").notNull(),
    value: jsonb("value").notNull(),
    computedAt: timestamp("computed_at", { withTimezone: true }).notNull(),
    /** Whether nothing was being derived at that time. */
    /** When somebody last began to compute it anew: others leave it to them. */
    refreshingAt: timestamp("refreshing_at", { withTimezone: true }),
    settled: boolean("settled").notNull(),
  },
  (t) => [primaryKey({ columns: [t.communityId, t.metric, t.version, t.params, t.level] })],
);
