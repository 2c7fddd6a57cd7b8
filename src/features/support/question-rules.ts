import { maskProse, type Sentence, sentencesOf } from "#core/text/prose.ts";

/** What the rules read of a thread. */
export interface AskedThread {
  kind: string;
  title: string;
  labels: readonly string[];
  /** Whether the source itself says that the thread can have an accepted answer. */
  answerable: boolean;
  channelKind: string;
  /** The opening's words; null where the opening is not held. */
  opening: string | null;
  /** Whether what we hold begins in the middle: the first mail is itself a reply. */
  beginsWithReply: boolean;
}

/** The rule's verdict: whether the thread asks, and in words why. */
export interface Verdict {
  asks: boolean;
  reason: string;
}

/** Thread kinds that carry work or news and never ask for help. */
const silentKinds = new Set(["pull_request", "merge_request", "change", "patch", "commit", "announcement", "release", "event"]);
const questionKinds = new Set(["question"]);
/** Thread kinds in which a reported error is a call for help; in a tracker it is work, shown as a bug signal. */
const helpKinds = new Set(["mail", "topic", "discussion", "chat", "question"]);

/** Labels by which people mark questions. `help wanted` is not one: it is the maintainers who ask for contributors there. */
const questionLabels = new Set([
  "question",
  "questions",
  "support",
  "q&a",
  "qa",
  "help",
  "help needed",
  "need help",
  "usage",
  "usage question",
  "how to",
  "howto",
  "how-to",
  "support request",
]);
const newsLabels = new Set(["announcement", "announcements", "release", "release notes", "news"]);
const newsTitle =
  /^\s*(?:\[(?:ann(?:ounce(?:ment)?)?|release|rfc|patch[^\]]*|pull|git pull|cfp|call for [^\]]*|minutes|digest|vote|result)\]|(?:re: *)?ann(?:ouncement|ounce)?:|.{0,60}\b(?:released|is out now|release announcement|call for papers|digest, vol)\b)/i;

const questionMark = /[?？؟]/;
const titleStart =
  /^(?:re: *|\[[^\]]*\] *)*(?:how (?:do|can|to|should|would|does|is|are)|why (?:do|does|is|are|did|can|don|isn|doesn|am)|what (?:is|are|does|do|should|happens)|where (?:is|are|can|do|to)|when (?:will|is|should|does)|which\s|who\s|can (?:i|we|you|someone|anyone)|could (?:i|we|you|someone|anyone)|is (?:it|there|this)|are there|does\s|do (?:i|we)\s|should (?:i|we)|has anyone|anyone\s|(?:need|needs|looking for|please|pls) help|help (?:needed|with|please)|question (?:about|on|regarding)|questions? *:)/i;

