import { boolean, jsonb, pgTable, primaryKey, text, timestamp, uuid } from "drizzle-orm/pg-core";

const at = (name: string) => timestamp(name, { withTimezone: true });

/** The tenant. One installation holds many; every other tenant table leads its keys with `community_id`. */
export const community = pgTable("community", {
  id: uuid("id").primaryKey(),
  slug: text("slug").notNull().unique(),
  name: text("name").notNull(),
  tagline: text("tagline").notNull().default(""),
  timeZone: text("time_zone").notNull().default("UTC"),
  /** Whether anonymous visitors may read the portal. */
  portalOpen: boolean("portal_open").notNull().default(true),
  settings: jsonb("settings").notNull().default({}),
  createdAt: at("created_at").notNull().defaultNow(),
});

/** An account's role in a community. */
export const membership = pgTable(
  "membership",
  {
    communityId: uuid("community_id").notNull(),
    accountId: text("account_id").notNull(),
    role: text("role").notNull(),
    createdAt: at("created_at").notNull().defaultNow(),
  },
  (table) => [primaryKey({ columns: [table.communityId, table.accountId] })],
);

/** What people did: who, what, on which object, when. Append-only. */
export const auditEntry = pgTable(
  "audit_entry",
  {
    communityId: uuid("community_id").notNull(),
    id: uuid("id").notNull(),
    at: at("at").notNull().defaultNow(),
    /** An account id, `system`, or an API key's id with its prefix `key:`. */
    actor: text("actor").notNull(),
    action: text("action").notNull(),
    objectKind: text("object_kind").notNull(),
    objectId: text("object_id").notNull(),
    detail: jsonb("detail").notNull().default({}),
  },
  (table) => [primaryKey({ columns: [table.communityId, table.id] })],
);
