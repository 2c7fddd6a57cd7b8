import { loginOf, nameOf } from "./accounts.ts";
import { say, sayOne, type Template } from "./grammar.ts";
import type { Plan, Role, Stage, Step } from "./plan.ts";
import type { Random } from "./random.ts";
import type { Talk } from "./slots.ts";
import { bots, code, common, details, misc } from "./texts/common.ts";
import { languages } from "./texts/languages.ts";
import { type Theme, themes } from "./texts/themes.ts";

/** What putting a thread into words needs to remember while it goes from entry to entry. */
export interface Speech {
  stage: Stage;
  plan: Plan;
  random: Random;
  talk: Talk;
  theme: Theme | undefined;
  /** Where the lists of points are entered, so that a thread repeats none before all were said. */
  offset: number;
  said: number;
  /** The place of the story, code and first answer that belong to the title, where it has one. */
  facet: number | undefined;
}

export interface Opening {
  title: string;
  body: string;
}

const capitalised = (text: string) => (text === "" ? text : (text[0] as string).toUpperCase() + text.slice(1));

/** Puts the opening of a thread into words. */
export function speakOpening(speech: Speech): Opening {
  const { plan, random, talk, theme } = speech;
  const one = (texts: readonly Template[]) => sayOne(texts, random, talk).trim();
  const language = plan.language === undefined ? undefined : languages[plan.language];
  const topic = language?.topics.find((known) => known.theme === theme?.id);
  if (topic) return inPlace(speech, specify(speech, one(topic.titles), details.foreign), one(topic.bodies));
  switch (plan.topic) {
    case "news":
      return { title: one(misc.releaseTitle), body: one(misc.releaseBody) };
    case "show":
      return inPlace(speech, one(misc.showTitle), one(misc.showBody));
    case "hello":
      return plan.part === "chat" ? chat(chatter(speech, one(misc.helloShort))) : inPlace(speech, one(misc.helloTitle), one(misc.helloBody));
    case "meet":
      return inPlace(speech, one(misc.meetTitle), one(misc.meetBody));
    case "outage":
      return chat(chatter(speech, one(misc.downShort)));
    case "incident":
      return chat(chatter(speech, one(misc.incidentShort)));
    case "talk":
      return chat(chatter(speech, one(misc.smallTalk)));
    case "dependency":
      return { title: one(code.depTitle), body: one(code.depBody) };
    case "change":
      return {
        title: capitalised(specify(speech, `${one(code.pullPrefix)} ${one(theme?.fixes ?? code.commit)}`.trim(), details.foreign)),
        body: one(code.pullBody),
      };
    case "commit":
      return commit(speech);
    default:
      return onTheme(speech, theme as Theme);
  }
}

function commit({ random, talk, theme }: Speech): Opening {
  const subject = theme ? `${theme.area.replace("sdk: ", "")}: ${sayOne(theme.fixes, random, talk)}` : sayOne(code.commit, random, talk);
  return { title: subject, body: random.chance(0.4) ? `${subject}\n\n${sayOne(code.commitBody, random, talk).trim()}` : subject };
}

/** Adds what many people add to a title: the version, framework or system that they are on. */
function specify({ random, talk }: Speech, title: string, texts: readonly Template[]): string {
  if (title.length > 90 || !random.chance(0.75)) return title;
  const detail = sayOne(texts, random, talk);
  return title.includes(detail.trim().replace(/^[([]|[)\]]$/g, "")) ? title : title + detail;
}

function chatter(speech: Speech, message: string): string {
  const { random, talk } = speech;
  const before = random.chance(0.3) ? sayOne(details.chatBefore, random, talk) : "";
  const after = random.chance(0.45) ? `${/[?.!:)]$/.test(message) ? "" : ","}${sayOne(details.chatAfter, random, talk)}` : "";
  return before + message + after;
}

