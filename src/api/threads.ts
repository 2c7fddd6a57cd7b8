import { z } from "zod";
import { AppError } from "#core/errors.ts";
import { editorRoles } from "#features/access/index.ts";
import { getThread, listActivities, listThreadActivities, listThreads } from "#features/ledger/index.ts";
import { listWaiting, markQuestion, questionCounts, questionMarks, undoQuestionMark } from "#features/support/index.ts";
import { type Api, communityEndpoint } from "./kit/endpoint.ts";
import { answerPage, pageOf, pageQuery } from "./kit/list.ts";
import { at, flag, id, moment, named, person, speaker, visibility } from "./kit/schemas.ts";

const questionState = z.enum(["none", "unanswered", "answered", "solved"]);

export const thread = z
  .object({
    id,
    kind: z.string(),
    ref: z.string().nullable(),
    title: z.string(),
    url: z.string().nullable(),
    state: z.enum(["open", "closed"]),
    stateReason: z.string().nullable(),
    labels: z.array(z.string()),
    channel: named.extend({ kind: z.string() }),
    source: named.extend({ connector: z.string() }),
    visibility,
    opener: person.nullable(),
    openedAt: at,
    lastActivityAt: at,
    closedAt: at.nullable(),
    activityCount: z.int(),
    participantCount: z.int(),
    question: questionState.describe("Whether it asks for help, and how it stands."),
    questionReason: z.string().nullable().describe("The rule that decided, in words."),
    waitingSince: at.nullable().describe("Since when the asker waits for us, while it does."),
    firstResponseAt: at.nullable().describe("The first word of a human other than the asker."),
    firstResponseBy: z.enum(["team", "peer"]).nullable(),
  })
  .meta({ id: "Thread" });

export const activity = z
  .object({
    id,
    kind: z.string(),
    externalId: z.string(),
    thread: z.object({ id, title: z.string(), ref: z.string().nullable() }).nullable(),
    channel: named,
    source: named,
    author: person.nullable(),
    unattributed: z.string().nullable().describe("What the source shows where there is no author, such as ghost."),
    occurredAt: at,
    editedAt: at.nullable(),
    deletedAt: at.nullable(),
    title: z.string().nullable(),
    body: z.string().nullable(),
    url: z.string().nullable(),
    visibility,
    attributes: z.record(z.string(), z.unknown()).nullable(),
  })
  .meta({ id: "Activity" });

const waiting = z
  .object({
    id,
    ref: z.string().nullable(),
    title: z.string(),
    url: z.string().nullable(),
    kind: z.string(),
    channel: named,
    source: named,
    asker: speaker.nullable(),
    question: questionState,
    reason: z.string(),
    waitingSince: at,
    openedAt: at,
    askedAgain: z.boolean(),
    excerpt: z.string(),
  })
  .meta({ id: "WaitingThread" });

const marked = z.object({ threadId: id, question: questionState, reason: z.string(), waitingSince: at.nullable() }).meta({ id: "MarkedThread" });
const threadParams = z.object({ thread: id });

