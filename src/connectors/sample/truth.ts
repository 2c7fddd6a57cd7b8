import type { IdentityRef } from "#features/ledger/index.ts";
import { accountOf } from "./accounts.ts";
import { type Calendar, dayMs } from "./calendar.ts";
import { botAccounts } from "./channels.ts";
import { plansOf, setStage } from "./generate.ts";
import type { Join, Person } from "./people.ts";
import type { Plan, Stage, Step } from "./plan.ts";
import { threadKey } from "./records.ts";
import { type Part, parts, type World } from "./settings.ts";
import type { ReleaseName } from "./texts/theme.ts";
import { themes } from "./texts/themes.ts";

export interface ThreadRef {
  part: Part;
  /** The thread's external id in its source. */
  thread: string;
}

/** A thread that asks for help, and what became of it. */
export interface TrueQuestion extends ThreadRef {
  theme: string | undefined;
  openedAt: Date;
  /** `unanswered` when nobody but the asker and machines has written. */
  outcome: "unanswered" | "answered" | "solved";
  /** The first word of another human. */
  firstResponse: { at: Date; by: "team" | "peer" } | undefined;
  /** Unanswered and still open: somebody waits. */
  waiting: boolean;
  /** Whether the asker's account is gone. */
  ghost: boolean;
}

/** What is known of a sample community because it was made so: figures derived from its records can be held against it. */
export interface SampleTruth {
  activities: number;
  threads: number;
  unattributed: number;
  /** People with several identities in the records. `name`: nothing but the name joins them, so no rule may. */
  duplicates: { person: number; join: Join; identities: IdentityRef[] }[];
  /** Different people who look alike: the same name, or one unchecked address shown by both. */
  lookalikes: { reason: "name" | "address"; value: string; identities: IdentityRef[] }[];
  renames: { identity: IdentityRef; from: string; to: string; at: Date }[];
  bots: { marked: IdentityRef[]; unmarked: IdentityRef[] };
  team: IdentityRef[];
  questions: TrueQuestion[];
  themes: { id: string; title: string; threads: ThreadRef[] }[];
  releases: { name: ReleaseName; at: Date }[];
  /** When the forum was down: it holds no activity from then. */
  outage: { part: Part; from: Date; to: Date };
}

/**
 * Tells the known truth of a world by living through all its threads, without putting them into words. Takes about a
 * second for 500,000 activities, and memory in proportion to the questions and people.
 */
export function sampleTruth(world: World): SampleTruth {
  const stage = setStage(world);
  const found = new Findings(stage);
  for (const part of parts) {
    for (const plan of plansOf(stage, part)) found.add(plan);
  }
  return found.toTruth();
}

class Findings {
  private readonly stage: Stage;
  private activities = 0;
  private threads = 0;
  private unattributed = 0;
  private readonly identities = new Map<number, Map<string, IdentityRef>>();
  private readonly bots = new Map<number, IdentityRef>();
  private readonly team = new Map<string, IdentityRef>();
  private readonly questions: TrueQuestion[] = [];
  private readonly themes = themes.map((theme) => ({ id: theme.id, title: theme.title, threads: [] as ThreadRef[] }));

  constructor(stage: Stage) {
    this.stage = stage;
  }

  add(plan: Plan): void {
    this.activities += plan.steps.length;
    for (const step of plan.steps) this.meet(plan, step);
    if (plan.part === "git") return;
    this.threads += 1;
    const ref: ThreadRef = { part: plan.part, thread: threadKey(plan) };
    if (plan.theme !== undefined) this.themes[plan.theme]?.threads.push(ref);
    if (plan.topic === "ask" || plan.topic === "bug") this.questions.push(this.judge(plan, ref));
  }

  private meet({ part }: Plan, { actor }: Step): void {
    const account = accountOf(this.stage, actor, part);
    if (typeof account === "string") {
      this.unattributed += 1;
      return;
    }
    const ref = { platform: account.platform, externalId: account.id };
    const key = `${account.platform} ${account.id}`;
    if (actor.group === "team") this.team.set(key, ref);
    else if (actor.group === "bot") this.bots.set(actor.index, ref);
    else {
      const held = this.identities.get(actor.index) ?? new Map<string, IdentityRef>();
      this.identities.set(actor.index, held.set(key, ref));
    }
  }

  private judge(plan: Plan, ref: ThreadRef): TrueQuestion {
    const [opening, ...rest] = plan.steps as [Step, ...Step[]];
    const first = rest.find(({ actor }) => actor.group !== "bot" && (actor.group !== opening.actor.group || actor.index !== opening.actor.index));
    const solved = first !== undefined && rest.some((step) => step.role === "solved");
    return {
      ...ref,
      theme: plan.theme === undefined ? undefined : themes[plan.theme]?.id,
      openedAt: new Date(opening.at),
      outcome: first === undefined ? "unanswered" : solved ? "solved" : "answered",
      firstResponse: first && { at: new Date(first.at), by: first.actor.group === "team" ? "team" : "peer" },
      waiting: first === undefined && plan.state === "open",
      ghost: opening.actor.group === "person" && this.stage.crowd.person(opening.actor.index).ghost,
    };
  }

  toTruth(): SampleTruth {
    const { calendar, crowd } = this.stage;
    const people = [...this.identities].map(([index, held]) => ({ person: crowd.person(index), identities: [...held.values()] }));
    const refs = [...this.bots];
    return {
      activities: this.activities,
      threads: this.threads,
      unattributed: this.unattributed,
      duplicates: people
        .filter(({ identities }) => identities.length > 1)
        .map(({ person, identities }) => ({ person: person.index, join: person.join, identities })),
      lookalikes: findLookalikes(people),
      renames: people.flatMap(({ person, identities }) => renamesOf(calendar, person, identities)),
      bots: {
        marked: refs.flatMap(([index, ref]) => (botAccounts[index]?.marked ? [ref] : [])),
        unmarked: refs.flatMap(([index, ref]) => (botAccounts[index]?.marked ? [] : [ref])),
      },
      team: [...this.team.values()],
      questions: this.questions,
      themes: this.themes,
      releases: Object.entries(calendar.releases).map(([name, day]) => ({ name: name as ReleaseName, at: new Date(calendar.from + day * dayMs) })),
      outage: {
        part: "forum",
        from: new Date(calendar.from + calendar.outage.first * dayMs),
        to: new Date(calendar.from + (calendar.outage.last + 1) * dayMs),
      },
    };
  }
}

interface Seen {
  person: Person;
  identities: IdentityRef[];
}

function findLookalikes(people: readonly Seen[]): SampleTruth["lookalikes"] {
  const group = (reason: "name" | "address", key: (person: Person) => string | undefined) =>
    [...Map.groupBy(people, ({ person }) => key(person))]
      .filter(([value, group]) => value !== undefined && group.length > 1)
      .map(([value, group]) => ({ reason, value: value ?? "", identities: group.flatMap(({ identities }) => identities.slice(0, 1)) }));
  return [...group("name", (person) => (person.nameless ? undefined : person.name)), ...group("address", (person) => person.sharedBox)];
}

function renamesOf(calendar: Calendar, person: Person, identities: readonly IdentityRef[]): SampleTruth["renames"] {
  const { renamed } = person;
  if (!renamed) return [];
  return identities
    .filter(({ platform }) => platform === "sample-github" || platform === "sample-forum")
    .map((identity) => ({ identity, from: renamed.login, to: person.login, at: new Date(calendar.from + renamed.day * dayMs) }));
}
