import type {
  ActivityAttributes,
  IdentityRef,
  NormalizedActivity,
  NormalizedBatch,
  NormalizedChannel,
  NormalizedIdentity,
  NormalizedThread,
  RawRecord,
} from "#features/ledger/index.ts";
import { botReason } from "../known-bots.ts";
import { parseRecord } from "../parse-record.ts";
import {
  type DiscourseCategory,
  type DiscoursePost,
  type DiscourseUser,
  isAnonymised,
  isOwnAccount,
  type PostPayload,
  postPayloadSchema,
  siteOf,
  type TopicHint,
  type TopicPayload,
  topicPayloadSchema,
} from "./format.ts";
import { readAttachments, readWords } from "./read-words.ts";

const remedy = "Fetch it again; all the rest was taken.";

export interface DiscourseSettings {
  site: string;
  visibility: NormalizedChannel["visibility"];
}

const postTypes = { moderatorAction: 2, smallAction: 3, whisper: 4 };

/** One topic, or one post of it. */
export function normalizeDiscourse(record: RawRecord, settings: DiscourseSettings): NormalizedBatch {
  if (record.stream === "topics") return normalizeTopic(parseRecord(topicPayloadSchema, record, remedy), settings);
  const payload = parseRecord(postPayloadSchema, record, remedy);
  // It says nothing any more: what it said before is taken back.
  if ("gone" in payload) return { identities: [], channels: [], threads: [], activities: [] };
  return normalizePost(payload, settings);
}

function normalizeTopic({ site, category, topic }: TopicPayload, settings: DiscourseSettings): NormalizedBatch {
  const base = baseOf(site, settings);
  const channel = readChannel({ base, category, archetype: topic.archetype, settings });
  const opener = topic.user && readUser({ site, base, user: topic.user });
  const solved = topic.has_accepted_answer === true;
  const isClosed = topic.closed === true || topic.archived === true;
  const stateReason = solved ? "solved" : topic.archived ? "archived" : topic.closed ? "closed" : undefined;
  const counts = { views: topic.views, likes: topic.like_count, posts: topic.posts_count };
  const thread: NormalizedThread = {
    externalId: String(topic.id),
    channel: channel.externalId,
    kind: "topic",
    title: titleOf(topic),
    ...(base && { url: topicUrl(base, topic) }),
    state: isClosed ? "closed" : "open",
    ...(stateReason && { stateReason }),
    labels: topic.tags ?? [],
    openedAt: new Date(topic.created_at),
    ...(opener && { opener: refOf(opener) }),
    // Unlisted topics are for those who were given the link.
    ...(topic.visible === false && { visibility: "team" as const }),
    ...(topic.deleted_at && { deletedAt: new Date(topic.deleted_at) }),
    attributes: {
      ...Object.fromEntries(Object.entries(counts).filter(([, count]) => typeof count === "number")),
      ...(topic.pinned && { pinned: true }),
      ...(topic.closed && { closed: true }),
      ...(topic.archived && { archived: true }),
      ...(topic.visible === false && { unlisted: true }),
      ...((solved || category?.answerable) && { answerable: true }),
    },
  };
  return { identities: opener ? [opener] : [], channels: [channel], threads: [thread], activities: [] };
}

