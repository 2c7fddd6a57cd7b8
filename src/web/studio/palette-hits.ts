import { z } from "zod";
import { listThreads } from "#features/ledger/index.ts";
import { listMembers } from "#features/members/index.ts";
import { metrics } from "#metrics/index.ts";
import { ctxContext, guarded } from "../request-context.server.ts";
import type { Route } from "./+types/palette-hits.ts";
import { param, readQuery } from "./list-params.server.ts";
import type { PaletteHits } from "./palette.tsx";

/** What the command palette finds while somebody types: thread titles, people, metrics. */
export const loader = guarded(async ({ request, params, context }: Route.LoaderArgs): Promise<PaletteHits> => {
  const ctx = context.get(ctxContext);
  const base = `/studio/${params.community}`;
  const { q } = readQuery(request, z.object({ q: param.text }));
  if (!q) return { query: "", groups: [] };
  const [threads, members] = await Promise.all([listThreads(ctx, { q, limit: 6 }), listMembers(ctx, { q, limit: 6 })]);
  const named = metrics.filter((metric) => metric.title.toLowerCase().includes(q.toLowerCase())).slice(0, 4);
  return {
    query: q,
    groups: [
      {
        title: "Threads",
        hits: threads.rows.map((thread) => ({
          id: thread.id,
          label: thread.title,
          detail: [thread.channel.name, thread.ref, thread.opener?.name].filter(Boolean).join(" · "),
          to: `${base}/threads/${thread.id}`,
        })),
      },
      {
        title: "People",
        hits: members.rows.map((member) => ({
          id: member.id,
          label: member.displayName,
          detail: member.platforms.join(", "),
          to: `${base}/members/${member.id}`,
        })),
      },
      {
        title: "Metrics",
        hits: named.map((metric) => ({ id: metric.id, label: metric.title, detail: metric.definition, to: `${base}/metrics/${metric.id}` })),
      },
    ],
  };
});
