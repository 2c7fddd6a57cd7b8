import { existsSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { defineConnector } from "#features/ledger/index.ts";
import { visibilitySetting } from "../settings.ts";
import { normalizeCommit } from "./normalize.ts";
import { inspectRepository, readRepository } from "./read-repository.ts";

/** A git repository on this machine: a clone, a work tree or a bare one. Needs the `git` program. */
export const git = defineConnector({
  id: "git",
  title: "Git repository",
  summary: "Commits of a local repository, and the people whom their trailers name.",
  normalizeVersion: 1,
  settings: z.object({ visibility: visibilitySetting("team") }),
  docs: {
    collects:
      "Every commit that a branch, tag or other ref reaches (author, time, message), and each person named in a trailer: Co-authored-by, Reviewed-by, Tested-by, Reported-by, Acked-by, Suggested-by, Helped-by, Mentored-by, Signed-off-by. `.mailmap` becomes accepted links between addresses. The committer is noted on the commit.",
    identityKey:
      "The address in lower case; for GitHub's and GitLab's no-reply addresses the account with its number. Addresses that name nobody (root@localhost, noreply@…, none) are joined with the name, so that strangers stay apart; so are addresses that `.mailmap` gives to several people.",
    limits:
      "No differences and no files. A shallow clone holds only part of the history, which its coverage says. Commits that a rewrite of history removed stay.",
    privacy: "Commits carry names and addresses. Only the team sees them unless you choose otherwise.",
  },
  streams: { commits: { title: "Commits" } },
  normalize: normalizeCommit,
  recognizes({ path, isDirectory }) {
    if (!isDirectory) return 0;
    if (existsSync(join(path, ".git"))) return 1;
    return existsSync(join(path, "HEAD")) && existsSync(join(path, "objects")) && existsSync(join(path, "refs")) ? 1 : 0;
  },
  identifyFile: (_ctx, { path, signal }) => inspectRepository(path, signal),
  importFile: (_ctx, { path, signal }) => readRepository(path, signal),
});
