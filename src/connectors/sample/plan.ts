import { type Calendar, dayMs } from "./calendar.ts";
import { botAccounts, platforms } from "./channels.ts";
import { team } from "./names.ts";
import { type Crowd, drawPerson, drawTeammate, momentOn, type Wanted } from "./people.ts";
import { keyOf, Random } from "./random.ts";
import { type Part, parts, type World } from "./settings.ts";
import { threadCount, threadSize } from "./sizes.ts";
import { languages } from "./texts/languages.ts";
import type { Intent } from "./texts/theme.ts";
import { type Theme, themes } from "./texts/themes.ts";

/** Who does something: a person by index, a teammate or a bot by place in its list. */
export type Actor = { group: "person" | "team" | "bot"; index: number };

/** What an entry of a thread says. */
export type Role =
  | "open"
  | "answer"
  | "point"
  | "discuss"
  | "metoo"
  | "follow"
  | "solved"
  | "bump"
  | "note"
  | "praise"
  | "triage"
  | "stale"
  | "preview"
  | "build"
  | "status"
  | "review"
  | "inline";

/** What a thread is, beyond its intent where it has one. */
export type Topic = Intent | "show" | "hello" | "meet" | "news" | "change" | "dependency" | "outage" | "incident" | "talk" | "commit";

export interface Step {
  role: Role;
  actor: Actor;
  /** Milliseconds since 1970. */
  at: number;
  accepted?: boolean;
}

/** A thread as it was lived, before any word is put to it. */
export interface Plan {
  part: Part;
  index: number;
  day: number;
  /** Place in the platform's channels. */
  channel: number;
  topic: Topic;
  /** Place in `themes`, where it is about one. */
  theme: number | undefined;
  language: string | undefined;
  state: "open" | "closed";
  stateReason: string | undefined;
  closedAt: number | undefined;
  steps: Step[];
}

export interface Stage {
  world: World;
  calendar: Calendar;
  crowd: Crowd;
}

/** Of the last threads of each platform some are left without an answer, so that there is always somebody who waits. */
const plantedWindow = 42;

/** Plans one thread. It depends on the world and the index alone. */
export function planThread(stage: Stage, part: Part, index: number): Plan {
  const { world, calendar } = stage;
  const total = threadCount(world, part);
  const random = new Random(keyOf(world.seed, 23, parts.indexOf(part), index));
  const day = calendar.dayAt(part, (index + random.next()) / total);
  const plan: Plan = {
    part,
    index,
    day,
    channel: 0,
    topic: "talk",
    theme: undefined,
    language: undefined,
    state: "open",
    stateReason: undefined,
    closedAt: undefined,
    steps: [],
  };
  chooseTopic(stage, plan, random, total);
  const size = threadSize(world, part, index);
  if (plan.topic === "commit") return planCommit(stage, plan, random);
  openThread(stage, plan, random);
  const asks = plan.topic === "ask" || plan.topic === "bug";
  const planted = asks && total - index <= plantedWindow && (total - index) % 6 === 2;
  if (asks) planHelp(stage, plan, random, { drawnSize: planted ? Math.min(size, 1 + (index % 2)) : size, planted });
  else planTalk(stage, plan, random, size);
  finish(stage, plan, random);
  return plan;
}

