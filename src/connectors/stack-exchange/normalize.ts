import {
  type ActivityAttributes,
  type IdentityRef,
  type NormalizedActivity,
  type NormalizedBatch,
  type NormalizedChannel,
  type NormalizedIdentity,
  type NormalizedIdentityLink,
  type NormalizedThread,
  type RawRecord,
  RecordError,
} from "#features/ledger/index.ts";
import { htmlToMarkdown } from "../html-to-markdown.ts";
import {
  commentPayloadSchema,
  goneSchema,
  hostOfSite,
  postPayloadSchema,
  type QuestionHint,
  type SeComment,
  type SeGone,
  type SeOwner,
  type SePost,
  userPayloadSchema,
} from "./format.ts";

export interface StackExchangeSettings {
  visibility: NormalizedChannel["visibility"];
}

/** Every site has this user, who is none: it owns what nobody owns. */
const communityUser = -1;

/** One question or answer, one comment, or one user. */
export function normalizeStackExchange(record: RawRecord, settings: StackExchangeSettings): NormalizedBatch {
  const gone = goneSchema.safeParse(record.payload);
  if (gone.success) return normalizeGone(gone.data, settings);
  if (record.stream === "users") {
    const { site, user } = parse(userPayloadSchema, record);
    const { identities, links } = readPerson(site, user);
    return { identities, channels: [], threads: [], activities: [], ...(links.length > 0 && { links }) };
  }
  if (record.stream === "comments") {
    const { site, comment, question } = parse(commentPayloadSchema, record);
    return normalizeComment({ site, comment, question: question ?? undefined, settings });
  }
  const { site, post, question } = parse(postPayloadSchema, record);
  return normalizePost({ site, post, question: question ?? undefined, settings });
}

/** It says nothing any more: what it said before is taken back. */
function normalizeGone({ site, question }: SeGone, settings: StackExchangeSettings): NormalizedBatch {
  if (!question) return { identities: [], channels: [], threads: [], activities: [] };
  const host = hostOfSite(site);
  const thread: NormalizedThread = {
    externalId: String(question.question_id),
    channel: site,
    kind: "question",
    title: question.title?.trim() || `Question ${question.question_id}`,
    ...(host && { url: `https://${host}/q/${question.question_id}` }),
    state: "closed",
    openedAt: at(question.creation_date),
    deletedAt: at(question.deleted_date),
  };
  return { identities: [], channels: [readChannel(site, host, settings)], threads: [thread], activities: [] };
}

function parse<T>(
  schema: {
    safeParse(value: unknown): { success: true; data: T } | { success: false; error: { issues: { path: PropertyKey[]; message: string }[] } };
  },
  record: RawRecord,
): T {
  const parsed = schema.safeParse(record.payload);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const place = issue?.path.map(String).join(".") ?? "";
  throw new RecordError({ place, reason: `${place}: ${issue?.message ?? "cannot be read"}`, remedy: "Get it again; all the rest was taken." });
}

function normalizePost(input: { site: string; post: SePost; question: QuestionHint | undefined; settings: StackExchangeSettings }): NormalizedBatch {
  const { site, post } = input;
  const host = hostOfSite(site);
  const channel = readChannel(site, host, input.settings);
  const person = readPerson(site, post.owner);
  const isQuestion = post.post_type === "question";
  const words = readWords(post);
  const attributes = {
    ...(typeof post.score === "number" && { score: post.score }),
    ...(post.is_accepted && { accepted: true }),
    ...(post.community_owned_date && { communityWiki: true }),
  };
  const activity: NormalizedActivity = {
    externalId: String(post.post_id),
    kind: isQuestion ? "question_opened" : "answer",
    channel: site,
    thread: String(post.question_id),
    ...(!isQuestion && { replyTo: String(post.question_id) }),
    ...person.credit,
    occurredAt: at(post.creation_date),
    ...(post.last_edit_date && { editedAt: at(post.last_edit_date) }),
    ...(isQuestion && post.title && { title: post.title }),
    ...(words !== "" && { body: words }),
    ...(host && { url: `https://${host}/${isQuestion ? "q" : "a"}/${post.post_id}` }),
    ...(Object.keys(attributes).length > 0 && { attributes }),
  };
  const thread = isQuestion
    ? readQuestion(post, { host, channel, opener: person.credit.author })
    : guessQuestion({ id: post.question_id, host, channel, since: post.creation_date, question: input.question });
  return {
    identities: person.identities,
    channels: [channel],
    threads: [thread],
    activities: [activity],
    ...(person.links.length > 0 && { links: person.links }),
  };
}

function normalizeComment(input: {
  site: string;
  comment: SeComment;
  question: QuestionHint | undefined;
  settings: StackExchangeSettings;
}): NormalizedBatch {
  const { site, comment } = input;
  const host = hostOfSite(site);
  const channel = readChannel(site, host, input.settings);
  const person = readPerson(site, comment.owner);
  const words = readWords(comment);
  const id = comment.question_id ?? undefined;
  // That a comment was edited is known, but not when.
  const attributes = { ...(typeof comment.score === "number" && { score: comment.score }), ...(comment.edited && { edited: true }) };
  const activity: NormalizedActivity = {
    externalId: String(comment.comment_id),
    kind: "comment",
    channel: site,
    ...(id !== undefined && { thread: String(id) }),
    replyTo: String(comment.post_id),
    ...person.credit,
    occurredAt: at(comment.creation_date),
    ...(words !== "" && { body: words }),
    ...(host && { url: `https://${host}/posts/comments/${comment.comment_id}` }),
    ...(Object.keys(attributes).length > 0 && { attributes }),
  };
  return {
    identities: person.identities,
    channels: [channel],
    threads: id === undefined ? [] : [guessQuestion({ id, host, channel, since: comment.creation_date, question: input.question })],
    activities: [activity],
    ...(person.links.length > 0 && { links: person.links }),
  };
}

