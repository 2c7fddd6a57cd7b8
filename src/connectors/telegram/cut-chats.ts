import { AppError } from "#core/errors.ts";

/** A piece of an export, not yet parsed. */
export interface ChatPiece {
  /**
   * `chat`: another chat begins. `about`: what a chat says of itself (name, type, id), or the export of its account.
   * `message`: one message of the chat that began last.
   */
  sort: "chat" | "about" | "message";
  /** The member's name. */
  key: string;
  /** Where it stands: `chats.list[2].messages[7]`. */
  place: string;
  text: string;
  /** Where it starts, in bytes, once unpacked. */
  byte: number;
  line: number;
}

type Level = "account" | "chats" | "list" | "chat" | "messages";
type Expect = "start" | "first-key" | "key" | "colon" | "value" | "first-item" | "item" | "after" | "inside" | "end";

interface Frame {
  level: Level;
  isList: boolean;
  key: string;
  index: number;
}

const code = { lf: 10, space: 32, quote: 34, comma: 44, colon: 58, open: 91, escape: 92, close: 93, brace: 123, unbrace: 125 };
const pieceMaxBytes = 64 * 1024 * 1024;

/** What is kept of each level; messages are cut out of the lists, everything else is passed over. */
const kept: Record<Level, readonly string[]> = {
  account: ["name", "type", "id", "personal_information"],
  chats: [],
  list: [],
  chat: ["name", "type", "id"],
  messages: [],
};

/**
 * Cuts an export of Telegram Desktop into chats and messages while it streams by: one message is in memory at a time. An
 * account's export holds its messages four levels deep, and one chat may be larger than memory.
 */
export class ChatCutter {
  readonly #name: string;
  readonly #frames: Frame[] = [];
  #expect: Expect = "start";
  #byte = 0;
  #line = 1;
  #depth = 0;
  #inString = false;
  #escaped = false;
  #isScalar = false;
  #isKey = false;
  #isKept = false;
  #parts: Buffer[] = [];
  #partBytes = 0;
  #pieceByte = 0;
  #pieceLine = 1;

  /** @param name how messages to people call the file */
  constructor(name: string) {
    this.#name = name;
  }

  /**
   * Takes the next bytes and returns the pieces that they complete.
   * @throws AppError `unreadable_file` naming line and byte where the file is no JSON
   */
  push(chunk: Buffer): ChatPiece[] {
    const pieces: ChatPiece[] = [];
    let i = 0;
    while (i < chunk.length) i = this.#expect === "inside" ? this.#readValue(chunk, i, pieces) : this.#readBetween(chunk, i, pieces);
    this.#byte += chunk.length;
    return pieces;
  }

  /** @throws AppError `unreadable_file` when the file is not complete */
  end(): void {
    if (this.#expect === "end") return;
    const at =
      this.#byte === 0
        ? "it is empty"
        : `it ends at byte ${count(this.#byte)} (line ${count(this.#line)}), ${this.#expect === "inside" ? "inside" : "at"} ${this.#place() || "its start"}, before it is closed`;
    throw new AppError("unreadable_file", {
      public: `${this.#name} is cut off: ${at}. Wait until Telegram Desktop says that the export is complete, or export again; nothing was stored.`,
    });
  }

  /**
   * A piece's value. Telegram writes control characters as \x1F, which JSON does not know; they are read all the same.
   * @throws AppError `unreadable_file` naming line and byte when it is no JSON
   */
  parse(piece: ChatPiece): unknown {
    try {
      return JSON.parse(piece.text) as unknown;
    } catch (cause) {
      try {
        return JSON.parse(piece.text.replace(/\\(?:x([0-9A-Fa-f]{2})|[\s\S])/g, (whole, hex?: string) => (hex ? `\\u00${hex}` : whole))) as unknown;
      } catch {
        const at = Number(/position (\d+)/.exec(String(cause))?.[1] ?? 0);
        const before = piece.text.slice(0, at);
        throw new AppError("unreadable_file", {
          public: `${this.#name} is not valid JSON at line ${count(piece.line + before.split("\n").length - 1)} (byte ${count(piece.byte + Buffer.byteLength(before))}), in ${piece.place}. Export it again, or repair that place; nothing was stored.`,
          internal: String(cause),
          cause,
        });
      }
    }
  }

  #readBetween(chunk: Buffer, start: number, pieces: ChatPiece[]): number {
    for (let i = start; i < chunk.length; i++) {
      const c = chunk[i] as number;
      if (c === code.lf) this.#line++;
      if (c <= code.space || this.#isMark(c, i)) continue;
      if (this.#structure(c, i, pieces)) return i;
    }
    return chunk.length;
  }

  /** The byte order mark that some editors put before the first brace. */
  #isMark(c: number, i: number): boolean {
    const at = this.#byte + i;
    return at < 3 && c === [0xef, 0xbb, 0xbf][at];
  }

  /** A byte between values. Returns true when a value starts with it. */
  #structure(c: number, i: number, pieces: ChatPiece[]): boolean {
    const frame = this.#frames.at(-1);
    switch (this.#expect) {
      case "start":
        if (c !== code.brace) this.#refuse(i, 'an object that starts with "{"');
        this.#open("account", false);
        return false;
      case "first-key":
      case "key":
        if (c === code.unbrace && this.#expect === "first-key") return this.#close();
        if (c !== code.quote) this.#refuse(i, "a member's name in double quotes");
        this.#isKey = true;
        return this.#begin(c, i, true);
      case "colon":
        if (c !== code.colon) this.#refuse(i, 'a ":"');
        this.#expect = "value";
        return false;
      case "first-item":
      case "item":
        if (c === code.close && this.#expect === "first-item") return this.#close();
        if (frame) frame.index++;
        return this.#startValue(c, i, pieces);
      case "value":
        return this.#startValue(c, i, pieces);
      case "after":
        if (c === code.comma) this.#expect = frame?.isList ? "item" : "key";
        else if (c === (frame?.isList ? code.close : code.unbrace)) return this.#close();
        else this.#refuse(i, frame?.isList ? 'a "," or "]"' : 'a "," or "}"');
        return false;
      default:
        return this.#refuse(i, "the end of the file");
    }
  }

  #startValue(c: number, i: number, pieces: ChatPiece[]): boolean {
    const { level = "account", key = "" } = this.#frames.at(-1) ?? {};
    if ((level === "account" || level === "chat") && key === "messages" && c === code.open) {
      if (level === "account") pieces.push(this.#chatAt(i));
      return this.#open("messages", true);
    }
    if (level === "account" && (key === "chats" || key === "left_chats") && c === code.brace) return this.#open("chats", false);
    if (level === "chats" && key === "list" && c === code.open) return this.#open("list", true);
    if (level === "list" && c === code.brace) {
      pieces.push(this.#chatAt(i));
      return this.#open("chat", false);
    }
    return this.#begin(c, i, level === "messages" || kept[level].includes(key));
  }

  #chatAt(i: number): ChatPiece {
    return { sort: "chat", key: "", place: this.#place(), text: "", byte: this.#byte + i, line: this.#line };
  }

  #open(level: Level, isList: boolean): false {
    this.#frames.push({ level, isList, key: "", index: -1 });
    this.#expect = isList ? "first-item" : "first-key";
    return false;
  }

  #close(): false {
    this.#frames.pop();
    this.#expect = this.#frames.length === 0 ? "end" : "after";
    return false;
  }

  #begin(c: number, i: number, isKept: boolean): boolean {
    if (c === code.comma || c === code.close || c === code.unbrace || c === code.colon) this.#refuse(i, "a value");
    this.#expect = "inside";
    this.#isKept = isKept;
    this.#depth = 0;
    this.#inString = false;
    this.#escaped = false;
    this.#isScalar = c !== code.quote && c !== code.brace && c !== code.open;
    this.#pieceByte = this.#byte + i;
    this.#pieceLine = this.#line;
    return true;
  }