function chooseTopic(stage: Stage, plan: Plan, random: Random, total: number): void {
  const { calendar } = stage;
  const { part, day } = plan;
  const { channels, weights } = platforms[part];
  plan.channel = random.weighted(weights);
  if (part === "git") {
    plan.topic = "commit";
    if (random.chance(0.5)) takeTheme(stage, plan, random);
    return;
  }
  const news =
    part === "forum"
      ? Object.values(calendar.releases).find((release) => Math.ceil(calendar.shareBefore(part, release) * total) === plan.index)
      : undefined;
  if (news !== undefined) {
    plan.topic = "news";
    plan.day = Math.max(day, news);
    plan.channel = channels.findIndex((channel) => channel.purpose === "news");
    return;
  }
  if (part === "chat" && day === calendar.incident && random.chance(0.7)) return setTopic(plan, "incident");
  if (part === "chat" && day >= calendar.outage.first && day <= calendar.outage.last && random.chance(0.3)) return setTopic(plan, "outage");
  if (part === "github" && random.chance(0.34)) {
    if (random.chance(0.18)) return setTopic(plan, "dependency");
    takeTheme(stage, plan, random);
    return setTopic(plan, "change");
  }
  const channel = channels[plan.channel];
  if (channel?.purpose === "misc" || random.chance(0.04)) {
    const hello = channel?.externalId === "C0INTRODUCTIONS";
    return setTopic(plan, hello ? "hello" : part === "chat" && random.chance(0.8) ? "talk" : random.pick(["show", "show", "meet", "hello"] as const));
  }
  plan.language = channel?.language;
  takeTheme(stage, plan, random);
  const theme = themes[plan.theme ?? 0] as Theme;
  plan.topic = plan.language === undefined ? random.pick(theme.intents) : "ask";
  if (channel?.externalId === "category-ideas" && theme.titles.want) plan.topic = "want";
  if (channel?.externalId === "category-help" && plan.topic === "want" && theme.titles.ask) plan.topic = "ask";
}

/** Draws what the thread is about; code repositories follow the theme, and languages know only some themes. */
function takeTheme(stage: Stage, plan: Plan, random: Random): void {
  const { calendar } = stage;
  const spoken = plan.language === undefined ? undefined : languages[plan.language];
  if (spoken) {
    const known = spoken.topics.map((topic) => themes.findIndex((theme) => theme.id === topic.theme));
    const current = known.filter((index) => {
      const since = themes[index]?.since;
      return since === undefined || plan.day >= calendar.releases[since];
    });
    plan.theme = random.pick(current);
    return;
  }
  plan.theme = calendar.themeOn(plan.day, random);
  if (plan.part !== "github" && plan.part !== "git") return;
  const theme = themes[plan.theme] as Theme;
  const home = theme.sdk
    ? `lantern/lantern-${theme.sdk}`
    : theme.area === "docs"
      ? "lantern/docs"
      : theme.area === "cli"
        ? "lantern/lantern-cli"
        : undefined;
  const channels = platforms[plan.part].channels;
  const at = channels.findIndex((channel) => channel.externalId === home);
  if (at >= 0) plan.channel = at;
  else if (theme.area !== "sdk") plan.channel = 0;
  else plan.channel = random.between(1, 3);
}

function setTopic(plan: Plan, topic: Topic): void {
  plan.topic = topic;
}

const openerTaste = [1, 0.9, 0.8, 0.45] as const;
const helperTaste = [0.02, 0.12, 0.85, 1] as const;
const voiceTaste = [0.4, 0.7, 0.8, 0.6] as const;

function someone(stage: Stage, plan: Plan, random: Random, wanted: Omit<Wanted, "part" | "day" | "language" | "not">): Actor {
  const opener = plan.steps[0]?.actor;
  const not = opener?.group === "person" ? opener.index : -1;
  return {
    group: "person",
    index: drawPerson(stage.crowd, stage.calendar, random, { ...wanted, part: plan.part, day: plan.day, language: plan.language, not }),
  };
}

function teammate(stage: Stage, plan: Plan, random: Random): Actor {
  return { group: "team", index: drawTeammate(stage.calendar, random, plan.day, plan.language) };
}

function bot(login: string): Actor {
  return { group: "bot", index: botAccounts.findIndex((account) => account.login === login) };
}

function openThread(stage: Stage, plan: Plan, random: Random): void {
  const { topic } = plan;
  let actor: Actor;
  if (topic === "dependency") actor = bot("depwatch[bot]");
  else if (topic === "news" || topic === "meet") actor = teammate(stage, plan, random);
  else if (topic === "change")
    actor = random.chance(0.45) ? teammate(stage, plan, random) : someone(stage, plan, random, { taste: helperTaste, fresh: 0.05 });
  else actor = someone(stage, plan, random, { taste: openerTaste, fresh: topic === "hello" ? 0.95 : 0.4 });
  const zone = actor.group === "person" ? stage.crowd.person(actor.index).zone : actor.group === "team" ? (team[actor.index]?.zone ?? 0) : 0;
  plan.steps.push({ role: "open", actor, at: momentOn(stage.calendar, random, plan.day, zone) });
}

