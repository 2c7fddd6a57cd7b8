import { AppError } from "#core/errors.ts";
import type { RawRecord, RecordChunk, RejectedRecord } from "#features/ledger/index.ts";
import type { ExportFile, ExportFiles } from "../export-files.ts";
import { otherPostTypes, setAside, toComment, toPost, whole } from "./convert-rows.ts";
import { PostTable, UserTable } from "./dump-tables.ts";
import type { SeOwner } from "./format.ts";
import { type DumpRoot, dumpRoots, readRows } from "./read-rows.ts";
import { commentRecord, type GivenPost, postRecord, userRecord } from "./records.ts";

/** The files of one site's dump, by what they hold. */
export type DumpFiles = Partial<Record<DumpRoot, ExportFile>>;

export interface DumpCounts {
  questions: number;
  answers: number;
  comments: number;
}

const chunkRecords = 400;
/** In the order in which they are read: each needs what the ones before it told. */
const readRoots: readonly DumpRoot[] = ["users", "postlinks", "posts", "comments"];
const duplicateLink = "3";

/**
 * Finds a dump's files by their names.
 * @returns undefined when there are none
 * @throws AppError `unreadable_file` when there are those of several sites
 */
export function findDumpFiles(files: ExportFiles): DumpFiles | undefined {
  const found: DumpFiles = {};
  for (const file of files.files) {
    const root = dumpRoots.find((name) => new RegExp(`(?:^|/)${name}\\.xml(?:\\.gz)?$`, "i").test(file.name));
    if (!root) continue;
    const other = found[root];
    if (other) {
      throw new AppError("unreadable_file", {
        public: `${files.name} holds the dumps of several sites (${other.name} and ${file.name}). Their numbers would be mixed up: bring in each site's folder by itself.`,
      });
    }
    found[root] = file;
  }
  return Object.keys(found).length > 0 ? found : undefined;
}

/** A file of a dump that came alone, told by its outermost element, whatever it is called. */
export async function openSingle(file: ExportFile, signal: AbortSignal): Promise<DumpFiles> {
  for await (const { root } of readRows(file, signal)) return { [root]: file };
  return {};
}

/**
 * Reads every file that will be used to its end.
 * @throws AppError `unreadable_file` for broken or cut files, and when nothing of use is there
 */
export async function inspectDump(name: string, dump: DumpFiles, signal: AbortSignal): Promise<DumpCounts> {
  const counts: DumpCounts = { questions: 0, answers: 0, comments: 0 };
  if (!dump.posts && !dump.comments && !dump.users) {
    const held = Object.keys(dump).join(" and ");
    throw new AppError("unreadable_file", {
      public: `${name} holds ${held} only, which name no words and no people. Bring in the folder with Posts.xml, Users.xml, Comments.xml and PostLinks.xml.`,
    });
  }
  for (const root of readRoots) {
    const file = dump[root];
    if (!file) continue;
    for await (const part of readRows(file, signal)) {
      if (part.root !== root) {
        throw new AppError("unreadable_file", {
          public: `${file.name} holds <${part.root}>, not <${root}>. Was a file renamed? Nothing was stored.`,
        });
      }
      if (root === "comments") counts.comments += part.rows.length;
      else if (root === "posts") countPosts(part.rows, counts);
    }
  }
  return counts;
}

function countPosts(rows: readonly { fields: Record<string, string> }[], counts: DumpCounts): void {
  for (const { fields } of rows) {
    if (fields.PostTypeId === "1") counts.questions++;
    else if (fields.PostTypeId === "2") counts.answers++;
  }
}

interface Reading {
  site: string;
  dump: DumpFiles;
  signal: AbortSignal;
  users: UserTable;
  posts: PostTable;
  /** Question → those that it repeats. */
  duplicates: Map<number, number[]>;
  warnings: string[];
  total: number;
  done: number;
}

