import { array, sql } from "#core/database/database.ts";
import type { Ctx } from "../access/index.ts";
import { type Consumer, defineConsumer, readAhead } from "../ledger/index.ts";
import { asksForHelp, closingWord, plainLabel } from "./question-rules.ts";
import { readThreadFacts, type ThreadFacts } from "./thread-facts.ts";

export type QuestionState = "none" | "unanswered" | "answered" | "solved";

interface Judgement {
  question: QuestionState;
  reason: string;
  waitingSince: Date | null;
}

/** Threads read at once: their openings are in memory while they are judged. */
const threadsPerStatement = 2000;

/**
 * Keeps what a thread is as a question: whether it asks, who answered first, and since when the asker waits.
 * Told of threads only: whoever moves an identity to another member or marks it as team or bot enqueues its threads.
 */
export const questionsConsumer: Consumer = defineConsumer({
  name: "questions",
  after: ["rollup", "members"],
  fills: [{ table: "thread", columns: ["question", "waiting_since", "first_response_at", "last_activity_at"] }],
  async run(ctx, changes) {
    await readAhead(changes.threads, threadsPerStatement, {
      read: (part) => readThreadFacts(ctx, part),
      work: (facts) => storeVerdicts(ctx, facts),
    });
  },
});

/** Judges the given threads anew and stores what differs. */
export async function judgeThreads(ctx: Ctx, threadIds: readonly string[]): Promise<void> {
  await storeVerdicts(ctx, await readThreadFacts(ctx, threadIds));
}

async function storeVerdicts(ctx: Ctx, facts: readonly ThreadFacts[]): Promise<void> {
  const verdicts = facts.map(judge);
  await ctx.db.execute(sql`
    UPDATE thread t SET question = n.question, question_reason = n.reason, waiting_since = n.waiting_since,
      first_response_at = n.first_at, first_response_by = n.first_by
    FROM unnest(${array(
      facts.map((fact) => fact.id),
      "uuid",
    )}, ${array(
      verdicts.map((verdict) => verdict.question),
      "text",
    )},
      ${array(
        verdicts.map((verdict) => verdict.reason),
        "text",
      )}, ${array(
        verdicts.map((verdict) => verdict.waitingSince),
        "timestamptz",
      )},
      ${array(
        facts.map((fact) => fact.firstResponseAt),
        "timestamptz",
      )}, ${array(
        facts.map((fact) => fact.firstResponseBy),
        "text",
      )})
      AS n(id, question, reason, waiting_since, first_at, first_by)
    WHERE t.community_id = ${ctx.community.id} AND t.id = n.id
      AND (t.question, t.question_reason, t.waiting_since, t.first_response_at, t.first_response_by)
        IS DISTINCT FROM (n.question, n.reason, n.waiting_since, n.first_at, n.first_by)`);
}

/** The rules over the facts of one thread. Pure. */
export function judge(facts: ThreadFacts): Judgement {
  const asks = askingOf(facts);
  if (!asks.asks) return { question: "none", reason: asks.reason, waitingSince: null };
  const solved = solvedBecause(facts);
  const isAnswered = facts.firstResponseAt !== null || facts.mark === "answered";
  const question = solved !== undefined ? "solved" : isAnswered ? "answered" : "unanswered";
  const reason = solved === undefined ? asks.reason : `${asks.reason} ${solved}`;
  return { question, reason, waitingSince: solved === undefined ? waitingSince(facts) : null };
}

function askingOf(facts: ThreadFacts): { asks: boolean; reason: string } {
  if (facts.mark === "not_question") return { asks: false, reason: "Marked by hand: not a question." };
  if (facts.mark === "question") return { asks: true, reason: "Marked by hand as a question." };
  if (facts.mark === "answered") return { asks: true, reason: "Marked by hand as answered." };
  if (facts.mark === "solved") return { asks: true, reason: "Marked by hand as solved." };
  if (facts.askerKind === "bot") return { asks: false, reason: "A bot opened it." };
  return asksForHelp(facts);
}

const solvedReasons = new Set(["solved", "answered", "resolved", "completed", "fixed"]);
const solvedLabels = new Set(["solved", "answered", "resolved", "fixed"]);

function solvedBecause(facts: ThreadFacts): string | undefined {
  if (facts.mark === "solved") return "Solved, says a person of the team.";
  if (facts.accepted) return "Solved: an answer was accepted.";
  if (facts.state === "closed" && facts.stateReason !== null && solvedReasons.has(facts.stateReason)) {
    return `Solved: the source closed it as ${facts.stateReason}.`;
  }
  const label = facts.labels.find((name) => solvedLabels.has(plainLabel(name)));
  if (label !== undefined) return `Solved: it is labelled “${label}”.`;
  const word = facts.lastOwn === null ? undefined : closingWord(facts.lastOwn);
  return word?.means === "solved" ? `Solved: the asker wrote “${word.words}”.` : undefined;
}

function waitingSince(facts: ThreadFacts): Date | null {
  if (facts.state !== "open" || facts.deletedAt !== null) return null;
  // The team's own questions wait for the community, not for the team.
  if (facts.askerKind === "team") return null;
  if (facts.firstResponseAt === null && facts.mark !== "answered") return facts.openedAt;
  if (facts.askedAgainAt === null) return null;
  return facts.lastOwn !== null && closingWord(facts.lastOwn) !== undefined ? null : facts.askedAgainAt;
}
