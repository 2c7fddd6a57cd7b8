import { foreignKey, index, pgTable, primaryKey, real, text, timestamp, unique, uuid } from "drizzle-orm/pg-core";
import { communityId, identity, source } from "./schema.ts";

const at = (name: string) => timestamp(name, { withTimezone: true });
/**
 * Names of an identity, each with its first sighting. The one that was first seen last is the name in use: so the
 * outcome does not depend on the order in which files are brought in, and a name that is seen again costs no write.
 */
export const identityLabel = pgTable(
  "identity_label",
  {
    communityId: communityId(),
    identityId: uuid("identity_id").notNull(),
    kind: text("kind").notNull(),
    value: text("value").notNull(),
    firstSeenAt: at("first_seen_at"),
  },
  // No foreign key: its check per name would be half the cost of an import. Whoever deletes an identity deletes its names.
  (t) => [primaryKey({ columns: [t.communityId, t.identityId, t.kind, t.value] })],
);

/** An edge between two identities. Accepted edges make members; removing one is the unmerge. */
export const identityLink = pgTable(
  "identity_link",
  {
    communityId: communityId(),
    id: uuid("id").notNull(),
    /** The smaller of the two ids, so that a pair has one direction. */
    identityA: uuid("identity_a").notNull(),
    identityB: uuid("identity_b").notNull(),
    /** `accepted`, `suggested`, `never` */
    state: text("state").notNull(),
    rule: text("rule").notNull(),
    evidence: text("evidence").notNull(),
    strength: real("strength").notNull(),
    /** An account id, or `rule` when a rule drew it. */
    author: text("author").notNull(),
    createdAt: at("created_at").notNull().defaultNow(),
    changedAt: at("changed_at").notNull().defaultNow(),
  },
  (t) => [
    primaryKey({ columns: [t.communityId, t.id] }),
    unique("identity_link_pair").on(t.communityId, t.identityA, t.identityB, t.rule),
    index("identity_link_b").on(t.communityId, t.identityB),
    foreignKey({ columns: [t.communityId, t.identityA], foreignColumns: [identity.communityId, identity.id] }).onDelete("cascade"),
    foreignKey({ columns: [t.communityId, t.identityB], foreignColumns: [identity.communityId, identity.id] }).onDelete("cascade"),
  ],
);

/** Which record states which link, so that one that no record states any more can go. */
export const linkStatement = pgTable(
  "link_statement",
  {
    communityId: communityId(),
    sourceId: uuid("source_id").notNull(),
    stream: text("stream").notNull(),
    externalId: text("external_id").notNull(),
    linkId: uuid("link_id").notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.communityId, t.sourceId, t.stream, t.externalId, t.linkId] }),
    index("link_statement_of_link").on(t.communityId, t.linkId),
    foreignKey({ columns: [t.communityId, t.sourceId], foreignColumns: [source.communityId, source.id] }).onDelete("cascade"),
    foreignKey({ columns: [t.communityId, t.linkId], foreignColumns: [identityLink.communityId, identityLink.id] }).onDelete("cascade"),
  ],
);
