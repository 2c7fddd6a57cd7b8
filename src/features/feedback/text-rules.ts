export const signalKinds = ["bug", "request", "friction", "question", "praise"] as const;
export type SignalKind = (typeof signalKinds)[number];

export interface TextRule {
  id: string;
  kind: SignalKind;
  /** What the reason says the sentence does. */
  says: string;
  confidence: number;
  pattern: RegExp;
  /** Takes the sentence back: what negates it or makes it a wish. */
  unless?: RegExp;
}

/** Source labels that state a kind. A person or a form set them, so they outweigh what words suggest. */
export const kindOfLabel: Record<string, SignalKind> = {
  bug: "bug",
  defect: "bug",
  regression: "bug",
  crash: "bug",
  "confirmed bug": "bug",
  "bug report": "bug",
  error: "bug",
  incident: "bug",
  enhancement: "request",
  feature: "request",
  "feature request": "request",
  "feature-request": "request",
  featurerequest: "request",
  wish: "request",
  wishlist: "request",
  proposal: "request",
  improvement: "request",
  suggestion: "request",
  idea: "request",
  "new feature": "request",
  documentation: "friction",
  docs: "friction",
  doc: "friction",
  ux: "friction",
  usability: "friction",
  dx: "friction",
  "developer experience": "friction",
  confusing: "friction",
  papercut: "friction",
  accessibility: "friction",
  a11y: "friction",
  question: "question",
  support: "question",
  "q&a": "question",
  help: "question",
  usage: "question",
  "how to": "question",
};
export const labelConfidence = 0.9;

/**
 * One rule, one reason. A confidence is the precision measured on issues labelled by their maintainers and comments
 * labelled by raters, rounded; for the words of friction the share of issues that were trouble (bug or support).
 * In running words a bug cannot be told from a call for help (precision 0.4), so "it does not work" is friction, and
 * only what is named a bug or crashes is suggested as one.
 */
