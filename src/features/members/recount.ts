import { array, type SQL, sql } from "#core/database/database.ts";
import type { Ctx } from "../access/index.ts";

/** Identities with fewer activities than this are counted whole each time; larger ones only on the days that changed. */
const wholeMax = 500;

interface DayCount {
  identityId: string;
  day: string;
  sourceId: string;
  visibility: number;
  count: number;
}

interface Total {
  identityId: string;
  sourceId: string;
  visibility: number;
  count: number;
  firstAt: Date;
  lastAt: Date;
}

type FreshCount = DayCount & { firstAt: Date; lastAt: Date };

/**
 * Brings `member_day` and `identity_activity` up to date for what changed. Large identities are counted only on the
 * days of the changed activities: an import must not read a maintainer's whole history again for each of its batches.
 * The price: when a source moves an activity of a large identity to another day, the old day's mark stays until
 * `repairMembers`.
 * @param changes.identities counted whole unless they are among the authors of `changes.activities`
 * @returns the identities whose totals changed
 */
export async function recount(ctx: Ctx, changes: { identities: readonly string[]; activities: readonly string[] }): Promise<string[]> {
  const authored = await ctx.db.rows<{ identityId: string; day: string }>(sql`
    SELECT DISTINCT a.identity_id AS "identityId", (a.occurred_at AT TIME ZONE ${ctx.community.timeZone})::date::text AS day
    FROM activity a WHERE a.community_id = ${ctx.community.id} AND a.id = ANY(${array(changes.activities, "uuid")}) AND a.identity_id IS NOT NULL`);
  const authors = new Set(authored.map(({ identityId }) => identityId));
  const touched = [...new Set([...changes.identities, ...authors])];
  if (touched.length === 0) return [];
  const totals = Map.groupBy(await loadTotals(ctx, touched), ({ identityId }) => identityId);
  const isLarge = (id: string) => (totals.get(id) ?? []).reduce((sum, total) => sum + total.count, 0) >= wholeMax;
  const whole = touched.filter((id) => !authors.has(id) || !isLarge(id));
  const wholeSet = new Set(whole);
  const days = authored.filter(({ identityId }) => !wholeSet.has(identityId));

  const shrunk = days.length > 0 ? await recountDays(ctx, days, totals) : { changed: [], shrunk: [] };
  const recounted = await recountWhole(ctx, [...whole, ...shrunk.shrunk], totals);
  return [...new Set([...shrunk.changed, ...recounted])];
}

async function recountDays(
  ctx: Ctx,
  days: readonly { identityId: string; day: string }[],
  totals: Map<string, Total[]>,
): Promise<{ changed: string[]; shrunk: string[] }> {
  const scope = sql`unnest(${array(
    days.map((d) => d.identityId),
    "uuid",
  )}, ${array(
    days.map((d) => d.day),
    "text",
  )}) AS t(identity_id, day)`;
  const zone = ctx.community.timeZone;
  const fresh = await ctx.db.rows<FreshCount>(sql`
    SELECT t.identity_id AS "identityId", t.day, c.source_id AS "sourceId", c.visibility, c.count, c.first_at AS "firstAt", c.last_at AS "lastAt"
    FROM ${scope} JOIN LATERAL (
      SELECT a.source_id, a.visibility, count(*) AS count, min(a.occurred_at) AS first_at, max(a.occurred_at) AS last_at
      FROM activity a
      WHERE a.community_id = ${ctx.community.id} AND a.identity_id = t.identity_id AND a.deleted_at IS NULL
        AND a.occurred_at >= t.day::timestamp AT TIME ZONE ${zone} AND a.occurred_at < (t.day::date + 1)::timestamp AT TIME ZONE ${zone}
      GROUP BY a.source_id, a.visibility) c ON true`);
  const held = await ctx.db.rows<DayCount>(sql`
    SELECT d.identity_id AS "identityId", d.day, d.source_id AS "sourceId", d.visibility, d.count
    FROM ${scope} JOIN member_day d ON d.community_id = ${ctx.community.id} AND d.identity_id = t.identity_id AND d.day = t.day`);
  const before = new Map(held.map((row) => [dayKey(row), row]));
  const now = new Map(fresh.map((row) => [dayKey(row), row]));
  // A day that lost something may have been the first or the last one: those few are counted whole.
  const shrunk = new Set(held.filter((row) => (now.get(dayKey(row))?.count ?? 0) < row.count).map(({ identityId }) => identityId));

  const next = new Map<string, Total>();
  for (const row of fresh) {
    const grown = row.count - (before.get(dayKey(row))?.count ?? 0);
    if (grown === 0 || shrunk.has(row.identityId)) continue;
    const key = totalKey(row);
    const known = next.get(key) ?? totals.get(row.identityId)?.find((total) => totalKey(total) === key);
    next.set(key, {
      identityId: row.identityId,
      sourceId: row.sourceId,
      visibility: row.visibility,
      count: (known?.count ?? 0) + grown,
      firstAt: known && known.firstAt < row.firstAt ? known.firstAt : row.firstAt,
      lastAt: known && known.lastAt > row.lastAt ? known.lastAt : row.lastAt,
    });
  }
  await storeDays(
    ctx,
    fresh.filter((row) => !shrunk.has(row.identityId) && before.get(dayKey(row))?.count !== row.count),
  );
  await storeTotals(ctx, [...next.values()]);
  return { changed: [...next.values()].map(({ identityId }) => identityId), shrunk: [...shrunk] };
}

