import { resolve } from "node:path";
import type { Command } from "commander";
import { connectors } from "#connectors/index.ts";
import { AppError } from "#core/errors.ts";
import { countOf } from "#core/text/count-of.ts";
import { type Ctx, openAsSystem } from "#features/access/index.ts";
import {
  type Connector,
  checkFile,
  drainOutbox,
  type ImportPreview,
  type IngestCounts,
  openFile,
  previewImport,
  recognizeFile,
  replaySource,
  runImport,
  type SyncOutcome,
  withHeldSettings,
} from "#features/ledger/index.ts";
import { consumers } from "../consumers.ts";
import { createProgressBar } from "./progress-bar.ts";
import { openOrFoundCommunity, type Session } from "./session.ts";
import { settingFlags, settingsGiven } from "./setting-flags.ts";

export interface ImportOptions {
  community?: string;
  name?: string;
  json?: boolean;
  dryRun?: boolean;
  settings?: Record<string, unknown>;
}

/** `import [connector] <path>`, with the connectors' settings as flags. */
export function addImport(program: Command, run: (action: (session: Session) => Promise<unknown>) => Promise<void>): void {
  const command = withCommon(program.command("import"))
    .description("bring in an export, an archive or a repository; the connector is recognised when it is not named")
    .argument("[path]", "the file or folder")
    .action(async (path: string | undefined, options: ImportOptions) => {
      if (path === undefined) command.help({ error: true });
      await run((session) => importPath(session, { path: path ?? "", options }));
    });
  for (const connector of connectors.filter((one) => one.importFile)) {
    const flags = settingFlags(connector, "file");
    const sub = withCommon(command.command(connector.id))
      .aliases([...(connector.aliases ?? [])])
      .description(connector.summary)
      .argument("<path>", "the file or folder");
    for (const { option } of flags) sub.addOption(option);
    sub.action(async (path: string, given: ImportOptions & Record<string, unknown>) => {
      await run((session) => {
        const settings = settingsGiven(flags, given);
        return importPath(session, { path, connector, options: { ...sub.optsWithGlobals<ImportOptions>(), settings } });
      });
    });
  }
}

function withCommon(command: Command): Command {
  return command
    .option("--community <slug>", "the community it belongs to; founded when it does not exist")
    .option("--name <text>", "what to call the source")
    .option("--dry-run", "check the file and count what it holds; store nothing")
    .option("--json", "print one JSON object with the counts");
}

/** Brings one file in and works off what follows from it, so that counts are right when the command ends. */
export async function importPath(
  session: Session,
  input: { path: string; connector?: Connector; options: ImportOptions },
): Promise<SyncOutcome | undefined> {
  const { options } = input;
  const path = resolve(session.cwd, input.path);
  // Before the database is opened and the community founded: a wrong path or a broken file leaves no trace.
  const file = await openFile(path);
  const connector = input.connector ?? recognize(path, recognizeFile(connectors, file));
  if (options.dryRun) return tryRun(session, { connector, path, options });
  const settings = await settingsFor(session, { connector, path, options });
  const checked = await checkFile(await session.runtime(), { connector, path, settings, signal: session.signal });
  const ctx = await openOrFoundCommunity(session, options);
  const bar = createProgressBar(session);
  const startedMs = performance.now();
  let outcome: Awaited<ReturnType<typeof runImport>>;
  try {
    outcome = await runImport(ctx, {
      connector,
      path,
      settings,
      checked,
      sourceName: options.name,
      isSaid: Object.keys(options.settings ?? {}).length > 0,
      signal: session.signal,
      onProgress: (progress) =>
        bar.show({
          label: "Bringing in",
          done: progress.done,
          total: progress.total,
          unit: progress.unit,
          etaSeconds: progress.etaSeconds,
          detail: `${countOf(progress.counts.new.activities + progress.counts.changed.activities + progress.counts.same.activities, "activity", "activities")}, ${Math.round(progress.ratePerSecond).toLocaleString("en")}/s`,
        }),
    });
    // What was held before was read by other settings.
    if (outcome.needsReplay) await replaySource(ctx, { connector, sourceId: outcome.sourceId, signal: session.signal });
    await deriveNow(session, ctx, bar);
  } finally {
    bar.end();
  }
  if (options.json) session.out(JSON.stringify(countsOf(outcome.counts)));
  else session.out(summary(ctx, connector, outcome, performance.now() - startedMs));
  return outcome;
}

/** What was given, over what the community that is named holds of the file's source; one that is yet to be founded holds nothing. */
async function settingsFor(session: Session, input: { connector: Connector; path: string; options: ImportOptions }): Promise<unknown> {
  const { connector, path, options } = input;
  const settings = options.settings ?? {};
  if (!connector.peekOrigin || options.community === undefined) return settings;
  const ctx = await openAsSystem(await session.runtime(), { slug: options.community });
  return ctx ? withHeldSettings(ctx, { connector, path, settings, signal: session.signal }) : settings;
}