function readQuestion(
  post: SePost,
  input: { host: string | undefined; channel: NormalizedChannel; opener: IdentityRef | undefined },
): NormalizedThread {
  const duplicates = post.duplicate_of ?? [];
  const closed = post.closed_date ? at(post.closed_date) : undefined;
  const closedReason = duplicates.length > 0 ? "duplicate" : post.closed_reason?.trim().toLowerCase() || "closed";
  const stateReason = post.accepted_answer_id ? "solved" : closed ? closedReason : undefined;
  const attributes: ActivityAttributes = {
    ...(typeof post.view_count === "number" && { views: post.view_count }),
    ...(typeof post.answer_count === "number" && { answers: post.answer_count }),
    ...(post.accepted_answer_id && { acceptedAnswer: String(post.accepted_answer_id) }),
    ...(duplicates.length > 0 && { duplicateOf: duplicates.map(String) }),
    ...(closed && { closedReason }),
    ...(post.locked_date && { locked: true }),
  };
  return {
    externalId: String(post.post_id),
    channel: input.channel.externalId,
    kind: "question",
    title: post.title?.trim() || `Question ${post.post_id}`,
    ...(input.host && { url: `https://${input.host}/q/${post.post_id}` }),
    state: closed ? "closed" : "open",
    ...(stateReason && { stateReason }),
    labels: post.tags ?? [],
    openedAt: at(post.creation_date),
    ...(closed && { closedAt: closed }),
    ...(input.opener && { opener: input.opener }),
    ...(Object.keys(attributes).length > 0 && { attributes }),
  };
}

/**
 * The question as its answers and comments know it. The question's own record says more and has to win whatever order
 * they come in, also where an answer is older, because two questions were merged: so this one is opened a little later.
 */
function guessQuestion(input: {
  id: number;
  host: string | undefined;
  channel: NormalizedChannel;
  since: number;
  question: QuestionHint | undefined;
}): NormalizedThread {
  const openedAt = at(Math.max(input.since, input.question?.creation_date ?? 0));
  return {
    externalId: String(input.id),
    channel: input.channel.externalId,
    kind: "question",
    title: input.question?.title?.trim() || `Question ${input.id}`,
    ...(input.host && { url: `https://${input.host}/q/${input.id}` }),
    state: "open",
    openedAt: new Date(openedAt.getTime() + 1),
  };
}

function readChannel(site: string, host: string | undefined, settings: StackExchangeSettings): NormalizedChannel {
  return { externalId: site, kind: "site", name: host ?? site, ...(host && { url: `https://${host}` }), visibility: settings.visibility };
}

interface Person {
  identities: NormalizedIdentity[];
  links: NormalizedIdentityLink[];
  credit: Pick<NormalizedActivity, "author" | "unattributed">;
}

/**
 * Who wrote it: the account, which is one across all sites, where it is known, and the site's user, with the link that
 * the site states between them.
 */
function readPerson(site: string, owner: SeOwner | null | undefined): Person {
  const name = owner?.display_name?.trim() ?? "";
  if (typeof owner?.user_id !== "number" || owner.user_type === "does_not_exist") {
    return { identities: [], links: [], credit: { unattributed: name || "deleted user" } };
  }
  const host = hostOfSite(site);
  const isCommunity = owner.user_id === communityUser;
  const user: NormalizedIdentity = {
    platform: `stackexchange:${site}`,
    externalId: `id:${owner.user_id}`,
    ...(name && { displayName: name }),
    ...(owner.profile_image?.startsWith("https://") && { avatarUrl: owner.profile_image }),
    ...(host && { url: `https://${host}/users/${owner.user_id}` }),
    ...(isCommunity && { kind: { value: "bot" as const, reason: "User -1 (Community) is the site itself, not a person." } }),
  };
  const userRef: IdentityRef = { platform: user.platform, externalId: user.externalId };
  if (typeof owner.account_id !== "number" || owner.account_id <= 0) return { identities: [user], links: [], credit: { author: userRef } };
  const accountRef: IdentityRef = { platform: "stackexchange", externalId: `id:${owner.account_id}` };
  const account: NormalizedIdentity = {
    ...accountRef,
    ...(name && { displayName: name }),
    url: `https://stackexchange.com/users/${owner.account_id}`,
  };
  const link: NormalizedIdentityLink = {
    a: accountRef,
    b: userRef,
    rule: "stackexchange_account",
    evidence: `${host ?? site} says that its user ${owner.user_id} belongs to the account ${owner.account_id} of Stack Exchange.`,
    strength: 1,
  };
  return { identities: [account, user], links: [link], credit: { author: accountRef } };
}

function readWords(said: { body?: string | null | undefined; body_markdown?: string | null | undefined }): string {
  const words = said.body_markdown ?? (said.body ? (/<[a-z][^<>]*>/i.test(said.body) ? htmlToMarkdown(said.body) : said.body) : "");
  return words.replace(/\r\n?/g, "\n").trim();
}

function at(seconds: number): Date {
  return new Date(seconds * 1000);
}
