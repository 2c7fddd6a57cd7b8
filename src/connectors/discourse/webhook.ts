import { createHmac, timingSafeEqual } from "node:crypto";
import { AppError } from "#core/errors.ts";
import type { RawRecord, WebhookOutcome, WebhookRequest } from "#features/ledger/index.ts";
import { type DiscourseUser, givenPostSchema, givenTopicSchema, siteOf } from "./format.ts";
import { findCategory, hintOf, isObject } from "./read-value.ts";
import { changedAt, type Given, goneRecord, idOf, postRecord, topicRecord } from "./records.ts";

export interface DiscourseWebhookSettings {
  site: string;
  webhookSecret: string;
}

/** A webhook knows a category by its number: its name and who may read it stay as the lists told. */
const noCategories = new Map();

/**
 * Reads what the forum sends: posts and topics that came, changed, went and came back.
 * @throws AppError `forbidden` for a wrong or missing signature, `invalid_input` for what is no JSON
 */
export function receiveDiscourse(request: WebhookRequest, settings: DiscourseWebhookSettings): WebhookOutcome {
  checkSignature(request, settings.webhookSecret);
  const site = siteOf(settings.site)?.site ?? siteOf(request.headers.get("x-discourse-instance") ?? "")?.site;
  if (site === undefined)
    throw new AppError("invalid_input", { public: "Give the forum's address in the settings, so that what it sends has a place." });
  const type = request.headers.get("x-discourse-event-type") ?? "";
  const event = request.headers.get("x-discourse-event") ?? type;
  const body = parseBody(request.body);
  if (isObject(body.topic)) return takeTopic({ site, event, topic: body.topic });
  // An answer that is marked comes as its post. A like does too, but without the count: a fetch tells it.
  const post = isObject(body.post) ? body.post : body.solved;
  if (isObject(post)) return takePost({ site, event, post });
  return { ignored: `Events of the kind «${type || "unknown"}» bring nothing in: choose those of posts and topics.` };
}

function checkSignature({ headers, body }: WebhookRequest, secret: string): void {
  if (secret === "")
    throw new AppError("forbidden", {
      public: "This source has no webhook secret yet. Set the same one here and in the forum (Admin > API > Webhooks).",
    });
  const given = Buffer.from(headers.get("x-discourse-event-signature") ?? "");
  const expected = Buffer.from(`sha256=${createHmac("sha256", secret).update(body).digest("hex")}`);
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
    throw new AppError("forbidden", {
      public: "The signature (X-Discourse-Event-Signature) does not fit. Set the same secret here and in the forum.",
    });
  }
}

function parseBody(body: string): Given {
  try {
    const parsed: unknown = JSON.parse(body);
    if (isObject(parsed)) return parsed;
  } catch {
    // Said below in the same words.
  }
  throw new AppError("invalid_input", { public: "The webhook's body is no JSON object." });
}

function takePost(input: { site: string; event: string; post: Given }): WebhookOutcome {
  const { site, event } = input;
  const parsed = givenPostSchema.safeParse(input.post);
  if (!parsed.success) return { ignored: `The post lacks its ${parsed.error.issues[0]?.path.map(String).join(".") ?? "id"}.` };
  const post: Given = parsed.data;
  const id = String(parsed.data.id);
  if (event === "post_destroyed") {
    // It is sent as it was before: that it is gone stands in the event's name alone.
    return { records: [goneRecord({ site, id, topicId: parsed.data.topic_id, asOf: toMoment(changedAt(post)) })] };
  }
  const accepted = event === "accepted_solution" ? true : event === "unaccepted_solution" ? false : undefined;
  const record = postRecord({
    site,
    category: findCategory(noCategories, post.category_id),
    post: accepted === undefined ? post : { ...post, accepted_answer: accepted },
    topic: hintOf(post),
    // Likes and the post it answers are not told: a fetch of the same state knows more.
    knowsLess: true,
    // These change nothing that has a time: they hold from now on.
    ...((event === "post_recovered" || accepted !== undefined) && { asOf: null }),
  });
  return { records: [record] };
}

function takeTopic(input: { site: string; event: string; topic: Given }): WebhookOutcome {
  const { site, event } = input;
  const parsed = givenTopicSchema.safeParse(input.topic);
  if (!parsed.success) return { ignored: `The topic lacks its ${parsed.error.issues[0]?.path.map(String).join(".") ?? "id"}.` };
  const topic: Given = parsed.data;
  const isGone = event === "topic_destroyed";
  const at =
    typeof topic.deleted_at === "string"
      ? topic.deleted_at
      : typeof topic.last_posted_at === "string"
        ? topic.last_posted_at
        : parsed.data.created_at;
  const record: RawRecord = topicRecord({
    site,
    category: findCategory(noCategories, topic.category_id),
    topic: isGone ? { ...topic, deleted_at: at } : event === "topic_recovered" ? { ...topic, deleted_at: null } : topic,
    user: openerOf(topic.created_by),
    // A topic's state has no time of its own: what is sent now holds now.
  });
  return { records: [record] };
}

function openerOf(user: unknown): DiscourseUser | undefined {
  const id = idOf(user);
  if (id === undefined || !isObject(user)) return undefined;
  const text = (field: string) => (typeof user[field] === "string" ? user[field] : undefined);
  return { id, username: text("username"), name: text("name"), avatar_template: text("avatar_template") };
}

const toMoment = (at: number | undefined): string | undefined => (at === undefined ? undefined : new Date(at).toISOString());
