/**
 * A commit never changes, but its tellers know more or less of it: `asOf`, by which an older export yields to a newer
 * one, ranks them here, so that a log brought in later takes nothing away that the repository said.
 */
const ranks = { repository: 3, fullLog: 2, log: 1, vagueLog: 0 };

/** What to give as `asOf` for a commit that was read in its repository. */
export const asOfRepository = rankToDate(ranks.repository);

/** What to give as `asOf` for a commit of a log. */
export function asOfSource(commit: { doubt?: string; committer?: unknown }): string {
  if (commit.doubt !== undefined) return rankToDate(ranks.vagueLog);
  return rankToDate(commit.committer === undefined ? ranks.log : ranks.fullLog);
}

function rankToDate(rank: number): string {
  return new Date(rank * 1000).toISOString();
}
