import { AppError } from "#core/errors.ts";

/** One member of the outermost object, or one item of a list that is such a member, or of the outermost list. */
export interface JsonPiece {
  /** The member's name; empty where the file is one list. */
  key: string;
  /** The place in the list; undefined for members that are no list. */
  index?: number;
  /** The name inside the outer member, for those that `inside` opens: then `key` is the outer member's. */
  member?: string;
  text: string;
  /** Where it starts, in bytes. */
  byte: number;
  line: number;
}

const code = { tab: 9, lf: 10, cr: 13, space: 32, quote: 34, comma: 44, colon: 58, open: 91, escape: 92, close: 93, brace: 123, unbrace: 125 };
const maxPieceBytes = 128 * 1024 * 1024;

type Expect = "object" | "first-key" | "key" | "colon" | "value" | "first-item" | "item" | "after-item" | "after-value" | "inside" | "end";

/**
 * Cuts a JSON object into its members, and the lists among them (or the one list that a file is) into items, while it streams by: only one item is in
 * memory at a time. What lies inside an item is left to JSON.parse. Libraries that emit every token do the same
 * tens of times slower, and lose the byte at which a file breaks.
 */
export class JsonCutter {
  readonly #name: string;
  readonly #inside: readonly string[];
  #outer: string | undefined;
  #expect: Expect = "object";
  #byte = 0;
  #line = 1;
  #lineStart = 0;
  #key = "";
  #index: number | undefined;
  #depth = 0;
  #inString = false;
  #escaped = false;
  #scalar = false;
  #parts: Buffer[] = [];
  #partBytes = 0;
  #pieceByte = 0;
  #pieceLine = 1;
  #readingKey = false;
  #isList = false;

  /**
   * @param name how messages call the file
   * @param options.inside members that are objects too large to be one piece: each of their members is one
   */
  constructor(name: string, options: { inside?: readonly string[] } = {}) {
    this.#name = name;
    this.#inside = options.inside ?? [];
  }

