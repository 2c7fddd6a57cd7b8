import type { Command } from "commander";
import { AppError } from "#core/errors.ts";
import { countOf } from "#core/text/count-of.ts";
import { listAllCommunities } from "#features/access/index.ts";
import { listConsumerLag, listRejected, listSources } from "#features/ledger/index.ts";
import { listMembers } from "#features/members/index.ts";
import { listWaiting, questionCounts } from "#features/support/index.ts";
import { openNamedCommunity, type Session } from "./session.ts";
import { formatTable, showAge } from "./table.ts";

interface ListOptions {
  community?: string;
  json?: boolean;
  limit?: number;
}

type Run = (action: (session: Session) => Promise<unknown>) => Promise<void>;

/** A flag that takes a count. */
export function parseCount(text: string): number {
  const n = Number(text);
  if (!Number.isInteger(n) || n < 1 || n > 1000)
    throw new AppError("invalid_input", { public: `${JSON.stringify(text)} is no usable count: give a whole number from 1 to 1000.` });
  return n;
}

/** Flags that every list has. */
export function asList(command: Command): Command {
  return command
    .option("--community <slug>", "which community; may be left out when there is one")
    .option("--limit <n>", "how many rows at most", parseCount, 20)
    .option("--json", "print one JSON object");
}

/** `sources`, `status`, `unanswered` and `members`. */
export function addLists(program: Command, run: Run): void {
  asList(program.command("sources"))
    .description("what was brought in, from where, how complete")
    .option("--rejected", "the records that were set aside, with reason and remedy")
    .action((options: ListOptions & { rejected?: boolean }) =>
      run((session) => (options.rejected ? showRejected(session, options) : showSources(session, options))),
    );
  program
    .command("status")
    .description("communities, what waits to be worked off, how far search lags behind")
    .option("--json", "print one JSON object")
    .action((options: ListOptions) => run((session) => showStatus(session, options)));
  asList(program.command("unanswered"))
    .description("threads that wait on us, longest first")
    .action((options: ListOptions) => run((session) => showUnanswered(session, options)));
  asList(program.command("members"))
    .description("people, the latest active first")
    .option("--search <text>", "a part of a name, login or address")
    .option("--kind <kind>", "human, bot or team", "human")
    .action((options: ListOptions & { search?: string; kind?: string }) => run((session) => showMembers(session, options)));
}

async function showSources(session: Session, options: ListOptions): Promise<void> {
  const ctx = await openNamedCommunity(session, options);
  const rows = await listSources(ctx);
  if (options.json) return session.out(JSON.stringify({ community: ctx.community.slug, sources: rows }));
  if (rows.length === 0)
    return session.out(`Nothing has been brought into ${ctx.community.slug} yet: causeway import <path> --community ${ctx.community.slug}`);
  session.out(
    formatTable(
      rows,
      [
        { title: "SOURCE", value: (row) => row.name, max: 40 },
        { title: "CONNECTOR", value: (row) => row.connector },
        { title: "THREADS", value: (row) => row.threads, align: "right" },
        { title: "ACTIVITIES", value: (row) => row.activities, align: "right" },
        { title: "SET ASIDE", value: (row) => row.rejected, align: "right" },
        { title: "FROM", value: (row) => row.oldestAt },
        { title: "TO", value: (row) => row.newestAt },
        { title: "LAST RUN", value: (row) => row.lastSync?.state ?? null },
      ],
      session,
    ),
  );
}

async function showRejected(session: Session, options: ListOptions): Promise<void> {
  const ctx = await openNamedCommunity(session, options);
  const sources = await listSources(ctx);
  const rows = [];
  for (const source of sources) {
    const page = await listRejected(ctx, { sourceId: source.id, limit: options.limit ?? 20 });
    rows.push(...page.rows.map((row) => ({ source: source.name, ...row })));
  }
  if (options.json) return session.out(JSON.stringify({ community: ctx.community.slug, rejected: rows }));
  if (rows.length === 0) return session.out("No record was set aside.");
  session.out(rows.map((row) => `${row.source}, ${row.place}\n  ${row.reason}\n  ${row.remedy}`).join("\n"));
}

