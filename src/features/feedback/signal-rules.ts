import { maskProse, type Sentence, sentencesOf } from "#core/text/prose.ts";
import { askingPhrase, plainLabel } from "../support/index.ts";
import { formRules, kindOfLabel, labelConfidence, type SignalKind, type TextRule, textRules } from "./text-rules.ts";

/** What the rules read of an activity. */
export interface ReadActivity {
  title: string | null;
  body: string | null;
  /** Labels of the thread, for its opening; none for what comes after. */
  labels: readonly string[];
  /** Whether it opens a thread. People ask each other much in a conversation; only openings ask by a question mark alone. */
  opens: boolean;
}

/** A passage that a rule took, with its place and in words why. */
export interface FoundSignal {
  kind: SignalKind;
  quote: string;
  /** In UTF-16 units of the body; both 0 when the title is quoted. */
  quoteStart: number;
  quoteEnd: number;
  rule: string;
  reason: string;
  /** 0 to 1: how often the rule was right on labelled texts, rounded down to a twentieth. */
  confidence: number;
}

const bodyRules = textRules.filter((rule) => !rule.id.endsWith(".titled"));
const titleRules = textRules.filter((rule) => rule.id.endsWith(".titled") || rule.kind === "request" || rule.kind === "friction");
const quoteMax = 500;

/**
 * The passages of an activity that are feedback: at most one for each kind, the rule with the highest confidence
 * first, the earliest sentence among equals. Code, quoted mail and templates are not read.
 */
export function findSignals(activity: ReadActivity): FoundSignal[] {
  const found = new Map<SignalKind, FoundSignal>();
  const body = activity.body ?? "";
  const title = activity.title ?? "";
  const masked = body === "" ? "" : maskProse(body);
  // Most texts fit no rule; only the rules that fit somewhere are looked for sentence by sentence.
  const fitting = masked === "" ? [] : bodyRules.filter((rule) => fitsSomewhere(rule, masked, activity.opens));
  if (fitting.length === 0 && title === "" && activity.labels.length === 0) return [];
  const sentences = masked === "" ? [] : sentencesOf(masked, body);
  if (fitting.length > 0) {
    for (const sentence of sentences)
      matchSentence(found, fitting, { sentence, words: masked.slice(sentence.start, sentence.end), opens: activity.opens });
  }
  if (body !== "") matchForms(found, body, sentences, title);
  if (title !== "") matchTitle(found, title, sentences);
  for (const label of activity.labels) {
    const kind = kindOfLabel[plainLabel(label)];
    if (kind === undefined) continue;
    const told = found.get(kind) ?? wholeQuote(sentences, title);
    if (told === undefined) continue;
    found.set(kind, {
      ...pickQuote(told),
      kind,
      rule: "label",
      reason: `Labelled “${label}” in the source.`,
      confidence: labelConfidence,
    });
  }
  return [...found.values()];
}

function fitsSomewhere(rule: TextRule, masked: string, opens: boolean): boolean {
  if (rule.kind !== "question") return rule.pattern.test(masked);
  return (opens && /[?？؟]/.test(masked)) || askingPhrase(masked) !== undefined;
}

function matchSentence(
  found: Map<SignalKind, FoundSignal>,
  rules: readonly TextRule[],
  { sentence, words, opens }: { sentence: Sentence; words: string; opens: boolean },
): void {
  for (const rule of rules) {
    const held = found.get(rule.kind);
    if (held !== undefined && held.confidence >= rule.confidence) continue;
    const told = rule.kind === "question" ? tellQuestion(rule, words, opens) : tell(rule, words);
    if (told === undefined) continue;
    found.set(rule.kind, {
      kind: rule.kind,
      ...cut(sentence),
      rule: rule.id,
      reason: `A sentence ${told.says}: “${squeeze(told.words)}”.`,
      confidence: rule.confidence,
    });
  }
}

function tell(rule: TextRule, words: string): { says: string; words: string } | undefined {
  const matched = rule.pattern.exec(words)?.[0];
  return matched === undefined || rule.unless?.test(words) ? undefined : { says: rule.says, words: matched };
}

function tellQuestion(rule: TextRule, words: string, opens: boolean): { says: string; words: string } | undefined {
  const phrase = askingPhrase(words);
  if (phrase) return { says: phrase.name, words: phrase.words };
  return opens && rule.pattern.test(words) ? { says: rule.says, words: lastWords(words) } : undefined;
}

function matchForms(found: Map<SignalKind, FoundSignal>, body: string, sentences: readonly Sentence[], title: string): void {
  for (const rule of formRules) {
    const held = found.get(rule.kind);
    if (held !== undefined && held.confidence >= rule.confidence) continue;
    const matched = rule.pattern.exec(body)?.[0];
    const quote = held ?? wholeQuote(sentences, title);
    if (matched === undefined || quote === undefined) continue;
    found.set(rule.kind, {
      ...pickQuote(quote),
      kind: rule.kind,
      rule: rule.id,
      reason: `It fills in ${rule.says}: “${squeeze(matched.replace(/^[#*_\s<b>]+/, ""))}”.`,
      confidence: rule.confidence,
    });
  }
}

function matchTitle(found: Map<SignalKind, FoundSignal>, title: string, sentences: readonly Sentence[]): void {
  for (const rule of titleRules) {
    const held = found.get(rule.kind);
    if (held !== undefined && held.confidence >= rule.confidence) continue;
    const matched = rule.pattern.exec(title)?.[0];
    if (matched === undefined) continue;
    const quote = held ?? wholeQuote(sentences, title);
    if (quote === undefined) continue;
    found.set(rule.kind, {
      ...pickQuote(quote),
      kind: rule.kind,
      rule: rule.id,
      reason: `The title ${rule.says.replace(" in the title", "")}: “${squeeze(matched)}”.`,
      confidence: rule.confidence,
    });
  }
}

type Quote = Pick<FoundSignal, "quote" | "quoteStart" | "quoteEnd">;

function pickQuote({ quote, quoteStart, quoteEnd }: Quote): Quote {
  return { quote, quoteStart, quoteEnd };
}

/** What stands for the whole where no sentence is telling: the title, else the first real sentence. */
function wholeQuote(sentences: readonly Sentence[], title: string): Quote | undefined {
  if (title !== "") return { quote: trimToQuote(title), quoteStart: 0, quoteEnd: 0 };
  const first = sentences.find((sentence) => sentence.text.length >= 20) ?? sentences[0];
  return first && cut(first);
}

function cut(sentence: Sentence): Quote {
  const quote = trimToQuote(sentence.text);
  return { quote, quoteStart: sentence.start, quoteEnd: sentence.start + quote.length };
}

/** Never cuts through the middle of a surrogate pair. */
function trimToQuote(text: string): string {
  return text.slice(0, quoteMax).replace(/[\uD800-\uDBFF]$/, "");
}

function lastWords(words: string): string {
  return words.trim().split(/\s+/).slice(-6).join(" ");
}

function squeeze(words: string): string {
  const flat = words.replace(/\s+/g, " ").trim();
  return flat.length > 80 ? `${flat.slice(0, 79)}…` : flat;
}
