import { array, type SQL, sql } from "#core/database/database.ts";
import type { Ctx } from "../access/index.ts";

/** Identities with fewer activities than this are counted whole each time; larger ones only on the days that changed. */
const wholeMax = 500;

/**
 * Brings `member_day` and `identity_activity` up to date for what changed. Large identities are counted only on the
 * days of the changed activities: an import must not read a maintainer's whole history again for each of its batches.
 * The price: when a source moves an activity of a large identity to another day, the old day's mark stays until
 * `repairMembers`.
 * @param changes.identities counted whole unless they are among the authors of `changes.activities`
 * @param changes.whole counted whole in any case
 * @returns the identities whose totals changed
 */
export async function recount(
  ctx: Ctx,
  changes: { identities: readonly string[]; activities: readonly string[]; whole?: readonly string[] },
): Promise<string[]> {
  const communityId = ctx.community.id;
  const touched = await ctx.db.rows<{ id: string; authored: boolean; counted: number }>(sql`
    SELECT n.id, bool_or(n.authored) AS authored,
           (SELECT coalesce(sum(t.count), 0)::int FROM identity_activity t WHERE t.community_id = ${communityId} AND t.identity_id = n.id) AS counted
    FROM (
      SELECT a.identity_id AS id, true AS authored FROM activity a
      WHERE a.community_id = ${communityId} AND a.id = ANY(${array(changes.activities, "uuid")}) AND a.identity_id IS NOT NULL
      UNION SELECT id, false FROM unnest(${array([...changes.identities, ...(changes.whole ?? [])], "uuid")}) AS given(id)
    ) n GROUP BY n.id`);
  const asked = new Set(changes.whole);
  const isLarge = (row: { id: string; authored: boolean; counted: number }) => row.authored && row.counted >= wholeMax && !asked.has(row.id);
  const large = touched.filter(isLarge).map(({ id }) => id);
  const byDays = large.length > 0 ? await recountDays(ctx, { identities: large, activities: changes.activities }) : { changed: [], shrunk: [] };
  const fresh = touched.filter((row) => row.counted === 0).map(({ id }) => id);
  const known = touched.filter((row) => row.counted > 0 && !isLarge(row)).map(({ id }) => id);
  const whole = await recountWhole(ctx, { fresh, known });
  const again = await recountWhole(ctx, { fresh: [], known: byDays.shrunk });
  return [...new Set([...byDays.changed, ...whole, ...again])];
}

/** Counts identities from all their activities. Those in `fresh` were never counted, so nothing of them can be stale. */
async function recountWhole(ctx: Ctx, input: { fresh: readonly string[]; known: readonly string[] }): Promise<string[]> {
  const ids = [...input.fresh, ...input.known];
  if (ids.length === 0) return [];
  const communityId = ctx.community.id;
  const stale = input.known.length > 0 ? await findStale(ctx, input.known) : [];
  if (stale.length > 0) {
    await ctx.db.execute(sql`DELETE FROM member_day WHERE community_id = ${communityId} AND identity_id = ANY(${array(stale, "uuid")})`);
    await ctx.db.execute(sql`DELETE FROM identity_activity WHERE community_id = ${communityId} AND identity_id = ANY(${array(stale, "uuid")})`);
  }
  const changed = await ctx.db.rows<{ id: string }>(sql`
    WITH fresh AS MATERIALIZED (
      SELECT a.identity_id, (a.occurred_at AT TIME ZONE ${ctx.community.timeZone})::date AS day, a.source_id, a.visibility,
             count(*)::int AS count, min(a.occurred_at) AS first_at, max(a.occurred_at) AS last_at
      FROM activity a WHERE a.community_id = ${communityId} AND a.identity_id = ANY(${array(ids, "uuid")}) AND a.deleted_at IS NULL
      GROUP BY 1, 2, 3, 4
    ), days AS (${storeDays(ctx)}), totals AS (
      INSERT INTO identity_activity AS t (community_id, identity_id, source_id, visibility, count, first_at, last_at)
      SELECT ${communityId}, f.identity_id, f.source_id, f.visibility, sum(f.count), min(f.first_at), max(f.last_at) FROM fresh f GROUP BY 2, 3, 4
      ON CONFLICT (community_id, identity_id, source_id, visibility) DO UPDATE
        SET count = excluded.count, first_at = excluded.first_at, last_at = excluded.last_at
        WHERE (t.count, t.first_at, t.last_at) IS DISTINCT FROM (excluded.count, excluded.first_at, excluded.last_at)
      RETURNING t.identity_id
    )
    SELECT DISTINCT identity_id AS id FROM totals`);
  return [...stale, ...changed.map(({ id }) => id)];
}

