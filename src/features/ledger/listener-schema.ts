import { foreignKey, pgTable, primaryKey, text, timestamp, uuid } from "drizzle-orm/pg-core";
import { communityId, source } from "./schema.ts";

const at = (name: string) => timestamp(name, { withTimezone: true });

/**
 * Who listens to a source that sends by itself, and how it goes. The lease keeps it to one process: who does not renew it
 * in time has lost it. No row: nobody listens, and nobody is asked to.
 */
export const listener = pgTable(
  "listener",
  {
    communityId: communityId(),
    sourceId: uuid("source_id").notNull(),
    /** The process that listens, or did last. */
    owner: text("owner").notNull(),
    leaseUntil: at("lease_until").notNull(),
    /** Of the settings that it listens by: what failed for good is tried again once they change. */
    fingerprint: text("fingerprint").notNull(),
    /** `connecting`, `connected`, `waiting`, `failed`, `stopped` */
    state: text("state").notNull(),
    /** Since when it is in this state. */
    since: at("since").notNull().defaultNow(),
    /** Why it waits or failed, with what to do about it; empty while all is well. */
    reason: text("reason").notNull().default(""),
    lastReceivedAt: at("last_received_at"),
  },
  (t) => [
    primaryKey({ columns: [t.communityId, t.sourceId] }),
    foreignKey({ columns: [t.communityId, t.sourceId], foreignColumns: [source.communityId, source.id] }).onDelete("cascade"),
  ],
);