function chat(message: string): Opening {
  const line = message.split("\n", 1)[0] as string;
  return { title: line.length > 90 ? `${line.slice(0, line.lastIndexOf(" ", 88))} …` : line, body: message };
}

/** In chat the words are the title; elsewhere mails are signed. */
function inPlace(speech: Speech, title: string, body: string): Opening {
  if (speech.plan.part === "chat") return chat(`${title}\n${body}`);
  return { title: capitalised(title), body: signed(speech, speech.plan.steps[0] as Step, body) };
}

function onTheme(speech: Speech, theme: Theme): Opening {
  const { plan, random, talk } = speech;
  const one = (texts: readonly Template[]) => sayOne(texts, random, talk).trim();
  const intent = plan.topic as "ask" | "bug" | "want" | "pain" | "love";
  const reasons = intent === "bug" ? [] : theme[intent];
  if (plan.part === "chat") {
    if (intent === "ask" || intent === "bug" || reasons.length === 0) {
      const more = random.next();
      const first = chatter(speech, one(theme.short));
      return chat(
        more < 0.3
          ? `${first}\n${one(codeFor(theme, speech) ?? theme.story)}`
          : more < 0.55
            ? `${first}\n${one(common.environment.slice(1))}`
            : first,
      );
    }
    return chat(one(reasons));
  }
  const title = random.pick(theme.titles[intent] ?? []);
  speech.facet = title.facet;
  const about = (texts: readonly Template[]) => one(title.facet === undefined ? texts : [texts[title.facet % texts.length] as Template]);
  const blocks: string[] = [];
  if (random.chance(0.35)) blocks.push(one(common.greeting));
  if (intent === "love") blocks.push(one(reasons));
  else {
    if (random.chance(0.55)) blocks.push(one(common.context));
    if (intent !== "want" || random.chance(0.6)) blocks.push(about(theme.story));
    const block = codeFor(theme, speech);
    if (block && random.chance(intent === "want" ? 0.25 : 0.7)) blocks.push(one(block));
    if (intent === "bug") {
      if (random.chance(0.5)) blocks.push(one(common.steps));
      if (random.chance(0.6)) blocks.push(one(common.expected));
    } else if (reasons.length > 0) blocks.push(one(reasons));
    if (random.chance(intent === "bug" ? 0.6 : 0.2)) blocks.push(one(plan.part === "mail" ? common.environment.slice(1) : common.environment));
  }
  if (random.chance(0.4)) blocks.push(one(common.closing));
  return {
    title: capitalised(specify(speech, say(title.text, random, talk).trim(), details.title)),
    body: signed(speech, plan.steps[0] as Step, blocks.join("\n\n")),
  };
}

/** The blocks of code that fit the thread: of its matter and in its language. */
function codeFor(theme: Theme, { facet, talk }: Speech): readonly Template[] | undefined {
  const about = facet === undefined ? theme.code : theme.code.slice(facet, facet + 1);
  const fitting = about.filter((code) => code.sdk === undefined || code.sdk === talk.sdk).map((code) => code.text);
  return fitting.length > 0 ? fitting : undefined;
}

function signed(speech: Speech, step: Step, body: string): string {
  if (speech.plan.part !== "mail") return body;
  const name = nameOf(speech.stage, step.actor);
  return `${body}\n\n${speech.random.pick(["Best,", "Regards,", "Cheers,", "Kind regards,", "--"])}\n${name}`;
}

/**
 * Puts a reply into words.
 * @param opening the first words of the thread, for those who quote them
 * @param before whose words it follows
 */
export function speakReply(speech: Speech, step: Step, opening: string, before: Step): string {
  const { plan, random, stage } = speech;
  const body = replyWords(speech, step.role).trim();
  if (step.actor.group === "bot" || body === "") return body;
  const roll = random.next();
  if (plan.part === "mail") {
    const quoted = roll < 0.6 ? quote(opening) : "";
    return signed(speech, step, `${quoted}${body}`);
  }
  const other = before.actor.group !== step.actor.group || before.actor.index !== step.actor.index;
  if (other && before.actor.group !== "bot" && roll < 0.16) return `@${loginOf(stage, before.actor)} ${body}`;
  if (plan.part !== "chat" && roll > 0.9) return `${quote(opening)}${body}`;
  return body;
}

