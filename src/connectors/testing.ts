import { open, stat } from "node:fs/promises";
import type { z } from "zod";
import { fixedClock } from "#core/clock.ts";
import type { CoreContext } from "#core/context.ts";
import { createLogger } from "#core/log.ts";
import type { Connector, FileIdentity, NormalizedBatch, NormalizedThread, RawRecord, RejectedRecord } from "#features/ledger/index.ts";

/** What a connector makes of a file, before anything is stored. */
export interface FileReading {
  identity: FileIdentity;
  records: RawRecord[];
  rejected: RejectedRecord[];
  chunks: number;
}

/**
 * Runs a connector over a file as an import does: recognised, inspected, read to the end.
 * @param settings as a person would give them; defaults are filled in
 */
export async function readFileWith<Schema extends z.ZodType>(
  connector: Connector<Schema>,
  path: string,
  settings: unknown = {},
): Promise<FileReading> {
  if (!connector.identifyFile || !connector.importFile) throw new Error(`${connector.id} takes no files`);
  const isDirectory = (await stat(path)).isDirectory();
  const input = {
    path,
    head: isDirectory ? Buffer.alloc(0) : await readHead(path),
    settings: connector.settings.parse(settings),
    signal: new AbortController().signal,
  };
  const ctx = offlineContext();
  const reading: FileReading = { identity: await connector.identifyFile(ctx, input), records: [], rejected: [], chunks: 0 };
  for await (const chunk of connector.importFile(ctx, input)) {
    // As stored: what does not survive JSON text would be lost by a replay.
    reading.records.push(...chunk.records.map((record) => ({ ...record, payload: JSON.parse(JSON.stringify(record.payload)) as unknown })));
    reading.rejected.push(...(chunk.rejected ?? []));
    reading.chunks++;
  }
  return reading;
}

async function readHead(path: string): Promise<Buffer> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(65_536), 0, 65_536, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

/** Connectors that read files need a clock and a log, never the database. */
function offlineContext(): CoreContext {
  const db = new Proxy(
    {},
    {
      get() {
        throw new Error("a connector reached for the database");
      },
    },
  ) as CoreContext["db"];
  return { db, clock: fixedClock("2026-11-25T12:00:00Z"), log: createLogger({ level: "silent" }) };
}

/** What many batches state together, in an order of its own, by the ledger's rules: the earliest statement of a thread stands. */
export function foldBatches(batches: readonly NormalizedBatch[]) {
  const threads = new Map<string, NormalizedThread>();
  const activities = new Map<string, unknown>();
  const identities = new Map<string, unknown>();
  const channels = new Map<string, unknown>();
  const links = new Map<string, unknown>();
  for (const batch of batches) {
    for (const channel of batch.channels) channels.set(channel.externalId, channel);
    for (const thread of batch.threads) {
      const known = threads.get(thread.externalId);
      if (!known || thread.openedAt < known.openedAt) threads.set(thread.externalId, thread);
    }
    for (const activity of batch.activities) activities.set(`${activity.kind} ${activity.externalId}`, activity);
    for (const identity of batch.identities) identities.set(`${identity.platform} ${identity.externalId}`, true);
    for (const link of batch.links ?? []) links.set(JSON.stringify(link), link);
  }
  const sorted = <T>(map: Map<string, T>) => [...map.entries()].sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    channels: sorted(channels),
    threads: sorted(threads),
    activities: sorted(activities),
    identities: sorted(identities),
    links: sorted(links),
  };
}

/** How many activities of each kind there are, each key counted once. */
export function countKinds(batches: readonly NormalizedBatch[]): Record<string, number> {
  const seen = new Map(batches.flatMap((batch) => batch.activities.map((a) => [`${a.kind} ${a.externalId}`, a.kind] as const)));
  const counts: Record<string, number> = {};
  for (const kind of seen.values()) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}
