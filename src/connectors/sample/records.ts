import { accountOf } from "./accounts.ts";
import { platforms } from "./channels.ts";
import type { Account, Entry, Payload } from "./payload.ts";
import type { Plan, Role, Stage, Step, Topic } from "./plan.ts";
import { keyOf, Random } from "./random.ts";
import { parts } from "./settings.ts";
import { drawTalk, type Sdk } from "./slots.ts";
import { type Speech, speakOpening, speakReply, themeOf } from "./words.ts";

/** A plan's record: what the platform's export would hold of the thread. */
export interface SampleRecord {
  externalId: string;
  payload: Payload;
}

/** The key of a plan's record and, but for commits, of its thread. */
export function threadKey(plan: Plan): string {
  const { channels } = platforms[plan.part];
  const number = plan.index + 1;
  switch (plan.part) {
    case "github":
      return `${channels[plan.channel]?.externalId}#${number}`;
    case "forum":
      return `topic-${number}`;
    case "chat":
      return `${channels[plan.channel]?.externalId}-${number}`;
    case "mail":
      return `<${number}@lists.lantern.example>`;
    case "git":
      return `${keyOf(77, number).toString(16).padStart(8, "0")}${number.toString(16).padStart(8, "0")}${keyOf(79, number).toString(16).padStart(8, "0")}`;
  }
}

/** The SDK that a repository is about. */
const repositorySdk: Record<string, Sdk> = { "lantern/lantern-node": "node", "lantern/lantern-python": "python", "lantern/lantern-go": "go" };

/** Puts a plan into words. It depends on the world and the plan alone. */
export function writeRecord(stage: Stage, plan: Plan): SampleRecord {
  const theme = themeOf(plan);
  const random = new Random(keyOf(stage.world.seed, 41, parts.indexOf(plan.part), plan.index));
  const channel = platforms[plan.part].channels[plan.channel] as (typeof platforms)[typeof plan.part]["channels"][number];
  const sdk = theme?.sdk ?? repositorySdk[channel.externalId];
  const talk = drawTalk(random, {
    ...stage.calendar.versionOn(plan.day),
    ...(sdk ? { sdk } : {}),
    ...(theme?.framework ? { framework: theme.framework } : {}),
  });
  const speech: Speech = { stage, plan, random, talk, theme, offset: random.below(64), said: 0, facet: undefined };
  const key = threadKey(plan);
  const kind = threadKind(plan, random);
  const accounts: Account[] = [];
  const opening = speakOpening(speech);
  const entries = plan.steps.map((step, place): Entry => {
    const body = place === 0 ? opening.body : plan.part === "git" ? "" : speakReply(speech, step, opening.body, plan.steps[place - 1] as Step);
    const id = place === 0 ? key : entryId(plan, key, place);
    return {
      id,
      kind: entryKind(plan, kind, step.role, place),
      by: accountPlace(accounts, accountOf(stage, step.actor, plan.part)),
      at: step.at,
      ...(random.chance(0.03) ? { edited: Math.min(stage.calendar.to, step.at + random.between(2, 90) * 60_000) } : {}),
      ...replyTo(plan, key, place, random),
      body,
      url: entryUrl(plan, channel.externalId, kind, place),
      ...(step.accepted ? { accepted: true as const } : {}),
    };
  });
  const { externalId: id, kind: channelKind, name, url, visibility } = channel;
  return {
    externalId: key,
    payload: {
      channel: { id, kind: channelKind, name, ...(url ? { url } : {}), visibility },
      ...(plan.part === "git" ? {} : { thread: describeThread(plan, { key, kind, title: opening.title, url: entryUrl(plan, id, kind, 0), random }) }),
      accounts,
      entries,
    },
  };
}

function threadKind(plan: Plan, random: Random): string {
  const { part, topic } = plan;
  if (part === "chat") return "chat";
  if (part === "mail") return "mail";
  if (part === "forum") return topic === "ask" || topic === "bug" ? "question" : "topic";
  if (topic === "change" || topic === "dependency") return "pull_request";
  if (topic === "show" || topic === "meet" || topic === "hello" || topic === "love") return "discussion";
  return topic === "ask" && random.chance(0.35) ? "discussion" : "issue";
}

function describeThread(
  plan: Plan,
  input: { key: string; kind: string; title: string; url: string; random: Random },
): NonNullable<Payload["thread"]> {
  const labels = plan.part === "github" ? labelsOf(plan, input.random) : [];
  const answerable = input.kind === "question" || (input.kind === "discussion" && plan.topic === "ask");
  return {
    id: input.key,
    kind: input.kind,
    ...(plan.part === "github" ? { ref: `#${plan.index + 1}` } : {}),
    title: input.title,
    url: input.url,
    state: plan.state,
    ...(plan.stateReason ? { reason: plan.stateReason } : {}),
    ...(labels.length > 0 ? { labels } : {}),
    ...(plan.closedAt === undefined ? {} : { closed: plan.closedAt }),
    ...(answerable ? { answerable: true as const } : {}),
  };
}

const topicLabels: Partial<Record<Topic, string>> = { ask: "question", bug: "bug", want: "enhancement", pain: "dx", dependency: "dependencies" };

function labelsOf(plan: Plan, random: Random): string[] {
  const labels: string[] = [];
  const label = topicLabels[plan.topic];
  if (label !== undefined && random.chance(0.85)) labels.push(label);
  const area = themeOf(plan)?.area;
  if (area !== undefined && random.chance(0.7)) labels.push(area);
  return labels;
}

function entryKind(plan: Plan, threadKind: string, role: Role, place: number): string {
  if (plan.part === "git") return place === 0 ? "commit" : "reviewed";
  if (plan.part === "chat") return "message";
  if (plan.part === "mail") return "mail";
  if (place === 0) return `${threadKind}_opened`;
  if (role === "review") return "review";
  if (role === "inline") return "review_comment";
  return threadKind === "question" && role === "answer" ? "answer" : "comment";
}

function entryId(plan: Plan, key: string, place: number): string {
  if (plan.part === "mail") return `<${plan.index + 1}.${place}@lists.lantern.example>`;
  return plan.part === "git" ? key : `${key}/${place}`;
}

function replyTo(plan: Plan, key: string, place: number, random: Random): { replyTo?: string } {
  if (place === 0 || plan.part === "git" || plan.part === "github") return {};
  if (plan.part === "chat") return { replyTo: key };
  const answered = random.chance(0.5) ? 0 : place - 1;
  return { replyTo: answered === 0 ? key : entryId(plan, key, answered) };
}

function entryUrl(plan: Plan, channel: string, kind: string, place: number): string {
  const number = plan.index + 1;
  if (plan.part === "github") {
    const folder = kind === "pull_request" ? "pull" : kind === "discussion" ? "discussions" : "issues";
    return `https://code.lantern.example/${channel}/${folder}/${number}${place === 0 ? "" : `#comment-${place}`}`;
  }
  if (plan.part === "forum") return `https://forum.lantern.example/t/${number}${place === 0 ? "" : `/${place + 1}`}`;
  if (plan.part === "chat") return `https://chat.lantern.example/${channel}/${number}${place === 0 ? "" : `.${place}`}`;
  if (plan.part === "mail") return `https://lists.lantern.example/lantern-users/${number}.${place}`;
  return `https://code.lantern.example/${channel}/commit/${threadKey(plan)}`;
}

function accountPlace(accounts: Account[], account: Account | string): number | string {
  if (typeof account === "string") return account;
  const held = accounts.findIndex((known) => known.id === account.id);
  if (held >= 0) return held;
  return accounts.push(account) - 1;
}
