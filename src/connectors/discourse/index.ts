import { z } from "zod";
import { defineConnector, type FileIdentity } from "#features/ledger/index.ts";
import { openExport } from "../export-files.ts";
import { visibilitySetting } from "../settings.ts";
import { normalizeDiscourse } from "./normalize.ts";
import { readFiles, scanFiles } from "./read-files.ts";

/** Discourse: a forum from saved answers of its API. */
export const discourse = defineConnector({
  id: "discourse",
  title: "Discourse",
  summary: "Topics, posts and people of a Discourse forum, from saved answers of its API.",
  normalizeVersion: 1,
  settings: z.object({
    site: z.string().trim().default("").meta({
      title: "Forum's address",
      description: "As you open it in the browser, like https://forum.example.com. With it, saved answers and the live connection are one source.",
    }),
    visibility: visibilitySetting("team"),
  }),
  docs: {
    collects:
      "Topics with category, tags, state and accepted answer; every post that the answers hold, with author, words as Markdown, likes (counted), replies, edits and deletions.",
    identityKey: "The user's number within the forum (`user_id`); names and usernames are labels on it. `system` and `discobot` are bots.",
    limits:
      "From saved answers of its API only; it is not read live yet. A topic's answer holds the first twenty posts in full: the rest come in when their answers (`/t/<id>/posts.json`) are beside it. Topic lists state their topics without words. Reactions of plugins and polls are not read.",
    privacy: "Posts of closed categories are as visible as you say in the settings: saved answers do not always tell which categories are closed.",
    gettingTheFile:
      "1. Save the answers you want, for example `curl https://forum.example.com/t/77.json > t-77.json` and `curl 'https://forum.example.com/t/77/posts.json?post_ids[]=…' > posts-77.json`; `latest.json?page=0` and so on list the topics, and `site.json` names the categories.\n2. Put them into one folder, or zip it, and bring it in. Give the forum's address in the settings, so that later answers feed the same source.",
  },
  streams: { posts: { title: "Posts" }, topics: { title: "Topics" } },
  normalize: normalizeDiscourse,

  recognizes({ head, isDirectory, entries }) {
    const names = entries.map(({ name }) => name);
    if (names.length > 0) {
      const answers = names.filter((name) => /(?:^|[/_-])(?:latest|topic|topics|posts|t-?\d+|discourse)[^/]*\.json(?:\.gz)?$/i.test(name));
      return answers.length === 0 ? 0 : names.some((name) => /discourse/i.test(name)) ? 0.6 : answers.length === names.length ? 0.3 : 0.1;
    }
    if (isDirectory) return 0;
    return recognizesAnswer(head.toString("utf8"));
  },

  async identifyFile(_ctx, { path, settings, signal }): Promise<FileIdentity> {
    const files = await openExport(path);
    try {
      const scanned = await scanFiles(files, settings.site, signal);
      const replies = scanned.posts - scanned.topics;
      return {
        origin: `discourse:${scanned.site}`,
        name: scanned.name,
        ...(scanned.topics > 0 && { reported: { topic_opened: scanned.topics, reply: Math.max(0, replies) } }),
      };
    } finally {
      await files.close();
    }
  },

  async *importFile(_ctx, { path, settings, signal }) {
    const files = await openExport(path);
    try {
      yield* readFiles(files, await scanFiles(files, settings.site, signal), signal);
    } finally {
      await files.close();
    }
  },
});

/** By fields that no other service has together; heads may be cut anywhere. */
function recognizesAnswer(start: string): number {
  if (!/^\ufeff?\s*[[{]/.test(start)) return 0;
  const has = (field: string) => new RegExp(`"${field}"\\s*:`).test(start);
  if (has("post_stream") && (has("post_number") || has("topic_slug") || has("cooked"))) return 1;
  if (has("topic_list") && (has("topics") || has("per_page"))) return 1;
  if (has("cooked") && has("post_number") && has("topic_id")) return has("trust_level") || has("topic_slug") ? 1 : 0.9;
  if (has("bumped_at") && has("posters") && has("archetype")) return 0.9;
  return 0;
}