/** Identities of which a counted day holds more than there is: something was deleted, moved or closed. */
async function findStale(ctx: Ctx, identityIds: readonly string[]): Promise<string[]> {
  const rows = await ctx.db.rows<{ id: string }>(sql`
    SELECT DISTINCT d.identity_id AS id
    FROM (SELECT * FROM member_day d WHERE d.community_id = ${ctx.community.id} AND d.identity_id = ANY(${array(identityIds, "uuid")})) d
    LEFT JOIN (
      SELECT a.identity_id, (a.occurred_at AT TIME ZONE ${ctx.community.timeZone})::date AS day, a.source_id, a.visibility, count(*) AS count
      FROM activity a WHERE a.community_id = ${ctx.community.id} AND a.identity_id = ANY(${array(identityIds, "uuid")}) AND a.deleted_at IS NULL
      GROUP BY 1, 2, 3, 4
    ) n ON n.identity_id = d.identity_id AND n.day = d.day AND n.source_id = d.source_id AND n.visibility = d.visibility
    WHERE n.count IS NULL OR n.count < d.count`);
  return rows.map(({ id }) => id);
}

/** Counts identities on the days of the changed activities alone, and adds the difference to their totals. */
async function recountDays(
  ctx: Ctx,
  input: { identities: readonly string[]; activities: readonly string[] },
): Promise<{ changed: string[]; shrunk: string[] }> {
  const communityId = ctx.community.id;
  const zone = ctx.community.timeZone;
  const rows = await ctx.db.rows<{ id: string; shrunk: boolean }>(sql`
    WITH touched AS MATERIALIZED (
      SELECT DISTINCT a.identity_id, (a.occurred_at AT TIME ZONE ${zone})::date AS day FROM activity a
      WHERE a.community_id = ${communityId} AND a.id = ANY(${array(input.activities, "uuid")}) AND a.identity_id = ANY(${array(input.identities, "uuid")})
    ), counted AS (
      SELECT t.identity_id, t.day, c.source_id, c.visibility, c.count, c.first_at, c.last_at
      FROM touched t JOIN LATERAL (
        SELECT a.source_id, a.visibility, count(*)::int AS count, min(a.occurred_at) AS first_at, max(a.occurred_at) AS last_at
        FROM activity a
        WHERE a.community_id = ${communityId} AND a.identity_id = t.identity_id AND a.deleted_at IS NULL
          AND a.occurred_at >= t.day::timestamp AT TIME ZONE ${zone} AND a.occurred_at < (t.day + 1)::timestamp AT TIME ZONE ${zone}
        GROUP BY a.source_id, a.visibility
      ) c ON true
    ), held AS (
      SELECT d.identity_id, d.day, d.source_id, d.visibility, d.count
      FROM touched t JOIN member_day d ON d.community_id = ${communityId} AND d.identity_id = t.identity_id AND d.day = t.day
    ), compared AS MATERIALIZED (
      SELECT identity_id, day, source_id, visibility, coalesce(c.count, 0) AS count, coalesce(c.count, 0) - coalesce(h.count, 0) AS grown, c.first_at, c.last_at
      FROM counted c FULL JOIN held h USING (identity_id, day, source_id, visibility)
    ), fresh AS MATERIALIZED (
      SELECT * FROM compared WHERE grown > 0 AND identity_id NOT IN (SELECT x.identity_id FROM compared x WHERE x.grown < 0)
    ), days AS (${storeDays(ctx)}), totals AS (
      INSERT INTO identity_activity AS t (community_id, identity_id, source_id, visibility, count, first_at, last_at)
      SELECT ${communityId}, f.identity_id, f.source_id, f.visibility, sum(f.grown), min(f.first_at), max(f.last_at) FROM fresh f GROUP BY 2, 3, 4
      ON CONFLICT (community_id, identity_id, source_id, visibility) DO UPDATE
        SET count = t.count + excluded.count, first_at = LEAST(t.first_at, excluded.first_at), last_at = GREATEST(t.last_at, excluded.last_at)
      RETURNING t.identity_id
    )
    SELECT DISTINCT identity_id AS id, false AS shrunk FROM totals
    UNION ALL SELECT DISTINCT identity_id, true FROM compared WHERE grown < 0`);
  return { changed: rows.filter(({ shrunk }) => !shrunk).map(({ id }) => id), shrunk: rows.filter(({ shrunk }) => shrunk).map(({ id }) => id) };
}

/** Writes the rows of `fresh` that differ from what is held. */
function storeDays(ctx: Ctx): SQL {
  return sql`
    INSERT INTO member_day AS d (community_id, identity_id, day, source_id, visibility, count)
    SELECT ${ctx.community.id}, f.identity_id, f.day, f.source_id, f.visibility, f.count FROM fresh f
    ORDER BY f.identity_id, f.day
    ON CONFLICT (community_id, identity_id, day, source_id, visibility) DO UPDATE SET count = excluded.count WHERE d.count <> excluded.count`;
}
