import { z } from "zod";
import { AppError } from "#core/errors.ts";
import type { FileIdentity, RawRecord, RecordChunk, RejectedRecord } from "#features/ledger/index.ts";
import { type ExportFile, openExport, readJson } from "../export-files.ts";
import { excerptOf } from "../words.ts";
import { messagesStream, type SlackChannel } from "./format.ts";
import { describeApiChannel, describeUnlisted, listsPeople, readDayPath, readListName } from "./layout.ts";
import { activityKind } from "./message-kinds.ts";
import { type Directory, messageRecord, nameOfGone, nameOfUser, userRecord } from "./records.ts";

const answerSchema = z.looseObject({
  ok: z.boolean(),
  error: z.string().optional(),
  messages: z.array(z.unknown()).optional(),
  channel: z.looseObject({ id: z.string() }).optional().catch(undefined),
  channels: z.array(z.looseObject({ id: z.string() })).optional(),
  user: z.looseObject({ id: z.string() }).optional().catch(undefined),
  members: z.array(z.unknown()).optional(),
});
type Answer = z.output<typeof answerSchema>;

/** Saved answers of the Web API, read whole: they are pages, so none is large. */
interface Answers {
  directory: Directory;
  pages: { file: string; channel: SlackChannel; messages: readonly unknown[] }[];
  users: Record<string, unknown>[];
  rejected: RejectedRecord[];
  warnings: string[];
  name: string;
  moment: Date;
}

/** Whether a path is a file, folder or zip of saved answers, and no export. */
export async function holdsAnswers(path: string, signal: AbortSignal): Promise<boolean> {
  const opened = await openExport(path);
  try {
    if (!opened.isSingle && opened.files.some(({ name }) => readDayPath(name) || readListName(name) || listsPeople(name))) return false;
    for (const file of opened.files) if ((opened.isSingle || file.name.endsWith(".json")) && (await beginsAsAnswer(file, signal))) return true;
    return false;
  } finally {
    await opened.close();
  }
}

