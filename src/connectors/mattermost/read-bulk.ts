import { hash } from "node:crypto";
import { z } from "zod";
import { AppError } from "#core/errors.ts";
import type { RawRecord, RecordChunk, RejectedRecord } from "#features/ledger/index.ts";
import { type ExportFile, readLines } from "../export-files.ts";
import { excerptOf } from "../words.ts";
import type { MattermostChannel, PostPayload } from "./format.ts";
import { postSchema } from "./format.ts";
import { aboutUser, countReactions, postRecord, userRecord } from "./records.ts";

const chunkRecords = 400;

type Row = Record<string, unknown>;
interface Line {
  type: string;
  row: Row;
  line: number;
  byte: number;
}

export interface BulkSummary {
  teams: { name: string; title: string }[];
  messages: number;
}

/**
 * Reads a bulk export to its end: each line an object with its type, the first one its version.
 * @throws AppError `unreadable_file` with the line
 */
export async function inspectBulk(file: ExportFile, signal: AbortSignal): Promise<BulkSummary> {
  const summary: BulkSummary = { teams: [], messages: 0 };
  let first = true;
  for await (const { type, row } of readRows(file, signal)) {
    if (first && type !== "version") {
      throw new AppError("unreadable_file", {
        public: `${file.name} does not begin with its version, as Mattermost's bulk export does (its first line is of type ${JSON.stringify(type)}). Is the beginning cut off? Nothing was stored.`,
      });
    }
    first = false;
    if (type === "team") summary.teams.push({ name: text(row.name), title: text(row.display_name) || text(row.name) });
    if (type === "post" || type === "direct_post") {
      if (!text(row.type).startsWith("system_")) summary.messages++;
      for (const reply of listOf(row.replies)) if (!text(reply.type).startsWith("system_")) summary.messages++;
    }
  }
  if (first) throw new AppError("unreadable_file", { public: `${file.name} holds no line. Export it again.` });
  return summary;
}

export async function* readBulk(file: ExportFile, site: string, signal: AbortSignal): AsyncGenerator<RecordChunk> {
  const reader = new BulkReader(site);
  let records: RawRecord[] = [];
  let rejected: RejectedRecord[] = [];
  for await (const line of readRows(file, signal)) {
    for (const item of reader.take(line)) {
      if ("record" in item) records.push(item.record);
      else {
        rejected.push({
          stream: "posts",
          place: `${file.name}, line ${line.line}${item.place}`,
          reason: item.reason,
          remedy: "Look at that line, or export again; all the rest was taken.",
          excerpt: excerptOf(item.row),
        });
      }
    }
    if (records.length + rejected.length < chunkRecords) continue;
    yield { records, rejected, progress: { done: Math.min(file.sizeBytes, line.byte), total: file.sizeBytes, unit: "bytes" } };
    records = [];
    rejected = [];
  }
  const warnings =
    reader.systemPosts > 0 ? [`${reader.systemPosts.toLocaleString("en")} notes of the server («… joined the channel») were left out.`] : [];
  yield { records, rejected, warnings, progress: { done: file.sizeBytes, total: file.sizeBytes, unit: "bytes" } };
}

type Taken = { record: RawRecord } | { reason: string; place: string; row: Row };

/** Turns lines into records; teams, channels and users come before the posts that name them. */
class BulkReader {
  systemPosts = 0;
  readonly #site: string;
  readonly #channels = new Map<string, MattermostChannel>();
  readonly #users = new Map<string, Row>();
  readonly #told = new Set<string>();
  /** How often a key was given: two posts of one user in one channel may bear the same millisecond. */
  readonly #keys = new Map<number, number>();

  constructor(site: string) {
    this.#site = site;
  }

  *take({ type, row }: Line): Generator<Taken> {
    if (type === "channel") {
      const id = `${text(row.team)}/${text(row.name)}`;
      this.#channels.set(id, { id, name: text(row.display_name) || text(row.name), isClosed: text(row.type) !== "O" });
    } else if (type === "user") this.#users.set(text(row.username), row);
    else if (type === "post" || type === "direct_post") yield* this.#takePost(type, row);
  }

