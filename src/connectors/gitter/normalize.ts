import { z } from "zod";
import {
  type ActivityAttributes,
  type IdentityRef,
  type NormalizedBatch,
  type NormalizedChannel,
  type NormalizedIdentity,
  type RawRecord,
  RecordError,
} from "#features/ledger/index.ts";
import { botReason } from "../known-bots.ts";
import { htmlToWords, titleFromWords } from "../words.ts";

const time = z.iso.datetime({ offset: true, error: "is no date and time like 2020-03-23T13:18:08.800Z" });

const userSchema = z.looseObject({
  id: z.string().min(1),
  username: z.string().nullish(),
  displayName: z.string().nullish(),
  avatarUrl: z.string().nullish(),
});

/** A message as the API gave it, and as Gitter's own room export wrote it line by line. */
export const messageSchema = z.looseObject({
  id: z.string().min(1),
  text: z.string().nullish(),
  html: z.string().nullish(),
  sent: time,
  editedAt: time.nullish(),
  /** Null where the account was removed; the export gives the id alone. */
  fromUser: z.union([userSchema, z.string().min(1)]).nullish(),
  parentId: z.string().nullish(),
  mentions: z.array(z.looseObject({ screenName: z.string().nullish(), userId: z.string().nullish() })).nullish(),
  issues: z.array(z.looseObject({ number: z.union([z.string(), z.number()]).nullish() })).nullish(),
});

export const payloadSchema = z.object({
  room: z.object({ id: z.string(), name: z.string(), isClosed: z.boolean() }),
  message: messageSchema,
});

export type GitterRoom = z.output<typeof payloadSchema>["room"];

/** One message of a room. */
export function normalizeMessage(record: RawRecord, settings: { visibility: NormalizedChannel["visibility"] }): NormalizedBatch {
  const parsed = payloadSchema.safeParse(record.payload);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const place = issue?.path.map(String).join(".") ?? "";
    throw new RecordError({
      place,
      reason: `${place} ${issue?.message ?? "cannot be read"}`,
      remedy: "Look at the message in the file; all the rest was taken.",
    });
  }
  const { room, message } = parsed.data;
  const sender = readSender(message.fromUser);
  const author: IdentityRef | undefined = "identity" in sender ? { platform: "gitter", externalId: sender.identity.externalId } : undefined;
  const words = (message.text ?? (message.html ? htmlToWords(message.html) : "")).replace(/\r\n?/g, "\n").trim();
  const occurredAt = new Date(message.sent);
  const editedAt = message.editedAt ? new Date(message.editedAt) : undefined;
  // Gitter kept the root of a thread when it was deleted, and emptied it.
  const isEmptied = words === "" && editedAt !== undefined;
  const thread = message.parentId || message.id;
  const attributes = readAttributes(parsed.data.message);
  return {
    identities: "identity" in sender ? [sender.identity] : [],
    channels: [{ externalId: room.id, kind: "chat", name: room.name, visibility: room.isClosed ? "restricted" : settings.visibility }],
    threads: [
      {
        externalId: thread,
        channel: room.id,
        kind: "chat",
        title: titleFromWords(words, isEmptied ? "(deleted message)" : "(no words)"),
        state: "open",
        openedAt: occurredAt,
        ...(author && { opener: author }),
      },
    ],
    activities: [
      {
        externalId: message.id,
        kind: "message",
        channel: room.id,
        thread,
        ...(message.parentId && { replyTo: message.parentId }),
        ...("identity" in sender ? { author } : { unattributed: sender.unattributed }),
        occurredAt,
        ...(editedAt && { editedAt }),
        ...(isEmptied ? { deletedAt: editedAt } : words !== "" && { body: words }),
        ...(Object.keys(attributes).length > 0 && { attributes }),
      },
    ],
  };
}

function readSender(user: z.output<typeof messageSchema>["fromUser"]): { identity: NormalizedIdentity } | { unattributed: string } {
  if (!user) return { unattributed: "deleted user" };
  if (typeof user === "string") return { identity: { platform: "gitter", externalId: `id:${user}` } };
  const login = user.username?.trim() ?? "";
  // Whoever asked to be forgotten became a ghost with the old id behind a tilde.
  if (/^ghost~/i.test(login)) return { unattributed: "ghost" };
  const bot = botReason({ login, name: user.displayName ?? undefined });
  return {
    identity: {
      platform: "gitter",
      externalId: `id:${user.id}`,
      ...(login && { login }),
      ...(user.displayName?.trim() ? { displayName: user.displayName.trim() } : {}),
      ...(user.avatarUrl?.startsWith("https://") && { avatarUrl: user.avatarUrl }),
      ...(bot && { kind: { value: "bot", reason: bot } }),
    },
  };
}

function readAttributes(message: z.output<typeof messageSchema>): ActivityAttributes {
  const mentioned = new Set((message.mentions ?? []).map(({ userId }) => userId).filter((id): id is string => Boolean(id)));
  const issues = [...new Set((message.issues ?? []).map(({ number }) => String(number ?? "")).filter(Boolean))];
  return {
    ...(mentioned.size > 0 && { mentions: [...mentioned].map((id) => ({ platform: "gitter", externalId: `id:${id}` })) }),
    ...(issues.length > 0 && { issues }),
  };
}