/** The records of a dump: of a whole one only users who wrote something; a list of users alone brings them all. */
export async function* readDump(input: { site: string; dump: DumpFiles; signal: AbortSignal }): AsyncGenerator<RecordChunk> {
  const total = readRoots.reduce((sum, root) => sum + (input.dump[root]?.sizeBytes ?? 0), 0);
  const reading: Reading = {
    ...input,
    users: new UserTable(),
    posts: new PostTable(),
    duplicates: new Map(),
    warnings: [],
    total,
    done: 0,
  };
  const { dump } = input;
  if (dump.users && !dump.posts && !dump.comments) yield* readUsers(reading, dump.users);
  else if (dump.users) await noteUsers(reading, dump.users);
  else reading.warnings.push("Users.xml is missing: people are known by their numbers only, until it is brought in beside the others.");
  if (dump.postlinks && dump.posts) await noteDuplicates(reading, dump.postlinks);
  if (dump.posts) yield* readPosts(reading, dump.posts);
  if (dump.comments) {
    if (!dump.posts)
      reading.warnings.push("Posts.xml is missing: comments stand alone, without their questions, until it is brought in beside them.");
    yield* readComments(reading, dump.comments);
  }
  yield { records: [], warnings: reading.warnings, progress: { done: total, total, unit: "bytes" } };
}

async function* readUsers(reading: Reading, file: ExportFile): AsyncGenerator<RecordChunk> {
  for await (const { rows, byte } of readRows(file, reading.signal)) {
    const records: RawRecord[] = [];
    const rejected: RejectedRecord[] = [];
    for (const row of rows) {
      const id = whole(row.fields.Id);
      const account = whole(row.fields.AccountId);
      if (id === undefined) rejected.push(setAside({ stream: "users", file: file.name, row, field: "Id" }));
      else records.push(userRecord(reading.site, { user_id: id, account_id: account, display_name: row.fields.DisplayName }));
    }
    yield* inChunks({ records, rejected, reading, byte });
  }
  reading.done += file.sizeBytes;
}

async function noteUsers(reading: Reading, file: ExportFile): Promise<void> {
  for await (const { rows } of readRows(file, reading.signal)) {
    for (const { fields } of rows) {
      const id = whole(fields.Id);
      if (id !== undefined) reading.users.set(id, whole(fields.AccountId), fields.DisplayName);
    }
  }
  reading.done += file.sizeBytes;
}

async function noteDuplicates(reading: Reading, file: ExportFile): Promise<void> {
  for await (const { rows } of readRows(file, reading.signal)) {
    for (const { fields } of rows) {
      const [post, related] = [whole(fields.PostId), whole(fields.RelatedPostId)];
      if (fields.LinkTypeId !== duplicateLink || post === undefined || related === undefined) continue;
      const known = reading.duplicates.get(post) ?? [];
      if (!known.includes(related))
        reading.duplicates.set(
          post,
          [...known, related].sort((a, b) => a - b),
        );
    }
  }
  reading.done += file.sizeBytes;
}

/**
 * Questions and answers in one pass. What an answer needs of its question (that it was accepted, when it was asked) is
 * known by then, since questions come first; the few that stand before theirs are read in a second pass.
 */
