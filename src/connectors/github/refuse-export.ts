import { AppError } from "#core/errors.ts";

/** The refusal of what holds nothing of ours, saying what it holds instead. */
export function nothingFound(name: string, foreign: ReadonlyMap<string, string>): AppError {
  const [first] = foreign;
  const instead =
    first === undefined
      ? "no file that could be read"
      : foreign.size === 1
        ? first[1]
        : `${first[1]} (${first[0]}), and the like in ${foreign.size} files`;
  return new AppError("unreadable_file", {
    public: `${name} holds nothing that can be brought in from GitHub: it is ${instead}. Give an archive.json (it should name a "repo" and list "issues" and "pulls"), an hour of GH Archive, or answers of the REST API: lists of issues, pull requests, comments, reviews, stargazers, forks or releases.`,
  });
}
