import { z } from "zod";
import { AppError } from "#core/errors.ts";
import { editorRoles, teamRoles } from "#features/access/index.ts";
import {
  confirmSignal,
  dismissSignal,
  getSignal,
  listSignals,
  reclassifySignal,
  signalCounts,
  signalKinds,
  signalStates,
  undoSignalDecision,
} from "#features/feedback/index.ts";
import { type Api, communityEndpoint } from "./kit/endpoint.ts";
import { answerPage, pageOf, pageQuery } from "./kit/list.ts";
import { at, id, moment, named, speaker } from "./kit/schemas.ts";

const kind = z.enum(signalKinds);
const state = z.enum(signalStates);

const signal = z
  .object({
    id,
    kind,
    state,
    quote: z.string().describe("The person's own words; they never change."),
    context: z.object({ before: z.string(), after: z.string() }).nullable().describe("The words around; null when the original was edited since."),
    author: speaker.nullable(),
    unattributed: z.string().nullable(),
    thread: z.object({ id, title: z.string(), ref: z.string().nullable() }).nullable(),
    activityId: id,
    channel: named,
    source: named,
    url: z.string().nullable(),
    occurredAt: at,
    rule: z.string(),
    reason: z.string().describe("Why it was taken, in words."),
    confidence: z.number().min(0).max(1),
    decided: z.object({ by: z.string(), at }).nullable(),
  })
  .meta({ id: "Signal" });

const params = z.object({ signal: id });
const deciders = [...editorRoles, "product"] as const;
const filters = {
  source: id.optional(),
  thread: id.optional(),
  member: id.optional(),
  q: z.string().max(200).optional().describe("Words of the quote."),
  from: moment.optional(),
  to: moment.optional().describe("Exclusive."),
};

/** Signals: feedback found in what people wrote, and decisions about it. */
export function addSignals(api: Api): void {
  communityEndpoint(api, {
    method: "get",
    path: "/signals",
    tag: "Signals",
    summary: "List signals, newest first",
    access: teamRoles,
    scope: "read",
    query: pageQuery.extend({ kind: kind.optional(), state: state.optional(), ...filters }),
    answer: pageOf(signal),
    async handle(ctx, { query: { source, thread, member, ...query }, c }) {
      return answerPage(c, await listSignals(ctx, { ...query, sourceId: source, threadId: thread, memberId: member }));
    },
  });

  communityEndpoint(api, {
    method: "get",
    path: "/signals/counts",
    tag: "Signals",
    summary: "Count signals by kind and state, and the people behind them",
    access: teamRoles,
    scope: "read",
    query: z.object(filters),
    answer: z.object({ data: z.array(z.object({ kind, state, n: z.int(), people: z.int() })) }),
    async handle(ctx, { query: { source, thread, member, ...query } }) {
      return { data: await signalCounts(ctx, { ...query, sourceId: source, threadId: thread, memberId: member }) };
    },
  });

  communityEndpoint(api, {
    method: "get",
    path: "/signals/{signal}",
    tag: "Signals",
    summary: "Read a signal",
    access: teamRoles,
    scope: "read",
    params,
    answer: signal,
    async handle(ctx, request) {
      const found = await getSignal(ctx, { signalId: request.params.signal });
      if (!found) throw new AppError("not_found", { public: "There is no such signal." });
      return found;
    },
  });

  const decision = { method: "post", tag: "Signals", access: deciders, scope: "write", params, answer: signal } as const;
  communityEndpoint(api, {
    ...decision,
    path: "/signals/{signal}/confirm",
    summary: "Say that a signal is what it is taken for",
    handle: (ctx, request) => confirmSignal(ctx, { signalId: request.params.signal }),
  });
  communityEndpoint(api, {
    ...decision,
    path: "/signals/{signal}/dismiss",
    summary: "Say that a signal is none",
    handle: (ctx, request) => dismissSignal(ctx, { signalId: request.params.signal }),
  });
  communityEndpoint(api, {
    ...decision,
    path: "/signals/{signal}/reclassify",
    summary: "Say that a signal is of another kind",
    description: "The signal is dismissed and one of the new kind, with the same quote, is confirmed; the answer is that one.",
    body: z.object({ kind }).strict(),
    failures: [409],
    handle: (ctx, request) => reclassifySignal(ctx, { signalId: request.params.signal, kind: request.body.kind }),
  });
  communityEndpoint(api, {
    ...decision,
    path: "/signals/{signal}/undo",
    summary: "Take back the last decision about a signal",
    failures: [409],
    handle: (ctx, request) => undoSignalDecision(ctx, { signalId: request.params.signal }),
  });
}
