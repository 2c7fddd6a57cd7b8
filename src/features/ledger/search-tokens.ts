/**
 * Words as search sees them. PostgreSQL's own parser loses `C++` and cannot cut Chinese or Japanese, so exact tokens
 * are made here: whole words, technical compounds as they are written (`pi-hole`, `next.js`, `c++`), and pairs of
 * neighbouring characters for scripts without spaces. PostgreSQL adds the stems of the text's language beside them.
 */

const bodyCharsMax = 20_000;
const tokenCharsMax = 64;
const tokensMax = 2_000;

/** A word with its joints: letters and digits, joined by . _ - / + # ' and perhaps ending in + or #. */
const wordPattern = /[\p{L}\p{N}_][\p{L}\p{M}\p{N}_]*(?:[.\-/+#'’:@][\p{L}\p{N}_]+)*[+#]*/gu;
const unspacedPattern = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Khmer}\p{Script=Lao}\p{Script=Myanmar}ー]+/gu;
const jointPattern = /[.\-/+#'’:@]+/u;

/** Lower case, one form for equal characters (full-width letters, composed accents). */
export function foldText(text: string): string {
  return text.normalize("NFKC").toLowerCase();
}

/** Whether a word carries signs that make it more than its letters: `c++`, `next.js`. */
export function isCompound(word: string): boolean {
  return jointPattern.test(word);
}

/**
 * The exact tokens of a text, each once.
 * @param text any text; what lies beyond 20,000 characters is not searched
 */
export function tokenize(text: string): string[] {
  const tokens = new Set<string>();
  const folded = foldText(text.slice(0, bodyCharsMax));
  for (const [run] of folded.matchAll(unspacedPattern)) for (const pair of pairs(run)) add(tokens, pair);
  for (const [word] of folded.replace(unspacedPattern, " ").matchAll(wordPattern)) {
    add(tokens, word);
    if (isCompound(word)) for (const part of word.split(jointPattern)) if (part !== "") add(tokens, part);
    if (tokens.size >= tokensMax) break;
  }
  return [...tokens];
}

function add(tokens: Set<string>, token: string): void {
  tokens.add(token.length > tokenCharsMax ? token.slice(0, tokenCharsMax) : token);
}

function pairs(run: string): string[] {
  const characters = [...run];
  if (characters.length === 1) return characters;
  return characters.slice(1).map((character, index) => `${characters[index]}${character}`);
}

/** One condition of a query: any of the alternatives must be there, or with `negated` none. */
export interface SearchTerm {
  /** Exact tokens that must all be there. */
  tokens: string[];
  /** Also what begins so: the word that is being typed. */
  prefix: boolean;
  /** The plain word for stemming, or null where signs make the word exact. */
  stem: string | null;
  negated: boolean;
}

/**
 * Reads a query as people type it: words all must be there, "quoted words" as they are, -word must not.
 * @param query at most 300 characters are read
 */
export function parseQuery(query: string): SearchTerm[] {
  const terms: SearchTerm[] = [];
  const folded = foldText(query.slice(0, 300));
  for (const match of folded.matchAll(/(?<minus>(?<=^|\s)-)?(?:"(?<quoted>[^"]*)"|(?<plain>[^\s"]+))/gu)) {
    const negated = match.groups?.minus !== undefined;
    const quoted = match.groups?.quoted;
    const text = quoted ?? match.groups?.plain ?? "";
    for (const [run] of text.matchAll(unspacedPattern)) {
      terms.push({ tokens: pairs(run), prefix: [...run].length === 1, stem: null, negated });
    }
    for (const [word] of text.replace(unspacedPattern, " ").matchAll(wordPattern)) {
      terms.push({ tokens: [word.slice(0, tokenCharsMax)], prefix: false, stem: quoted !== undefined || isCompound(word) ? null : word, negated });
    }
  }
  const last = terms.at(-1);
  if (last && !last.negated && !/["\s]$/u.test(query) && last.tokens.length === 1 && (last.tokens[0]?.length ?? 0) >= 2) last.prefix = true;
  return terms.slice(0, 20);
}

const stopWords: Record<string, string> = {
  english: "the and is are was to of in that it for with you this not have but how when does",
  german: "der die das und ist nicht ich wir ein eine mit auf für wie auch den zu wird wenn",
  french: "le la les et est une des pas pour dans que qui avec sur je nous ce il vous",
  spanish: "el la los y es una que no por para con en del como pero se las hay al",
  portuguese: "o a os e é uma que não por para com em do da como mas se são ao",
  italian: "il la e è una che non per con di del come ma si gli della sono questo al",
  dutch: "de het een en is niet van dat met voor op te zijn ik hoe maar ook deze wordt",
  swedish: "och det är en ett inte att som för med på av jag hur när den har om vi",
};
const stopSets = Object.entries(stopWords).map(([language, words]) => ({ language, words: new Set(words.split(" ")) }));

/**
 * The text-search configuration that fits a text, told by its script and its commonest words. A wrong guess costs a
 * stem, never a hit: the exact words are always there beside the stems.
 */
export function guessLanguage(text: string): string {
  const sample = text.slice(0, 1_000).toLowerCase();
  if (/\p{Script=Cyrillic}{3}/u.test(sample)) return "russian";
  if (/\p{Script=Arabic}{3}/u.test(sample)) return "arabic";
  if (/\p{Script=Greek}{3}/u.test(sample)) return "greek";
  if (/\p{Script=Devanagari}{3}/u.test(sample)) return "hindi";
  let best = "english";
  let bestHits = 0;
  const words = sample.match(/\p{L}+/gu) ?? [];
  for (const { language, words: stops } of stopSets) {
    let hits = 0;
    for (const word of words) if (stops.has(word)) hits += 1;
    if (hits > bestHits) {
      best = language;
      bestHits = hits;
    }
  }
  return best;
}
