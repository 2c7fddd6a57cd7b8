import type { CoreContext } from "#core/context.ts";
import { array, sql } from "#core/database/database.ts";
import { newId } from "#core/ids.ts";
import { type Ctx, editorRoles, requireRole } from "../access/index.ts";
import type { RawRecord } from "./batch.ts";
import type { Connector, RecordChunk } from "./connector.ts";
import { holdsRecords, parseSettings } from "./import-file.ts";
import { runRecords, type SyncOutcome } from "./run-records.ts";
import { cleanPayload } from "./source-privacy.ts";
import { maskSettings } from "./source-settings.ts";
import { refusePaused, requireSource, type SourceRef } from "./sources.ts";

/** The stream under which the runs of the inbox are noted; records keep the streams they came under. */
const inboxStream = "inbox";
const recordsPerChunk = 500;

/**
 * Keeps records that came by themselves until `takeInbox` takes them in; nothing is read yet.
 * @throws AppError `paused`
 */
export async function receiveRecords(ctx: Ctx, input: { source: SourceRef; records: readonly RawRecord[] }): Promise<void> {
  const { records, source } = input;
  refusePaused(source);
  if (records.length === 0) return;
  await ctx.db.execute(sql`
    INSERT INTO inbox_record (community_id, source_id, id, stream, external_id, payload, as_of, received_at)
    SELECT ${ctx.community.id}, ${source.id}, id, stream, external_id, payload, as_of, ${ctx.clock.now()}
    FROM unnest(${array(
      records.map(() => newId()),
      "uuid",
    )}, ${array(
      records.map((record) => record.stream),
      "text",
    )}, ${array(
      records.map((record) => record.externalId),
      "text",
    )}, ${array(
      records.map((record) => cleanPayload(JSON.stringify(record.payload), source.privacy)),
      "text",
    )}, ${array(
      records.map((record) => record.asOf ?? null),
      "timestamptz",
    )}) AS n(id, stream, external_id, payload, as_of)`);
}

/**
 * Takes in what waits in a source's inbox, in the order in which it came. A record leaves the inbox only after it is
 * stored, so a crash takes it in twice at most, which changes nothing.
 * @returns undefined when nothing waits, or the source is paused: what waits is kept until it goes on
 * @throws AppError `busy` while another run is at work on the source, `paused` when it is paused meanwhile
 */
export async function takeInbox(ctx: Ctx, input: { connector: Connector; sourceId: string; signal?: AbortSignal }): Promise<SyncOutcome | undefined> {
  requireRole(ctx, editorRoles, { scope: "import" });
  const source = await requireSource(ctx, input.sourceId);
  if (source.paused) return undefined;
  const scope = sql`community_id = ${ctx.community.id} AND source_id = ${source.id}`;
  const last = await ctx.db.first<{ id: string | null }>(sql`SELECT id FROM inbox_record WHERE ${scope} ORDER BY id DESC LIMIT 1`);
  if (!last?.id) return undefined;
  const upTo = last.id;
  const outcome = await runRecords(ctx, {
    source,
    connector: input.connector,
    // Reading a record needs none of the secrets.
    settings: parseSettings(input.connector, maskSettings(input.connector, source.settings)),
    stream: inboxStream,
    trigger: "webhook",
    fresh: !(await holdsRecords(ctx, source.id)),
    force: false,
    chunks: () => readInbox(ctx, { sourceId: source.id, upTo }),
    signal: input.signal,
  });
  await ctx.db.execute(sql`DELETE FROM inbox_record WHERE ${scope} AND id <= ${upTo}`);
  return outcome;
}

async function* readInbox(ctx: Ctx, input: { sourceId: string; upTo: string }): AsyncGenerator<RecordChunk> {
  let after = "00000000-0000-0000-0000-000000000000";
  let done = 0;
  for (;;) {
    const rows = await ctx.db.rows<{ id: string; stream: string; externalId: string; payload: string; asOf: Date | null }>(sql`
      SELECT id, stream, external_id AS "externalId", payload, as_of AS "asOf" FROM inbox_record
      WHERE community_id = ${ctx.community.id} AND source_id = ${input.sourceId} AND id > ${after} AND id <= ${input.upTo}
      ORDER BY id LIMIT ${recordsPerChunk}`);
    const last = rows.at(-1);
    if (!last) return;
    after = last.id;
    done += rows.length;
    const records = rows.map(({ stream, externalId, payload, asOf }) => ({
      stream,
      externalId,
      payload: JSON.parse(payload) as unknown,
      ...(asOf ? { asOf: asOf.toISOString() } : {}),
    }));
    yield { records, progress: { done, unit: "records" } };
  }
}

/** Sources of every community in whose inbox something waits: those that went on again after a pause, and those whose job gave up. */
export function listWaitingInboxes(core: CoreContext): Promise<{ communityId: string; sourceId: string; connector: string }[]> {
  return core.db.rows(sql`
    SELECT s.community_id AS "communityId", s.id AS "sourceId", s.connector
    FROM (SELECT DISTINCT community_id, source_id FROM inbox_record) i
    JOIN source s ON s.community_id = i.community_id AND s.id = i.source_id
    WHERE NOT s.paused`);
}

/** How many records wait in a source's inbox. */
export async function countInbox(ctx: Ctx, input: { sourceId: string }): Promise<number> {
  const row = await ctx.db.first<{ n: number }>(
    sql`SELECT count(*) AS n FROM inbox_record WHERE community_id = ${ctx.community.id} AND source_id = ${input.sourceId}`,
  );
  return row?.n ?? 0;
}
