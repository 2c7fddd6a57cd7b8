import { array, sql } from "#core/database/database.ts";
import { type Ctx, visibleTo } from "#features/access/index.ts";
import { addDays } from "./days.ts";

/** Days, both ends included. */
export interface Days {
  from: string;
  to: string;
}

/** What one source answers for, and what lies outside of it. */
export interface SourceCoverage {
  sourceId: string;
  source: string;
  /** The days it answers for; absent when it holds nothing yet. */
  covered?: Days;
  /** Why it says nothing of the days after those. */
  afterwards: string;
  /** A stream of it that was never fetched: what it would bring is missing on every day. */
  neverFetched?: string;
  /** Records that came and could not be used. Which days they are of is not known. */
  setAside: number;
}

/** Days of which a source says nothing, though a figure or a chart draws on it. */
export interface CoverageGap extends Days {
  sourceId: string;
  source: string;
  reason: string;
}

/** How far a span is covered by the sources that a figure draws on. */
export interface Coverage {
  gaps: CoverageGap[];
  setAside: { sourceId: string; source: string; n: number }[];
  /** All of it in words; absent when nothing is missing. */
  coverage?: string;
}

/**
 * From when to when the sources answer for what happened. A file answers from its first to its last activity, a live
 * source up to the day on which all of its streams were last fetched; what lies outside is unknown, and unknown is not
 * zero.
 * @param input.identityIds only the sources in which one of these was seen
 */
export async function coverSources(ctx: Ctx, input: { sourceId?: string; identityIds?: readonly string[] }): Promise<SourceCoverage[]> {
  const { sourceId, identityIds } = input;
  const rows = await ctx.db.rows<HeldSource>(sql`
    SELECT s.id AS "sourceId", s.name AS source, s.paused, held.first, held.last,
           live.fetched, live.failures, live.streams, live.never, pushed.last AS pushed, aside.n AS "setAside"
    FROM source s
    LEFT JOIN (
      SELECT d.source_id, min(d.day) AS first, max(d.day) AS last FROM activity_day d WHERE ${visibleTo(ctx, "d")} GROUP BY d.source_id
    ) held ON held.source_id = s.id
    LEFT JOIN LATERAL (
      SELECT count(*)::int AS streams, to_char(min(m.last_success_at) AT TIME ZONE ${ctx.community.timeZone}, 'YYYY-MM-DD') AS fetched,
             coalesce(max(m.failures), 0) AS failures, min(m.name) FILTER (WHERE m.last_success_at IS NULL) AS never
      FROM stream m WHERE m.community_id = s.community_id AND m.source_id = s.id AND m.next_run_at IS NOT NULL
    ) live ON true
    LEFT JOIN LATERAL (
      SELECT to_char(max(x.finished_at) AT TIME ZONE ${ctx.community.timeZone}, 'YYYY-MM-DD') AS last FROM sync x
      WHERE x.community_id = s.community_id AND x.source_id = s.id AND x.state = 'done' AND x.trigger IN ('schedule', 'manual', 'webhook')
    ) pushed ON true
    LEFT JOIN LATERAL (
      SELECT count(*)::int AS n FROM rejected_record r WHERE r.community_id = s.community_id AND r.source_id = s.id
    ) aside ON true
    WHERE s.community_id = ${ctx.community.id} ${sourceId ? sql`AND s.id = ${sourceId}` : sql``}
      ${identityIds ? sql`AND s.id IN (SELECT i.source_id FROM identity_activity i WHERE i.community_id = s.community_id AND i.identity_id = ANY(${array(identityIds, "uuid")}) AND ${visibleTo(ctx, "i")})` : sql``}
      AND (held.first IS NOT NULL OR live.streams > 0 OR aside.n > 0)
    ORDER BY s.name, s.id`);
  return rows.map(toCoverage);
}

interface HeldSource {
  sourceId: string;
  source: string;
  paused: boolean;
  first: string | null;
  last: string | null;
  fetched: string | null;
  failures: number;
  streams: number;
  never: string | null;
  pushed: string | null;
  setAside: number;
}

function toCoverage(row: HeldSource): SourceCoverage {
  const { sourceId, source, setAside, first, last } = row;
  const isLive = row.streams > 0;
  // A stream that is behind takes the whole source back: what it would have brought since is not known.
  const answered = isLive ? row.fetched : row.pushed;
  const to = isLive && row.fetched !== null ? row.fetched : latest(last, answered);
  return {
    sourceId,
    source,
    setAside,
    ...(first !== null && to !== null && { covered: { from: first, to: to < first ? first : to } }),
    afterwards: afterwards(row, isLive),
    ...(isLive && row.never !== null && { neverFetched: row.never }),
  };
}

