import { foreignKey, index, pgTable, primaryKey, text, timestamp, unique, uuid } from "drizzle-orm/pg-core";
import { communityId, identity, source } from "./schema.ts";

const at = (name: string) => timestamp(name, { withTimezone: true });
/** A company, university or project, as sources and people name it. */
export const organization = pgTable(
  "organization",
  {
    communityId: communityId(),
    id: uuid("id").notNull(),
    /** The name in lower case with single spaces: one spelling, one organization. */
    key: text("key").notNull(),
    name: text("name").notNull(),
  },
  (t) => [primaryKey({ columns: [t.communityId, t.id] }), unique("organization_key").on(t.communityId, t.key)],
);

/** Other spellings and mail domains of an organization. */
export const organizationName = pgTable(
  "organization_name",
  {
    communityId: communityId(),
    /** `domain` or `alias` */
    kind: text("kind").notNull(),
    value: text("value").notNull(),
    organizationId: uuid("organization_id").notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.communityId, t.kind, t.value] }),
    index("organization_name_of").on(t.communityId, t.organizationId),
    foreignKey({ columns: [t.communityId, t.organizationId], foreignColumns: [organization.communityId, organization.id] }).onDelete("cascade"),
  ],
);

/** Who belonged where, from when to when, with what says so. It follows the identity, so it survives any merge. */
export const affiliation = pgTable(
  "affiliation",
  {
    communityId: communityId(),
    id: uuid("id").notNull(),
    identityId: uuid("identity_id").notNull(),
    organizationId: uuid("organization_id").notNull(),
    sourceId: uuid("source_id").notNull(),
    fromAt: at("from_at"),
    toAt: at("to_at"),
    evidence: text("evidence").notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.communityId, t.id] }),
    unique("affiliation_key").on(t.communityId, t.sourceId, t.identityId, t.organizationId, t.fromAt).nullsNotDistinct(),
    index("affiliation_of_identity").on(t.communityId, t.identityId),
    foreignKey({ columns: [t.communityId, t.identityId], foreignColumns: [identity.communityId, identity.id] }).onDelete("cascade"),
    foreignKey({ columns: [t.communityId, t.organizationId], foreignColumns: [organization.communityId, organization.id] }).onDelete("cascade"),
    foreignKey({ columns: [t.communityId, t.sourceId], foreignColumns: [source.communityId, source.id] }).onDelete("cascade"),
  ],
);
