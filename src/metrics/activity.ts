import { type SQL, sql } from "#core/database/database.ts";
import { decodeCursor, toPage } from "#core/page.ts";
import { type Ctx, visibleTo } from "#features/access/index.ts";
import { bucketDays, spanMoments, todayOf } from "./days.ts";
import { defineMetric, type MetricParams, type MetricRow } from "./define-metric.ts";

export const activity = defineMetric({
  id: "activity",
  version: 1,
  title: "Activity",
  unit: "activities",
  definition: "What people of the community did in the span, by kind and by source: openings, comments, reviews, commits, mails, messages.",
  exclusions: "What bots and our own team did, and what nobody can be named for: counted apart. What was deleted at its source.",
  serves: "Where the community lives, and what changed there.",

  async run(ctx, params) {
    const rows = await ctx.db.rows<{ day: string; kind: string; sourceName: string; author: string; n: number }>(sql`
      SELECT b.bucket AS day, d.kind, s.name AS "sourceName", d.author_kind AS author, sum(d.count)::int AS n
      FROM activity_day d
      JOIN ${bucketDays(params, todayOf(ctx))} AS b(day, bucket) ON b.day = d.day
      JOIN source s ON s.community_id = d.community_id AND s.id = d.source_id
      WHERE ${daysOf(ctx, params)}
      GROUP BY b.bucket, d.kind, s.id, s.name, d.author_kind`);
    const human = rows.filter(({ author }) => author === "human");
    const total = sum(human);
    const parts = [...Map.groupBy(human, ({ sourceName, kind }) => `${sourceName}: ${kind.replaceAll("_", " ")}`)].map(([label, of]) => ({
      label,
      value: sum(of),
      n: sum(of),
    }));
    return {
      value: total,
      n: total,
      excluded: [
        { what: "by bots", n: sum(rows.filter(({ author }) => author === "bot")) },
        { what: "by the team", n: sum(rows.filter(({ author }) => author === "team")) },
        { what: "without a known author", n: sum(rows.filter(({ author }) => author === "unattributed")) },
      ],
      points: [...Map.groupBy(human, ({ day, kind }) => `${day} ${kind}`).values()].flatMap((of) => {
        const [first] = of;
        return first ? [{ day: first.day, series: first.kind, value: sum(of), n: sum(of) }] : [];
      }),
      emptyBucket: 0,
      parts: parts.sort((x, y) => y.n - x.n || x.label.localeCompare(y.label, "en")),
    };
  },

  async rows(ctx, params) {
    const [at, id] = params.after ? decodeCursor(params.after, ["time", "id"]) : [];
    const span = spanMoments(ctx, params);
    const rows = await ctx.db.rows<MetricRow & { key: string }>(sql`
      SELECT 'activity' AS kind, a.id, coalesce(a.title, t.title, left(a.body, 120), a.kind) AS title, a.occurred_at AS at, a.occurred_at::text AS key,
             replace(a.kind, '_', ' ') || ' by ' || m.display_name AS value
      FROM activity a
      JOIN identity i ON i.community_id = a.community_id AND i.id = a.identity_id AND i.kind = 'human'
      JOIN member m ON m.community_id = i.community_id AND m.id = i.member_id
      LEFT JOIN thread t ON t.community_id = a.community_id AND t.id = a.thread_id
      WHERE ${visibleTo(ctx, "a")} AND a.deleted_at IS NULL AND a.occurred_at >= ${span.from} AND a.occurred_at < ${span.to}
        ${params.sourceId ? sql`AND a.source_id = ${params.sourceId}` : sql``}
        ${params.after ? sql`AND (a.occurred_at, a.id) < (${at}::text::timestamptz, ${id}::uuid)` : sql``}
      ORDER BY a.occurred_at DESC, a.id DESC LIMIT ${params.limit + 1}`);
    const page = toPage(rows, params.limit, (row) => [row.key, row.id]);
    return { rows: page.rows.map(({ key: _, ...row }) => row), next: page.next };
  },
});

function daysOf(ctx: Ctx, params: MetricParams): SQL {
  return sql`${visibleTo(ctx, "d")} AND d.day BETWEEN ${params.from} AND ${params.to} ${params.sourceId ? sql`AND d.source_id = ${params.sourceId}` : sql``}`;
}

function sum(rows: readonly { n: number }[]): number {
  return rows.reduce((total, { n }) => total + n, 0);
}