export const textRules: readonly TextRule[] = [
  {
    id: "bug.crash",
    kind: "bug",
    says: "reports a crash or an exception",
    confidence: 0.35,
    pattern:
      /\b(?:it|app|server|process|program|browser|tab|node|build|editor|vscode|vs code|page|client|script|tests?|compiler|which|that|this)\s+(?:\w+\s+){0,2}(?:crash(?:es|ed|ing)?|segfaults?|panic(?:s|ked)|hangs?|freezes?|froze)\b|\b(?:segmentation fault|stack overflow error|null pointer exception|nullpointerexception|memory leak|infinite loop|deadlock)\b|\b(?:throws?|threw|raises?|got|gets?|getting|getting an?|following|with(?: an?| the)?) (?:an? |the |this |following )*(?:\w+ ){0,2}(?:exception|error)s?\b/i,
  },
  {
    id: "friction.broken",
    kind: "friction",
    says: "says that something does not work",
    confidence: 0.7,
    pattern:
      /\b(?:does(?:n'?t| not)|do(?:n'?t| not)|did(?:n'?t| not)|is(?:n'?t| not)|not|stopped|stops|no longer|won'?t|never) (?:seem to |currently |even |really |properly |correctly )?(?:work(?:s|ing|ed)?|load(?:s|ing)?|render(?:s|ed|ing)?|compile|build|start|respond|behave|get (?:called|updated|triggered))\b|\b(?:is|are|was|seems?|got|it'?s) (?:completely |totally |still )?broken\b|\bfail(?:s|ed|ing)? (?:to|with|when|on|if|for|in)\b/i,
  },
  {
    id: "bug.named",
    kind: "bug",
    says: "calls it a bug",
    confidence: 0.35,
    pattern:
      /\b(?:(?:this|it|that|which) (?:is|looks like|seems(?: like| to be)?|might be|may be|could be) (?:probably |likely |clearly |definitely )?(?:an? )(?:\w+ ){0,2}(?:bug|regression|defect)|(?:found|hit|encountered|reporting|noticed|discovered) (?:an?|the|this) (?:\w+ ){0,2}(?:bug|regression|defect)|regression (?:in|from|since|after|introduced)|it'?s a (?:\w+ )?(?:bug|regression))\b/i,
  },
  {
    id: "friction.expected",
    kind: "friction",
    says: "sets what happens against what was expected",
    confidence: 0.75,
    pattern:
      /\b(?:instead of|rather than) (?:the )?expected\b|\b(?:expect(?:ed|ing)?|should)\b[^.!?\n]{3,120}\b(?:but|instead|however)\b[^.!?\n]{3,120}|\bincorrect(?:ly)?\b|\bwrong(?:ly)? (?:result|value|output|order|type|behaviou?r|position|size|color|colour)s?\b|\bunexpected(?:ly)? (?:result|behaviou?r|output|error|value|close|exit)s?\b/i,
  },
  {
    id: "request.wish",
    kind: "request",
    says: "wishes for something",
    confidence: 0.85,
    pattern:
      /\b(?:it )?(?:would|might|could|'d) be (?:really |very |so |super |extremely )?(?:nice|great|good|helpful|useful|awesome|cool|ideal|beneficial|handy|lovely|better|convenient)(?:\s+(?:if|to|for|when)\b|\b)|\b(?:i|we)(?: would|'d)? (?:really |very much )?(?:wish|love|like) (?:that |there |to (?:see|have|be able|propose|suggest|request)|it if|if)\b/i,
  },
  {
    id: "request.feature",
    kind: "request",
    says: "asks for a feature",
    confidence: 0.6,
    pattern:
      /\b(?:feature[- ]request|enhancement request|feature proposal|proposed (?:feature|solution|change))\b|\b(?:please|pls|kindly|plz) (?:add|support|provide|implement|consider|allow|make|include|expose|introduce)\b|\b(?:could|can|would) (?:you|we|it|someone)(?: please)? (?:add|support|provide|implement|allow|expose|introduce|include|have (?:an?|the) (?:option|setting|way))\b|\b(?:add|need|want|lack(?:s|ing)?|missing|no|provide|implement|introduce) (?:an? |the |some )?(?:\w+ ){0,2}(?:support for|option (?:to|for)|ability to|setting (?:to|for)|way to (?:disable|enable|configure|customi[sz]e|hide|change))\b|\b(?:i|we)(?:'d| would)? (?:suggest|propose|request|recommend)\b/i,
  },
  {
    id: "request.titled",
    kind: "request",
    says: "asks for a feature in the title",
    confidence: 0.9,
    pattern:
      /^(?:\[(?:[^\]]*[^\]\w])?(?:feature|request|proposal|rfe|enhancement|idea)\b[^\]]*\]|(?:feature|enhancement|proposal|rfe|suggestion|idea|request)\s*:|(?:\[[^\]]*\] *)?(?:add|support|allow|implement|introduce|provide|enable|expose|make|improve|extend|option to|ability to)\s)/i,
  },
  {
    id: "bug.titled",
    kind: "bug",
    says: "reports a bug in the title",
    confidence: 0.7,
    pattern:
      /^(?:\[[^\]]*bug[^\]]*\]|bug\s*:|bug report)|\b(?:crash(?:es|ed)?|segfault|exception|fail(?:s|ed|ure)|broken|regression|not work(?:ing)?|doesn'?t work|does not work|incorrect(?:ly)?|wrong)\b/i,
  },
  {
    id: "friction.confusing",
    kind: "friction",
    says: "finds it confusing",
    confidence: 0.5,
    unless: /(?:n't|\bnot|\bnever|\bless) (?:\w+ ){0,2}(?:confus|mislead|unclear|hard|difficult|tricky)/i,
    pattern:
      /\b(?:confus(?:ing|ed)|unintuitive|counter-?intuitive|misleading|unclear|not (?:very |at all |really )?(?:clear|obvious|intuitive)|hard to (?:understand|follow|find|use|read|debug|discover)|difficult to (?:understand|follow|find|use|debug)|tricky to|easy to miss)\b/i,
  },
  {
    id: "friction.docs",
    kind: "friction",
    says: "could not find it in the documentation",
    confidence: 0.5,
    pattern:
      /\b(?:doc(?:s|umentation)?|readme|tutorials?|guides?|examples?|manual)\b[^.!?\n]{0,60}\b(?:out ?of ?date|outdated|missing|wrong|incorrect|incomplete|lack(?:s|ing)?|unclear|(?:does(?:n'?t| not)|do(?:n'?t| not)) (?:say|mention|explain|cover|describe|work)|broken|confusing|could be (?:better|improved|clearer))\b|\b(?:un|not |poorly )documented\b|\b(?:no|lack of|missing|couldn'?t find(?: any)?|can'?t find(?: any)?|could not find(?: any)?|without) (?:\w+ )?(?:doc(?:s|umentation)|examples?|tutorials?)\b/i,
  },
  {
    id: "friction.effort",
    kind: "friction",
    says: "tells what it cost them",
    confidence: 0.5,
    pattern:
      /\b(?:spent|wasted|took me|lost|cost me) (?:\w+ ){0,4}(?:hours?|days?|weeks?|ages|evening|afternoon)\b|\b(?:frustrat(?:ing|ed|ion)|annoying|annoyed|tedious|cumbersome|painful|a pain|pain point|clunky|awkward|inconvenient|time-consuming|nightmare|horrible|terrible|ridiculous)\b|\b(?:had|have) to (?:manually|resort to|work around|hack)\b/i,
  },
  { id: "question.phrase", kind: "question", says: "asks", confidence: 0.55, pattern: /[?？؟]["'”’)\]*_]*$/ },
  {
    id: "praise.thanks",
    kind: "praise",
    says: "praises the work",
    confidence: 0.9,
    unless: /\b(?:would be|could be|might be|will be|not|if|but|however|unfortunately|no|except)\b|'d be\b|n't\b|\?\s*$/i,
    pattern:
      /\b(?:great|awesome|amazing|fantastic|excellent|wonderful|brilliant|nice|beautiful|impressive|good|outstanding|terrific|superb|lovely|incredible) (?:work|job|project|tool|library|lib|product|stuff|documentation|docs|feature|addition|framework|software|improvement|release|app|extension|write-?up|tutorial|guide)\b|\b(?:thank(?:s| you)(?: (?:so|very) much| a lot)? for (?:the|your|this|all|making|building|creating|such|maintaining|providing|sharing|developing) (?:\w+ ){0,3}(?:work|project|tool|library|effort|software|framework|feature|app|extension|contribution|plugin|package|product|release|making|building))\b|\b(?:i|we) (?:really |absolutely |just |totally |especially )?(?:love|loved|adore|enjoy(?:ed)?) (?:this|it|the|how|that|your|using|working)\b|\b(?:works|worked|working) (?:like a charm|perfectly|flawlessly|great|beautifully|brilliantly)\b|\bkeep up the\b|\b(?:kudos|well done|hats off|good job|nice job|bravo)\b|\b(?:is|are|it'?s|looks?|that'?s|this is) (?:really |very |so |just |absolutely |simply |pretty )?(?:awesome|amazing|fantastic|brilliant|excellent|wonderful|great|perfect|superb|beautiful)\b/i,
  },
];

/** Headings and fields of issue forms: who filled in the form for bugs says that it is one. */
export const formRules: readonly TextRule[] = [
  {
    id: "bug.form",
    kind: "bug",
    says: "the form for bugs",
    confidence: 0.45,
    pattern:
      /^(?:#{1,6}\s*|\*\*|__|<b>)?\W{0,4}(?:(?:steps|how|instructions) to (?:reproduce|replicate)|reproduction steps|repro steps|(?:actual|current|buggy|observed) (?:behaviou?r|result)s?|describe the (?:bug|problem|issue)|what (?:actually )?(?:happened|went wrong)|is this a regression|stack ?trace|relevant log output|current vs\.? expected)/im,
  },
  {
    id: "request.form",
    kind: "request",
    says: "the form for requests",
    confidence: 0.9,
    pattern:
      /^(?:#{1,6}\s*|\*\*|__|<b>)?\W{0,4}(?:is your (?:feature|enhancement) request related|describe (?:the |your )?(?:solution|feature|enhancement|proposal|alternatives)|feature (?:request|description)|(?:proposed|desired) (?:solution|feature|behaviou?r)|motivation|use[- ]cases?|alternatives (?:you'?ve )?considered|additional context for the feature|please describe the feature|will this change the current api|who will benefit)/im,
  },
];
