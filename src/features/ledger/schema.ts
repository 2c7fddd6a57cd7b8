import { sql } from "drizzle-orm";
import {
  bigint,
  boolean,
  customType,
  foreignKey,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  smallint,
  text,
  timestamp,
  unique,
  uuid,
} from "drizzle-orm/pg-core";
import { community } from "../access/schema.ts";

const at = (name: string) => timestamp(name, { withTimezone: true });
/** The column that leads every key of a tenant's table. */
export const communityId = () =>
  uuid("community_id")
    .notNull()
    .references(() => community.id, { onDelete: "cascade" });
const bytea = customType<{ data: Buffer }>({ dataType: () => "bytea" });
export const tsvector = customType<{ data: string }>({ dataType: () => "tsvector" });

/** A configured connection or an imported export. One origin is one source, however often it is exported. */
export const source = pgTable(
  "source",
  {
    communityId: communityId(),
    id: uuid("id").notNull(),
    connector: text("connector").notNull(),
    /** Names the thing itself, such as `github:owner/repo`. */
    origin: text("origin").notNull(),
    name: text("name").notNull(),
    /** Settings as the connector's schema has them; secrets inside are encrypted. */
    settings: jsonb("settings").notNull().default({}),
    /** Overrides the visibility that the connector finds, never opening it further: a rank, or null. */
    visibilityFloor: smallint("visibility_floor"),
    /** What is never stored, and how long the rest is kept: `SourcePrivacy`. */
    privacy: jsonb("privacy").notNull().default({}),
    paused: boolean("paused").notNull().default(false),
    createdAt: at("created_at").notNull().defaultNow(),
  },
  (t) => [primaryKey({ columns: [t.communityId, t.id] }), unique("source_origin").on(t.communityId, t.origin)],
);

/** One kind of record of a source, with where its next pull starts and what the source says it has. */
export const stream = pgTable(
  "stream",
  {
    communityId: communityId(),
    sourceId: uuid("source_id").notNull(),
    name: text("name").notNull(),
    cursor: jsonb("cursor"),
    /** Counts that the source itself reports, by unit; the other half of coverage. */
    reported: jsonb("reported"),
    reportedAt: at("reported_at"),
    lastSuccessAt: at("last_success_at"),
    nextRunAt: at("next_run_at"),
    /** Runs that failed since the last that did not: the pause before the next grows with them. */
    failures: integer("failures").notNull().default(0),
  },
  (t) => [
    primaryKey({ columns: [t.communityId, t.sourceId, t.name] }),
    index("stream_due").on(t.nextRunAt).where(sql`next_run_at IS NOT NULL`),
    foreignKey({ columns: [t.communityId, t.sourceId], foreignColumns: [source.communityId, source.id] }).onDelete("cascade"),
  ],
);

/** One run over a source: progress while it goes, counts and outcome when it ends. */
export const sync = pgTable(
  "sync",
  {
    communityId: communityId(),
    id: uuid("id").notNull(),
    sourceId: uuid("source_id").notNull(),
    /** `import`, `schedule`, `manual`, `replay`, `webhook` */
    trigger: text("trigger").notNull(),
    /** `queued`, `running`, `done`, `failed`, `cancelled` */
    state: text("state").notNull(),
    /** The file, for imports. */
    subject: text("subject"),
    startedAt: at("started_at").notNull().defaultNow(),
    finishedAt: at("finished_at"),
    /** Beats while the run lives, so that a run whose process died is told from one that works. */
    heartbeatAt: at("heartbeat_at"),
    counts: jsonb("counts").notNull().default({}),
    progress: jsonb("progress").notNull().default({}),
    error: jsonb("error"),
  },
  (t) => [
    primaryKey({ columns: [t.communityId, t.id] }),
    index("sync_of_source").on(t.communityId, t.sourceId, t.startedAt),
    foreignKey({ columns: [t.communityId, t.sourceId], foreignColumns: [source.communityId, source.id] }).onDelete("cascade"),
  ],
);

/** Lines of a run's log. */
export const syncLog = pgTable(
  "sync_log",
  {
    communityId: communityId(),
    syncId: uuid("sync_id").notNull(),
    id: uuid("id").notNull(),
    at: at("at").notNull().defaultNow(),
    level: text("level").notNull(),
    message: text("message").notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.communityId, t.syncId, t.id] }),
    foreignKey({ columns: [t.communityId, t.syncId], foreignColumns: [sync.communityId, sync.id] }).onDelete("cascade"),
  ],
);

/**
 * The payload as it came. A changed mapping is applied by replaying these, never by fetching again.
 *
 * As threads and activities, payloads have no foreign keys: checked row by row, these were half of what storing cost. A run
 * holds its source while it stores (`holdSource`), and whoever removes a source removes what it brought.
 */
