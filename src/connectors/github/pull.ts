import type { CoreContext } from "#core/context.ts";
import type { PullInput, RecordChunk } from "#features/ledger/index.ts";
import { type Github, openGithub } from "./client.ts";
import { readRepository } from "./connect.ts";
import type { About } from "./format.ts";
import { pullChangedList, pullGrowingList } from "./pull-graphql.ts";
import { pullReleases, pullSince } from "./pull-rest.ts";
import type { GithubSettings } from "./settings.ts";

/** What a run on one stream works with. */
export interface PullRun {
  github: Github;
  about: About;
  cursor: unknown;
  now: Date;
}

/** Reads one stream of a repository, from where the last run ended. */
export async function* pullGithub(ctx: CoreContext, input: PullInput<GithubSettings>): AsyncGenerator<RecordChunk> {
  const { settings, stream, cursor } = input;
  const github = await openGithub(settings, input);
  const { about, hasIssues, hasDiscussions } = await readRepository(github);
  const run: PullRun = { github, about, cursor, now: ctx.clock.now() };
  switch (stream) {
    case "issues":
      if (hasIssues) yield* pullSince(run, "issues");
      else yield switchedOff("Issues", about);
      return;
    case "comments":
    case "review_comments":
      yield* pullSince(run, stream);
      return;
    case "discussions":
      if (hasDiscussions) yield* pullChangedList(run, "discussions");
      else yield switchedOff("Discussions", about);
      return;
    case "pulls":
      yield* pullChangedList(run, "pulls");
      return;
    case "stars":
    case "forks":
      yield* pullGrowingList(run, stream);
      return;
    case "releases":
      yield* pullReleases(run);
      return;
  }
}

/** Nothing is wrong, and nobody needs a warning each hour: coverage says none. */
function switchedOff(what: string, about: About): RecordChunk {
  return {
    records: [],
    reported: what === "Issues" ? { issue_opened: 0 } : { discussion_opened: 0 },
    warnings: [`${what} are switched off in ${about.repo}.`],
  };
}
