import type { Ctx } from "#features/access/index.ts";
import {
  confirmSignal,
  countToTriageUpTo,
  dismissSignal,
  getSignal,
  listSignals,
  reclassifySignal,
  signalCounts,
  undoSignalDecision,
} from "#features/feedback/index.ts";
import {
  countActivitiesByDay,
  countActivitiesByKind,
  countThreads,
  getSource,
  getThread,
  getThreads,
  listActivities,
  listSources,
  listThreadActivities,
  listThreads,
  search,
  threadFacets,
} from "#features/ledger/index.ts";
import {
  acceptLink,
  getMember,
  linkIdentities,
  listAffiliations,
  listMembers,
  listSuggestedKinds,
  listSuggestedLinks,
  newFaces,
  rejectLink,
  removeLink,
  setIdentityKind,
} from "#features/members/index.ts";
import { countWaitingUpTo, firstResponseTimes, listWaiting, markQuestion, questionCounts, undoQuestionMark } from "#features/support/index.ts";
import { metricRows, readMetric } from "#metrics/index.ts";
import type { Seeded, Shelf } from "./visibility-fixture.ts";

/** How a way out is asked. Each way has at least one of the four; what it may answer follows from the viewer alone. */
export interface Way {
  /** Lists, searches, exports, feeds: shows something of every shelf that the viewer may see, and nothing of the others. */
  lists?: (ctx: Ctx, seeded: Seeded) => Promise<unknown>;
  /** Details: shows the shelf's object, or looks as if there were none. */
  opens?: (ctx: Ctx, shelf: Shelf) => Promise<unknown>;
  /** Figures: equal for every shelf, so that the answer is `perLevel` for each level that the viewer sees. */
  counts?: (ctx: Ctx, seeded: Seeded) => Promise<number>;
  perLevel?: number;
  /** Commands: refused on what the viewer may not see. */
  changes?: (ctx: Ctx, shelf: Shelf) => Promise<unknown>;
}

const span = { from: new Date("2026-11-01T00:00:00Z"), to: new Date("2026-12-01T00:00:00Z") };
const days = { from: "2026-11-01", to: "2026-11-25" };
const lastDays = { from: "2026-11-22", to: "2026-11-25" };
const sum = (numbers: number[]) => numbers.reduce((total, n) => total + n, 0);

/** Ways out that are the team's alone: everybody else is refused. */
export const teamOnly = new Set([
  "ledger.listSources",
  "ledger.getSource",
  "members.listAffiliations",
  "members.listSuggestedLinks",
  "members.listSuggestedKinds",
]);