  /** Takes the next bytes and returns the pieces that they complete. */
  push(chunk: Buffer): JsonPiece[] {
    const pieces: JsonPiece[] = [];
    let from = this.#expect === "inside" ? 0 : -1;
    for (let i = 0; i < chunk.length; i++) {
      const c = chunk[i] as number;
      if (c === code.lf) {
        this.#line++;
        this.#lineStart = this.#byte + i + 1;
      }
      if (this.#expect === "inside") {
        if (!this.#step(c)) continue;
        const end = this.#scalar ? i : i + 1;
        const piece = this.#finish(chunk.subarray(from, end));
        if (piece) pieces.push(piece);
        from = -1;
        if (this.#scalar) i--;
        if (this.#scalar && c === code.lf) this.#line--;
        continue;
      }
      if (c === code.space || c === code.lf || c === code.cr || c === code.tab) continue;
      if (this.#isBom(chunk, i)) continue;
      if (this.#structure(c, i)) from = i;
    }
    if (this.#expect === "inside" && from >= 0) this.#keep(chunk.subarray(from));
    this.#byte += chunk.length;
    return pieces;
  }

  /** @throws AppError `unreadable_file` when the object or list is not complete */
  end(): void {
    if (this.#expect === "end") return;
    const where = this.#byte === 0 ? "it is empty" : `it ends at byte ${count(this.#byte)} (line ${count(this.#line)}) ${this.#missing()}`;
    throw new AppError("unreadable_file", {
      public: `${this.#name} is cut off: ${where}. Generate or download it again; nothing was stored.`,
    });
  }

  #missing(): string {
    if (this.#expect === "object") return "before any JSON began";
    const name = this.#outer === undefined ? this.#key : `${this.#outer}.${this.#key}`;
    const place = this.#index === undefined ? name : `${name}[${this.#index}]`;
    if (this.#expect === "inside" && this.#readingKey) return "inside a member's name";
    if (this.#expect === "inside")
      return `inside ${place}, where ${this.#inString ? "a closing quote" : "a closing bracket"} and the rest of the file are missing`;
    if (this.#expect === "first-item" || this.#expect === "item" || this.#expect === "after-item") {
      const last = this.#index === undefined || this.#index < 0 ? `at the start of ${this.#key || "the list"}` : `after ${place}`;
      return `${last}, where ${this.#isList ? `the list's closing "]" is` : `the list's closing "]" and the file's closing "}" are`} missing`;
    }
    return `after ${this.#key || "its start"}, where the file's closing "}" is missing`;
  }

  #isBom(chunk: Buffer, i: number): boolean {
    const at = this.#byte + i;
    return at < 3 && chunk[i] === [0xef, 0xbb, 0xbf][at];
  }

  /** A byte between values. Returns true when a value starts here. */
  #structure(c: number, i: number): boolean {
    switch (this.#expect) {
      case "object":
        if (c === code.open) {
          this.#isList = true;
          this.#index = -1;
          this.#expect = "first-item";
          return false;
        }
        if (c !== code.brace) this.#refuse(i, 'an object that starts with "{" or a list that starts with "["');
        this.#expect = "first-key";
        return false;
      case "first-key":
      case "key":
        if (c === code.unbrace && this.#expect === "first-key") {
          this.#endObject();
          return false;
        }
        if (c !== code.quote) this.#refuse(i, "a member's name in double quotes");
        this.#readingKey = true;
        return this.#begin(c, i);
      case "colon":
        if (c !== code.colon) this.#refuse(i, 'a ":"');
        this.#expect = "value";
        return false;
      case "value":
        if (c === code.open && this.#outer === undefined) {
          this.#index = -1;
          this.#expect = "first-item";
          return false;
        }
        if (c === code.brace && this.#outer === undefined && this.#inside.includes(this.#key)) {
          this.#outer = this.#key;
          this.#expect = "first-key";
          return false;
        }
        return this.#begin(c, i);
      case "first-item":
      case "item":
        if (c === code.close && this.#expect === "first-item") {
          this.#endList();
          return false;
        }
        this.#index = (this.#index ?? -1) + 1;
        return this.#begin(c, i);
      case "after-item":
        if (c === code.comma) this.#expect = "item";
        else if (c === code.close) this.#endList();
        else this.#refuse(i, 'a "," or "]"');
        return false;
      case "after-value":
        if (c === code.comma) this.#expect = "key";
        else if (c === code.unbrace) this.#endObject();
        else this.#refuse(i, 'a "," or "}"');
        return false;
      default:
        return this.#refuse(i, "the end of the file");
    }
  }

  #endObject(): void {
    this.#expect = this.#outer === undefined ? "end" : "after-value";
    this.#outer = undefined;
  }

  #endList(): void {
    this.#index = undefined;
    this.#expect = this.#isList ? "end" : "after-value";
  }

  #begin(c: number, i: number): boolean {
    if (c === code.comma || c === code.close || c === code.unbrace || c === code.colon) this.#refuse(i, "a value");
    this.#expect = "inside";
    this.#inString = c === code.quote;
    this.#escaped = false;
    this.#depth = c === code.brace || c === code.open ? 1 : 0;
    this.#scalar = this.#depth === 0 && !this.#inString;
    this.#pieceByte = this.#byte + i;
    this.#pieceLine = this.#line;
    return true;
  }

  /** A byte inside a value. Returns true when the value ends with it, or before it for numbers and words. */
  #step(c: number): boolean {
    if (this.#inString) {
      if (this.#escaped) this.#escaped = false;
      else if (c === code.escape) this.#escaped = true;
      else if (c === code.quote) {
        this.#inString = false;
        return this.#depth === 0;
      }
      return false;
    }
    if (this.#scalar) return c === code.comma || c === code.close || c === code.unbrace || c <= code.space;
    if (c === code.quote) this.#inString = true;
    else if (c === code.brace || c === code.open) this.#depth++;
    else if (c === code.unbrace || c === code.close) return --this.#depth === 0;
    return false;
  }

  #keep(part: Buffer): void {
    this.#partBytes += part.length;
    if (this.#partBytes > maxPieceBytes) {
      throw new AppError("too_large", {
        public: `${this.#name} holds one value of more than ${maxPieceBytes / 1024 / 1024} MB (${this.#key} at byte ${count(this.#pieceByte)}). No single item is that long: check the file.`,
      });
    }
    this.#parts.push(part);
  }

  #finish(last: Buffer): JsonPiece | undefined {
    const text = this.#parts.length === 0 ? last.toString("utf8") : Buffer.concat([...this.#parts, last]).toString("utf8");
    this.#parts = [];
    this.#partBytes = 0;
    if (this.#readingKey) {
      this.#readingKey = false;
      this.#key = String(this.parse({ key: "", text, byte: this.#pieceByte, line: this.#pieceLine }));
      this.#index = undefined;
      this.#expect = "colon";
      return undefined;
    }
    this.#expect = this.#index === undefined ? "after-value" : "after-item";
    const name = this.#outer === undefined ? { key: this.#key } : { key: this.#outer, member: this.#key };
    return { ...name, index: this.#index, text, byte: this.#pieceByte, line: this.#pieceLine };
  }

  /**
   * A piece's value.
   * @throws AppError `unreadable_file` naming line and byte when it is not JSON
   */
  parse(piece: JsonPiece): unknown {
    try {
      return JSON.parse(piece.text) as unknown;
    } catch (cause) {
      const at = Number(/position (\d+)/.exec(String(cause))?.[1] ?? 0);
      const before = piece.text.slice(0, at);
      const line = piece.line + before.split("\n").length - 1;
      const byte = piece.byte + Buffer.byteLength(before);
      const name = piece.member === undefined ? piece.key : `${piece.key}.${piece.member}`;
      const place = piece.index === undefined ? name : `${name}[${piece.index}]`;
      throw new AppError("unreadable_file", {
        public: `${this.#name} is not valid JSON at line ${count(line)}, byte ${count(byte)}${place ? `, in ${place}` : ""}. Generate it again, or repair that place; nothing was stored.`,
        internal: String(cause),
        cause,
      });
    }
  }

  #refuse(i: number, expected: string): never {
    const byte = this.#byte + i;
    throw new AppError("unreadable_file", {
      public: `${this.#name} is not valid JSON at line ${count(this.#line)}, column ${count(byte - this.#lineStart + 1)} (byte ${count(byte)}): ${expected} was expected there. Generate it again, or repair that place; nothing was stored.`,
    });
  }
}

function count(value: number): string {
  return value.toLocaleString("en");
}
