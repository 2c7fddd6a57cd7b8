import type { ActivityAttributes } from "#features/ledger/index.ts";
import { htmlToWords } from "../words.ts";
import { splitUserId } from "./bridge.ts";
import type { MatrixContent } from "./format.ts";

const fileTypes = new Set(["m.image", "m.file", "m.audio", "m.video"]);

/** The words of a message; of a file only those that were written beside it. */
export function readWords(input: { content: MatrixContent; type: string; sender: string; isAnswer: boolean }): string {
  const { content, type, sender } = input;
  if (type.endsWith("poll.start")) return readPoll(content);
  const body = content.body ?? (content.formatted_body ? htmlToWords(content.formatted_body) : "");
  // For a file, the body is its name unless the name stands elsewhere.
  if (type === "m.sticker") return "";
  if (fileTypes.has(content.msgtype ?? "") && (!content.filename || content.filename === body)) return "";
  const words = (input.isAnswer ? withoutQuote(body) : body).replace(/\r\n?/g, "\n").trim();
  return content.msgtype === "m.emote" && words !== "" ? `* ${splitUserId(sender).name} ${words}` : words;
}

/** Clients repeat what is answered in front of the answer, for those that cannot show the answered message. */
function withoutQuote(body: string): string {
  if (!/^> (?:\* )?<@/.test(body)) return body;
  const lines = body.split("\n");
  const end = lines.findIndex((line) => !line.startsWith(">"));
  return end === -1 ? "" : lines.slice(end).join("\n");
}

function readPoll(content: MatrixContent): string {
  const poll = partOf(content, "m.poll") ?? partOf(content, "m.poll.start") ?? partOf(content, "org.matrix.msc3381.poll.start");
  const question = textOf(partOf(poll, "question"));
  const answers: unknown = poll ? Reflect.get(poll, "answers") : undefined;
  const lines = Array.isArray(answers) ? answers.map((answer: unknown) => textOf(asPart(answer))).filter((line) => line !== "") : [];
  return [question, ...lines.map((line) => `- ${line}`)].filter((line) => line !== "").join("\n");
}

/** The text of a part of a poll, in the stable or the older form. */
function textOf(part: object | undefined): string {
  if (!part) return "";
  const stable: unknown = Reflect.get(part, "m.text");
  if (Array.isArray(stable)) {
    const body: unknown = stable.map((item: unknown) => asPart(item)).map((item) => item && (Reflect.get(item, "body") as unknown))[0];
    if (typeof body === "string") return body.trim();
  }
  for (const field of ["org.matrix.msc1767.text", "body"]) {
    const value: unknown = Reflect.get(part, field);
    if (typeof value === "string") return value.trim();
  }
  return typeof stable === "string" ? stable.trim() : "";
}

function partOf(value: object | undefined, field: string): object | undefined {
  return value ? asPart(Reflect.get(value, field)) : undefined;
}

function asPart(value: unknown): object | undefined {
  return typeof value === "object" && value !== null ? value : undefined;
}

/** Files as Matrix names them (`mxc://server/id`): such an address holds no token, and nobody fetches it. */
export function readAttachments(content: MatrixContent, type: string): NonNullable<ActivityAttributes["attachments"]> {
  if (!fileTypes.has(content.msgtype ?? "") && type !== "m.sticker") return [];
  const url = content.url ?? content.file?.url;
  const name = content.filename ?? content.body;
  const { mimetype, size } = content.info ?? {};
  return [{ ...(name && { name }), ...(url && { url }), ...(mimetype && { type: mimetype }), ...(size !== undefined && { sizeBytes: size }) }];
}

/** People whom the words name: as newer clients say it, or by the links in the formatted words. */
export function readMentions(content: MatrixContent): string[] {
  const said = content["m.mentions"]?.user_ids;
  if (said) return [...new Set(said.filter((id) => /^@.*:.+/s.test(id)))];
  const linked = [...(content.formatted_body ?? "").matchAll(/href="https:\/\/matrix\.to\/#\/(@[^"?/]+|%40[^"?/]+)"/g)].map(([, id]) =>
    decode(id ?? ""),
  );
  return [...new Set(linked.filter((id) => id.includes(":")))];
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
