import { sql } from "drizzle-orm";
import { bigint, boolean, index, integer, jsonb, pgTable, primaryKey, text, timestamp, unique, uuid } from "drizzle-orm/pg-core";

const at = (name: string) => timestamp(name, { withTimezone: true });
const communityId = () =>
  uuid("community_id")
    .notNull()
    .references(() => community.id, { onDelete: "cascade" });

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
    communityId: communityId(),
    accountId: text("account_id")
      .notNull()
      .references(() => authUser.id, { onDelete: "cascade" }),
    role: text("role").notNull(),
    createdAt: at("created_at").notNull().defaultNow(),
  },
  (t) => [primaryKey({ columns: [t.communityId, t.accountId] }), index("membership_of_account").on(t.accountId)],
);

/** What people did: who, what, on which object, when. Append-only. */
export const auditEntry = pgTable(
  "audit_entry",
  {
    communityId: communityId(),
    id: uuid("id").notNull(),
    at: at("at").notNull().defaultNow(),
    /** An account id, `system`, or an API key's id with its prefix `key:`. */
    actor: text("actor").notNull(),
    action: text("action").notNull(),
    objectKind: text("object_kind").notNull(),
    objectId: text("object_id").notNull(),
    detail: jsonb("detail").notNull().default({}),
  },
  (t) => [
    primaryKey({ columns: [t.communityId, t.id] }),
    index("audit_of_object").on(t.communityId, t.objectKind, t.objectId, t.id),
    index("audit_of_actor").on(t.communityId, t.actor, t.id),
  ],
);

/** A link that lets somebody join the team. Only the token's hash is kept. */
export const invitation = pgTable(
  "invitation",
  {
    communityId: communityId(),
    id: uuid("id").notNull(),
    role: text("role").notNull(),
    /** Whom it is meant for, as a note to the team; the link works for whoever holds it. */
    note: text("note").notNull().default(""),
    tokenHash: text("token_hash").notNull(),
    createdBy: text("created_by").notNull(),
    createdAt: at("created_at").notNull(),
    expiresAt: at("expires_at").notNull(),
    acceptedAt: at("accepted_at"),
    acceptedBy: text("accepted_by"),
    revokedAt: at("revoked_at"),
  },
  (t) => [primaryKey({ columns: [t.communityId, t.id] }), index("invitation_token").on(t.tokenHash)],
);

/** A key for the API. It acts for the account that made it, within that account's role and its own scopes. */
export const apiKey = pgTable(
  "api_key",
  {
    communityId: communityId(),
    id: uuid("id").notNull(),
    accountId: text("account_id").notNull(),
    name: text("name").notNull(),
    /** The key's first characters, to tell keys apart by eye. */
    prefix: text("prefix").notNull(),
    keyHash: text("key_hash").notNull(),
    scopes: text("scopes").array().notNull(),
    createdAt: at("created_at").notNull(),
    expiresAt: at("expires_at"),
    lastUsedAt: at("last_used_at"),
    revokedAt: at("revoked_at"),
  },
  (t) => [primaryKey({ columns: [t.communityId, t.id] }), index("api_key_hash").on(t.keyHash)],
);

/** The one-time link of the first start. One row at most. */
export const setupToken = pgTable("setup_token", {
  id: text("id").primaryKey(),
  tokenHash: text("token_hash").notNull(),
  createdAt: at("created_at").notNull(),
  expiresAt: at("expires_at").notNull(),
});

// The tables below are better-auth's: their columns are its, only the names are ours. They hold accounts of the
// whole installation and so have no community.

/** Somebody who signs in. */
export const authUser = pgTable("auth_user", {
  id: text("id").primaryKey(),
  name: text("name").notNull(),
  email: text("email").notNull().unique(),
  emailVerified: boolean("email_verified").notNull().default(false),
  image: text("image"),
  twoFactorEnabled: boolean("two_factor_enabled").notNull().default(false),
  createdAt: at("created_at").notNull().defaultNow(),
  updatedAt: at("updated_at").notNull().defaultNow(),
});

const authUserId = () =>
  text("user_id")
    .notNull()
    .references(() => authUser.id, { onDelete: "cascade" });

export const authSession = pgTable(
  "auth_session",
  {
    id: text("id").primaryKey(),
    userId: authUserId(),
    token: text("token").notNull().unique(),
    expiresAt: at("expires_at").notNull(),
    ipAddress: text("ip_address"),
    userAgent: text("user_agent"),
    createdAt: at("created_at").notNull().defaultNow(),
    updatedAt: at("updated_at").notNull().defaultNow(),
  },
  (t) => [index("auth_session_of_user").on(t.userId)],
);

/** A way to sign in: a password (`credential`) or an account at a provider. */
export const authAccount = pgTable(
  "auth_account",
  {
    id: text("id").primaryKey(),
    userId: authUserId(),
    accountId: text("account_id").notNull(),
    providerId: text("provider_id").notNull(),
    password: text("password"),
    accessToken: text("access_token"),
    refreshToken: text("refresh_token"),
    idToken: text("id_token"),
    accessTokenExpiresAt: at("access_token_expires_at"),
    refreshTokenExpiresAt: at("refresh_token_expires_at"),
    scope: text("scope"),
    createdAt: at("created_at").notNull().defaultNow(),
    updatedAt: at("updated_at").notNull().defaultNow(),
  },
  (t) => [index("auth_account_of_user").on(t.userId), unique("auth_account_key").on(t.providerId, t.accountId)],
);

export const authVerification = pgTable(
  "auth_verification",
  {
    id: text("id").primaryKey(),
    identifier: text("identifier").notNull(),
    value: text("value").notNull(),
    expiresAt: at("expires_at").notNull(),
    createdAt: at("created_at").notNull().defaultNow(),
    updatedAt: at("updated_at").notNull().defaultNow(),
  },
  (t) => [index("auth_verification_identifier").on(t.identifier)],
);

export const authTwoFactor = pgTable(
  "auth_two_factor",
  {
    id: text("id").primaryKey(),
    userId: authUserId(),
    secret: text("secret").notNull(),
    backupCodes: text("backup_codes").notNull(),
    verified: boolean("verified").notNull().default(true),
    failedVerificationCount: integer("failed_verification_count").notNull().default(0),
    lockedUntil: at("locked_until"),
  },
  (t) => [index("auth_two_factor_of_user").on(t.userId)],
);

/** Attempts by address and path, so that limits hold across processes and restarts. */
export const authRateLimit = pgTable(
  "auth_rate_limit",
  {
    id: text("id").primaryKey().default(sql`gen_random_uuid()::text`),
    key: text("key").notNull().unique(),
    count: integer("count").notNull(),
    /** Milliseconds since 1970. */
    lastRequest: bigint("last_request", { mode: "number" }).notNull(),
  },
  (t) => [index("auth_rate_limit_age").on(t.lastRequest)],
);