async function recountWhole(ctx: Ctx, identityIds: readonly string[], totals: Map<string, Total[]>): Promise<string[]> {
  if (identityIds.length === 0) return [];
  const ids = array(identityIds, "uuid");
  const fresh = await ctx.db.rows<FreshCount>(sql`
    SELECT a.identity_id AS "identityId", (a.occurred_at AT TIME ZONE ${ctx.community.timeZone})::date::text AS day, a.source_id AS "sourceId", a.visibility,
           count(*) AS count, min(a.occurred_at) AS "firstAt", max(a.occurred_at) AS "lastAt"
    FROM activity a WHERE a.community_id = ${ctx.community.id} AND a.identity_id = ANY(${ids}) AND a.deleted_at IS NULL
    GROUP BY 1, 2, 3, 4`);
  const counted = identityIds.filter((id) => totals.has(id));
  const held =
    counted.length === 0
      ? []
      : await ctx.db.rows<DayCount>(sql`
          SELECT d.identity_id AS "identityId", d.day, d.source_id AS "sourceId", d.visibility, d.count
          FROM member_day d WHERE d.community_id = ${ctx.community.id} AND d.identity_id = ANY(${array(counted, "uuid")})`);
  const before = new Map(held.map((row) => [dayKey(row), row]));
  const now = new Map(fresh.map((row) => [dayKey(row), row]));
  await storeDays(
    ctx,
    fresh.filter((row) => before.get(dayKey(row))?.count !== row.count),
  );
  await dropDays(
    ctx,
    held.filter((row) => !now.has(dayKey(row))),
  );

  const next = new Map<string, Total>();
  for (const row of fresh) {
    const key = totalKey(row);
    const known = next.get(key);
    next.set(key, {
      ...row,
      count: (known?.count ?? 0) + row.count,
      firstAt: known && known.firstAt < row.firstAt ? known.firstAt : row.firstAt,
      lastAt: known && known.lastAt > row.lastAt ? known.lastAt : row.lastAt,
    });
  }
  const old = new Map(counted.flatMap((id) => totals.get(id) ?? []).map((total) => [totalKey(total), total]));
  const changed = [...next.values()].filter((total) => !isSame(total, old.get(totalKey(total))));
  const gone = [...old.values()].filter((total) => !next.has(totalKey(total)));
  await storeTotals(ctx, changed);
  await dropTotals(ctx, gone);
  return [...changed, ...gone].map(({ identityId }) => identityId);
}

