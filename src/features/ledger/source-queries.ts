import { type SQL, sql } from "#core/database/database.ts";
import { decodeCursor, type Page, toPage } from "#core/page.ts";
import { countOf } from "#core/text/count-of.ts";
import { type Ctx, requireRole, teamRoles, type Visibility, viewerLevel, visibilityOf, visibleTo } from "../access/index.ts";
import type { IngestCounts } from "./batch.ts";
import { countInbox } from "./inbox.ts";
import { type ListenerRow, readListener } from "./listeners.ts";
import { parsePrivacy, type SourcePrivacy } from "./source-privacy.ts";
import { maskSealed } from "./source-settings.ts";
import { fileStream, isPart } from "./sources.ts";

export type SyncState = "queued" | "running" | "done" | "failed" | "cancelled";

export interface SyncRow {
  id: string;
  sourceId: string;
  sourceName: string;
  trigger: string;
  state: SyncState;
  subject: string | null;
  startedAt: Date;
  finishedAt: Date | null;
  counts: Partial<IngestCounts>;
  progress: {
    done?: number;
    total?: number | null;
    unit?: string;
    ratePerSecond?: number;
    etaSeconds?: number | null;
    phase?: string;
    waiting?: { until: string; reason: string };
  };
  error: { code?: string; message: string } | null;
}

export interface SourceRow {
  id: string;
  connector: string;
  origin: string;
  name: string;
  paused: boolean;
  visibility: Visibility | null;
  createdAt: Date;
  threads: number;
  activities: number;
  oldestAt: string | null;
  newestAt: string | null;
  rejected: number;
  /** The connection over which it sends by itself cannot be made until a person changes something. */
  listenerFailed: boolean;
  lastSync: SyncRow | null;
}

const syncColumns = sql`
  y.id, y.source_id AS "sourceId", s.name AS "sourceName", y.trigger, y.state, y.subject, y.started_at AS "startedAt",
  y.finished_at AS "finishedAt", y.counts, y.progress - 'pid' - 'host' - 'began' AS progress, y.error`;

const sourceColumns = (ctx: Ctx): SQL => sql`
  s.id, s.connector, s.origin, s.name, s.paused, s.visibility_floor AS floor, s.created_at AS "createdAt",
  COALESCE(days.n, 0) AS activities, days.oldest AS "oldestAt", days.newest AS "newestAt", COALESCE(rejects.n, 0) AS rejected,
  EXISTS (SELECT FROM listener l WHERE l.community_id = s.community_id AND l.source_id = s.id AND l.state = 'failed' AND NOT s.paused) AS "listenerFailed",
  (SELECT count(*) FROM thread t WHERE t.source_id = s.id AND ${visibleTo(ctx, "t")} AND t.deleted_at IS NULL) AS threads`;

const sourceJoins = (ctx: Ctx): SQL => sql`
  LEFT JOIN LATERAL (SELECT sum(a.count) AS n, min(a.day) AS oldest, max(a.day) AS newest FROM activity_day a WHERE ${visibleTo(ctx, "a")} AND a.source_id = s.id) days ON true
  LEFT JOIN LATERAL (SELECT count(*) AS n FROM rejected_record r WHERE r.community_id = s.community_id AND r.source_id = s.id) rejects ON true`;

type StoredSource = Omit<SourceRow, "visibility" | "lastSync"> & { floor: number | null };

/** All sources of the community with what they hold and how their last run went. */
export async function listSources(ctx: Ctx): Promise<SourceRow[]> {
  requireRole(ctx, teamRoles, { scope: "read" });
  const rows = await ctx.db.rows<StoredSource>(sql`
    SELECT ${sourceColumns(ctx)} FROM source s ${sourceJoins(ctx)}
    WHERE s.community_id = ${ctx.community.id} ORDER BY s.name, s.id`);
  const runs = await ctx.db.rows<SyncRow>(sql`
    SELECT DISTINCT ON (y.source_id) ${syncColumns} FROM sync y JOIN source s ON s.community_id = y.community_id AND s.id = y.source_id
    WHERE y.community_id = ${ctx.community.id} ORDER BY y.source_id, y.started_at DESC`);
  const lastSync = new Map(runs.map((run) => [run.sourceId, run]));
  return rows.map(({ floor, ...row }) => ({
    ...row,
    visibility: floor === null ? null : visibilityOf(floor),
    lastSync: lastSync.get(row.id) ?? null,
  }));
}

export interface CoverageRow {
  unit: string;
  /** What the source says it has; null when it does not say. */
  reported: number | null;
  held: number;
  /** Why the two differ, in words; empty when they agree. */
  gap: string;
}

export interface SourceDetail extends SourceRow {
  settings: unknown;
  coverage: CoverageRow[];
  streams: { name: string; lastSuccessAt: Date | null; nextRunAt: Date | null; reportedAt: Date | null; failures: number; records: number }[];
  privacy: SourcePrivacy;
  /** Records that arrived by themselves and wait to be taken in. */
  inbox: number;
  /** How the connection is over which the source sends by itself; null where there is none. */
  listener: ListenerRow | null;
}