async function showStatus(session: Session, options: ListOptions): Promise<void> {
  const runtime = await session.runtime();
  const communities = [];
  for (const community of await listAllCommunities(runtime)) {
    const ctx = await openNamedCommunity(session, { community: community.slug });
    const [sources, questions, lag] = [await listSources(ctx), await questionCounts(ctx), await listConsumerLag(ctx)];
    const search = lag.find(({ consumer }) => consumer === "search");
    communities.push({
      slug: community.slug,
      name: community.name,
      sources: sources.length,
      threads: sources.reduce((sum, source) => sum + source.threads, 0),
      activities: sources.reduce((sum, source) => sum + source.activities, 0),
      waiting: questions.waiting,
      unanswered: questions.unanswered,
      searchLag: { activities: search?.activities ?? 0, since: search?.since ?? null },
      lag,
    });
  }
  const state = { database: runtime.embedded ? "embedded" : "server", dataDir: runtime.config.dataDir, communities };
  if (options.json) return session.out(JSON.stringify(state));
  session.out(`Database: ${runtime.embedded ? `embedded, in ${runtime.config.dataDir}` : "PostgreSQL server (DATABASE_URL)"}`);
  if (communities.length === 0) return session.out("No community yet: causeway import <path> --community <slug>, or: causeway sample");
  session.out(
    formatTable(
      communities,
      [
        { title: "COMMUNITY", value: (row) => row.slug },
        { title: "SOURCES", value: (row) => row.sources, align: "right" },
        { title: "THREADS", value: (row) => row.threads, align: "right" },
        { title: "ACTIVITIES", value: (row) => row.activities, align: "right" },
        { title: "WAITING", value: (row) => row.waiting, align: "right" },
        { title: "UNANSWERED", value: (row) => row.unanswered, align: "right" },
        {
          title: "SEARCH LAGS BY",
          value: (row) => (row.searchLag.activities === 0 ? "nothing" : countOf(row.searchLag.activities, "activity", "activities")),
        },
      ],
      session,
    ),
  );
}

async function showUnanswered(session: Session, options: ListOptions): Promise<void> {
  const ctx = await openNamedCommunity(session, options);
  const { rows, next } = await listWaiting(ctx, { limit: options.limit ?? 20 });
  const counts = await questionCounts(ctx);
  if (options.json) return session.out(JSON.stringify({ community: ctx.community.slug, counts, threads: rows, next }));
  if (rows.length === 0) return session.out("Nobody waits for an answer.");
  const now = ctx.clock.now();
  session.out(
    formatTable(
      rows,
      [
        { title: "WAITS", value: (row) => showAge(row.waitingSince, now), align: "right" },
        { title: "REF", value: (row) => row.ref },
        { title: "TITLE", value: (row) => row.title, max: 60 },
        { title: "ASKED BY", value: (row) => row.asker?.name ?? null, max: 24 },
        { title: "WHERE", value: (row) => row.url ?? row.channel.name },
      ],
      session,
    ),
  );
  session.out(`${counts.waiting.toLocaleString("en")} wait in all.`);
}

async function showMembers(session: Session, options: ListOptions & { search?: string; kind?: string }): Promise<void> {
  const { kind } = options;
  if (kind !== undefined && kind !== "human" && kind !== "bot" && kind !== "team") {
    throw new AppError("invalid_input", { public: `--kind is ${JSON.stringify(kind)}; it accepts human, bot or team.` });
  }
  const ctx = await openNamedCommunity(session, options);
  const { rows, next } = await listMembers(ctx, {
    limit: options.limit ?? 20,
    ...(kind ? { kind } : {}),
    ...(options.search ? { q: options.search } : {}),
  });
  if (options.json) return session.out(JSON.stringify({ community: ctx.community.slug, members: rows, next }));
  if (rows.length === 0) return session.out("Nobody fits.");
  session.out(
    formatTable(
      rows,
      [
        { title: "NAME", value: (row) => row.displayName, max: 40 },
        { title: "ACTIVITIES", value: (row) => row.activityCount, align: "right" },
        { title: "IDENTITIES", value: (row) => row.identityCount, align: "right" },
        { title: "FIRST SEEN", value: (row) => row.firstActivityAt },
        { title: "LAST SEEN", value: (row) => row.lastActivityAt },
        { title: "WHERE", value: (row) => row.platforms.join(", ") },
      ],
      session,
    ),
  );
}