/** How long until somebody reacts, in hours: chat is quick, lists are slow. */
const pace: Record<Part, { first: number; next: number }> = {
  github: { first: 11, next: 9 },
  forum: { first: 6, next: 7 },
  chat: { first: 0.35, next: 0.15 },
  mail: { first: 9, next: 10 },
  git: { first: 1, next: 1 },
};

/** Appends a step some time after the last one; `hours` is the median of that time. */
function add(plan: Plan, random: Random, next: { role: Role; actor: Actor; hours: number; spread?: number }): Step {
  const last = plan.steps.at(-1)?.at ?? 0;
  const step: Step = {
    role: next.role,
    actor: next.actor,
    at: last + 60_000 + Math.floor(random.logNormal(next.hours, next.spread ?? 1.1) * 3_600_000),
  };
  plan.steps.push(step);
  return step;
}

/** A thread that asks for help: whether, by whom and how soon it is answered, and whether that solves it. */
function planHelp(stage: Stage, plan: Plan, random: Random, { drawnSize, planted }: { drawnSize: number; planted: boolean }): void {
  const { part } = plan;
  const opener = (plan.steps[0] as Step).actor;
  const hours = pace[part];
  const size = drawnSize === 1 && !planted && random.chance(0.88) ? 2 : drawnSize;
  if (part === "github" && size >= 2 && random.chance(0.1))
    add(plan, random, { role: "triage", actor: bot("lantern-triage[bot]"), hours: 0.02, spread: 0.2 });
  const unanswered = planted || size === 1 || random.chance(0.02);
  if (unanswered) {
    if (size >= 2 && random.chance(planted ? 0.5 : 0.7)) add(plan, random, { role: "bump", actor: opener, hours: planted ? 20 : 90 });
    return;
  }
  if (size >= 5 && random.chance(0.25))
    add(plan, random, { role: "metoo", actor: someone(stage, plan, random, { taste: voiceTaste, fresh: 0.3 }), hours: hours.first });
  const byTeam = random.chance(part === "github" ? 0.58 : 0.4);
  const helper = byTeam ? teammate(stage, plan, random) : someone(stage, plan, random, { taste: helperTaste, fresh: 0.02 });
  const answer = add(plan, random, { role: "answer", actor: helper, hours: byTeam ? hours.first * 1.3 : hours.first, spread: 1.3 });
  const solved = size >= 3 && random.chance(0.62);
  while (plan.steps.length < size - (solved ? 1 : 0)) {
    const role = random.pick<Role>(["follow", "point", "point", "metoo", "discuss", "note", "answer"]);
    const actor =
      role === "follow"
        ? opener
        : role === "note"
          ? teammate(stage, plan, random)
          : role === "answer" && random.chance(0.6)
            ? helper
            : someone(stage, plan, random, { taste: voiceTaste, fresh: 0.2 });
    add(plan, random, { role, actor, hours: hours.next });
  }
  if (!solved) {
    // Who was left with a follow-up gets one more word in most cases.
    if (plan.steps.at(-1)?.role === "follow" && random.chance(0.75))
      add(plan, random, { role: "note", actor: teammate(stage, plan, random), hours: hours.next });
    return;
  }
  add(plan, random, { role: "solved", actor: opener, hours: hours.next });
  plan.stateReason = "solved";
  answer.accepted = part === "forum";
}