function afterwards({ paused, failures, fetched }: HeldSource, isLive: boolean): string {
  if (paused) return "the source is paused";
  if (failures > 0) return `fetching has failed ${failures === 1 ? "once" : `${failures} times in a row`} since`;
  if (!isLive) return "nothing newer is held";
  return fetched === null ? "it has not been fetched yet" : "it has not been fetched since";
}

function latest(x: string | null, y: string | null): string | null {
  if (x === null || y === null) return x ?? y;
  return x > y ? x : y;
}

/** Whether some source covers any of these days. */
export function isCovered(sources: readonly SourceCoverage[], days: Days): boolean {
  return sources.some(({ covered }) => covered !== undefined && covered.from <= days.to && covered.to >= days.from);
}

/** What of a span is missing, source by source, as days with their reasons and in words. */
export function describeCoverage(sources: readonly SourceCoverage[], span: Days): Coverage {
  const gaps = sources.flatMap((source) => gapsOf(source, span));
  const setAside = sources.flatMap(({ sourceId, source, setAside: n }) => (n > 0 ? [{ sourceId, source, n }] : []));
  const words = [spanWords(sources, gaps, span), ...asideWords(setAside)].filter((part) => part !== undefined).join(" ");
  return { gaps, setAside, ...(words !== "" && { coverage: words }) };
}

function gapsOf({ sourceId, source, covered, afterwards: reason, neverFetched }: SourceCoverage, span: Days): CoverageGap[] {
  const clip = (days: Days, why: string): CoverageGap[] => {
    const from = days.from > span.from ? days.from : span.from;
    const to = days.to < span.to ? days.to : span.to;
    return from <= to ? [{ sourceId, source, from, to, reason: why }] : [];
  };
  if (!covered) return clip(span, neverFetched === undefined ? "nothing of it is held" : reason);
  return [
    ...clip({ from: span.from, to: addDays(covered.from, -1) }, "nothing older is held"),
    ...clip({ from: addDays(covered.to, 1), to: span.to }, reason),
    ...(neverFetched === undefined ? [] : clip(covered, `«${neverFetched}» was never fetched`)),
  ];
}

const namedMax = 4;

function spanWords(sources: readonly SourceCoverage[], gaps: readonly CoverageGap[], span: Days): string | undefined {
  if (!sources.some(({ covered }) => covered)) return "No source holds anything yet.";
  if (!isCovered(sources, span)) return "No source covers any day of this span.";
  if (gaps.length === 0) return undefined;
  const bySource = [...Map.groupBy(gaps, ({ sourceId }) => sourceId).values()];
  const parts = bySource.slice(0, namedMax).map((of) => `${of[0]?.source} ${of.map((gap) => gapWords(gap, span)).join(", ")}`);
  const more = bySource.length - namedMax;
  return `Not all sources cover the whole span. Missing: ${parts.join("; ")}${more > 0 ? `; and ${more} more` : ""}.`;
}

function gapWords({ from, to, reason }: CoverageGap, span: Days): string {
  const days =
    from === span.from && to === span.to ? "all of it" : from === span.from ? `up to ${to}` : to === span.to ? `from ${from}` : `${from} to ${to}`;
  return `${days} (${reason})`;
}

function asideWords(setAside: Coverage["setAside"]): string[] {
  if (setAside.length === 0) return [];
  const named = setAside.slice(0, namedMax).map(({ source, n }) => `${n.toLocaleString("en")} of ${source}`);
  const more = setAside.length - named.length;
  return [`Records that were set aside are in no figure: ${named.join(", ")}${more > 0 ? ` and of ${more} more sources` : ""}.`];
}

/** How far the sources cover a span, for what is drawn without being a metric. */
export async function readCoverage(ctx: Ctx, input: { span: Days; identityIds?: readonly string[] }): Promise<Coverage & { uncovered: Days[] }> {
  const sources = await coverSources(ctx, input.identityIds ? { identityIds: input.identityIds } : {});
  return { ...describeCoverage(sources, input.span), uncovered: uncoveredDays(sources, input.span) };
}

/** The stretches of a span that no source covers. */
function uncoveredDays(sources: readonly SourceCoverage[], span: Days): Days[] {
  const covered = sources.flatMap((source) => source.covered ?? []).sort((x, y) => (x.from < y.from ? -1 : 1));
  const open: Days[] = [];
  let next = span.from;
  for (const { from, to } of covered) {
    if (from > next && next <= span.to) open.push({ from: next, to: from > span.to ? span.to : addDays(from, -1) });
    if (to >= next) next = addDays(to, 1);
  }
  if (next <= span.to) open.push({ from: next, to: span.to });
  return open;
}
