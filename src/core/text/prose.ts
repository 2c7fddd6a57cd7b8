/** A sentence of somebody's own prose and where it stands in the original text, in UTF-16 units. */
export interface Sentence {
  text: string;
  start: number;
  end: number;
}

/** Texts are read this far: what people say stands at the top, what follows is logs. */
export const proseLimit = 20_000;

const blank = (text: string): string => text.replace(/[^\n]/g, " ");

/** A line that opens or closes a fenced block. */
const fence = /^ {0,3}(`{3,}|~{3,})/;
/** Lines that are not the author's running words: quotes, headings, form fields, tables, check boxes, stack frames. */
const skippedLine = new RegExp(
  [
    "^\\s*>", // quoted by mail programs and Markdown
    "^\\s{0,3}#{1,6}\\s", // headings: mostly a template's
    "^\\s*(?:\\*\\*|__)[^*_]{1,80}(?:\\*\\*|__):?\\s*$", // a template's bold caption
    "^\\s*[-*+]\\s+\\[[ xX]\\]", // check boxes
    "^\\s*\\|.*\\|\\s*$", // tables
    "^\\s+at\\s+\\S+\\s*\\(?.*:\\d+", // stack frames
    '^\\s+File ".*", line \\d+', // stack frames, Python
    "^\\s*_No response_\\s*$",
    "^\\s*(?:on|am|le|el)\\s.{8,120}(?:wrote|schrieb|a écrit|escribió)\\s*:\\s*$", // mail attribution
    "^\\s*[-=_*]{3,}\\s*$",
  ].join("|"),
  "i",
);
/** From here on a mail holds no words of its author's: the signature mark, or the mail that is answered. */
const endOfWords =
  /^(?:-- ?$|-{3,}\s*(?:original message|forwarded message|ursprüngliche nachricht|message d'origine)|_{20,}\s*$|begin pgp signature|-----BEGIN )/i;

/**
 * The text with everything that is not its author's running prose blanked out, position for position: code, quoted
 * mail, HTML comments and form templates, tables, addresses. What remains has its place in the original.
 * @param body Markdown or plain text
 */
export function maskProse(body: string): string {
  let text = body.length > proseLimit ? body.slice(0, proseLimit) : body;
  if (text.includes("<!--")) text = text.replace(/<!--[\s\S]*?(?:-->|$)/g, blank);
  if (text.includes("<")) text = text.replace(/<(pre|code|details|blockquote)\b[\s\S]*?(?:<\/\1>|$)|<\/?[a-z][^<>\n]{0,300}>/gi, blank);

  const lines = text.split("\n");
  let fenceMark = "";
  let afterBlank = true;
  let inIndented = false;
  let ended = false;
  for (let i = 0; i < lines.length; i += 1) {
    const line = lines[i] as string;
    const opening = fence.exec(line)?.[1];
    if (ended) {
      lines[i] = blank(line);
      continue;
    }
    if (fenceMark !== "") {
      if (opening?.startsWith(fenceMark) && line.trim() === opening) fenceMark = "";
      lines[i] = blank(line);
      continue;
    }
    if (opening !== undefined) {
      fenceMark = opening.slice(0, 3);
      lines[i] = blank(line);
      continue;
    }
    const isBlank = line.trim() === "";
    const indented: boolean = !isBlank && /^(?: {4}|\t)/.test(line) && (afterBlank || inIndented) && !/^\s+(?:[-*+]|\d+[.)])\s/.test(line);
    if (endOfWords.test(line)) ended = true;
    if (ended || indented || skippedLine.test(line)) lines[i] = blank(line);
    inIndented = indented || (inIndented && isBlank);
    afterBlank = isBlank;
  }
  text = lines.join("\n");
  if (text.includes("`")) text = text.replace(/(`+)(?!`)[^`]*?\1/g, blank);
  if (text.includes("://") || text.includes("](")) text = text.replace(/\]\([^)\s]*\)|\bhttps?:\/\/[^\s<>"')\]]+/gi, blank);
  return text;
}

/** Where one sentence ends: punctuation before a space, full-width punctuation, an empty line, the next list item. */
const boundary = /[.!?…]+["'”’)\]*_]*(?=\s|$)|[。！？]+|\n[^\S\n]*\n|\n(?=[^\S\n]*(?:[-*+•]|\d{1,2}[.)])\s)/g;
const abbreviation = /(?:^|[\s(])(?:e\.?g|i\.?e|etc|vs|cf|approx|resp|no|fig|sec|mr|mrs|dr|z\.b|bzw)\.$/i;

/**
 * Cuts masked prose into sentences.
 * @param masked what `maskProse` gave; pass the original as `body` to get the author's own words back
 * @param body the original text
 */
export function sentencesOf(masked: string, body: string = masked): Sentence[] {
  const sentences: Sentence[] = [];
  let from = 0;
  const take = (to: number) => {
    let start = from;
    let end = to;
    while (start < end && /[\s\-*+•#]/.test(masked[start] as string)) start += 1;
    while (end > start && /\s/.test(masked[end - 1] as string)) end -= 1;
    from = to;
    // Fewer than two letters is a bullet's rest or a smiley.
    if (end - start >= 2) sentences.push({ text: body.slice(start, end), start, end });
  };
  boundary.lastIndex = 0;
  for (let match = boundary.exec(masked); match !== null; match = boundary.exec(masked)) {
    const end = match.index + match[0].length;
    if (match[0] === "." && abbreviation.test(masked.slice(Math.max(0, match.index - 8), match.index + 1))) continue;
    take(end);
  }
  take(masked.length);
  return sentences;
}