export const rawRecord = pgTable(
  "raw_record",
  {
    communityId: uuid("community_id").notNull(),
    sourceId: uuid("source_id").notNull(),
    stream: text("stream").notNull(),
    externalId: text("external_id").notNull(),
    /** JSON as text: jsonb refuses the NUL characters that old mail contains. */
    payload: text("payload").notNull(),
    hash: bytea("hash").notNull(),
    normalizeVersion: integer("normalize_version").notNull(),
    /** The moment of which the payload tells, where the source says so: an older export never overwrites a newer one. */
    asOf: at("as_of"),
    /** Which threads and people and how many activities it states, so that an unchanged record is counted without reading it. */
    threads: uuid("threads").array().notNull(),
    activities: integer("activities").notNull(),
    identities: uuid("identities").array().notNull(),
    fetchedAt: at("fetched_at").notNull().defaultNow(),
  },
  (t) => [primaryKey({ columns: [t.communityId, t.sourceId, t.stream, t.externalId] })],
);

/** Records that came by themselves (webhooks, the API) and wait to be taken in: kept first, so that none is lost. */
export const inboxRecord = pgTable(
  "inbox_record",
  {
    communityId: communityId(),
    sourceId: uuid("source_id").notNull(),
    id: uuid("id").notNull(),
    stream: text("stream").notNull(),
    externalId: text("external_id").notNull(),
    payload: text("payload").notNull(),
    asOf: at("as_of"),
    receivedAt: at("received_at").notNull().defaultNow(),
  },
  (t) => [
    primaryKey({ columns: [t.communityId, t.sourceId, t.id] }),
    foreignKey({ columns: [t.communityId, t.sourceId], foreignColumns: [source.communityId, source.id] }).onDelete("cascade"),
  ],
);

/** Records that could not be used, each with its place, reason and remedy. */
export const rejectedRecord = pgTable(
  "rejected_record",
  {
    communityId: communityId(),
    sourceId: uuid("source_id").notNull(),
    stream: text("stream").notNull(),
    /** The record's external id, or its place when it has none: the same fault is one row however often it is met. */
    key: text("key").notNull(),
    syncId: uuid("sync_id").notNull(),
    place: text("place").notNull(),
    reason: text("reason").notNull(),
    remedy: text("remedy").notNull(),
    excerpt: text("excerpt"),
    at: at("at").notNull().defaultNow(),
  },
  (t) => [
    primaryKey({ columns: [t.communityId, t.sourceId, t.stream, t.key] }),
    foreignKey({ columns: [t.communityId, t.sourceId], foreignColumns: [source.communityId, source.id] }).onDelete("cascade"),
  ],
);

export const channel = pgTable(
  "channel",
  {
    communityId: communityId(),
    id: uuid("id").notNull(),
    sourceId: uuid("source_id").notNull(),
    externalId: text("external_id").notNull(),
    kind: text("kind").notNull(),
    name: text("name").notNull(),
    url: text("url"),
    visibility: smallint("visibility").notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.communityId, t.id] }),
    unique("channel_key").on(t.communityId, t.sourceId, t.externalId),
    foreignKey({ columns: [t.communityId, t.sourceId], foreignColumns: [source.communityId, source.id] }).onDelete("cascade"),
  ],
);

/** One handle in one namespace, keyed by its immutable id. */
export const identity = pgTable(
  "identity",
  {
    communityId: communityId(),
    id: uuid("id").notNull(),
    platform: text("platform").notNull(),
    externalId: text("external_id").notNull(),
    displayName: text("display_name"),
    login: text("login"),
    email: text("email"),
    emailVerified: boolean("email_verified").notNull().default(false),
    avatarUrl: text("avatar_url"),
    url: text("url"),
    /** `human`, `bot` or `team`, with why; set by hand it stays. */
    kind: text("kind").notNull().default("human"),
    kindReason: text("kind_reason"),
    kindLocked: boolean("kind_locked").notNull().default(false),
    /** The member it belongs to: the connected component of accepted links. Kept by `members`. */
    memberId: uuid("member_id").notNull(),
    firstSeenAt: at("first_seen_at"),
    createdAt: at("created_at").notNull().defaultNow(),
  },
  (t) => [
    primaryKey({ columns: [t.communityId, t.id] }),
    unique("identity_key").on(t.communityId, t.platform, t.externalId),
    index("identity_of_member").on(t.communityId, t.memberId),
    index("identity_email").on(t.communityId, t.email).where(sql`email IS NOT NULL`),
  ],
);

