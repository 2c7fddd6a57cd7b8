import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { z } from "zod";
import type { HttpClient } from "#core/http.ts";
import type { Connector, ListenState, RawRecord } from "#features/ledger/index.ts";
import { offlineContext } from "./testing.ts";

/** A listener under way, with what it said and brought. */
export interface ListenerUnderTest {
  states: ListenState[];
  records: RawRecord[];
  /** May hold records up, or refuse them. */
  keep: (records: readonly RawRecord[]) => Promise<void>;
  /** Aborts it and waits for its end. @throws what it threw */
  stop(): Promise<void>;
  /** Settles when it ends by itself. */
  ended: Promise<unknown>;
}

/** Runs a connector's listener as a server does. @param input.settings as a person would give them */
export function listenWith<Schema extends z.ZodType>(
  connector: Connector<Schema>,
  input: { settings: unknown; http: HttpClient; workDir?: string },
): ListenerUnderTest {
  if (!connector.listen) throw new Error(`${connector.id} does not listen`);
  const abort = new AbortController();
  const under: ListenerUnderTest = {
    states: [],
    records: [],
    keep: () => Promise.resolve(),
    stop: async () => {
      abort.abort();
      const failure = await under.ended;
      if (failure !== undefined) throw failure;
    },
    ended: Promise.resolve(),
  };
  under.ended = connector.listen
    .run(offlineContext(), {
      settings: connector.settings.parse(input.settings),
      http: input.http,
      workDir: input.workDir ?? mkdtempSync(join(tmpdir(), "causeway-listen-")),
      signal: abort.signal,
      async receive(records) {
        await under.keep(records);
        // As stored: what does not survive JSON text would be lost by a replay.
        under.records.push(...(JSON.parse(JSON.stringify(records)) as RawRecord[]));
      },
      onState: (state) => under.states.push(state),
    })
    .then(
      () => undefined,
      (error: unknown) => error,
    );
  return under;
}