function planTalk(stage: Stage, plan: Plan, random: Random, drawnSize: number): void {
  const { topic, part } = plan;
  const hours = pace[part];
  const opener = (plan.steps[0] as Step).actor;
  const size = topic === "dependency" ? Math.min(drawnSize, 3) : topic === "hello" ? Math.min(drawnSize, 6) : drawnSize;
  if (topic === "change" && size >= 2 && random.chance(0.25))
    add(plan, random, { role: "preview", actor: bot("docs-preview-svc"), hours: 0.1, spread: 0.3 });
  if (part === "mail" && size >= 3 && random.chance(0.04)) add(plan, random, { role: "build", actor: bot("builds"), hours: 1 });
  if ((topic === "incident" || topic === "outage") && random.chance(0.5))
    add(plan, random, { role: "status", actor: bot("status-relay"), hours: 0.3 });
  while (plan.steps.length < size) {
    const roll = random.next();
    if (topic === "change" || topic === "dependency") {
      const role: Role = roll < 0.4 ? "review" : roll < 0.7 ? "inline" : "discuss";
      const actor =
        role === "discuss" && opener.group !== "bot"
          ? opener
          : roll < 0.5
            ? teammate(stage, plan, random)
            : someone(stage, plan, random, { taste: helperTaste, fresh: 0.02 });
      add(plan, random, { role, actor, hours: hours.next });
    } else if (topic === "love") {
      add(plan, random, {
        role: "praise",
        actor: roll < 0.5 ? teammate(stage, plan, random) : someone(stage, plan, random, { taste: voiceTaste, fresh: 0.1 }),
        hours: hours.first,
      });
    } else if (roll < 0.14) {
      add(plan, random, { role: "note", actor: teammate(stage, plan, random), hours: hours.first });
    } else {
      const role: Role = plan.theme === undefined || roll < 0.4 ? "discuss" : roll < 0.85 ? "point" : "metoo";
      add(plan, random, {
        role,
        actor: roll > 0.9 ? opener : someone(stage, plan, random, { taste: voiceTaste, fresh: 0.15 }),
        hours: plan.steps.length === 1 ? hours.first : hours.next,
      });
    }
  }
  if (topic === "change" || topic === "dependency") plan.stateReason = random.chance(0.82) ? "merged" : random.chance(0.5) ? "closed" : undefined;
  if (part === "github" && (topic === "want" || topic === "pain") && random.chance(0.3))
    plan.stateReason = random.chance(0.6) ? "completed" : "not_planned";
}

function planCommit(stage: Stage, plan: Plan, random: Random): Plan {
  const contributor = random.chance(0.3);
  const actor = contributor ? someone(stage, plan, random, { taste: helperTaste, fresh: 0.02 }) : teammate(stage, plan, random);
  plan.steps.push({ role: "open", actor, at: momentOn(stage.calendar, random, plan.day, 1) });
  if (random.chance(contributor ? 0.6 : 0.15))
    plan.steps.push({ role: "review", actor: teammate(stage, plan, random), at: (plan.steps[0] as Step).at });
  return plan;
}

/** What lies after now has not happened. What stays decides whether the thread is closed. */
function finish(stage: Stage, plan: Plan, random: Random): void {
  const { part, topic } = plan;
  const now = stage.calendar.to;
  const planned = plan.steps.length;
  plan.steps = plan.steps.filter((step) => step.at <= now);
  const last = (plan.steps.at(-1) as Step).at;
  if (plan.steps.length < planned) plan.stateReason = undefined;
  const asks = topic === "ask" || topic === "bug";
  if (plan.stateReason !== undefined && part !== "chat" && part !== "mail") {
    plan.state = "closed";
    plan.closedAt = Math.min(now, last + random.between(1, 40) * 60_000);
    if (part === "github" && plan.stateReason === "solved") plan.stateReason = "completed";
  } else {
    plan.stateReason = undefined;
  }
  if (part === "github" && asks && plan.state === "open" && last < now - 62 * dayMs && random.chance(0.7)) {
    const at = last + 60 * dayMs;
    plan.steps.push({ role: "stale", actor: bot("lantern-triage[bot]"), at });
    plan.state = "closed";
    plan.stateReason = "not_planned";
    plan.closedAt = at;
  }
}
