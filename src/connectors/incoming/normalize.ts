import { type NormalizedBatch, type NormalizedIdentity, type RawRecord, RecordError } from "#features/ledger/index.ts";
import { botReason } from "../known-bots.ts";
import { type IncomingActivity, incomingActivity } from "./payload.ts";

const titleMax = 80;

/** One activity that somebody's own program sent. */
export function normalizeIncoming(
  record: RawRecord,
  settings: { program: string; visibility: "public" | "members" | "team" | "restricted" },
): NormalizedBatch {
  const parsed = incomingActivity.safeParse(record.payload);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new RecordError({
      reason: issue?.message ?? "It does not have the form of an activity.",
      place: issue?.path.join(".") || "the whole record",
      remedy: "Send it again under the same id in the form that the API's documentation shows.",
    });
  }
  const given = parsed.data;
  const author = given.author && identityOf(given.author, settings.program);
  const channel = given.channel?.id ?? "all";
  const occurredAt = new Date(given.occurredAt);
  const ref = author && { platform: author.platform, externalId: author.externalId };
  const { thread } = given;
  return {
    identities: author ? [author] : [],
    channels: [
      {
        externalId: channel,
        kind: given.channel?.kind ?? "stream",
        name: given.channel?.name ?? given.channel?.id ?? settings.program,
        visibility: given.channel?.private ? "restricted" : settings.visibility,
      },
    ],
    threads: thread
      ? [
          {
            externalId: thread.id,
            channel,
            kind: thread.kind ?? "topic",
            title: thread.title || given.title || firstWords(given.body) || thread.id,
            ...(thread.url && { url: thread.url }),
            state: thread.closedAt || thread.solved ? "closed" : "open",
            ...(thread.solved && { stateReason: "solved" }),
            ...(thread.closedAt && { closedAt: new Date(thread.closedAt) }),
            openedAt: occurredAt,
            ...(ref && { opener: ref }),
          },
        ]
      : [],
    activities: [
      {
        externalId: given.id,
        kind: given.kind,
        channel,
        ...(thread && { thread: thread.id }),
        ...(given.replyTo && { replyTo: given.replyTo }),
        ...(ref ? { author: ref } : { unattributed: "unknown" }),
        occurredAt,
        ...(given.editedAt && { editedAt: new Date(given.editedAt) }),
        ...(given.deletedAt ? { deletedAt: new Date(given.deletedAt) } : { title: given.title, body: given.body }),
        ...(given.url && { url: given.url }),
        ...(given.attributes && { attributes: given.attributes }),
      },
    ],
  };
}

function identityOf(author: NonNullable<IncomingActivity["author"]>, scope: string): NormalizedIdentity {
  const email = author.email?.toLowerCase();
  const reason = author.bot ? "The sender says that it is a bot." : botReason({ login: author.login, name: author.name ?? "", address: email ?? "" });
  return {
    // A person without an id of the source is known by the address, in every source alike.
    ...(author.id === undefined ? { platform: "email", externalId: email ?? "" } : { platform: `incoming:${scope}`, externalId: author.id }),
    ...(author.name && { displayName: author.name }),
    ...(author.login && { login: author.login }),
    ...(email && { email, emailVerified: author.emailVerified ?? false }),
    ...(author.url && { url: author.url }),
    ...(author.avatarUrl && { avatarUrl: author.avatarUrl }),
    ...(reason && { kind: { value: "bot" as const, reason } }),
  };
}

function firstWords(body: string | undefined): string {
  const line = (body ?? "").trim().split("\n", 1)[0]?.trim() ?? "";
  return line.length > titleMax ? `${line.slice(0, titleMax - 1)}…` : line;
}
