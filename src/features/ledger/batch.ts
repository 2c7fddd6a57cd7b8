import type { Visibility } from "../access/index.ts";

/**
 * The one form in which anything enters the ledger. Connectors produce it (pure), `ingest` stores it.
 * External ids are texts that never change for the thing they name; names, titles, channels and times may.
 */
export interface NormalizedBatch {
  identities: NormalizedIdentity[];
  channels: NormalizedChannel[];
  threads: NormalizedThread[];
  activities: NormalizedActivity[];
  links?: NormalizedIdentityLink[];
  organizations?: NormalizedOrganization[];
  affiliations?: NormalizedAffiliation[];
}

/** A company, university or project that people belong to. */
export interface NormalizedOrganization {
  /** As it is written; names that differ only in case and spaces are one. */
  name: string;
  /** Mail domains whose addresses belong to it, lower-cased. */
  domains?: string[];
  /** Other ways in which it is written. */
  aliases?: string[];
}

/** Who belonged where, from when to when, as the source states it. */
export interface NormalizedAffiliation {
  identity: IdentityRef;
  /** The organization's name. */
  organization: string;
  from?: Date;
  to?: Date;
  /** Where it is stated, readable. */
  evidence: string;
}

/** Names a thing across sources: equal references meet in one identity. */
export interface IdentityRef {
  /**
   * The namespace of the immutable id: `github` for github.com accounts, `email` for addresses,
   * `slack:T024BE7LD` for one workspace. Two sources of one namespace share their identities.
   */
  platform: string;
  /** The immutable id inside the namespace. Where a file holds only logins, `login:<lower-cased login>`. */
  externalId: string;
}

export interface NormalizedIdentity extends IdentityRef {
  /** The name to show; the latest seen wins. */
  displayName?: string;
  login?: string;
  email?: string;
  /** Whether the platform itself vouches for the address. */
  emailVerified?: boolean;
  avatarUrl?: string;
  url?: string;
  /** What the source says about it. The reason is shown beside the mark. */
  kind?: { value: "bot" | "team"; reason: string };
  /** Names in use at a date, kept as labels: `signature` is git's «Name <address>». */
  labels?: { kind: "name" | "login" | "email" | "signature"; value: string; at?: Date }[];
}

/** An edge that the source itself states (a `.mailmap` line, a verified address). */
export interface NormalizedIdentityLink {
  a: IdentityRef;
  b: IdentityRef;
  rule: string;
  /** Readable evidence: what was compared and where it stands. */
  evidence: string;
  /** 0 to 1; a stated fact is 1. */
  strength: number;
}

export interface NormalizedChannel {
  externalId: string;
  /** `repository`, `list`, `chat`, `category` … */
  kind: string;
  name: string;
  url?: string;
  visibility: Visibility;
  /**
   * The record knows the channel by its id alone (a webhook's often does): its name and visibility count only as long as
   * no record that knows the channel has stated it. Give the tightest visibility that it may have.
   */
  partial?: true;
}

/**
 * A thread may be stated by many records (each mail of a list states its thread): the earliest `openedAt` gives
 * title, opener and opening; at equal `openedAt` the record read last wins.
 */
export interface NormalizedThread {
  externalId: string;
  channel: string;
  /** `issue`, `pull_request`, `discussion`, `topic`, `question`, `mail`, `chat` */
  kind: string;
  title: string;
  /** What people call it: `#12`. */
  ref?: string;
  url?: string;
  state: "open" | "closed";
  /** Why it closed, in the source's word: `merged`, `completed`, `not_planned`, `solved` … */
  stateReason?: string;
  labels?: string[];
  openedAt: Date;
  closedAt?: Date;
  opener?: IdentityRef;
  /** Closed tighter than the channel, where the source says so. */
  visibility?: Visibility;
  deletedAt?: Date;
  attributes?: Record<string, unknown>;
}

/** Key: (source, external id, kind). Time, thread, channel and words may change; the key never does. */
export interface NormalizedActivity {
  externalId: string;
  /**
   * `issue_opened`, `pull_request_opened`, `comment`, `review`, `review_comment`, `commit`, `mail`, `message`,
   * `topic_opened`, `question_opened`, `answer`, and for people named in a commit: `co_authored`, `reviewed`, `tested`, `reported` …
   */
  kind: string;
  channel: string;
  /** The thread's external id; absent for what stands alone, such as a commit. */
  thread?: string;
  /** The external id of the activity it answers. */
  replyTo?: string;
  /** Who did it; absent when nobody can be named, and then `unattributed` says what the source shows instead. */
  author?: IdentityRef;
  /** `ghost`, `[deleted]`, `Deleted User` …: counted, never a person. */
  unattributed?: string;
  occurredAt: Date;
  editedAt?: Date;
  deletedAt?: Date;
  title?: string;
  /** The words, as Markdown or plain text; HTML is converted by the connector. */
  body?: string;
  url?: string;
  visibility?: Visibility;
  attributes?: ActivityAttributes;
}

/** What sources know of an activity beside its words; these names mean the same in every connector. */
export interface ActivityAttributes {
  /** Emoji or short name → how many. */
  reactions?: Record<string, number>;
  /** People whom the words name, by their immutable ids. */
  mentions?: IdentityRef[];
  /** Files and pictures, as links without tokens: never fetched, never stored. */
  attachments?: { name?: string; url?: string; type?: string; sizeBytes?: number }[];
  /** Votes up less votes down. */
  score?: number;
  /** Accepted by who asked, or by a moderator. */
  accepted?: boolean;
  [other: string]: unknown;
}

/** One payload as it came, under the key by which it comes again. */
export interface RawRecord {
  stream: string;
  externalId: string;
  payload: unknown;
  /**
   * The moment of which the payload tells (the source's «updated at»), ISO 8601. With it, an older export that is
   * brought in later changes nothing.
   */
  asOf?: string;
}

/** A record that could not be used: set aside with its place, its reason and what to do. */
export interface RejectedRecord {
  stream: string;
  externalId?: string;
  /** Where it stands: file, line, byte, field. */
  place: string;
  reason: string;
  remedy: string;
  /** What was read, shortened. */
  excerpt?: string;
}

export interface KindCounts {
  threads: number;
  activities: number;
  identities: number;
}

/** What an ingest did. `rejected` counts records that were set aside. */
export interface IngestCounts {
  new: KindCounts;
  changed: KindCounts;
  same: KindCounts;
  rejected: KindCounts;
  activitiesByKind: Record<string, number>;
}