/** Phrases that ask, wherever they stand in the words of the opening; the name is what the reason says. */
const askingPhrases: readonly [name: string, pattern: RegExp][] = [
  [
    "asks how",
    /\bhow (?:do|can|could|should|would|might) (?:i|we|you|one|someone)\b|\bhow to\b[^.!?\n]{0,120}\?|\bwhat(?:'s| is) the (?:best|right|correct|recommended|proper|preferred) (?:way|approach|practice)/i,
  ],
  [
    "asks whether there is a way",
    /\b(?:is|are) there (?:a|an|any|some)\b[^.!\n]{0,60}\b(?:ways?|methods?|options?|plans?|workarounds?|examples?|possibility|chance|docs?|documentation)\b|\bis it (?:possible|ok|okay|safe|intended|expected|supported|normal)\b/i,
  ],
  ["asks why", /\bwhy (?:do|does|did|is|are|isn'?t|doesn'?t|don'?t|can'?t|won'?t|am)\b/i],
  [
    "asks for help",
    /\b(?:can|could|would) (?:some(?:one|body)|any(?:one|body)|you)(?: please)? (?:help|explain|point|tell|clarify|advise|confirm|suggest)\b|\b(?:any|some) (?:help|ideas?|suggestions?|pointers?|advice|hints?|thoughts|guidance)\b[^.\n]{0,40}(?:\?|appreciated|welcome)|\b(?:does|do|has|have) any(?:one|body) (?:know|have|had|seen|tried|got)\b|\b(?:i need|need some|please|looking for) (?:help|advice|guidance)\b|\bhelp (?:is |would be )?(?:much |greatly |very )?appreciated\b/i,
  ],
  [
    "asks what is wrong",
    /\b(?:what am i|am i) (?:doing|missing|getting)\b|\bi(?:'m| am) (?:stuck|lost|not sure (?:how|why|if|whether|what)|unsure (?:how|why|if|whether|what)|wondering)\b|\bi(?:'d| would) like to (?:know|ask)\b|\bi (?:can'?t|cannot|could not|couldn'?t) (?:figure|find|understand|work) (?:out|any|how|where|why)\b/i,
  ],
  [
    "fragt (Deutsch)",
    /\b(?:wie (?:kann|muss|soll|mache|bekomme|geht|krieg)|gibt es (?:eine|einen|die) m(?:ö|oe)glichkeit|warum (?:ist|wird|geht|funktioniert|kann)|weiß jemand|wei(?:ss|ß) (?:jemand|wer)|kann mir jemand|hat jemand)\b/i,
  ],
  [
    "demande (français)",
    /\b(?:comment (?:puis-je|faire|peut-on|est-ce|dois-je)|est-ce qu|pourquoi (?:est|le|la|les|je|ça)|y a-t-il|quelqu'un (?:sait|peut|a)|avez-vous une idée)/i,
  ],
  [
    "pregunta (español)",
    /(?:¿|\b(?:c[oó]mo (?:puedo|hago|se puede)|hay alguna (?:forma|manera)|por qu[eé] (?:no|se|me|el|la)|alguien (?:sabe|puede|ha)))/i,
  ],
  [
    "pergunta (português)",
    /\b(?:como (?:faço|posso|fazer)|existe algum(?:a)? (?:forma|maneira|jeito)|por que (?:não|o|a|isso)|alguém (?:sabe|pode|já))/i,
  ],
  ["спрашивает (русский)", /(?:как (?:мне|можно|сделать|правильно)|почему\s|подскажите|кто-нибудь|есть ли (?:способ|возможность))/i],
  ["提问 (中文)", /(?:如何|怎么|怎样|为什么|为何|请问|有没有办法|是否可以|吗[？?。\s]|求助)/],
  ["質問 (日本語)", /(?:どうすれば|どうやって|なぜ|でしょうか|ますか|ですか|教えてください|方法はあり)/],
  ["질문 (한국어)", /(?:어떻게|왜\s|인가요|나요\s*[?？]|있을까요|알려\s?주)/],
];

const errorReport =
  /\b(?:i(?:'m| am)?|we(?:'re| are)?|it|this|that) (?:keep(?:s)? |always |just |now |still )?(?:get(?:s|ting)?|got|see(?:ing)?|receiv(?:e|ed|ing)|fail(?:s|ed|ing)?|crash(?:es|ed|ing)?|throw(?:s|ing)?) (?:with |an? |the |this |following |these )*(?:following )?(?:errors?|exceptions?|warning|failure|segfault|traceback|with)\b|\b(?:traceback \(most recent call last\)|unhandled exception|segmentation fault)\b|\b(?:does(?:n'?t| not)|is(?:n'?t| not)|stopped|won'?t) work(?:ing)?\b/i;

/** A label as people mean it: lower case, without a family such as `type:` or `kind/`. */
export function plainLabel(label: string): string {
  const lower = label.toLowerCase().trim();
  return (/^[^:/]{1,24}(?::|\/|::)\s*(.+)$/.exec(lower)?.[1] ?? lower)
    .replace(/^[^\p{L}\p{N}]+/u, "")
    .replaceAll("_", " ")
    .trim();
}

/**
 * Whether a thread asks for help. The first rule that fits decides, from what the source states to what the words suggest.
 * @returns the verdict with its reason in words that a person can check against the thread
 */
export function asksForHelp(thread: AskedThread): Verdict {
  if (silentKinds.has(thread.kind)) return { asks: false, reason: `A ${thread.kind.replaceAll("_", " ")} is not a question.` };
  if (questionKinds.has(thread.kind)) return { asks: true, reason: "The source keeps it as a question." };
  if (thread.answerable) return { asks: true, reason: "The source lets one reply be marked as the answer." };
  for (const label of thread.labels) {
    const plain = plainLabel(label);
    if (questionLabels.has(plain)) return { asks: true, reason: `It is labelled “${label}”.` };
    if (newsLabels.has(plain)) return { asks: false, reason: `It is labelled “${label}”: news, not a question.` };
  }
  if (/announce|news|release/i.test(thread.channelKind)) return { asks: false, reason: "It stands in a channel for announcements." };
  if (newsTitle.test(thread.title)) return { asks: false, reason: "Its title is that of an announcement, a patch or a call." };
  if (thread.beginsWithReply) return { asks: false, reason: "Its opening is not held: what we have begins with a reply." };

  const title = withoutPlaces(thread.title);
  if (questionMark.test(title)) return { asks: true, reason: "Its title has a question mark." };
  const start = titleStart.exec(title)?.[0];
  if (start !== undefined) return { asks: true, reason: `Its title begins like a question: “${start.trim()}”.` };
  return asksInWords(thread);
}

function asksInWords(thread: AskedThread): Verdict {
  const nothing: Verdict = { asks: false, reason: "No rule found a question in it." };
  const title = askingPhrase(thread.title);
  if (title) return { asks: true, reason: `Its title ${title.name}: “${title.words}”.` };
  if (thread.opening === null || thread.opening === "") return nothing;
  const masked = maskProse(thread.opening);
  const phrase = askingPhrase(masked);
  if (phrase) return { asks: true, reason: `Its opening ${phrase.name}: “${phrase.words}”.` };
  const last = lastSaid(sentencesOf(masked));
  if (last && /[?？؟]["'”’)\]*_]*$/.test(last.text)) return { asks: true, reason: "Its opening ends with a question mark." };
  if (helpKinds.has(thread.kind)) {
    const words = errorReport.exec(masked)?.[0];
    if (words !== undefined) return { asks: true, reason: `Its opening reports an error: “${squeeze(words)}”.` };
  }
  return nothing;
}

/**
 * The first phrase that asks.
 * @param masked prose with code and quotes blanked
 */
export function askingPhrase(masked: string): { name: string; words: string; index: number } | undefined {
  for (const [name, pattern] of askingPhrases) {
    const match = pattern.exec(masked);
    if (match) return { name, words: squeeze(match[0]), index: match.index };
  }
  return undefined;
}

/** Polite ends stand after what was asked; they are not the last thing that was said. */
const farewell =
  /^(?:thanks?|thank you|thx|many thanks|cheers|regards|best|kind regards|best regards|yours|sincerely|greetings|danke|merci|gracias|obrigad|any help|help (?:is|would))\b/i;

function lastSaid(sentences: Sentence[]): Sentence | undefined {
  for (let i = sentences.length - 1; i >= Math.max(0, sentences.length - 4); i -= 1) {
    const sentence = sentences[i] as Sentence;
    const isName = sentence.text.length < 30 && !/[.!?？؟。]$/.test(sentence.text);
    if (!farewell.test(sentence.text) && !(isName && i > 0)) return sentence;
  }
  return sentences.at(-1);
}

const thanks = /\b(?:thank(?:s| you)|thx|tyvm|much appreciated|danke|merci|gracias|obrigad[oa]|grazie)\b|спасибо|谢谢|感谢|ありがとう|감사/i;
const thanksAhead =
  /\b(?:thank(?:s| you)(?: (?:so|very) much)?|thx|danke|merci|gracias) (?:in advance|ahead|for (?:any|your) (?:help|time|attention|consideration)|im voraus|d'avance|de antemano)\b/i;
const works =
  /\b(?:(?:that|this|it|which|now|everything|all)(?:'s| is| has| did| does)? (?:now |all )?(?:work(?:s|ed|ing)|fixe[sd]|fixed|solve[sd]|resolved|helped|helps|did (?:it|the trick)|does the trick|makes sense|answers)|(?:i )?(?:got it|solved (?:it|this|my)|figured it out|fixed it)|works (?:now|like|great|perfectly|fine|for me)|working now|problem (?:is )?solved|perfect|that was it)\b/i;
const doubt = /\b(?:but|however|unfortunately|still|yet|except|although|another (?:question|problem|issue))\b/i;

/**
 * What the asker's word after an answer means: `solved` when it says so, `thanked` when it only thanks, undefined
 * when it asks on.
 * @param body the comment's words
 */
export function closingWord(body: string): { means: "solved" | "thanked"; words: string } | undefined {
  const masked = maskProse(body);
  if (questionMark.test(masked)) return undefined;
  const plain = masked.replace(new RegExp(thanksAhead.source, "gi"), "");
  const thanked = thanks.exec(plain)?.[0];
  const solved = works.exec(plain)?.[0];
  if (doubt.test(plain)) return undefined;
  if (solved !== undefined && /\b(?:not|n't|never)\b|n't\b/i.test(plain) === false)
    return { means: "solved", words: squeeze(thanked === undefined ? solved : `${thanked} … ${solved}`) };
  if (thanked !== undefined) return { means: "thanked", words: squeeze(thanked) };
  return undefined;
}

function withoutPlaces(text: string): string {
  return text.replace(/`[^`]*`|https?:\/\/\S+|\S+\?\S+/g, " ");
}

function squeeze(words: string): string {
  const flat = words.replace(/\s+/g, " ").trim();
  return flat.length > 80 ? `${flat.slice(0, 79)}…` : flat;
}