  *#takePost(type: string, row: Row): Generator<Taken> {
    const channel = type === "post" ? this.#channelOf(row) : directChannel(row);
    if (!channel) return yield { reason: "The post names neither channel nor members.", place: "", row };
    const root = yield* this.#takeMessage(row, channel, "", undefined);
    const replies = listOf(row.replies);
    for (const [index, reply] of replies.entries()) yield* this.#takeMessage(reply, channel, `, replies[${index}]`, root ?? keyOf(channel.id, row));
  }

  *#takeMessage(row: Row, channel: MattermostChannel, place: string, root: string | undefined): Generator<Taken, string | undefined> {
    if (text(row.type).startsWith("system_")) {
      this.systemPosts++;
      return undefined;
    }
    const username = text(row.user);
    const post = postSchema.safeParse({
      id: this.#nextKey(keyOf(channel.id, row)),
      create_at: row.create_at,
      edit_at: numberOf(row.edit_at),
      user_id: username,
      channel_id: channel.id,
      ...(root && { root_id: root }),
      message: text(row.message),
      ...(text(row.type) && { type: text(row.type) }),
      ...(typeof row.props === "object" && row.props !== null && { props: row.props }),
      ...(row.is_pinned === true && { is_pinned: true }),
    });
    if (!post.success) {
      const issue = post.error.issues[0];
      yield { reason: `${issue?.path.map(String).join(".")} ${issue?.message}`, place, row };
      return undefined;
    }
    if (username !== "" && !this.#told.has(username)) {
      this.#told.add(username);
      const user = this.#users.get(username);
      if (user) yield { record: userRecord({ site: this.#site, id: `login:${username.toLowerCase()}`, user: aboutUser(user) }) };
    }
    const payload: PostPayload = {
      site: this.#site,
      channel,
      user: { id: username && `login:${username.toLowerCase()}`, ...(username && { username }) },
      post: post.data,
    };
    const reactions = countReactions(listOf(row.reactions).map((reaction) => reaction.emoji_name));
    if (reactions) payload.reactions = reactions;
    const attachments = listOf(row.attachments).map(({ path }) => ({ name: text(path).split("/").pop() ?? "" }));
    if (attachments.length > 0) payload.attachments = attachments;
    yield { record: postRecord(payload) };
    return post.data.id;
  }

  #channelOf(row: Row): MattermostChannel | undefined {
    const name = text(row.channel);
    if (name === "") return undefined;
    const id = `${text(row.team)}/${name}`;
    // A channel that the export does not state may be a closed one.
    return this.#channels.get(id) ?? { id, name, isClosed: true };
  }

  #nextKey(key: string): string {
    // Numbers instead of texts, so that a long history stays small in memory.
    const digest = Number.parseInt(hash("sha1", key, "hex").slice(0, 13), 16);
    const count = (this.#keys.get(digest) ?? 0) + 1;
    this.#keys.set(digest, count);
    return count === 1 ? key : `${key}/${count}`;
  }
}

/** Posts have no id in the export: channel (with its team), user and time of writing stay the same. */
function keyOf(channel: string, row: Row): string {
  return `${channel}/${text(row.user)}/${String(row.create_at)}`;
}

function directChannel(row: Row): MattermostChannel | undefined {
  const members = Array.isArray(row.channel_members) ? row.channel_members.filter((m): m is string => typeof m === "string").sort() : [];
  return members.length === 0 ? undefined : { id: `direct/${members.join(",")}`, name: "Direct messages", isClosed: true };
}

async function* readRows(file: ExportFile, signal: AbortSignal): AsyncGenerator<Line> {
  let byte = 0;
  for await (const { text: json, line, bytes } of readLines(file, signal)) {
    byte += bytes;
    let value: unknown;
    try {
      value = JSON.parse(json);
    } catch (cause) {
      throw new AppError("unreadable_file", {
        public: `${file.name} is not valid JSON at line ${line.toLocaleString("en")}: the export may be cut off there. Export or download it again; nothing was stored.`,
        cause,
      });
    }
    const parsed = lineSchema.safeParse(value);
    if (!parsed.success) {
      throw new AppError("unreadable_file", {
        public: `Line ${line.toLocaleString("en")} of ${file.name} has no "type", as each line of Mattermost's bulk export has. Nothing was stored.`,
      });
    }
    const { type } = parsed.data;
    const row = parsed.data[type];
    yield { type, row: typeof row === "object" && row !== null ? { ...row } : {}, line, byte };
  }
}

const lineSchema = z.looseObject({ type: z.string().min(1) });

function listOf(value: unknown): Row[] {
  return Array.isArray(value) ? value.filter((item): item is Row => typeof item === "object" && item !== null) : [];
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function numberOf(value: unknown): number | undefined {
  return typeof value === "number" && value > 0 ? value : undefined;
}
