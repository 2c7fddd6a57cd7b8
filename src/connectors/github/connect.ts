import { z } from "zod";
import type { ConnectInput, LiveIdentity } from "#features/ledger/index.ts";
import { type Github, openGithub } from "./client.ts";
import type { About } from "./format.ts";
import { totalsQuery } from "./queries.ts";
import { originOf } from "./repository.ts";
import { rowIn } from "./row.ts";
import type { GithubSettings } from "./settings.ts";

const repositorySchema = z.looseObject({
  full_name: z.string(),
  private: z.boolean().default(false),
  visibility: z.string().optional(),
  has_issues: z.boolean().default(true),
  has_discussions: z.boolean().default(true),
});

export interface LiveRepository {
  about: About;
  hasIssues: boolean;
  hasDiscussions: boolean;
  /** What GitHub calls it now: after a rename another name than the settings have. */
  calledNow: string;
}

/**
 * What GitHub says of the repository. Records keep the name of the settings, so that a rename doubles nothing; only its spelling
 * is GitHub's.
 */
export async function readRepository(github: Github): Promise<LiveRepository> {
  const repository = repositorySchema.parse((await github.ask("GET /repos/{owner}/{repo}")).data);
  const given = `${github.owner}/${github.name}`;
  const isSame = repository.full_name.toLowerCase() === given.toLowerCase();
  const visibility = visibilityOf(repository);
  return {
    about: {
      repo: isSame ? repository.full_name : given,
      ...(github.host !== undefined && { host: github.host }),
      ...(visibility && { visibility }),
    },
    hasIssues: repository.has_issues,
    hasDiscussions: repository.has_discussions,
    calledNow: repository.full_name,
  };
}

/** Whom a repository is closed to; undefined for a public one. */
export function visibilityOf(repository: { private?: unknown; visibility?: unknown }): About["visibility"] {
  if (repository.visibility === "internal") return "internal";
  return repository.private === true || repository.visibility === "private" ? "private" : undefined;
}

/** Signs in, finds the repository, and says what there is to read. */
export async function connectGithub(input: ConnectInput<GithubSettings>): Promise<LiveIdentity> {
  const github = await openGithub(input.settings, input);
  const { about, calledNow } = await readRepository(github);
  const { data, denied } = await github.query(totalsQuery);
  const counts = rowIn(data, "repository");
  const words = (["issues", "pullRequests", "discussions", "stargazers", "forks"] as const).map((field) => {
    const total = rowIn(counts, field).totalCount;
    return `${typeof total === "number" ? total.toLocaleString("en") : "no access to"} ${names[field]}`;
  });
  const renamed =
    calledNow.toLowerCase() === about.repo.toLowerCase()
      ? ""
      : ` GitHub calls it ${calledNow} by now: give that under «Other names», so that webhooks are understood.`;
  const closed =
    about.visibility === "private"
      ? " It is private: only owners, admins and advocates will see it."
      : about.visibility === "internal"
        ? " It is internal: only the team will see it."
        : "";
  return {
    origin: originOf(about.repo, github.host),
    name: about.repo,
    says: `${about.repo} has ${words.join(", ")}.${closed}${renamed}${denied.length > 0 ? ` Some of it is kept from this token: ${denied[0]}` : ""}`,
  };
}

const names = { issues: "issues", pullRequests: "pull requests", discussions: "discussions", stargazers: "stars", forks: "forks" };