/** A source with its streams and coverage: what it says it has against what is held, and why they differ. */
export async function getSource(ctx: Ctx, input: { sourceId: string }): Promise<SourceDetail | undefined> {
  requireRole(ctx, teamRoles, { scope: "read" });
  const row = await ctx.db.first<StoredSource & { settings: unknown; privacy: unknown }>(sql`
    SELECT ${sourceColumns(ctx)}, s.settings, s.privacy FROM source s ${sourceJoins(ctx)}
    WHERE s.community_id = ${ctx.community.id} AND s.id = ${input.sourceId}`);
  if (!row) return undefined;
  const streams = await ctx.db.rows<{
    name: string;
    lastSuccessAt: Date | null;
    nextRunAt: Date | null;
    reportedAt: Date | null;
    reported: Record<string, number> | null;
    failures: number;
    records: number;
  }>(sql`
    WITH held AS (
      SELECT stream AS name, count(*) AS n FROM raw_record WHERE community_id = ${ctx.community.id} AND source_id = ${input.sourceId} GROUP BY stream
    )
    SELECT COALESCE(m.name, held.name) AS name, m.last_success_at AS "lastSuccessAt", m.next_run_at AS "nextRunAt", m.reported_at AS "reportedAt",
      m.reported, COALESCE(m.failures, 0) AS failures, COALESCE(held.n, 0) AS records
    FROM (SELECT * FROM stream WHERE community_id = ${ctx.community.id} AND source_id = ${input.sourceId}) m
    FULL JOIN held ON held.name = m.name ORDER BY 1`);
  const lastSync = (await listSyncs(ctx, { sourceId: input.sourceId, limit: 1 })).rows[0] ?? null;
  const { floor, ...rest } = row;
  return {
    ...rest,
    settings: maskSealed(row.settings),
    privacy: parsePrivacy(row.privacy),
    inbox: await countInbox(ctx, { sourceId: row.id }),
    listener: await readListener(ctx, { sourceId: row.id }),
    visibility: floor === null ? null : visibilityOf(floor),
    lastSync,
    streams: streams.filter(({ name }) => !isPart(name)).map(({ reported, ...stream }) => stream),
    coverage: await coverageOf(ctx, rest, streams),
  };
}

interface ReportedStream {
  name: string;
  reported: Record<string, number> | null;
}

/** Parts and streams add up. Files and the live source are two views of one thing: of what both speak of, the larger number. */
function mergeReported(streams: readonly ReportedStream[]): Map<string, number> {
  const views = { files: new Map<string, number>(), live: new Map<string, number>() };
  for (const { name, reported } of streams) {
    const view = name === fileStream || isPart(name) ? views.files : views.live;
    for (const [unit, n] of Object.entries(reported ?? {})) view.set(unit, (view.get(unit) ?? 0) + n);
  }
  const total = new Map(views.files);
  for (const [unit, n] of views.live) total.set(unit, Math.max(n, total.get(unit) ?? 0));
  return total;
}

async function coverageOf(
  ctx: Ctx,
  source: { id: string; threads: number; activities: number; rejected: number },
  streams: readonly ReportedStream[],
): Promise<CoverageRow[]> {
  const reported = mergeReported(streams);
  const of = sql`${visibleTo(ctx, "a")} AND a.source_id = ${source.id}`;
  const kinds = await ctx.db.rows<{ kind: string; n: number }>(sql`
    SELECT a.kind, sum(a.count) AS n FROM activity_day a WHERE ${of} GROUP BY a.kind ORDER BY a.kind`);
  const rest = await ctx.db.first<{ records: number; gone: number; waiting: boolean }>(sql`
    SELECT (SELECT count(*) FROM raw_record WHERE community_id = ${ctx.community.id} AND source_id = ${source.id}) AS records,
           (SELECT count(*) FROM activity a WHERE ${of} AND a.deleted_at IS NOT NULL) AS gone,
           EXISTS (SELECT FROM outbox_delivery WHERE community_id = ${ctx.community.id} AND consumer = 'rollup')
             OR EXISTS (SELECT FROM dirty_day WHERE community_id = ${ctx.community.id}) AS waiting`);
  const held = new Map<string, number>([
    ["threads", source.threads],
    ["records", rest?.records ?? 0],
    ...kinds.map((row): [string, number] => [row.kind, row.n]),
  ]);
  if (reported.has("authors")) held.set("authors", await countAuthors(ctx, of));
  const units = [...new Set([...reported.keys(), "threads", ...kinds.map((row) => row.kind)])];
  return units.map((unit) => {
    const said = reported.get(unit) ?? null;
    const have = held.get(unit) ?? 0;
    const gap =
      said === null || said === have
        ? ""
        : explainGap(said - have, {
            rejected: source.rejected,
            seesAll: viewerLevel(ctx.viewer) === "restricted",
            parts: streams.filter((stream) => isPart(stream.name) && (stream.reported?.[unit] ?? 0) > 0).length,
            ...rest,
          });
    return { unit, reported: said, held: have, gap };
  });
}

