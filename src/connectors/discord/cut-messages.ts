import { AppError } from "#core/errors.ts";

/** One message of an export, not yet parsed. */
export interface MessagePiece {
  /** Its place in the list, from 0. */
  index: number;
  /** Its JSON, in the stream's own memory: to be read before the next chunk is. */
  bytes: Buffer;
  /** Where it starts, in bytes, once unpacked. */
  byte: number;
  line: number;
}

/** How an export ended. */
export interface ExportEnd {
  messages: number;
  /** What the export itself says it holds; the exporter writes it last. */
  messageCount?: number;
  /** Where and how the file was cut off; what came before is whole. */
  cut?: { byte: number; line: number; inside: boolean };
}

const lf = 10;
const space = 32;
const quote = 34;
const comma = 44;
const colon = 58;
const openList = 91;
const backslash = 92;
const closeList = 93;
const openObject = 123;
const closeObject = 125;

const headMaxBytes = 4 * 1024 * 1024;
const messageMaxBytes = 64 * 1024 * 1024;
const tailBytes = 4_096;

type Place = "head" | "first" | "between" | "next" | "inside" | "tail";

/**
 * Cuts an export of DiscordChatExporter into its head and its messages while it streams by: one message is in memory
 * at a time. It looks at brackets and quotes only; what lies inside a message is left to JSON.parse.
 */
export class MessageCutter {
  /** The export's head as JSON text with an empty list of messages, once it was read. */
  head: string | undefined;
  readonly #name: string;
  #place: Place = "head";
  #byte = 0;
  #line = 1;
  #depth = 0;
  #inString = false;
  #escaped = false;
  #parts: Buffer[] = [];
  #partBytes = 0;
  #index = 0;
  #pieceByte = 0;
  #pieceLine = 1;
  #tail = "";

  /** @param name how messages to people call the file */
  constructor(name: string) {
    this.#name = name;
  }