async function* readPosts(reading: Reading, file: ExportFile): AsyncGenerator<RecordChunk> {
  const accepted = new Set<number>();
  const early = new Set<number>();
  const others = new Map<string, number>();
  const ownerOf = ownersOf(reading);
  const take = (post: GivenPost) => takePost(reading, post, accepted);
  for await (const { rows, byte } of readRows(file, reading.signal)) {
    const records: RawRecord[] = [];
    const rejected: RejectedRecord[] = [];
    for (const row of rows) {
      const type = row.fields.PostTypeId ?? "";
      if (type !== "1" && type !== "2") {
        others.set(type, (others.get(type) ?? 0) + 1);
        continue;
      }
      const post = toPost(row, ownerOf);
      if (typeof post === "string") {
        rejected.push(setAside({ stream: type === "1" ? "questions" : "answers", file: file.name, row, field: post }));
        continue;
      }
      if (post.post_type === "question") {
        reading.posts.setQuestion(post.post_id, post.creation_date);
        if (typeof post.accepted_answer_id === "number") accepted.add(post.accepted_answer_id);
      } else {
        reading.posts.setAnswer(post.post_id, post.question_id);
        if (reading.posts.questionOf(post.question_id)?.since === undefined) {
          early.add(post.post_id);
          continue;
        }
      }
      records.push(take(post));
    }
    yield* inChunks({ records, rejected, reading, byte });
  }
  for (const [type, n] of others) {
    reading.warnings.push(`Left out, because nobody asks or answers in them: ${n} ${otherPostTypes[type] ?? `posts of the type «${type}»`}.`);
  }
  if (early.size > 0) {
    for await (const { rows } of readRows(file, reading.signal)) {
      const posts = rows.filter(({ fields }) => early.has(whole(fields.Id) ?? -1)).map((row) => toPost(row, ownerOf));
      const records = posts.flatMap((post) => (typeof post === "string" ? [] : [take(post)]));
      yield* inChunks({ records, rejected: [], reading, byte: file.sizeBytes });
    }
  }
  reading.done += file.sizeBytes;
}

function takePost(reading: Reading, post: GivenPost, accepted: Set<number>): RawRecord {
  const { site, duplicates, posts } = reading;
  if (post.post_type === "question") {
    return postRecord({ site, post: { ...post, duplicate_of: duplicates.get(post.post_id) }, knowsLess: true });
  }
  // Only answers that are still to come are held in the set.
  const isAccepted = accepted.delete(post.post_id);
  const since = posts.questionOf(post.question_id)?.since;
  const question = since === undefined ? undefined : { creation_date: since };
  return postRecord({ site, post: { ...post, is_accepted: isAccepted || undefined }, question, knowsLess: true });
}

async function* readComments(reading: Reading, file: ExportFile): AsyncGenerator<RecordChunk> {
  const { site } = reading;
  const ownerOf = ownersOf(reading);
  let homeless = 0;
  for await (const { rows, byte } of readRows(file, reading.signal)) {
    const records: RawRecord[] = [];
    const rejected: RejectedRecord[] = [];
    for (const row of rows) {
      const comment = toComment(row, ownerOf);
      if (typeof comment === "string") {
        rejected.push(setAside({ stream: "comments", file: file.name, row, field: comment }));
        continue;
      }
      const root = reading.posts.questionOf(comment.post_id);
      if (!root) homeless++;
      const question = root?.since === undefined ? undefined : { creation_date: root.since };
      records.push(commentRecord({ site, comment: { ...comment, question_id: root?.id }, question, knowsLess: true }));
    }
    yield* inChunks({ records, rejected, reading, byte });
  }
  if (homeless > 0 && reading.dump.posts) {
    reading.warnings.push(`Kept without a question, because their posts are no questions or answers of Posts.xml: ${homeless} comments.`);
  }
  reading.done += file.sizeBytes;
}

/** Without the list of users their numbers are still their own. */
function ownersOf(reading: Reading): (id: number) => SeOwner {
  return (id) => {
    const user = reading.users.get(id);
    // The site's own user has a number below zero, and the same name everywhere.
    const name = id === -1 ? "Community" : user?.name;
    return { user_id: id, ...(user?.accountId !== undefined && { account_id: user.accountId }), ...(name !== undefined && { display_name: name }) };
  };
}

function* inChunks(input: { records: RawRecord[]; rejected: RejectedRecord[]; reading: Reading; byte: number }): Generator<RecordChunk> {
  const { records, reading } = input;
  const progress = { done: Math.min(reading.total, reading.done + input.byte), total: reading.total, unit: "bytes" as const };
  let { rejected } = input;
  for (let from = 0; from < records.length || rejected.length > 0; from += chunkRecords) {
    yield { records: records.slice(from, from + chunkRecords), rejected, progress };
    rejected = [];
  }
}