/** Authors as git counts them: each «Name <address>» after its `.mailmap` is one. */
async function countAuthors(ctx: Ctx, of: SQL): Promise<number> {
  const row = await ctx.db.first<{ n: number }>(
    sql`SELECT count(DISTINCT a.attributes->>'signature') AS n FROM activity a WHERE ${of} AND ${visibleTo(ctx, "a")} AND a.kind = 'commit' AND a.deleted_at IS NULL`,
  );
  return row?.n ?? 0;
}

function explainGap(missing: number, why: { rejected: number; seesAll: boolean; parts: number; gone?: number; waiting?: boolean }): string {
  if (why.waiting) return "Still being counted; look again in a moment.";
  const causes = [
    ...(why.rejected > 0
      ? [
          `${countOf(why.rejected, "record was", "records were")} set aside (listed below with ${why.rejected === 1 ? "its reason" : "their reasons"})`,
        ]
      : []),
    ...(why.gone ? [`${countOf(why.gone, "activity was", "activities were")} deleted at the source`] : []),
    ...(why.parts > 1 ? [`what stands in several of the ${why.parts} files is held once`] : []),
    ...(!why.seesAll ? ["what stands in private channels is not counted for your role"] : []),
  ];
  if (missing < 0) return `More is held than the last export says: earlier exports brought ${-missing} that it no longer has.`;
  return causes.length > 0
    ? `${missing} fewer: ${causes.join("; ")}.`
    : `${missing} fewer, for no reason that is known here. Bring the export in again; if the gap stays, report it.`;
}

/** Runs, newest first; of one source or of all. */
export async function listSyncs(ctx: Ctx, input: { sourceId?: string; after?: string; limit?: number }): Promise<Page<SyncRow>> {
  requireRole(ctx, teamRoles, { scope: "read" });
  const limit = Math.min(input.limit ?? 50, 200);
  const conditions = [sql`y.community_id = ${ctx.community.id}`];
  if (input.sourceId) conditions.push(sql`y.source_id = ${input.sourceId}`);
  if (input.after) {
    const [at, id] = decodeCursor(input.after, ["time", "id"]);
    conditions.push(sql`(y.started_at, y.id) < (${at}::timestamptz, ${id}::uuid)`);
  }
  const rows = await ctx.db.rows<SyncRow>(sql`
    SELECT ${syncColumns} FROM sync y JOIN source s ON s.community_id = y.community_id AND s.id = y.source_id
    WHERE ${sql.join(conditions, sql` AND `)} ORDER BY y.started_at DESC, y.id DESC LIMIT ${limit + 1}`);
  return toPage(rows, limit, (row) => [row.startedAt.toISOString(), row.id]);
}

/** One run with its progress; pages poll it while it goes. */
export async function getSync(ctx: Ctx, input: { syncId: string }): Promise<SyncRow | undefined> {
  requireRole(ctx, teamRoles, { scope: "read" });
  return ctx.db.first<SyncRow>(sql`
    SELECT ${syncColumns} FROM sync y JOIN source s ON s.community_id = y.community_id AND s.id = y.source_id
    WHERE y.community_id = ${ctx.community.id} AND y.id = ${input.syncId}`);
}

/** A run's log, oldest line first. */
export async function listSyncLog(
  ctx: Ctx,
  input: { syncId: string; limit?: number },
): Promise<{ at: Date; level: "info" | "warn" | "error"; message: string }[]> {
  requireRole(ctx, teamRoles, { scope: "read" });
  return ctx.db.rows(sql`
    SELECT at, level, message FROM sync_log WHERE community_id = ${ctx.community.id} AND sync_id = ${input.syncId} ORDER BY id LIMIT ${input.limit ?? 500}`);
}

export interface RejectedRow {
  stream: string;
  key: string;
  place: string;
  reason: string;
  remedy: string;
  excerpt: string | null;
  at: Date;
}

/** Records that were set aside, with what to do about each. */
export async function listRejected(ctx: Ctx, input: { sourceId: string; after?: string; limit?: number }): Promise<Page<RejectedRow>> {
  requireRole(ctx, teamRoles, { scope: "read" });
  const limit = Math.min(input.limit ?? 50, 200);
  const conditions = [sql`community_id = ${ctx.community.id}`, sql`source_id = ${input.sourceId}`];
  if (input.after) {
    const [stream, key] = decodeCursor(input.after, ["text", "text"]);
    conditions.push(sql`(stream, key) > (${stream}, ${key})`);
  }
  const rows = await ctx.db.rows<RejectedRow>(sql`
    SELECT stream, key, place, reason, remedy, excerpt, at FROM rejected_record WHERE ${sql.join(conditions, sql` AND `)}
    ORDER BY stream, key LIMIT ${limit + 1}`);
  return toPage(rows, limit, (row) => [row.stream, row.key]);
}
