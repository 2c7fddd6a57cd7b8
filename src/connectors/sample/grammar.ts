import type { Random } from "./random.ts";
import { type Slot, slots, type Talk } from "./slots.ts";

/**
 * A text with choices: `«one|other»` is one of its sides (they nest), `‹name›` a slot of slots.ts. The marks are
 * characters that neither code nor prose here contains, so that code blocks can stand as they are.
 */
export type Template = readonly Part[];
type Part = string | { sides: readonly Template[] } | { slot: Slot };

/**
 * Reads a template once, at load.
 * @throws Error when a mark is left open or a slot does not exist: a fault in our own texts
 */
export function template(source: string): Template {
  const reader = { source, at: 0 };
  const parts = readParts(reader, "");
  if (reader.at < source.length) throw new Error(`stray «${source[reader.at]}» in the text: ${source}`);
  return parts;
}

export function templates(sources: readonly string[]): readonly Template[] {
  return sources.map(template);
}

function readParts(reader: { source: string; at: number }, stops: string): Part[] {
  const parts: Part[] = [];
  let plain = "";
  const flush = () => {
    if (plain !== "") parts.push(plain);
    plain = "";
  };
  while (reader.at < reader.source.length) {
    const char = reader.source[reader.at] as string;
    if (stops.includes(char) || char === "»" || char === "›") break;
    reader.at += 1;
    if (char === "«") {
      flush();
      parts.push({ sides: readSides(reader) });
    } else if (char === "‹") {
      flush();
      parts.push({ slot: readSlot(reader) });
    } else {
      plain += char;
    }
  }
  flush();
  return parts;
}

function readSides(reader: { source: string; at: number }): Template[] {
  const sides: Template[] = [];
  for (;;) {
    sides.push(readParts(reader, "|"));
    const mark = reader.source[reader.at];
    reader.at += 1;
    if (mark === "»") return sides;
    if (mark !== "|") throw new Error(`a choice is not closed in the text: ${reader.source}`);
  }
}

function readSlot(reader: { source: string; at: number }): Slot {
  const end = reader.source.indexOf("›", reader.at);
  const name = reader.source.slice(reader.at, end);
  reader.at = end + 1;
  const slot = slots[name];
  if (!slot) throw new Error(`there is no slot ‹${name}›, used in the text: ${reader.source}`);
  return slot;
}

/** Speaks a template: draws the choices and fills the slots. */
export function say(text: Template, random: Random, talk: Talk): string {
  let spoken = "";
  for (const part of text) {
    if (typeof part === "string") spoken += part;
    else if ("slot" in part) spoken += part.slot(random, talk);
    else spoken += say(random.pick(part.sides), random, talk);
  }
  return spoken;
}

/** Speaks one of several templates. */
export function sayOne(texts: readonly Template[], random: Random, talk: Talk): string {
  return say(random.pick(texts), random, talk);
}
