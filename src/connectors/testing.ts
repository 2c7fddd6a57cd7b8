import { mkdtempSync } from "node:fs";
import { mkdtemp, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { z } from "zod";
import { fixedClock } from "#core/clock.ts";
import type { CoreContext } from "#core/context.ts";
import { createHttpClient, type HttpClient } from "#core/http.ts";
import { createLogger } from "#core/log.ts";
import {
  type Connector,
  type FileIdentity,
  type NormalizedBatch,
  type NormalizedThread,
  openFile,
  type RawRecord,
  type RecordChunk,
  type RejectedRecord,
} from "#features/ledger/index.ts";

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
  const input = {
    path,
    head: (await openFile(path)).rawHead,
    settings: connector.settings.parse(settings),
    signal: new AbortController().signal,
  };
  const ctx = offlineContext();
  const { noted, ...identity } = await connector.identifyFile(ctx, input);
  const reading: FileReading = { identity, records: [], rejected: [], chunks: 0 };
  for await (const chunk of connector.importFile(ctx, { ...input, noted })) {
    // As stored: what does not survive JSON text would be lost by a replay.
    reading.records.push(...chunk.records.map((record) => ({ ...record, payload: JSON.parse(JSON.stringify(record.payload)) as unknown })));
    reading.rejected.push(...(chunk.rejected ?? []));
    reading.chunks++;
  }
  return reading;
}

/** What a pull brought, chunk by chunk. */
export interface PullReading {
  chunks: RecordChunk[];
  records: RawRecord[];
  /** The last cursor. */
  cursor: unknown;
}

/** Pulls a stream to its end, as a run does. */
export async function pullWith<Schema extends z.ZodType>(
  connector: Connector<Schema>,
  input: { stream: string; settings: unknown; cursor?: unknown; http: HttpClient; signal?: AbortSignal; workDir?: string },
): Promise<PullReading> {
  if (!connector.pull) throw new Error(`${connector.id} cannot be pulled`);
  const reading: PullReading = { chunks: [], records: [], cursor: input.cursor };
  const pull = connector.pull(offlineContext(), {
    ...input,
    settings: connector.settings.parse(input.settings),
    cursor: input.cursor,
    workDir: input.workDir ?? mkdtempSync(join(tmpdir(), "causeway-work-")),
    signal: input.signal ?? new AbortController().signal,
  });
  for await (const chunk of pull) {
    // As stored: a cursor and a payload come back from JSON.
    const kept = JSON.parse(JSON.stringify(chunk)) as RecordChunk;
    reading.chunks.push(kept);
    reading.records.push(...kept.records);
    if (kept.cursor !== undefined) reading.cursor = kept.cursor;
  }
  return reading;
}

/** A server on this machine that stands for a remote service. */
export interface LocalServer {
  url: string;
  /** What was asked, in order. */
  requests: { method: string; path: string; headers: IncomingMessage["headers"]; body: string }[];
  close(): Promise<void>;
}

/** Starts a server whose every answer the test writes, after what the service documents. */
export async function startLocalServer(
  answer: (
    request: { method: string; url: URL; headers: IncomingMessage["headers"]; body: string },
    response: ServerResponse,
  ) => void | Promise<void>,
): Promise<LocalServer> {
  const requests: LocalServer["requests"] = [];
  const server = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const body = Buffer.concat(parts).toString("utf8");
    const url = new URL(request.url ?? "/", "http://127.0.0.1");
    const method = request.method ?? "GET";
    requests.push({ method, path: `${url.pathname}${url.search}`, headers: request.headers, body });
    await answer({ method, url, headers: request.headers, body }, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

/** The real client, allowed to reach this machine, with pauses short enough for a test. */
export function createLocalHttp(): HttpClient {
  return createHttpClient({
    config: { outboundAllow: ["127.0.0.1"], outboundTimeoutMs: 10_000, outboundMaxBytes: 50_000_000 },
    log: createLogger({ level: "silent" }),
    firstPauseMs: 5,
  });
}

/** The real client, with the waits that a run would show written down. */
export function createWatchedHttp(): { http: HttpClient; waits: { until: Date; reason: string }[] } {
  const http = createLocalHttp();
  const waits: { until: Date; reason: string }[] = [];
  const onWait = ({ until, reason }: { until: Date; reason: string }) => void waits.push({ until, reason });
  return {
    waits,
    http: {
      ...http,
      request: (request) => http.request({ ...request, onWait }),
      pause: (pause) => http.pause({ ...pause, onWait }),
    },
  };
}

/** For pulls that reach nothing. */
export const noHttp: HttpClient = {
  request: () => Promise.reject(new Error("a test reached for the network")),
  pause: () => Promise.resolve(),
  close: () => Promise.resolve(),
};

/** Connectors that read files need a clock and a log, never the database. */
export function offlineContext(): CoreContext {
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
  const channels = new Map<string, NormalizedBatch["channels"][number]>();
  const links = new Map<string, unknown>();
  for (const batch of batches) {
    for (const channel of batch.channels) {
      const known = channels.get(channel.externalId);
      if (!channel.partial || !known || known.partial) channels.set(channel.externalId, channel);
    }
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

/** A file of this name and content, in a folder of its own. */
export async function scratch(name: string, content: string | Uint8Array): Promise<string> {
  const path = join(await mkdtemp(join(tmpdir(), "causeway-scratch-")), name);
  await writeFile(path, content);
  return path;
}
