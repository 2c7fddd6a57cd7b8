import { z } from "zod";
import { defineConnector } from "#features/ledger/index.ts";
import { visibilitySetting } from "../settings.ts";
import { normalizeItem } from "./normalize.ts";
import { inspectArchive, readArchive } from "./read-archive.ts";

/** `archive.json` as the `archive` command of i-d-template writes it: a repository's whole conversation in one file. */
export const githubArchive = defineConnector({
  id: "github-archive",
  title: "GitHub archive file",
  summary: "Issues, pull requests, reviews and comments of one repository, from an archive.json.",
  normalizeVersion: 1,
  settings: z.object({ visibility: visibilitySetting("public") }),
  docs: {
    collects: "Every issue and pull request with its state and labels, each comment, each review and each comment in a review.",
    identityKey:
      "The login, in lower case: the file holds nothing more lasting. A live GitHub connection knows the numeric id and can join the two. `ghost` and empty authors stay unattributed.",
    limits:
      "Comments have no id in the file; they are known by thread, author and time of writing, which an edit leaves alone. Reactions, events and deleted items are not in it. An item that cannot be used is set aside with its place. A file that is cut off is refused as a whole.",
    privacy: "Holds what the repository shows to everybody who may read it. Choose who may see it when the repository is private.",
  },
  streams: { issues: { title: "Issues" }, pulls: { title: "Pull requests" } },
  normalize: normalizeItem,
  recognizes({ path, head, isDirectory }) {
    if (isDirectory) return 0;
    const start = head.toString("latin1");
    if (/"magic"\s*:\s*"E!vIA5L86J2I"/.test(start)) return 1;
    if (
      !start
        .replace(/^\u00ef\u00bb\u00bf/, "")
        .trimStart()
        .startsWith("{")
    )
      return 0;
    if (/"repo"\s*:\s*"[^"/]+\/[^"/]+"/.test(start)) return 0.7;
    return path.endsWith("archive.json") ? 0.4 : 0;
  },
  async identifyFile(_ctx, { path, head, signal }) {
    const { repo, reported } = await inspectArchive(path, head, signal);
    return { origin: `github:${repo.toLowerCase()}`, name: repo, reported };
  },
  importFile: (_ctx, { path, signal }) => readArchive(path, signal),
});
