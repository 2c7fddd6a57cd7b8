import { Link } from "react-router";
import { z } from "zod";
import {
  confirmSignal,
  dismissSignal,
  listSignals,
  reclassifySignal,
  signalCounts,
  signalKinds,
  signalStates,
  undoSignalDecision,
} from "#features/feedback/index.ts";
import { getMember } from "#features/members/index.ts";
import { ctxContext, guarded, parseForm } from "../request-context.server.ts";
import { EmptyState } from "../ui/empty-state.tsx";
import { FilterBar } from "../ui/filter-bar.tsx";
import { capitalize, countOf, inWords } from "../ui/format.ts";
import { PageHead } from "../ui/page-head.tsx";
import { Pager } from "../ui/pager.tsx";
import { KeyHints, Rows } from "../ui/rows.tsx";
import { Sheet } from "../ui/sheet.tsx";
import type { Route } from "./+types/signals.ts";
import { param, readQuery } from "./list-params.server.ts";
import { SignalLine } from "./signal-line.tsx";
import { signalsOf } from "./signal-words.ts";

const query = z.object({
  kind: param.oneOf(signalKinds),
  state: param.oneOf([...signalStates, "all"]),
  q: param.text,
  member: param.id,
  from: param.day,
  after: param.cursor,
});

export const loader = guarded(async ({ request, context }: Route.LoaderArgs) => {
  const ctx = context.get(ctxContext);
  const given = readQuery(request, query);
  const state = given.state ?? (given.member ? "all" : "suggested");
  const filter = { q: given.q, memberId: given.member, from: given.from ? new Date(`${given.from}T00:00:00Z`) : undefined };
  const [page, counts, member] = await Promise.all([
    listSignals(ctx, { ...filter, kind: given.kind, state: state === "all" ? undefined : state, after: given.after, limit: 25 }),
    signalCounts(ctx, filter),
    given.member ? getMember(ctx, { memberId: given.member }) : undefined,
  ]);
  return {
    page,
    counts,
    state,
    kinds: signalKinds,
    filtered: Boolean(given.kind ?? given.q ?? given.member ?? given.from),
    member: member?.displayName ?? null,
  };
});

const form = z.discriminatedUnion("intent", [
  z.object({ intent: z.enum(["confirm", "dismiss", "undo"]), signalId: z.uuid() }),
  z.object({ intent: z.literal("reclassify"), signalId: z.uuid(), kind: z.enum(signalKinds) }),
]);

export const action = guarded(async ({ request, context }: Route.ActionArgs) => {
  const ctx = context.get(ctxContext);
  const input = parseForm(form, await request.formData());
  switch (input.intent) {
    case "confirm":
      return { ok: true, message: `Confirmed as ${(await confirmSignal(ctx, input)).kind}.` };
    case "dismiss":
      await dismissSignal(ctx, input);
      return { ok: true, message: "Dismissed. No rule brings it back." };
    case "reclassify":
      return { ok: true, message: `It is ${(await reclassifySignal(ctx, input)).kind} now.` };
    case "undo":
      await undoSignalDecision(ctx, input);
      return { ok: true, message: "Taken back: it stands as before." };
  }
});

export default function Signals({ loaderData, params }: Route.ComponentProps) {
  const { page, counts, state, kinds, filtered, member } = loaderData;
  const base = `/studio/${params.community}`;
  const of = (wanted: string) => counts.filter((count) => count.state === wanted).reduce((sum, { n }) => sum + n, 0);
  const waiting = of("suggested");
  const suggestedByKind = counts.filter((count) => count.state === "suggested" && count.n > 0).sort((a, b) => b.n - a.n);
  return (
    <>
      <title>Signals · Causeway</title>
      <PageHead
        over="Signals"
        title={
          member
            ? `What ${member} told us`
            : waiting === 0
              ? "Every signal has been looked at"
              : `${capitalize(inWords(waiting))} ${waiting === 1 ? "signal waits" : "signals wait"} for your judgement`
        }
      >
        {suggestedByKind.map((count) => (
          <Link key={count.kind} className="link" to={`${base}/signals?kind=${count.kind}`}>
            {signalsOf(count.kind, count.n)} from {countOf(count.people, "person", "people")}
          </Link>
        ))}
      </PageHead>

      <FilterBar
        fields={[
          { kind: "text", name: "q", label: "Words of the quote" },
          {
            kind: "select",
            name: "state",
            label: "State",
            any: "to triage",
            options: [
              { value: "confirmed", label: "confirmed", count: of("confirmed") },
              { value: "dismissed", label: "dismissed", count: of("dismissed") },
              { value: "all", label: "all" },
            ],
          },
          { kind: "select", name: "kind", label: "Kind", options: kinds.map((value) => ({ value, label: value })) },
          { kind: "day", name: "from", label: "Since" },
        ]}
      />

      <Sheet
        title={state === "suggested" ? "To triage" : state === "all" ? "Signals" : capitalize(state)}
        id="signals"
        aside={
          <KeyHints
            hints={[
              ["j k", "move"],
              ["c", "confirm"],
              ["x", "dismiss"],
              ["1 – 5", "reclassify"],
            ]}
          />
        }
      >
        {page.rows.length > 0 ? (
          <Rows label="Signals">
            {page.rows.map((signal) => (
              <SignalLine key={signal.id} signal={signal} base={base} kinds={kinds} />
            ))}
          </Rows>
        ) : filtered || state !== "suggested" ? (
          <EmptyState title="No signal here" action={{ label: "Show what waits for triage", to: `${base}/signals` }}>
            Signals are passages in which somebody reports a bug, asks for something, stumbles, or praises.
          </EmptyState>
        ) : counts.length > 0 ? (
          <EmptyState title="All triaged" good action={{ label: "See the confirmed ones", to: `${base}/signals?state=confirmed` }}>
            What the rules find in new conversations appears here, each with its reason.
          </EmptyState>
        ) : (
          <EmptyState title="No signals yet" action={{ label: "Add a source", to: `${base}/sources/new` }}>
            Rules read what comes in from your sources and mark passages that are feedback. Nothing has come in yet.
          </EmptyState>
        )}
        <Pager next={page.next} />
      </Sheet>
    </>
  );
}
