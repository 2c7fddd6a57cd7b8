import type { DatabaseKind, Stage } from "./options.ts";

/** One run to be made, handed to the process that makes it. */
export interface CaseInput {
  database: DatabaseKind;
  size: number;
  seed: number;
  stages: Stage[];
}

/** Times in milliseconds of something done many times. */
export interface Times {
  runs: number;
  p50: number;
  p95: number;
  max: number;
}

/** What a run measured; what was not asked for is absent. */
export interface CaseResult {
  database: DatabaseKind;
  size: number;
  activities: number;
  threads: number;
  identities: number;
  /** Making the records and their JSON alone, without a database. */
  generate?: { seconds: number; perSecond: number };
  /** From the generator to committed rows, consumers not counted. */
  ingest: { seconds: number; perSecond: number };
  memory: {
    /** The largest resident size of the process in each tenth of the ingest, in MB. The embedded database is in it. */
    rssPerTenth: number[];
    /** The largest JavaScript heap in each tenth, in MB. */
    heapPerTenth: number[];
  };
  /** What the consumers took to catch up, in seconds, in all and each. */
  derive?: { seconds: number; perSecond: number; each: Record<string, number>; peakRss: number };
  databaseMb: number;
  reimport?: { seconds: number; timesFaster: number };
  /** The features' own queries. */
  read?: Record<string, Times>;
  /** The same as pages, over HTTP, signed in. */
  pages?: Record<string, Times>;
  portal?: { requestsPerSecond: number; p50: number; p99: number; bytes: number };
}

/** @param durations in milliseconds, at least one */
export function summarize(durations: readonly number[]): Times {
  const sorted = [...durations].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
  return { runs: sorted.length, p50: at(0.5), p95: at(0.95), max: at(1) };
}
