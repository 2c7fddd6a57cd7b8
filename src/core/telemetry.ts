import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";

export type IngestOutcome = "new" | "changed" | "same" | "rejected";

export interface GaugeValue {
  labels: Record<string, string>;
  value: number;
}

/** What the process measures about itself, for Prometheus. */
export interface Telemetry {
  observeRequest(route: string, status: number, durationMs: number): void;
  observeQuery(durationMs: number): void;
  observeJob(name: string, outcome: "done" | "failed", durationMs: number): void;
  observeOutbound(host: string, status: number | "error", durationMs: number): void;
  observePageCache(outcome: "hit" | "miss" | "bypass"): void;
  /** Counts activities that this process brought in: new, changed, the same as held, or rejected. */
  observeIngest(outcome: IngestOutcome, n: number): void;
  /** Values read at the moment of the scrape, such as the search lag; a gauge of the same name is replaced. */
  gauge(name: string, help: string, labels: readonly string[], read: () => Promise<GaugeValue[]>): void;
  /** The text that Prometheus reads, with its content type. */
  expose(): Promise<{ body: string; contentType: string }>;
}

const seconds = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/**
 * Makes a registry of its own.
 * @param options.process adds the process's memory, CPU and event loop; off in tests
 */
export function createTelemetry(options: { process?: boolean } = {}): Telemetry {
  const registry = new Registry();
  const registers = [registry];
  if (options.process) collectDefaultMetrics({ register: registry });
  const requests = new Histogram({
    name: "causeway_http_request_seconds",
    help: "Requests by route and status",
    labelNames: ["route", "status"],
    buckets: seconds,
    registers,
  });
  const queries = new Histogram({ name: "causeway_database_query_seconds", help: "Database statements", buckets: seconds, registers });
  const jobs = new Histogram({
    name: "causeway_job_seconds",
    help: "Jobs by name and outcome",
    labelNames: ["job", "outcome"],
    buckets: [...seconds, 60, 300, 900],
    registers,
  });
  const outbound = new Histogram({
    name: "causeway_outbound_request_seconds",
    help: "Requests to other servers",
    labelNames: ["host", "status"],
    buckets: seconds,
    registers,
  });
  const pages = new Counter({ name: "causeway_page_cache_total", help: "Public pages by cache outcome", labelNames: ["outcome"], registers });
  const ingested = new Counter({
    name: "causeway_ingested_activities_total",
    help: "Activities brought in, by what became of them",
    labelNames: ["outcome"],
    registers,
  });
  return {
    observeRequest: (route, status, durationMs) => requests.observe({ route, status: String(status) }, durationMs / 1000),
    observeQuery: (durationMs) => queries.observe(durationMs / 1000),
    observeJob: (job, outcome, durationMs) => jobs.observe({ job, outcome }, durationMs / 1000),
    observeOutbound: (host, status, durationMs) => outbound.observe({ host, status: String(status) }, durationMs / 1000),
    observePageCache: (outcome) => pages.inc({ outcome }),
    observeIngest: (outcome, n) => ingested.inc({ outcome }, n),
    gauge: (name, help, labels, read) => {
      registry.removeSingleMetric(name);
      new Gauge({
        name,
        help,
        labelNames: [...labels],
        registers,
        async collect() {
          // A figure that cannot be read now is left out of this scrape; the others still go out.
          const values = await read().catch((): GaugeValue[] => []);
          this.reset();
          for (const { labels: given, value } of values) this.set(given, value);
        },
      });
    },
    expose: async () => ({ body: await registry.metrics(), contentType: registry.contentType }),
  };
}
