import type { Command } from "commander";
import { loadSample } from "#connectors/sample/load.ts";
import { countOf } from "#core/text/count-of.ts";
import { deriveNow } from "./import.ts";
import { createProgressBar } from "./progress-bar.ts";
import { openOrFoundCommunity, type Session } from "./session.ts";

type Run = (action: (session: Session) => Promise<unknown>) => Promise<void>;

/** `sample`: a made-up community to try things with. */
export function addSample(program: Command, run: Run): void {
  program
    .command("sample")
    .description("fill a community with a made-up one, to try Causeway with")
    .option("--community <slug>", "which community; founded when it does not exist", "lantern")
    .option("--activities <n>", "about how many activities, from 1,000 to 50 million", (text) => Number(text), 20_000)
    .option("--seed <n>", "the same seed makes the same community", (text) => Number(text), 1)
    .option("--json", "print one JSON object")
    .action((options: SampleOptions) => run((session) => fillSample(session, options)));
}

interface SampleOptions {
  community: string;
  activities: number;
  seed: number;
  json?: boolean;
}

/** Brings the sample in and works off what follows from it. */
export async function fillSample(session: Session, options: SampleOptions): Promise<void> {
  const ctx = await openOrFoundCommunity(session, options);
  const bar = createProgressBar(session);
  const startedMs = performance.now();
  try {
    const { counts, sources } = await loadSample(ctx, {
      activities: options.activities,
      seed: options.seed,
      signal: session.signal,
      onProgress: (progress) =>
        bar.show({ label: progress.source, ...progress, unit: "records", detail: `${progress.ratePerSecond.toLocaleString("en")} activities/s` }),
    });
    await deriveNow(session, ctx, bar);
    bar.end();
    const { new: fresh } = counts;
    if (options.json) session.out(JSON.stringify({ community: ctx.community.slug, sources, ...counts }));
    else
      session.out(
        `${ctx.community.slug}: ${countOf(fresh.activities, "new activity", "new activities")} in ${countOf(fresh.threads, "thread")} by ${countOf(fresh.identities, "identity", "identities")}, in ${((performance.now() - startedMs) / 1000).toFixed(1)} s`,
      );
  } finally {
    bar.end();
  }
}