/** Threads, activities, and which of them wait for an answer. */
export function addThreads(api: Api): void {
  communityEndpoint(api, {
    method: "get",
    path: "/threads",
    tag: "Threads",
    summary: "List threads",
    access: "public",
    scope: "read",
    query: pageQuery.extend({
      kind: z.string().optional(),
      source: id.optional(),
      channel: id.optional(),
      question: questionState.optional(),
      waiting: flag.optional().describe("Only threads that wait for us, or only the others."),
      state: z.enum(["open", "closed"]).optional(),
      label: z.string().optional(),
      q: z.string().max(200).optional().describe("A part of the title."),
      opener: id.optional().describe("A member's id: only threads that it opened."),
      sort: z.enum(["recent", "waiting", "opened"]).default("recent"),
    }),
    answer: pageOf(thread),
    async handle(ctx, { query: { source, channel, opener, ...query }, c }) {
      return answerPage(c, await listThreads(ctx, { ...query, sourceId: source, channelId: channel, openerMemberId: opener }));
    },
  });

  communityEndpoint(api, {
    method: "get",
    path: "/threads/{thread}",
    tag: "Threads",
    summary: "Read a thread",
    access: "public",
    scope: "read",
    params: threadParams,
    answer: thread,
    async handle(ctx, { params }) {
      const found = await getThread(ctx, { threadId: params.thread });
      if (!found) throw new AppError("not_found", { public: "There is no such thread." });
      return found;
    },
  });

  communityEndpoint(api, {
    method: "get",
    path: "/threads/{thread}/activities",
    tag: "Threads",
    summary: "List what was said in a thread, oldest first",
    access: "public",
    scope: "read",
    params: threadParams,
    query: pageQuery,
    answer: pageOf(activity),
    async handle(ctx, { params, query, c }) {
      if (!(await getThread(ctx, { threadId: params.thread }))) throw new AppError("not_found", { public: "There is no such thread." });
      return answerPage(c, await listThreadActivities(ctx, { threadId: params.thread, ...query }));
    },
  });

  communityEndpoint(api, {
    method: "get",
    path: "/activities",
    tag: "Activities",
    summary: "List activities, newest first",
    access: "public",
    scope: "read",
    query: pageQuery.extend({
      kind: z.string().optional(),
      source: id.optional(),
      channel: id.optional(),
      identity: id.optional(),
      from: moment.optional(),
      to: moment.optional().describe("Exclusive."),
    }),
    answer: pageOf(activity),
    async handle(ctx, { query: { source, channel, identity, ...query }, c }) {
      return answerPage(
        c,
        await listActivities(ctx, { ...query, sourceId: source, channelId: channel, ...(identity ? { identityIds: [identity] } : {}) }),
      );
    },
  });

  addQuestions(api);
}

function addQuestions(api: Api): void {
  communityEndpoint(api, {
    method: "get",
    path: "/questions/waiting",
    tag: "Questions",
    summary: "List threads that wait for us, those that wait longest first",
    access: "public",
    scope: "read",
    query: pageQuery.extend({
      source: id.optional(),
      from: moment.optional().describe("Only those waiting since then or later."),
      sort: z.enum(["longest", "latest"]).default("longest"),
    }),
    answer: pageOf(waiting),
    async handle(ctx, { query: { source, ...query }, c }) {
      return answerPage(c, await listWaiting(ctx, { ...query, ...(source ? { sourceId: source } : {}) }));
    },
  });

  communityEndpoint(api, {
    method: "get",
    path: "/questions/counts",
    tag: "Questions",
    summary: "Count questions by how they stand",
    access: "public",
    scope: "read",
    query: z.object({ source: id.optional() }),
    answer: z.object({ unanswered: z.int(), answered: z.int(), solved: z.int(), waiting: z.int(), longestSince: at.nullable() }),
    handle: (ctx, { query }) => questionCounts(ctx, query.source ? { sourceId: query.source } : {}),
  });

  communityEndpoint(api, {
    method: "put",
    path: "/threads/{thread}/question",
    tag: "Questions",
    summary: "Say by hand what a thread is",
    description:
      "It holds against the rules until it is withdrawn. `answered` is for what was answered elsewhere; `rules` hands it back to the rules.",
    access: editorRoles,
    scope: "write",
    params: threadParams,
    body: z.object({ mark: z.enum(questionMarks) }).strict(),
    answer: marked,
    handle: (ctx, { params, body }) => markQuestion(ctx, { threadId: params.thread, mark: body.mark }),
  });

  communityEndpoint(api, {
    method: "delete",
    path: "/threads/{thread}/question",
    tag: "Questions",
    summary: "Take back the last mark by hand",
    access: editorRoles,
    scope: "write",
    params: threadParams,
    answer: marked,
    failures: [409],
    handle: (ctx, { params }) => undoQuestionMark(ctx, { threadId: params.thread }),
  });
}