function normalizePost({ site, category, topic, post }: PostPayload, settings: DiscourseSettings): NormalizedBatch {
  const base = baseOf(site, settings);
  const channel = readChannel({ base, category, archetype: topic.archetype, settings });
  const writer = readWriter({ site, base, post });
  const author = writer && refOf(writer);
  const occurredAt = new Date(post.created_at);
  const isOpening = post.post_number === 1;
  const kind = isOpening ? "topic_opened" : isEvent(post) ? "topic_event" : "reply";
  const isDeleted = Boolean(post.deleted_at) || post.user_deleted === true;
  const words = isDeleted || kind === "topic_event" ? "" : readWords(post);
  const attributes = readAttributes(post, { site, base, isDeleted });
  const activity: NormalizedActivity = {
    externalId: String(post.id),
    kind,
    channel: channel.externalId,
    thread: String(topic.id),
    ...(post.reply_to_post_id && { replyTo: String(post.reply_to_post_id) }),
    ...(author ? { author } : { unattributed: isAnonymised(post) ? "anonymised user" : post.username?.trim() || "deleted user" }),
    occurredAt,
    // The first version is no edit, though the forum forgives quick corrections without counting them.
    ...((post.version ?? 1) > 1 && post.updated_at && { editedAt: new Date(post.updated_at) }),
    ...(isDeleted && { deletedAt: new Date(post.deleted_at ?? post.updated_at ?? post.created_at) }),
    ...(isOpening && topic.title && { title: topic.title }),
    ...(words !== "" && { body: words }),
    ...(base && { url: `${topicUrl(base, topic)}/${post.post_number}` }),
    // Whispers are among staff; what was hidden by flags is not for all.
    ...((post.post_type === postTypes.whisper || post.hidden) && { visibility: "team" as const }),
    ...(Object.keys(attributes).length > 0 && { attributes }),
  };
  return {
    identities: writer ? [writer] : [],
    channels: [channel],
    threads: [readThread({ base, channel, topic, post, author })],
    activities: [activity],
  };
}

/**
 * The thread as a post knows it. The topic's own record says more and has to win whatever order they come in, even
 * where a post is older than its topic because it was moved there: so this one is opened a little after both.
 */
function readThread(input: {
  base: string | undefined;
  channel: NormalizedChannel;
  topic: TopicHint;
  post: DiscoursePost;
  author: IdentityRef | undefined;
}): NormalizedThread {
  const { base, topic, post, author } = input;
  const known = topic.created_at ? Date.parse(topic.created_at) : Number.NaN;
  const openedAt = Math.max(Date.parse(post.created_at), Number.isNaN(known) ? 0 : known) + post.post_number;
  return {
    externalId: String(topic.id),
    channel: input.channel.externalId,
    kind: "topic",
    title: titleOf(topic),
    ...(base && { url: topicUrl(base, topic) }),
    state: "open",
    openedAt: new Date(openedAt),
    ...(post.post_number === 1 && author && { opener: author }),
  };
}

/** What the forum notes by itself in a topic (closed, pinned, split …), and not somebody's words. */
function isEvent(post: DiscoursePost): boolean {
  if (post.post_type === postTypes.smallAction) return true;
  // Staff can colour their own words as an action: those stay words.
  return post.post_type === postTypes.moderatorAction && (isOwnAccount(post.user_id) || Boolean(post.action_code));
}

function readChannel(input: {
  base: string | undefined;
  category: DiscourseCategory | null | undefined;
  archetype: string | null | undefined;
  settings: DiscourseSettings;
}): NormalizedChannel {
  const { base, category, archetype, settings } = input;
  if (archetype === "private_message") {
    return { externalId: "private_messages", kind: "category", name: "Private messages", visibility: "restricted" };
  }
  if (!category) {
    // Which category it is, and who may read that, was not told.
    return { externalId: "unknown", kind: "category", name: "Unknown category", visibility: tighter(settings.visibility), partial: true };
  }
  return {
    externalId: String(category.id),
    kind: "category",
    name: category.name ?? nameFromSlug(category.slug) ?? `Category ${category.id}`,
    ...(base && category.slug && { url: `${base}/c/${category.slug}/${category.id}` }),
    visibility: category.access === "open" ? settings.visibility : category.access === "private" ? "restricted" : tighter(settings.visibility),
    ...(category.access === "unknown" && { partial: true }),
  };
}

/** What may be a private category is the team's until a list of the categories says that it is open. */
function tighter(visibility: DiscourseSettings["visibility"]): DiscourseSettings["visibility"] {
  return visibility === "restricted" ? "restricted" : "team";
}