async function beginsAsAnswer(file: ExportFile, signal: AbortSignal): Promise<boolean> {
  for await (const chunk of file.read(signal)) {
    const head = chunk.toString("utf8");
    return /^\ufeff?\s*\{/.test(head) && /"(?:ok|has_more|messages|members|channels?|user)"\s*:/.test(head);
  }
  return false;
}

/**
 * Reads saved answers.
 * @throws AppError `unreadable_file` for what is no JSON or holds nothing but refusals
 */
export async function openAnswers(path: string, input: { team: string; signal: AbortSignal }): Promise<Answers> {
  const opened = await openExport(path);
  try {
    const found: { file: string; answer: Answer }[] = [];
    const rejected: RejectedRecord[] = [];
    for (const file of opened.files.filter(({ name }) => opened.isSingle || /\.json(?:\.gz)?$/i.test(name))) {
      const answer = await readAnswer(file, input.signal);
      if (answer.ok) found.push({ file: file.name, answer });
      else rejected.push(refused(file.name, answer));
    }
    if (found.length === 0) {
      const why = rejected.map(({ reason }) => reason).join(" ");
      throw new AppError("unreadable_file", { public: `${opened.name} holds no answer of Slack that can be used. ${why}` });
    }
    return { ...arrange(found, { team: input.team, name: opened.name.replace(/\.(?:json|zip)(?:\.gz)?$/i, "") }), rejected };
  } finally {
    await opened.close();
  }
}

async function readAnswer(file: ExportFile, signal: AbortSignal): Promise<Answer> {
  const parsed = answerSchema.safeParse(await readJson(file, signal));
  if (parsed.success) return parsed.data;
  throw new AppError("unreadable_file", {
    public: `${file.name} is no answer of Slack's API: ${parsed.error.issues[0]?.path.join(".") || "it"} ${parsed.error.issues[0]?.message ?? ""}. Bring in an export (its zip or folder), or answers as they came.`,
  });
}

function refused(file: string, { error }: Answer): RejectedRecord {
  return {
    stream: messagesStream,
    place: file,
    reason: `${file}: Slack refused to answer (${error ?? "no reason given"}).`,
    remedy: "Ask again with the rights that it needs; nothing is in this file.",
  };
}

function arrange(found: readonly { file: string; answer: Answer }[], input: { team: string; name: string }): Omit<Answers, "rejected"> {
  const channels = new Map<string, SlackChannel>();
  const users: Record<string, unknown>[] = [];
  for (const { answer } of found) {
    for (const given of [answer.channel, ...(answer.channels ?? [])]) {
      const channel = given && describeApiChannel(given);
      if (channel) channels.set(channel.id, channel);
    }
    if (answer.user) users.push(answer.user);
    for (const member of answer.members ?? []) if (typeof member === "object" && member !== null && "id" in member) users.push({ ...member });
  }
  const people = new Map<string, { name: string; gone?: string }>();
  for (const user of users) {
    const gone = nameOfGone(user);
    people.set(String(user.id), { name: nameOfUser(user) ?? String(user.id), ...(gone && { gone }) });
  }
  const team = input.team || users.map((user) => user.team_id).find((id) => typeof id === "string") || `unnamed-${input.name.toLowerCase()}`;
  const pages = found.flatMap(({ file, answer }) =>
    answer.messages ? [{ file, messages: answer.messages, channel: channelOf(file, channels) }] : [],
  );
  const unknown = [...new Set(pages.filter(({ channel }) => !channels.has(channel.id)).map(({ file }) => file))];
  return {
    directory: { team: String(team), people, channels },
    pages,
    users,
    name: channels.size === 1 ? `#${[...channels.values()][0]?.name}` : input.name,
    moment: new Date(Math.max(0, ...pages.flatMap(({ messages }) => messages.map(secondsOf))) * 1000),
    warnings:
      unknown.length > 0
        ? [
            `${unknown.join(", ")}: answers with messages do not name their channel. Add the answer of conversations.info, or name the files after the channel's id; until then only owners, admins and advocates see them.`,
          ]
        : [],
  };
}

/** Pages of messages do not name their channel: it is in the file's name, or the only one there is. */
function channelOf(file: string, channels: ReadonlyMap<string, SlackChannel>): SlackChannel {
  const named = /(?<![A-Z0-9])[CDG][A-Z0-9]{7,}(?![A-Z0-9])/.exec(file)?.[0];
  const [only] = channels.values();
  if (named) return channels.get(named) ?? describeUnlisted(named);
  if (only && channels.size === 1) return only;
  return describeUnlisted(file.replace(/^.*\//, "").replace(/\.json(?:\.gz)?$/i, ""));
}

function secondsOf(message: unknown): number {
  const ts: unknown = typeof message === "object" && message !== null ? Reflect.get(message, "ts") : undefined;
  return Number.parseFloat(String(ts)) || 0;
}

/** What the answers report: of pages that overlap, each message once. */
export function identifyAnswers({ directory, pages, name }: Answers): FileIdentity {
  const kinds = new Map<string, string>();
  for (const { channel, messages } of pages) {
    for (const message of messages) {
      if (typeof message !== "object" || message === null) continue;
      const subtype: unknown = Reflect.get(message, "subtype");
      const kind = activityKind(typeof subtype === "string" ? subtype : undefined);
      if (kind) kinds.set(`${channel.id}:${String(Reflect.get(message, "ts"))}`, kind);
    }
  }
  const reported: Record<string, number> = {};
  for (const kind of kinds.values()) reported[kind] = (reported[kind] ?? 0) + 1;
  return { origin: `slack:${directory.team}`, name, reported };
}

/** The records in the answers, people first. */
export function* takeAnswers(answers: Answers): Generator<RecordChunk> {
  const { directory, moment: asOf } = answers;
  const users = answers.users.map((user) => userRecord({ team: directory.team, user, asOf })).filter((record) => record !== undefined);
  yield { records: users, rejected: answers.rejected, warnings: answers.warnings };
  for (const [index, { file, channel, messages }] of answers.pages.entries()) {
    const records: RawRecord[] = [];
    const rejected: RejectedRecord[] = [];
    for (const [at, message] of messages.entries()) {
      const record = messageRecord({ directory, channel, message, asOf });
      if ("refusal" in record) {
        rejected.push({
          stream: messagesStream,
          place: `${file}, messages[${at}]`,
          reason: record.refusal,
          remedy: "Fetch that page again; all the rest was taken.",
          excerpt: excerptOf(message),
        });
      } else records.push(record);
    }
    yield { records, rejected, progress: { done: index + 1, total: answers.pages.length, unit: "pages" } };
  }
}
