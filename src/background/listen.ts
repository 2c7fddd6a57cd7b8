import { setTimeout as sleep } from "node:timers/promises";
import { connectors } from "#connectors/index.ts";
import { AppError, toAppError } from "#core/errors.ts";
import { growingPause } from "#core/growing-pause.ts";
import { newId } from "#core/ids.ts";
import type { Services } from "#core/services.ts";
import { openAsSystem } from "#features/access/index.ts";
import {
  type Connector,
  claimListener,
  forgetListener,
  isCalled,
  isListenedTo,
  type ListenableSource,
  type ListenState,
  leaseMs,
  listListenable,
  noteListener,
  releaseListener,
  renewListeners,
  runListener,
} from "#features/ledger/index.ts";
import { pullServices, takeInboxJob } from "./sync-source.ts";

/** Listeners under way in this process. */
export interface Listening {
  /** Lets what has come be kept, closes the connections, and gives the sources free to other processes. */
  stop(): Promise<void>;
}

interface Running {
  source: ListenableSource;
  abort: AbortController;
  /** When the lease was last known to be ours, by a clock that only goes forward. */
  leasedAt: number;
  done: Promise<void>;
}

/** What only people can mend: it is not tried again before the settings change. */
const lasting = new Set<string>(["forbidden", "invalid_input", "not_found"] satisfies AppError["code"][]);

/**
 * Listens to every live source that sends by itself and is asked to, each in one process at a time however many run.
 * Sources that are added, changed, paused or removed are noticed within some seconds.
 * @param options.connectors for tests: others than the product's
 */
export function startListening(services: Services, options: { everyMs?: number; connectors?: readonly Connector[] } = {}): Listening {
  const { everyMs = 5000 } = options;
  const able = (options.connectors ?? connectors).filter(({ listen }) => listen);
  const owner = newId();
  const running = new Map<string, Running>();
  const stopping = new AbortController();

  const start = (source: ListenableSource, connector: Connector) => {
    const abort = new AbortController();
    const key = { communityId: source.communityId, sourceId: source.sourceId, owner };
    const done = listenOn(services, { key, connector, signal: abort.signal }).then(async () => {
      running.delete(source.sourceId);
      await releaseListener(services, key).catch((error: unknown) =>
        services.log.warn({ err: error, sourceId: source.sourceId }, "a lease ends by itself"),
      );
    });
    running.set(source.sourceId, { source, abort, leasedAt: performance.now(), done });
  };

  const look = async () => {
    await keepLeases(services, { owner, running });
    const sources = await listListenable(services, { connectors: able.flatMap(({ id, aliases = [] }) => [id, ...aliases]) });
    const wanted = new Map<string, Connector>();
    for (const source of sources) {
      const connector = able.find((one) => isCalled(one, source.connector));
      if (connector && isListenedTo(connector, source)) wanted.set(source.sourceId, connector);
    }
    const current = new Map(sources.map((source) => [source.sourceId, source]));
    // It may have something to finish; the next look goes on from there.
    for (const [sourceId, { source, abort }] of running) {
      if (!wanted.has(sourceId) || current.get(sourceId)?.fingerprint !== source.fingerprint) abort.abort();
    }
    for (const source of sources) {
      if (stopping.signal.aborted) return;
      const { communityId, sourceId, fingerprint, listener } = source;
      const connector = wanted.get(sourceId);
      if (running.has(sourceId)) continue;
      if (connector && (await claimListener(services, { communityId, sourceId, owner, fingerprint }))) start(source, connector);
      else if (!connector && listener && (!listener.isLeased || listener.owner === owner)) {
        await forgetListener(services, { communityId, sourceId, owner: listener.owner });
      }
    }
  };

  const loop = (async () => {
    while (!stopping.signal.aborted) {
      await look().catch((error: unknown) => {
        services.log.warn({ err: error }, "the sources to listen to could not be looked through");
        dropLostLeases(running);
      });
      await sleep(everyMs, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  })();

  return {
    async stop() {
      stopping.abort();
      await loop;
      for (const { abort } of running.values()) abort.abort();
      await Promise.all([...running.values()].map(({ done }) => done));
    },
  };
}

async function keepLeases(services: Services, { owner, running }: { owner: string; running: Map<string, Running> }): Promise<void> {
  const asked = performance.now();
  const held = new Set(await renewListeners(services, { owner, sources: [...running.values()].map(({ source }) => source) }));
  for (const [sourceId, one] of running) {
    if (held.has(sourceId)) one.leasedAt = asked;
    else one.abort.abort();
  }
}

/** While the database cannot be reached, another process may have taken over what we could not hold on to. */
function dropLostLeases(running: ReadonlyMap<string, Running>): void {
  for (const { leasedAt, abort } of running.values()) if (performance.now() - leasedAt > leaseMs) abort.abort();
}

/** Listens to one source, again and again, until the signal aborts or only people can mend what is wrong. Never throws. */
async function listenOn(
  services: Services,
  input: { key: { communityId: string; sourceId: string; owner: string }; connector: Connector; signal: AbortSignal },
): Promise<void> {
  const { key, connector, signal } = input;
  const { communityId, sourceId } = key;
  const log = services.log.child({ sourceId, connector: connector.id });
  // One after the other, so that what is noted last is what is so.
  let noting = Promise.resolve();
  const note = (to: ListenState | { state: "failed"; reason: string }) => {
    const words = { connecting: "connecting", connected: "connected", waiting: "the connection is not there", failed: "listening has failed" };
    log[to.state === "connected" || to.state === "connecting" ? "info" : "warn"](
      { ...("reason" in to && { reason: to.reason }) },
      `listening: ${words[to.state]}`,
    );
    noting = noting.then(() =>
      noteListener(services, { ...key, to }).catch((error: unknown) => log.warn({ err: error }, "a listener's state could not be noted")),
    );
  };
  for (let failures = 0; !signal.aborted; failures++) {
    const began = performance.now();
    try {
      const ctx = await openAsSystem(services, { communityId });
      if (!ctx) break;
      await runListener(ctx, {
        connector,
        sourceId,
        services: pullServices(services),
        signal,
        onState: note,
        onReceived: async () => {
          await services.jobs.send(takeInboxJob, { communityId, sourceId, connector: connector.id }, { key: sourceId });
        },
      });
      if (!signal.aborted) throw new AppError("upstream_failed", { public: `${connector.title} ended the connection.` });
    } catch (error) {
      if (signal.aborted) break;
      const failure = toAppError(error);
      if (lasting.has(failure.code)) {
        note({ state: "failed", reason: failure.message });
        break;
      }
      if (failure.status >= 500 && failure.code === "internal") log.error({ err: error }, "a listener broke");
      if (performance.now() - began > 10 * 60_000) failures = 0;
      note({ state: "waiting", reason: failure.message });
      await sleep(growingPause(failures), undefined, { signal }).catch(() => undefined);
    }
  }
  await noting;
}
