import { existsSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { defineConnector } from "#features/ledger/index.ts";
import { secretSetting, visibilitySetting } from "../settings.ts";
import { connectRepository, pullRepository } from "./live.ts";
import { normalizeCommit } from "./normalize.ts";
import { identifyLog, importLog, recognizeLog } from "./read-log.ts";
import { inspectRepository, readRepository } from "./read-repository.ts";

/** A git repository: a clone on this machine, the text of its log, or one that is fetched. All but logs need the `git` program. */
export const git = defineConnector({
  id: "git",
  title: "Git repository",
  summary: "Commits of a repository, from a clone, a log's text or live, and the people whom their trailers name.",
  normalizeVersion: 1,
  settings: z.object({
    remote: z.string().trim().default("").meta({
      for: "live",
      title: "Address",
      description: "Of the repository as for cloning: https://… (or http://, git://). Only for reading live.",
    }),
    token: secretSetting("Access token", "Only for a private repository: one that may read its code and nothing else.").default(""),
    username: z
      .string()
      .trim()
      .default("")
      .meta({ for: "live", title: "User for the token", description: "Empty for GitHub. `oauth2` for GitLab, your account's name elsewhere." }),
    firstCommit: z
      .string()
      .trim()
      .toLowerCase()
      .regex(/^(?:[0-9a-f]{40}|[0-9a-f]{64})?$/, "give the whole hash of a commit, or nothing")
      .default("")
      .meta({
        title: "First commit",
        description: "By which a part of a log is known to be of a repository. `git rev-list --max-parents=0 HEAD` names it. Seldom needed.",
      }),
    repositoryName: z
      .string()
      .trim()
      .default("")
      .meta({ title: "Name of the repository", description: "What to call the repository where a log's text does not say it." }),
    visibility: visibilitySetting("team"),
  }),
  docs: {
    collects:
      "Every commit that a branch, tag or other ref reaches (author, time, message), and each person named in a trailer: Co-authored-by, Reviewed-by, Tested-by, Reported-by, Acked-by, Suggested-by, Helped-by, Mentored-by, Signed-off-by. `.mailmap` becomes accepted links between addresses. The committer is noted on the commit. A log's text is read in the medium, fuller and raw form, with or without files and differences. Live, branches and tags are read once an hour; commits that only proposals (pull requests) hold are not.",
    identityKey:
      "The address in lower case; for GitHub's and GitLab's no-reply addresses the account with its number. Addresses that name nobody (root@localhost, noreply@…, none) are joined with the name, so that strangers stay apart; so are addresses that `.mailmap` gives to several people.",
    limits:
      "No differences and no files. A shallow clone holds only part of the history, which its coverage says. Commits that a rewrite of history removed stay. A clone, its log and the live repository are one source when their oldest first commit is the same: a log shows it when it is whole, and of a part you say it. A log's text knows no `.mailmap`, has tabs as spaces, and in the medium form no committer; what the repository says of a commit stands before it. Dates without a zone are read as UTC, and marked. Live needs git 2.37 or later: SSH is not used, redirects are not followed, folders on this machine are imported instead, and a server on git:// that tells repositories apart by its name cannot be used.",
    privacy:
      "Commits carry names and addresses. Only the team sees them unless you choose otherwise. A live repository's commits, without its files, lie in the data folder too.",
    gettingTheFile:
      "Give the folder of a clone, which says most. Where there is none: `git log --all --parents --no-abbrev-commit --pretty=fuller --date=iso-strict > log.txt`, and bring in the text.",
    connecting:
      "1. Copy the repository's https:// address, as for cloning.\n2. If it is private, make a token: on GitHub a fine-grained one with *Contents: Read-only* for this repository; on GitLab a project token with the role *Reporter* and the scope `read_repository`, and the user `oauth2`.\n3. Enter both. Very long histories ask for the hash of the first commit.",
  },
  streams: { commits: { title: "Commits", everyMinutes: 60 } },
  normalize: normalizeCommit,
  connect: (_ctx, input) => connectRepository(input),
  pull: (_ctx, input) => pullRepository(input),
  recognizes({ path, head, isDirectory, entries }) {
    if (!isDirectory) return entries.length > 0 ? 0 : recognizeLog(head);
    if (existsSync(join(path, ".git"))) return 1;
    return existsSync(join(path, "HEAD")) && existsSync(join(path, "objects")) && existsSync(join(path, "refs")) ? 1 : 0;
  },
  identifyFile: (_ctx, input) => (isLog(input.head) ? identifyLog(input) : inspectRepository(input.path, input.signal)),
  importFile: (_ctx, input) => (isLog(input.head) ? importLog(input) : readRepository(input.path, input.signal)),
});

/** A folder has no first bytes. */
const isLog = (head: Buffer) => head.length > 0;