function quote(opening: string): string {
  const sentence = /^[^`|*#>\n]{20,160}?[.?!。?](?=\s|$)/mu.exec(opening.replace(/```[\s\S]*?```/g, ""))?.[0];
  return sentence === undefined ? "" : `> ${sentence}\n\n`;
}

const short = /^[^\n]{3,}?[.?!](?=\s|$)/;

function replyWords(speech: Speech, role: Role): string {
  const { plan, random, talk, theme } = speech;
  const one = (texts: readonly Template[]) => sayOne(texts, random, talk).trim();
  const language = plan.language === undefined ? undefined : languages[plan.language];
  if (language) return inLanguage(speech, role, language);
  switch (role) {
    case "answer": {
      const answers = theme?.answers ?? misc.smallReply;
      const answer = one(speech.facet === undefined ? answers : [answers[speech.facet % answers.length] as Template]);
      speech.facet = undefined;
      if (plan.part === "chat") return random.chance(0.6) ? (short.exec(answer)?.[0] ?? answer) : answer;
      const lead = random.chance(0.5) ? `${one(random.chance(0.5) ? common.teamLead : common.peerLead)} ` : "";
      return `${lead}${answer}${random.chance(0.35) ? `\n\n${one(common.tail)}` : ""}`;
    }
    case "point":
      return point(speech);
    case "discuss":
      if (plan.topic === "incident") return one(misc.incidentReply);
      if (plan.topic === "outage") return one(misc.downReply);
      if (plan.topic === "talk" || plan.topic === "hello" || plan.topic === "show" || plan.topic === "meet")
        return random.chance(0.7) ? one(misc.smallReply) : one(common.praiseReply);
      return random.chance(0.3) && theme ? `${one(common.discuss)}\n\n${one(theme.points)}` : one(common.discuss);
    case "metoo":
      return one(common.metoo);
    case "follow":
      return one(common.followUp);
    case "solved":
      return one(common.solved);
    case "bump":
      return one(common.bump);
    case "note":
      return one(common.teamNote);
    case "praise":
      return one(common.praiseReply);
    case "triage":
      return one(bots.triage);
    case "stale":
      return one(bots.stale);
    case "preview":
      return one(bots.preview);
    case "build":
      return one(bots.build);
    case "status":
      return one(bots.status);
    case "review":
      return one(code.review);
    case "inline":
      return one(code.reviewComment);
    case "open":
      return "";
  }
}

/** The theme's points in turn; when all were said, with a thought of one's own. */
function point(speech: Speech): string {
  const { random, talk, theme } = speech;
  const points = theme?.points ?? common.discuss;
  const text = say(points[(speech.offset + speech.said) % points.length] as Template, random, talk).trim();
  speech.said += 1;
  return speech.said > points.length ? `${sayOne(common.context, random, talk).trim()} ${text}` : text;
}

function inLanguage(speech: Speech, role: Role, language: (typeof languages)[string]): string {
  const { random, talk, theme } = speech;
  const topic = language.topics.find((known) => known.theme === theme?.id) ?? language.topics[0];
  if (role === "answer" && topic) return sayOne(topic.answers, random, talk);
  if (role === "solved" || role === "praise") return sayOne(language.thanks, random, talk);
  if (role === "follow" || role === "bump") return sayOne(language.follow, random, talk);
  return sayOne(language.points, random, talk);
}

/** The theme of a plan, read. */
export function themeOf(plan: Plan): Theme | undefined {
  return plan.theme === undefined ? undefined : themes[plan.theme];
}
