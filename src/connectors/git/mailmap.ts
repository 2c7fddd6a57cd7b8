import { type MailmapLine, parseMailmapLine } from "../mailmap-line.ts";

export interface Signature {
  name: string;
  email: string;
}

/**
 * Reads a `.mailmap` as git does (gitmailmap(5)). Git applies it to authors by itself; this reading adds the line that
 * said so, the people in trailers, and the addresses that several people shared.
 */
export class Mailmap {
  readonly #byEmail = new Map<string, MailmapLine[]>();

  /** @param text the file's content; lines that cannot be read are skipped, as git skips them */
  constructor(text: string) {
    for (const raw of text.split("\n")) {
      const entry = parseMailmapLine(raw);
      if (!entry) continue;
      const key = entry.commitEmail.toLowerCase();
      const entries = this.#byEmail.get(key);
      if (entries) entries.push(entry);
      else this.#byEmail.set(key, [entry]);
    }
  }

  get isEmpty(): boolean {
    return this.#byEmail.size === 0;
  }

  /** What to show for a signature, and the line that says so; undefined when no line does. */
  find(signature: Signature): { mapped: Signature; line: string } | undefined {
    const entries = this.#byEmail.get(signature.email.toLowerCase());
    if (!entries) return undefined;
    const name = signature.name.toLowerCase();
    const entry = entries.findLast((e) => e.commitName?.toLowerCase() === name) ?? entries.findLast((e) => e.commitName === undefined);
    if (!entry) return undefined;
    return { mapped: { name: entry.properName ?? signature.name, email: entry.properEmail ?? signature.email }, line: entry.line };
  }

  /** Whether the file gives an address to more than one person, so that the address alone names nobody. */
  isShared(email: string): boolean {
    const entries = this.#byEmail.get(email.toLowerCase());
    if (!entries || entries.length < 2) return false;
    return new Set(entries.map((e) => (e.properEmail ?? e.commitEmail).toLowerCase())).size > 1;
  }
}