function loadTotals(ctx: Ctx, identityIds: readonly string[]): Promise<Total[]> {
  return ctx.db.rows<Total>(sql`
    SELECT t.identity_id AS "identityId", t.source_id AS "sourceId", t.visibility, t.count, t.first_at AS "firstAt", t.last_at AS "lastAt"
    FROM identity_activity t WHERE t.community_id = ${ctx.community.id} AND t.identity_id = ANY(${array(identityIds, "uuid")})`);
}

async function storeDays(ctx: Ctx, rows: readonly DayCount[]): Promise<void> {
  if (rows.length === 0) return;
  await ctx.db.execute(sql`
    INSERT INTO member_day (community_id, identity_id, day, source_id, visibility, count)
    SELECT ${ctx.community.id}, * FROM ${unnestKeys(rows)}
    ON CONFLICT (community_id, identity_id, day, source_id, visibility) DO UPDATE SET count = excluded.count`);
}

async function dropDays(ctx: Ctx, rows: readonly DayCount[]): Promise<void> {
  if (rows.length === 0) return;
  await ctx.db.execute(sql`
    DELETE FROM member_day d USING ${unnestKeys(rows)}
    WHERE d.community_id = ${ctx.community.id} AND d.identity_id = k.identity_id AND d.day = k.day AND d.source_id = k.source_id AND d.visibility = k.visibility`);
}

function unnestKeys(rows: readonly DayCount[]): SQL {
  return sql`unnest(${array(
    rows.map((r) => r.identityId),
    "uuid",
  )}, ${array(
    rows.map((r) => r.day),
    "text",
  )}, ${array(
    rows.map((r) => r.sourceId),
    "uuid",
  )},
    ${array(
      rows.map((r) => r.visibility),
      "smallint",
    )}, ${array(
      rows.map((r) => r.count),
      "integer",
    )}) AS k(identity_id, day, source_id, visibility, count)`;
}

async function storeTotals(ctx: Ctx, rows: readonly Total[]): Promise<void> {
  if (rows.length === 0) return;
  await ctx.db.execute(sql`
    INSERT INTO identity_activity (community_id, identity_id, source_id, visibility, count, first_at, last_at)
    SELECT ${ctx.community.id}, * FROM unnest(
      ${array(
        rows.map((r) => r.identityId),
        "uuid",
      )}, ${array(
        rows.map((r) => r.sourceId),
        "uuid",
      )}, ${array(
        rows.map((r) => r.visibility),
        "smallint",
      )},
      ${array(
        rows.map((r) => r.count),
        "integer",
      )}, ${array(
        rows.map((r) => r.firstAt),
        "timestamptz",
      )}, ${array(
        rows.map((r) => r.lastAt),
        "timestamptz",
      )})
    ON CONFLICT (community_id, identity_id, source_id, visibility) DO UPDATE
      SET count = excluded.count, first_at = excluded.first_at, last_at = excluded.last_at`);
}

async function dropTotals(ctx: Ctx, rows: readonly Total[]): Promise<void> {
  if (rows.length === 0) return;
  await ctx.db.execute(sql`
    DELETE FROM identity_activity t
    USING unnest(${array(
      rows.map((r) => r.identityId),
      "uuid",
    )}, ${array(
      rows.map((r) => r.sourceId),
      "uuid",
    )}, ${array(
      rows.map((r) => r.visibility),
      "smallint",
    )})
      AS k(identity_id, source_id, visibility)
    WHERE t.community_id = ${ctx.community.id} AND t.identity_id = k.identity_id AND t.source_id = k.source_id AND t.visibility = k.visibility`);
}

function dayKey(row: DayCount): string {
  return `${row.identityId}${row.day}${row.sourceId}${row.visibility}`;
}

function totalKey(row: { identityId: string; sourceId: string; visibility: number }): string {
  return `${row.identityId}${row.sourceId}${row.visibility}`;
}

function isSame(x: Total, y: Total | undefined): boolean {
  return y !== undefined && x.count === y.count && x.firstAt.getTime() === y.firstAt.getTime() && x.lastAt.getTime() === y.lastAt.getTime();
}