/** A conversation in a channel. Without foreign keys, as `rawRecord` says. */
export const thread = pgTable(
  "thread",
  {
    communityId: uuid("community_id").notNull(),
    id: uuid("id").notNull(),
    sourceId: uuid("source_id").notNull(),
    externalId: text("external_id").notNull(),
    channelId: uuid("channel_id").notNull(),
    kind: text("kind").notNull(),
    ref: text("ref"),
    title: text("title").notNull(),
    url: text("url"),
    visibility: smallint("visibility").notNull(),
    /** What the source says of it alone, its channel and thread aside; null where that is not known: then it is never opened. */
    ownVisibility: smallint("own_visibility"),
    state: text("state").notNull(),
    stateReason: text("state_reason"),
    labels: text("labels").array().notNull().default([]),
    openedAt: at("opened_at").notNull(),
    closedAt: at("closed_at"),
    deletedAt: at("deleted_at"),
    openerId: uuid("opener_id"),
    attributes: jsonb("attributes").notNull().default({}),
    // Kept by the roll-up from the activities: what lists sort and filter by.
    lastActivityAt: at("last_activity_at").notNull(),
    activityCount: integer("activity_count").notNull().default(0),
    participantCount: integer("participant_count").notNull().default(0),
    /** `none`, `unanswered`, `answered`, `solved`. Kept by `support`. */
    question: text("question").notNull().default("none"),
    questionReason: text("question_reason"),
    /** Since when the asker waits for us, while it does. */
    waitingSince: at("waiting_since"),
    /** First reply by a human other than the asker, and whether our team gave it. */
    firstResponseAt: at("first_response_at"),
    firstResponseBy: text("first_response_by"),
  },
  (t) => [
    primaryKey({ columns: [t.communityId, t.id] }),
    unique("thread_key").on(t.communityId, t.sourceId, t.externalId),
    index("thread_recent").on(t.communityId, t.lastActivityAt, t.id),
    index("thread_waiting").on(t.communityId, t.waitingSince, t.id).where(sql`waiting_since IS NOT NULL`),
    index("thread_question").on(t.communityId, t.question, t.visibility).where(sql`question <> 'none' AND deleted_at IS NULL`),
    index("thread_opener").on(t.communityId, t.openerId),
    // Which kinds there are is found by leaping from one to the next.
    index("thread_of_kind").on(t.communityId, t.kind, t.visibility),
    index("thread_opened").on(t.communityId, t.openedAt),
  ],
);

/** Who did what, when, in which thread. Time and channel are columns that may change; the key never does. */
export const activity = pgTable(
  "activity",
  {
    communityId: uuid("community_id").notNull(),
    id: uuid("id").notNull(),
    sourceId: uuid("source_id").notNull(),
    kind: text("kind").notNull(),
    externalId: text("external_id").notNull(),
    channelId: uuid("channel_id").notNull(),
    threadId: uuid("thread_id"),
    replyTo: text("reply_to"),
    identityId: uuid("identity_id"),
    unattributed: text("unattributed"),
    visibility: smallint("visibility").notNull(),
    /** As of a thread. */
    ownVisibility: smallint("own_visibility"),
    occurredAt: at("occurred_at").notNull(),
    editedAt: at("edited_at"),
    deletedAt: at("deleted_at"),
    title: text("title"),
    body: text("body"),
    url: text("url"),
    attributes: jsonb("attributes"),
    /** Of everything a source may change, so that an unchanged activity is left untouched. */
    contentHash: bigint("content_hash", { mode: "bigint" }).notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.communityId, t.id] }),
    unique("activity_key").on(t.communityId, t.sourceId, t.externalId, t.kind),
    index("activity_of_thread").on(t.communityId, t.threadId, t.occurredAt),
    index("activity_of_identity").on(t.communityId, t.identityId, t.occurredAt),
    index("activity_recent").on(t.communityId, t.occurredAt),
  ],
);

/** What an ingest changed, for the consumers that derive something from it. Written in the ingest's transaction. */
export const outbox = pgTable(
  "outbox",
  {
    communityId: communityId(),
    id: uuid("id").notNull(),
    threads: uuid("threads").array().notNull(),
    identities: uuid("identities").array().notNull(),
    activities: uuid("activities").array().notNull(),
    createdAt: at("created_at").notNull().defaultNow(),
  },
  (t) => [primaryKey({ columns: [t.communityId, t.id] })],
);

/** An outbox row that a consumer has still to work through. */
export const outboxDelivery = pgTable(
  "outbox_delivery",
  {
    communityId: communityId(),
    consumer: text("consumer").notNull(),
    outboxId: uuid("outbox_id").notNull(),
    attempts: integer("attempts").notNull().default(0),
    error: text("error"),
  },
  (t) => [
    primaryKey({ columns: [t.communityId, t.consumer, t.outboxId] }),
    foreignKey({ columns: [t.communityId, t.outboxId], foreignColumns: [outbox.communityId, outbox.id] }).onDelete("cascade"),
  ],
);
