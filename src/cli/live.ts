import type { Command } from "commander";
import { pullServices } from "#app/background/sync-source.ts";
import { connectors, findConnector } from "#connectors/index.ts";
import { AppError } from "#core/errors.ts";
import { addLiveSource, type Connector, listSources, pullSource, tryConnection } from "#features/ledger/index.ts";
import { countLine, deriveNow } from "./import.ts";
import { createProgressBar } from "./progress-bar.ts";
import { openNamedCommunity, openOrFoundCommunity, type Session } from "./session.ts";
import { settingFlags, settingsGiven } from "./setting-flags.ts";

type Run = (action: (session: Session) => Promise<unknown>) => Promise<void>;

interface LiveOptions {
  community?: string;
  name?: string;
  try?: boolean;
  json?: boolean;
}

/** `connect` and `sync`: live sources. */
export function addLive(program: Command, run: Run): void {
  const connect = program.command("connect").description("add a live source: its settings are tried, then it is fetched");
  for (const connector of connectors.filter((one) => one.connect)) {
    const flags = settingFlags(connector, "live");
    const command = connect
      .command(connector.id)
      .description(connector.summary)
      .option("--community <slug>", "the community it belongs to; founded when it does not exist")
      .option("--name <text>", "what to call the source")
      .option("--try", "try the settings and store nothing")
      .option("--json", "print one JSON object");
    for (const { option } of flags) command.addOption(option);
    command.action(async (given: LiveOptions & Record<string, unknown>) =>
      run((session) => connectSource(session, { connector, options: given, settings: settingsGiven(flags, given) })),
    );
  }
  program
    .command("sync")
    .description("fetch what is new from live sources")
    .argument("[source]", "its id or name; all of them when absent")
    .option("--community <slug>", "which community; may be left out when there is one")
    .option("--json", "print one JSON object")
    .action(async (source: string | undefined, options: LiveOptions) => run((session) => syncSources(session, { source, options })));
}

async function connectSource(
  session: Session,
  input: { connector: Connector; options: LiveOptions; settings: Record<string, unknown> },
): Promise<void> {
  const { connector, options, settings } = input;
  const runtime = await session.runtime();
  const services = pullServices(runtime);
  // Before the community is founded: settings that do not work leave no trace.
  const nowhere = { id: "", slug: "", name: "", timeZone: "UTC" };
  const { db, clock, log } = runtime;
  const tried = await tryConnection(
    { db, clock, log, community: nowhere, viewer: { kind: "system" } },
    { connector, settings, services, signal: session.signal },
  );
  if (options.try) return session.out(options.json ? JSON.stringify(tried) : `${tried.name}: ${tried.says}`);
  const ctx = await openOrFoundCommunity(session, options);
  const { sourceId, identity } = await addLiveSource(ctx, { connector, settings, name: options.name, services });
  if (!options.json) session.err(`${identity.name}: ${identity.says}`);
  if (connector.pull) await fetchSource(session, { ctx, connector, sourceId, name: identity.name, json: options.json ?? false });
  else session.out(options.json ? JSON.stringify({ sourceId, identity }) : `${identity.name} is ready.`);
}

async function syncSources(session: Session, { source, options }: { source: string | undefined; options: LiveOptions }): Promise<void> {
  const ctx = await openNamedCommunity(session, options);
  const live = (await listSources(ctx)).flatMap((row) => {
    const connector = findConnector(row.connector);
    return connector?.pull && connector.connect && (source === undefined ? !row.paused : row.id === source || row.name === source)
      ? [{ row, connector }]
      : [];
  });
  if (live.length === 0) {
    throw new AppError("not_found", {
      public:
        source === undefined
          ? "There is no live source yet. Add one with: causeway connect"
          : `There is no live source «${source}». causeway sources lists them.`,
    });
  }
  for (const { row, connector } of live)
    await fetchSource(session, { ctx, connector, sourceId: row.id, name: row.name, json: options.json ?? false });
}

async function fetchSource(
  session: Session,
  input: { ctx: Parameters<typeof pullSource>[0]; connector: Connector; sourceId: string; name: string; json: boolean },
): Promise<void> {
  const { ctx, connector, sourceId, name } = input;
  const bar = createProgressBar(session);
  try {
    const outcomes = await pullSource(ctx, {
      connector,
      sourceId,
      trigger: "manual",
      services: pullServices(await session.runtime()),
      signal: session.signal,
      onProgress: ({ done, total, unit, etaSeconds, counts, waiting }) =>
        bar.show({
          label: name,
          done,
          total,
          unit,
          etaSeconds,
          detail: waiting ? `waits until ${waiting.until}: ${waiting.reason}` : `${counts.new.activities.toLocaleString("en")} new`,
        }),
    });
    await deriveNow(session, ctx, bar);
    bar.end();
    if (input.json) return session.out(JSON.stringify({ sourceId, runs: outcomes }));
    const sum = (key: "new" | "changed" | "same") =>
      outcomes.reduce(
        (all, { counts }) => ({
          threads: all.threads + counts[key].threads,
          activities: all.activities + counts[key].activities,
          identities: all.identities + counts[key].identities,
        }),
        { threads: 0, activities: 0, identities: 0 },
      );
    session.out([name, countLine("new", sum("new")), countLine("changed", sum("changed")), countLine("same", sum("same"))].join("\n"));
  } finally {
    bar.end();
  }
}
