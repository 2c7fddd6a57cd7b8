import type { ActivityAttributes, IdentityRef, NormalizedBatch, NormalizedChannel, NormalizedIdentity, RawRecord } from "#features/ledger/index.ts";
import { botReason } from "../known-bots.ts";
import { parseRecord } from "../parse-record.ts";
import { titleFromWords } from "../words.ts";
import { isSystemPost, type PostPayload, postPayloadSchema, type UserPayload, userPayloadSchema } from "./format.ts";

const remedy = "Export it again; all the rest was taken.";

/** One post, or one account. */
export function normalizeMattermost(record: RawRecord, settings: { visibility: NormalizedChannel["visibility"] }): NormalizedBatch {
  if (record.stream === "users") return normalizeUser(parseRecord(userPayloadSchema, record, remedy));
  return normalizePost(parseRecord(postPayloadSchema, record, remedy), settings);
}

function normalizeUser({ site, id, user }: UserPayload): NormalizedBatch {
  const full = [user.first_name, user.last_name]
    .map((part) => part?.trim())
    .filter(Boolean)
    .join(" ");
  const name = full || user.nickname?.trim();
  const login = user.username?.trim();
  const address = user.email?.trim().toLowerCase() ?? "";
  const bot = user.is_bot ? "Mattermost marks the account as a bot." : botReason({ login, name });
  // Bots get an address of the server itself that nobody reads.
  const isReal = address.includes("@") && !bot && !/@localhost$/.test(address);
  const identity: NormalizedIdentity = {
    platform: site,
    externalId: id,
    ...(login && { login }),
    ...(name && { displayName: name }),
    ...(isReal && { email: address, ...(user.email_verified && { emailVerified: true }) }),
    ...(bot && { kind: { value: "bot", reason: bot } }),
  };
  return { identities: [identity], channels: [], threads: [], activities: [] };
}

function normalizePost(payload: PostPayload, settings: { visibility: NormalizedChannel["visibility"] }): NormalizedBatch {
  const { channel, post } = payload;
  const stated: NormalizedChannel = {
    externalId: channel.id,
    kind: "chat",
    name: channel.name,
    ...(channel.url && { url: channel.url }),
    visibility: channel.isClosed ? "restricted" : settings.visibility,
  };
  if (isSystemPost(post.type)) return { identities: [], channels: [stated], threads: [], activities: [] };
  const sender = readSender(payload);
  const author: IdentityRef | undefined = sender && { platform: sender.platform, externalId: sender.externalId };
  const occurredAt = new Date(post.create_at);
  const deletedAt = post.delete_at ? new Date(post.delete_at) : undefined;
  const editedAt = post.edit_at ? new Date(post.edit_at) : undefined;
  const words = deletedAt ? "" : readWords(post);
  const root = post.root_id || undefined;
  const thread = root ?? post.id;
  const attributes = readAttributes(payload);
  return {
    identities: sender ? [sender] : [],
    channels: [stated],
    threads: [
      {
        externalId: thread,
        channel: channel.id,
        kind: "chat",
        title: titleFromWords(words, deletedAt ? "(deleted message)" : "(no words)"),
        state: "open",
        openedAt: occurredAt,
        ...(author && { opener: author }),
      },
    ],
    activities: [
      {
        externalId: post.id,
        kind: "message",
        channel: channel.id,
        thread,
        ...(root && { replyTo: root }),
        ...(author ? { author } : { unattributed: "deleted user" }),
        occurredAt,
        ...(editedAt && { editedAt }),
        ...(deletedAt && { deletedAt }),
        ...(words !== "" && { body: words }),
        ...linkTo(payload),
        ...(!deletedAt && Object.keys(attributes).length > 0 && { attributes }),
      },
    ],
  };
}

/** Only the API's ids lead anywhere, and only where the server is known. */
function linkTo({ site, post }: PostPayload): { url?: string } {
  const host = site.startsWith("mattermost:") ? site.slice("mattermost:".length) : "";
  return host.includes(".") && /^[a-z0-9]{26}$/.test(post.id) ? { url: `https://${host}/_redirect/pl/${post.id}` } : {};
}

/** Who speaks: a webhook bears its maker's id, but it is not its maker who speaks. */
function readSender({ site, user, post }: PostPayload): NormalizedIdentity | undefined {
  const props = post.props ?? {};
  if (String(props.from_webhook) === "true") {
    const shown = typeof props.override_username === "string" && props.override_username.trim() !== "" ? props.override_username.trim() : "webhook";
    return {
      platform: site,
      externalId: `webhook:${shown.toLowerCase()}`,
      displayName: shown,
      kind: { value: "bot", reason: `${shown} writes through a webhook.` },
    };
  }
  if (user.id === "") return undefined;
  const bot = user.isBot || String(props.from_bot) === "true" ? "Mattermost marks the account as a bot." : botReason({ login: user.username });
  return {
    platform: site,
    externalId: user.id,
    ...(user.username && { login: user.username }),
    ...(bot && { kind: { value: "bot", reason: bot } }),
  };
}

/** The words, and those of what integrations attach instead of writing. */
function readWords(post: PostPayload["post"]): string {
  const parts = [post.message ?? ""];
  const attached: unknown = post.props?.attachments;
  if (Array.isArray(attached)) {
    for (const item of attached as unknown[]) {
      if (typeof item !== "object" || item === null) continue;
      for (const field of ["pretext", "title", "text"]) {
        const value: unknown = Reflect.get(item, field);
        if (typeof value === "string" && value.trim() !== "") parts.push(value);
      }
    }
  }
  return parts
    .filter((part) => part.trim() !== "")
    .join("\n\n")
    .replace(/\r\n?/g, "\n")
    .trim();
}

function readAttributes({ reactions, attachments, post }: PostPayload): ActivityAttributes {
  return {
    ...(reactions && Object.keys(reactions).length > 0 && { reactions }),
    ...(attachments && attachments.length > 0 && { attachments }),
    ...(post.is_pinned === true && { pinned: true }),
  };
}