  /** The hot loop: its state is in local variables, and strings are passed over in a loop of their own. */
  #readValue(chunk: Buffer, start: number, pieces: ChatPiece[]): number {
    const end = chunk.length;
    let depth = this.#depth;
    let line = this.#line;
    let inString = this.#inString;
    let isWhole = false;
    // The chunk before ended with a backslash.
    let i = this.#escaped ? start + 1 : start;
    while (i < end && !isWhole) {
      if (inString) {
        for (; i < end; i++) {
          const c = chunk[i] as number;
          if (c === code.quote) break;
          if (c === code.escape) i++;
          else if (c === code.lf) line++;
        }
        inString = i >= end;
        if (inString) break;
        i++;
        isWhole = depth === 0;
        continue;
      }
      const c = chunk[i] as number;
      if (this.#isScalar && (c <= code.space || c === code.comma || c === code.close || c === code.unbrace)) {
        isWhole = true;
        break;
      }
      i++;
      if (c === code.lf) line++;
      else if (c === code.quote) inString = true;
      else if (c === code.open || c === code.brace) depth++;
      else if (c === code.close || c === code.unbrace) isWhole = --depth === 0;
    }
    this.#line = line;
    if (isWhole) {
      this.#finish(chunk.subarray(start, i), pieces);
      return i;
    }
    this.#depth = depth;
    this.#inString = inString;
    this.#escaped = i > end;
    if (this.#isKept) this.#keep(chunk.subarray(start));
    return end;
  }

  #keep(part: Buffer): void {
    this.#partBytes += part.length;
    this.#parts.push(part);
    if (this.#partBytes <= pieceMaxBytes) return;
    throw new AppError("unreadable_file", {
      public: `${this.#name} is broken: ${this.#place()}, at line ${count(this.#pieceLine)} (byte ${count(this.#pieceByte)}), does not end within ${pieceMaxBytes / 1024 / 1024} MB. A quote or bracket is missing there. Export it again; nothing was stored.`,
    });
  }

  #finish(last: Buffer, pieces: ChatPiece[]): void {
    const frame = this.#frames.at(-1);
    const text = !this.#isKept ? "" : this.#parts.length === 0 ? last.toString("utf8") : Buffer.concat([...this.#parts, last]).toString("utf8");
    this.#parts = [];
    this.#partBytes = 0;
    const piece: ChatPiece = {
      sort: frame?.level === "messages" ? "message" : "about",
      key: frame?.key ?? "",
      place: this.#isKept && !this.#isKey ? this.#place() : "",
      text,
      byte: this.#pieceByte,
      line: this.#pieceLine,
    };
    this.#expect = this.#isKey ? "colon" : "after";
    if (this.#isKey && frame) frame.key = String(this.parse(piece));
    else if (this.#isKept) pieces.push(piece);
    this.#isKey = false;
  }

  #place(): string {
    return this.#frames
      .map(({ isList, key, index }) => (isList ? `[${Math.max(0, index)}]` : `.${key}`))
      .join("")
      .replace(/^\./, "");
  }

  #refuse(i: number, expected: string): never {
    throw new AppError("unreadable_file", {
      public: `${this.#name} is not valid JSON at line ${count(this.#line)} (byte ${count(this.#byte + i)})${this.#place() ? `, at ${this.#place()}` : ""}: ${expected} was expected there. Export it again, or repair that place; nothing was stored.`,
    });
  }
}

function count(value: number): string {
  return value.toLocaleString("en");
}