/** Every function behind a feature's front door through which rows with a visibility leave, by `feature.function`. */
export const waysOut: Readonly<Record<string, Way>> = {
  "ledger.listThreads": {
    lists: (ctx) => listThreads(ctx, { limit: 200 }),
    counts: async (ctx) => (await listThreads(ctx, { q: "lighthouse", sort: "opened" })).rows.length,
  },
  "ledger.getThread": { opens: (ctx, { threadId }) => getThread(ctx, { threadId }) },
  "ledger.getThreads": { opens: (ctx, { threadId }) => getThreads(ctx, { threadIds: [threadId] }) },
  "ledger.countThreads": { counts: (ctx) => countThreads(ctx, {}), perLevel: 2 },
  "ledger.threadFacets": { lists: (ctx) => threadFacets(ctx) },
  "ledger.listThreadActivities": { opens: (ctx, { threadId }) => listThreadActivities(ctx, { threadId }) },
  "ledger.listActivities": {
    lists: (ctx) => listActivities(ctx, { limit: 200 }),
    counts: async (ctx, { everywhereId }) => (await listActivities(ctx, { identityIds: [everywhereId] })).rows.length,
  },
  "ledger.countActivitiesByKind": { counts: async (ctx) => sum(Object.values(await countActivitiesByKind(ctx))), perLevel: 5 },
  "ledger.countActivitiesByDay": {
    counts: async (ctx) => sum((await countActivitiesByDay(ctx, { from: "2026-11-01", to: "2026-11-30" })).map((day) => day.count)),
    perLevel: 5,
  },
  "ledger.search": { lists: (ctx) => search(ctx, { query: "lighthouse", limit: 100 }) },
  "ledger.listSources": { counts: async (ctx) => sum((await listSources(ctx)).map((source) => source.activities)), perLevel: 5 },
  "ledger.getSource": { counts: async (ctx, { sourceId }) => (await getSource(ctx, { sourceId }))?.threads ?? -1, perLevel: 2 },

  "members.listMembers": {
    lists: (ctx) => listMembers(ctx, { limit: 200 }),
    counts: async (ctx, { everywhereId }) =>
      (await listMembers(ctx, { limit: 200 })).rows.find((row) => row.id === everywhereId)?.activityCount ?? -1,
  },
  "members.getMember": {
    opens: (ctx, { memberId }) => getMember(ctx, { memberId }),
    counts: async (ctx, { everywhereId }) => (await getMember(ctx, { memberId: everywhereId }))?.activityCount ?? -1,
  },
  "members.listAffiliations": {
    lists: (ctx, { shelves }) => Promise.all(Object.values(shelves).map(({ memberId }) => listAffiliations(ctx, { memberId }))),
  },
  "members.newFaces": { lists: (ctx) => newFaces(ctx, { since: span.from, limit: 100 }) },
  "members.listSuggestedLinks": { lists: (ctx) => listSuggestedLinks(ctx) },
  "members.listSuggestedKinds": { lists: (ctx) => listSuggestedKinds(ctx) },
  "members.acceptLink": { changes: (ctx, { linkId }) => acceptLink(ctx, { linkId }) },
  "members.rejectLink": { changes: (ctx, { linkId }) => rejectLink(ctx, { linkId }) },
  "members.removeLink": { changes: (ctx, { linkId }) => removeLink(ctx, { linkId }) },
  "members.linkIdentities": {
    changes: (ctx, { memberId, otherIdentityId }) => linkIdentities(ctx, { identityIds: [memberId, otherIdentityId], reason: "a probe" }),
  },
  "members.setIdentityKind": { changes: (ctx, { memberId }) => setIdentityKind(ctx, { memberId, kind: "bot", reason: "a probe" }) },

  "support.listWaiting": { lists: (ctx) => listWaiting(ctx, { limit: 200 }) },
  "support.questionCounts": {
    counts: async (ctx) => {
      const { unanswered, answered, solved } = await questionCounts(ctx);
      return unanswered + answered + solved;
    },
    perLevel: 2,
  },
  "support.countWaitingUpTo": { counts: (ctx) => countWaitingUpTo(ctx, 100), perLevel: 2 },
  "support.firstResponseTimes": { lists: (ctx) => firstResponseTimes(ctx, span) },
  "support.markQuestion": { changes: (ctx, { threadId }) => markQuestion(ctx, { threadId, mark: "solved" }) },
  "support.undoQuestionMark": { changes: (ctx, { threadId }) => undoQuestionMark(ctx, { threadId }) },

  "feedback.listSignals": { lists: (ctx) => listSignals(ctx, { limit: 200 }) },
  "feedback.getSignal": { opens: (ctx, { signalId }) => getSignal(ctx, { signalId }) },
  "feedback.signalCounts": { counts: async (ctx) => sum((await signalCounts(ctx)).filter((count) => count.kind === "bug").map((count) => count.n)) },
  "feedback.countToTriageUpTo": { counts: (ctx) => countToTriageUpTo(ctx, 100), perLevel: 4 },
  "feedback.confirmSignal": { changes: (ctx, { signalId }) => confirmSignal(ctx, { signalId }) },
  "feedback.dismissSignal": { changes: (ctx, { signalId }) => dismissSignal(ctx, { signalId }) },
  "feedback.reclassifySignal": { changes: (ctx, { signalId }) => reclassifySignal(ctx, { signalId, kind: "praise" }) },
  "feedback.undoSignalDecision": { changes: (ctx, { signalId }) => undoSignalDecision(ctx, { signalId }) },

  "metrics.activeMembers": figure("active-members", async (ctx) => (await read(ctx, "active-members")).n - 1, 2),
  "metrics.newcomers": figure("newcomers", async (ctx) => (await read(ctx, "newcomers")).n - 1, 2),
  "metrics.returningMembers": {
    lists: (ctx) => metricRows(ctx, { id: "returning-members", params: lastDays, limit: 200 }),
    counts: async (ctx) => (await readMetric(ctx, { id: "returning-members", params: lastDays })).value.n,
  },
  "metrics.activity": figure("activity", async (ctx) => (await read(ctx, "activity")).n, 5),
  "metrics.timeToFirstResponse": figure("time-to-first-response", async (ctx) => (await read(ctx, "time-to-first-response")).n, 2),
  "metrics.shareUnanswered": figure("share-unanswered", async (ctx) => (await read(ctx, "share-unanswered")).n, 2),
};

/** A metric: its rows are a list, its figure a count. Asked through the cache, which must not mix viewers. */
function figure(id: string, counts: (ctx: Ctx) => Promise<number>, perLevel: number): Way {
  return { lists: (ctx) => rowsOf(ctx, id), counts, perLevel };
}

function rowsOf(ctx: Ctx, id: string) {
  return metricRows(ctx, { id, params: days, limit: 200 });
}

async function read(ctx: Ctx, id: string) {
  return (await readMetric(ctx, { id, params: days })).value;
}