/** Works off what an import changed, as the server's jobs would, so that the next command sees it. */
export async function deriveNow(session: Session, ctx: Ctx, bar: ReturnType<typeof createProgressBar>): Promise<void> {
  const words: Record<string, string> = {
    rollup: "Counting",
    members: "Joining identities",
    questions: "Finding questions",
    signals: "Finding signals",
    search: "Indexing for search",
  };
  const states = new Map<string, { done: number; left: number }>();
  await drainOutbox(ctx, {
    consumers,
    communityId: ctx.community.id,
    signal: session.signal,
    onProgress: ({ consumer, done, left }) => {
      states.set(consumer, { done, left });
      const busy = [...states].filter(([, state]) => state.left > 0).map(([name]) => words[name] ?? name);
      const known = [...states.values()];
      const totals = known.map((state) => state.done + state.left);
      // Each change goes to every consumer: those that have not begun have as much before them as the others had.
      const total = totals.reduce((sum, each) => sum + each, 0) + (consumers.length - known.length) * Math.max(...totals);
      bar.show({
        label: busy.join(", ") || (words[consumer] ?? consumer),
        done: known.reduce((sum, state) => sum + state.done, 0),
        total,
        unit: "changes",
      });
    },
  });
}

function recognize(path: string, matches: ReturnType<typeof recognizeFile>): Connector {
  const [best] = matches;
  if (best) return best.connector;
  throw new AppError("unreadable_file", {
    public: `${path} is in no form that Causeway recognises. It reads: ${connectors
      .filter((one) => one.importFile)
      .map((one) => one.id)
      .join(", ")}. If it is one of these, name it: causeway import <connector> ${path}`,
  });
}

/** Says what an import would do, and stores nothing: not even the community. */
async function tryRun(
  session: Session,
  { connector, path, options }: { connector: Connector; path: string; options: ImportOptions },
): Promise<undefined> {
  const runtime = await session.runtime();
  const settings = await settingsFor(session, { connector, path, options });
  const checked = await checkFile(runtime, { connector, path, settings, signal: session.signal });
  const ctx = options.community === undefined ? undefined : await openAsSystem(runtime, { slug: options.community });
  const bar = createProgressBar(session);
  let preview: ImportPreview;
  try {
    preview = await previewImport(runtime, {
      ctx,
      connector,
      checked,
      signal: session.signal,
      onProgress: ({ done, total, unit, activities }) =>
        bar.show({ label: "Reading", done, total, unit, detail: countOf(activities, "activity", "activities") }),
    });
  } finally {
    bar.end();
  }
  if (options.json) {
    const { counts, ...rest } = preview;
    session.out(JSON.stringify({ dryRun: true, connector: connector.id, ...countsOf(counts), ...rest }));
    return undefined;
  }
  const { counts, setAside, leftOut, sourceId, name } = preview;
  const where = sourceId
    ? `goes on in the source «${name}»`
    : ctx
      ? "would be a new source"
      : "would be a new source; name a --community to compare with what it holds";
  const lines = [
    `${path} is ${connector.title} of «${name}» and ${where}. It would be:`,
    countLine("new", counts.new),
    countLine("changed", counts.changed),
    countLine("same", counts.same),
  ];
  if (counts.new.activities > 0) lines.push(`  ${listKinds(counts.activitiesByKind)}`);
  for (const { reason, remedy, place, n } of setAside) lines.push(`  ${n.toLocaleString("en")} set aside, first at ${place}: ${reason} ${remedy}`);
  for (const [reason, n] of Object.entries(leftOut)) lines.push(`  ${n.toLocaleString("en")} left out: ${reason}`);
  lines.push("Nothing was stored.");
  session.out(lines.join("\n"));
  return undefined;
}

/** One line of counts. */
export function countLine(label: string, of: { threads: number; activities: number; identities: number }): string {
  return `  ${label.padEnd(9)}${of.activities.toLocaleString("en").padStart(10)} activities ${of.threads.toLocaleString("en").padStart(9)} threads ${of.identities.toLocaleString("en").padStart(9)} identities`;
}

function countsOf(counts: IngestCounts): IngestCounts {
  const { new: fresh, changed, same, rejected, activitiesByKind } = counts;
  return { new: fresh, changed, same, rejected, activitiesByKind };
}

function summary(ctx: Ctx, connector: Connector, { counts, rejected }: SyncOutcome, ms: number): string {
  const lines = [
    `${connector.title} → ${ctx.community.slug}, in ${(ms / 1000).toFixed(1)} s`,
    countLine("new", counts.new),
    countLine("changed", counts.changed),
    countLine("same", counts.same),
  ];
  if (counts.new.activities > 0) lines.push(`  ${listKinds(counts.activitiesByKind)}`);
  if (rejected > 0)
    lines.push(
      `  ${countOf(rejected, "record was", "records were")} set aside, each with its reason: causeway sources --community ${ctx.community.slug} --rejected`,
    );
  return lines.join("\n");
}

function listKinds(kinds: Record<string, number>): string {
  return (
    Object.entries(kinds)
      .sort(([, a], [, b]) => b - a)
      .map(([kind, n]) => `${n.toLocaleString("en")} ${kind}`)
      .join(", ") || "no activities"
  );
}