function readWriter({ site, base, post }: { site: string; base: string | undefined; post: DiscoursePost }): NormalizedIdentity | undefined {
  if (typeof post.user_id !== "number") return undefined;
  return readUser({ site, base, user: { id: post.user_id, username: post.username, name: post.name, avatar_template: post.avatar_template } });
}

/** @returns undefined for an account that was anonymised: its owner asked to be forgotten */
function readUser({ site, base, user }: { site: string; base: string | undefined; user: DiscourseUser }): NormalizedIdentity | undefined {
  if (isAnonymised(user)) return undefined;
  const login = user.username?.trim() ?? "";
  const name = user.name?.trim() || login;
  const bot = isOwnAccount(user.id) ? "Discourse gives its own accounts numbers below zero." : botReason({ login, name });
  const avatar = avatarUrl(user.avatar_template, base);
  return {
    platform: `discourse:${site}`,
    externalId: `id:${user.id}`,
    ...(name && { displayName: name }),
    ...(login && { login }),
    ...(avatar && { avatarUrl: avatar }),
    ...(base && login && { url: `${base}/u/${encodeURIComponent(login)}` }),
    ...(bot && { kind: { value: "bot" as const, reason: bot } }),
  };
}

function avatarUrl(template: string | null | undefined, base: string | undefined): string | undefined {
  const path = template?.replace("{size}", "96");
  if (!path) return undefined;
  if (path.startsWith("https://")) return path;
  if (path.startsWith("//")) return `https:${path}`;
  // The path begins at the host, below which the forum may lie in a folder of its own.
  return base && path.startsWith("/") ? `${new URL(base).origin}${path}` : undefined;
}

function readAttributes(post: DiscoursePost, input: { site: string; base: string | undefined; isDeleted: boolean }): ActivityAttributes {
  const reactions = post.reactions ?? (post.likes ? { like: post.likes } : undefined);
  const mentions = (post.mentioned_users ?? []).map(({ id }): IdentityRef => ({ platform: `discourse:${input.site}`, externalId: `id:${id}` }));
  const attachments = input.isDeleted ? [] : readAttachments(post, input.base);
  return {
    ...(reactions && { reactions }),
    ...(mentions.length > 0 && { mentions }),
    ...(attachments.length > 0 && { attachments }),
    ...(post.accepted_answer && { accepted: true }),
    ...(typeof post.trust_level === "number" && !isOwnAccount(post.user_id) && { trustLevel: post.trust_level }),
    ...(post.admin && { admin: true }),
    ...(post.moderator && { moderator: true }),
    ...(post.primary_group_name && { group: post.primary_group_name }),
    ...(post.action_code && { action: post.action_code }),
    ...(post.post_type === postTypes.moderatorAction && { moderatorAction: true }),
    ...(post.post_type === postTypes.whisper && { whisper: true }),
    ...(post.hidden && { hidden: true }),
    ...(post.wiki && { wiki: true }),
    ...(post.via_email && { viaEmail: true }),
  };
}

/** The forum's address, which files do not name: by the settings, or by the host that the site's id is. */
function baseOf(site: string, settings: DiscourseSettings): string | undefined {
  const given = siteOf(settings.site);
  if (given?.site === site) return given.base;
  return site.startsWith("unnamed-") ? undefined : `https://${site}`;
}

const refOf = ({ platform, externalId }: IdentityRef): IdentityRef => ({ platform, externalId });
const titleOf = (topic: TopicHint): string => topic.title?.trim() || nameFromSlug(topic.slug) || `Topic ${topic.id}`;
const topicUrl = (base: string, topic: TopicHint): string => `${base}/t/${topic.slug || "-"}/${topic.id}`;

function nameFromSlug(slug: string | null | undefined): string | undefined {
  const words = slug
    ?.replace(/^\d+-category$/, "")
    .replace(/[-_]+/g, " ")
    .trim();
  return words ? `${words.charAt(0).toUpperCase()}${words.slice(1)}` : undefined;
}
