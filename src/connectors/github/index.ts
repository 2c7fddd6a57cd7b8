import { defineConnector } from "#features/ledger/index.ts";
import { openExport } from "../export-files.ts";
import { connectGithub } from "./connect.ts";
import { docs } from "./docs.ts";
import { normalizeGithub } from "./normalize.ts";
import { pullGithub } from "./pull.ts";
import { inspectExport, readExport } from "./read-export.ts";
import { recognizeGithub } from "./recognize.ts";
import { githubSettings } from "./settings.ts";
import { receiveWebhook } from "./webhook.ts";

/** A repository on GitHub: from archive files, GH Archive and saved answers of the API, or live, with webhooks. */
export const github = defineConnector({
  id: "github",
  aliases: ["github-archive"],
  title: "GitHub",
  summary: "Issues, pull requests, discussions, comments, reviews, stars, forks and releases of a repository, live or from archives.",
  normalizeVersion: 1,
  settings: githubSettings,
  docs,
  streams: {
    issues: { title: "Issues", everyMinutes: 60 },
    pulls: { title: "Pull requests", everyMinutes: 60 },
    comments: { title: "Comments", everyMinutes: 60 },
    reviews: { title: "Reviews" },
    review_comments: { title: "Comments in reviews", everyMinutes: 60 },
    discussions: { title: "Discussions", everyMinutes: 60 },
    discussion_comments: { title: "Comments in discussions" },
    stars: { title: "Stars", everyMinutes: 360 },
    forks: { title: "Forks", everyMinutes: 360 },
    releases: { title: "Releases", everyMinutes: 360 },
    conversations: { title: "Comments and reviews from archive files" },
  },
  normalize: normalizeGithub,
  connect: (_ctx, input) => connectGithub(input),
  pull: pullGithub,
  webhook: receiveWebhook,
  recognizes: recognizeGithub,

  async identifyFile(_ctx, { path, settings, signal }) {
    const files = await openExport(path);
    try {
      const { chosen, reported } = await inspectExport(files, settings, signal);
      return { origin: chosen.origin, name: chosen.about.repo, ...(reported && { reported }) };
    } finally {
      await files.close();
    }
  },

  async *importFile(_ctx, { path, settings, signal }) {
    const files = await openExport(path);
    try {
      yield* readExport(files, await inspectExport(files, settings, signal), signal);
    } finally {
      await files.close();
    }
  },
});