  /**
   * Takes the next bytes and returns the messages that they complete.
   * @throws AppError `unreadable_file` naming line and byte where the file is no export or no JSON
   */
  push(chunk: Buffer): MessagePiece[] {
    const pieces: MessagePiece[] = [];
    let i = 0;
    while (i < chunk.length) {
      if (this.#place === "head") i = this.#readHead(chunk, i);
      else if (this.#place === "inside") i = this.#readMessage(chunk, i, pieces);
      else if (this.#place === "tail") {
        this.#tail = (this.#tail + chunk.toString("latin1", i)).slice(0, tailBytes);
        i = chunk.length;
      } else i = this.#readBetween(chunk, i);
    }
    this.#byte += chunk.length;
    return pieces;
  }

  /**
   * Says how the file ended.
   * @throws AppError `unreadable_file` when it ends before its first message
   */
  end(): ExportEnd {
    if (this.#place === "head") {
      throw new AppError("unreadable_file", {
        public:
          this.#byte === 0
            ? `${this.#name} is empty. Export it again; nothing was stored.`
            : `${this.#name} is cut off at byte ${count(this.#byte)}, before its messages begin. Export it again; nothing was stored.`,
      });
    }
    const closed = this.#place === "tail" && this.#tail.trimEnd().endsWith("}");
    const said = /"messageCount"\s*:\s*(\d+)/.exec(this.#tail)?.[1];
    return {
      messages: this.#index,
      ...(said !== undefined && { messageCount: Number(said) }),
      ...(!closed && { cut: { byte: this.#byte, line: this.#line, inside: this.#place === "inside" } }),
    };
  }

  /** The head is small: it is looked through anew with each chunk until its end is there. */
  #readHead(chunk: Buffer, start: number): number {
    const before = this.#partBytes;
    this.#parts.push(chunk.subarray(start));
    const head = Buffer.concat(this.#parts);
    const end = this.#findMessages(head);
    if (end === undefined) {
      this.#parts = [head];
      this.#partBytes = head.length;
      if (head.length > headMaxBytes) this.#refuse(head.length, 'a list of "messages" near the start', head);
      return chunk.length;
    }
    this.#parts = [];
    this.#partBytes = 0;
    this.head = `${head.toString("utf8", isMarked(head) ? 3 : 0, end)}]}`;
    this.#place = "first";
    for (const byte of head.subarray(0, end)) if (byte === lf) this.#line++;
    return start + end - before;
  }

  /** Where the list of messages begins, after its bracket. */
  #findMessages(head: Buffer): number | undefined {
    if (head.length < 3) return undefined;
    let depth = 0;
    let inString = false;
    let keyFrom = 0;
    let key = "";
    let afterColon = false;
    for (let i = isMarked(head) ? 3 : 0; i < head.length; i++) {
      const c = head[i] as number;
      if (inString) {
        if (c === backslash) i++;
        else if (c === quote) {
          inString = false;
          if (depth === 1 && !afterColon) key = head.toString("latin1", keyFrom, i);
          afterColon = false;
        }
        continue;
      }
      if (c <= space) continue;
      if (depth === 0 && c !== openObject) this.#refuse(i, "the opening brace of an export", head);
      if (c === quote) {
        inString = true;
        keyFrom = i + 1;
        continue;
      }
      if (c === openList && depth === 1 && afterColon && key === "messages") return i + 1;
      if (c === openObject || c === openList) depth++;
      else if ((c === closeObject || c === closeList) && --depth === 0) this.#refuse(i, 'a list of "messages"', head);
      afterColon = c === colon;
    }
    return undefined;
  }

  #readBetween(chunk: Buffer, start: number): number {
    for (let i = start; i < chunk.length; i++) {
      const c = chunk[i] as number;
      if (c === lf) this.#line++;
      if (c <= space) continue;
      if (c === closeList && this.#place !== "next") this.#place = "tail";
      else if (c === comma && this.#place === "between") {
        this.#place = "next";
        continue;
      } else if (c === openObject && this.#place !== "between") {
        this.#place = "inside";
        this.#depth = 0;
        this.#pieceByte = this.#byte + i;
        this.#pieceLine = this.#line;
        return i;
      } else this.#refuse(i, this.#place === "between" ? 'a "," or "]" after a message' : "a message");
      return i + 1;
    }
    return chunk.length;
  }

  /** The hot loop: its state is in local variables, and the bytes inside of strings are passed over in a loop of their own. */
  #readMessage(chunk: Buffer, start: number, pieces: MessagePiece[]): number {
    const end = chunk.length;
    let depth = this.#depth;
    let line = this.#line;
    let inString = this.#inString;
    let escaped = this.#escaped;
    let i = start;
    if (escaped) {
      // The chunk before ended with a backslash.
      escaped = false;
      i++;
    }
    while (i < end) {
      if (inString) {
        for (; i < end; i++) {
          const c = chunk[i] as number;
          if (c === quote) break;
          if (c === backslash) i++;
        }
        // The quote that was found, or the byte after the chunk that a backslash speaks of.
        inString = i >= end;
        escaped = i > end;
        i++;
        continue;
      }
      const c = chunk[i++] as number;
      if (c <= space) {
        if (c === lf) line++;
      } else if (c === quote) inString = true;
      else if (c === openObject || c === openList) depth++;
      else if ((c === closeObject || c === closeList) && --depth === 0) {
        this.#line = line;
        this.#inString = false;
        this.#escaped = false;
        pieces.push(this.#finish(chunk.subarray(start, i)));
        return i;
      }
    }
    this.#depth = depth;
    this.#line = line;
    this.#inString = inString;
    this.#escaped = escaped;
    this.#partBytes += end - start;
    if (this.#partBytes > messageMaxBytes) {
      throw new AppError("unreadable_file", {
        public: `${this.#name} is broken: message ${count(this.#index + 1)}, at line ${count(this.#pieceLine)} (byte ${count(this.#pieceByte)}), does not end within ${messageMaxBytes / 1024 / 1024} MB. A quote or bracket is missing there. Export it again; nothing was stored.`,
      });
    }
    this.#parts.push(chunk.subarray(start));
    return end;
  }

  #finish(last: Buffer): MessagePiece {
    const bytes = this.#parts.length === 0 ? last : Buffer.concat([...this.#parts, last]);
    this.#parts = [];
    this.#partBytes = 0;
    this.#place = "between";
    return { index: this.#index++, bytes, byte: this.#pieceByte, line: this.#pieceLine };
  }

  /** @param head the bytes from the file's start on, while its head is being read */
  #refuse(i: number, expected: string, head?: Buffer): never {
    const byte = head ? i : this.#byte + i;
    const line = head ? head.toString("latin1", 0, i).split("\n").length : this.#line;
    throw new AppError("unreadable_file", {
      public: `${this.#name} is not a whole export of DiscordChatExporter: at line ${count(line)} (byte ${count(byte)}) ${expected} was expected. Export it again as JSON, or repair that place; nothing was stored.`,
    });
  }
}

/** Whether it begins with a byte order mark. */
function isMarked(bytes: Buffer): boolean {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
}

function count(value: number): string {
  return value.toLocaleString("en");
}
