import { z } from "zod";
import { defineConnector, type FileIdentity } from "#features/ledger/index.ts";
import { openExport } from "../export-files.ts";
import { secretSetting, visibilitySetting } from "../settings.ts";
import { connectDiscourse } from "./connect.ts";
import { normalizeDiscourse } from "./normalize.ts";
import { pullDiscourse } from "./pull.ts";
import { readFiles, scanFiles } from "./read-files.ts";
import { receiveDiscourse } from "./webhook.ts";

/** Discourse: a forum live, by its webhooks, or from saved answers of its API. */
export const discourse = defineConnector({
  id: "discourse",
  title: "Discourse",
  summary: "Topics, posts and people of a Discourse forum, live or from saved answers of its API.",
  normalizeVersion: 1,
  settings: z.object({
    site: z.string().trim().default("").meta({
      title: "Forum's address",
      description: "As you open it in the browser, like https://forum.example.com. With it, saved answers and the live connection are one source.",
    }),
    categories: z.string().trim().default("").meta({
      for: "live",
      title: "Categories",
      description: "For reading live: names with commas between them, with those below them; none for all that we can see.",
    }),
    apiKey: secretSetting("API key", "Only for forums that want a sign-in, and for private categories: Admin > API, read-only.").default(""),
    apiUsername: z.string().trim().default("").meta({
      for: "live",
      title: "API username",
      description: "The user for whom the key was made: what this user may read comes in. Only with a key.",
    }),
    webhookSecret: secretSetting(
      "Webhook secret",
      "The same as in the forum's webhook, 12 characters or more. Without it nothing is received.",
    ).default(""),
    visibility: visibilitySetting("team"),
  }),
  docs: {
    collects:
      "Topics with category, tags, state (open, closed, archived, unlisted) and whether they are solved; every post with author, words, likes or reactions (counted), the post it answers, accepted answers, edits and deletions; of who wrote, the trust level and whether they are staff at that time. Names, usernames and pictures of people, no addresses. What the forum notes by itself (closed, pinned, split) is kept as an event and not as words.",
    identityKey:
      "The user's number within the forum (`user_id`); names and usernames are labels on it. Accounts with numbers below zero (`system`, `discobot`) are the forum's own and kept apart as bots. Users who were anonymised stay unattributed.",
    limits:
      "Live, a topic is read again when its last post, its number of posts or likes, its title, category, tags or state change; once a week all topics are looked through, those of the last thirty days are read again, and what is gone or was closed to us is taken back. An edit of an older post is seen by then, by webhook, or when something else in its topic changes. Of topics with more than a hundred posts, the new ones and the last hundred are read again. Webhooks tell neither likes nor which post is answered; the next fetch of the topic adds them. Categories that the forum mutes for visitors do not stand in its list of latest topics: name them in the settings. Messages between members are not read live, and polls not at all.\n\nA topic's saved answer holds the first twenty posts; the rest come in when their answers (`/t/<id>/posts.json`) are beside it. Topic lists state their topics without words.",
    privacy:
      "Private categories, and messages between members in saved answers, are shown to owners, admins and advocates only; whispers, hidden posts and unlisted topics to the team. Saved answers do not say which categories are private: without `site.json` beside them all stay with the team. A topic that is moved to a private category that we cannot read is taken back within a week.",
    gettingTheFile:
      "1. Save the answers you want, for example `curl https://forum.example.com/t/77.json > t-77.json` and `curl 'https://forum.example.com/t/77/posts.json?post_ids[]=…' > posts-77.json`; `latest.json?page=0` and so on list the topics, and `site.json` names the categories and says which are private.\n2. Put them into one folder, or zip it, and bring it in. Give the forum's address in the settings, so that later answers feed the same source.",
    connecting:
      "1. Give the forum's address. A public forum needs nothing more.\n2. For a forum that wants a sign-in, or for private categories: make a user who sees what you want here, and as an admin open **Admin > API > New API key**, user level **Single user**, that user, scope **Read-only** (or granular: `topics: read, read lists`, `posts: list`, `site`, `about`). Copy the key; it is shown once.\n3. To have posts at once: **Admin > API > Webhooks > New webhook**, payload URL as the source's page shows it, content type `application/json`, a secret of your own (the same here), events **Topic event**, **Post event** and, with the solved plugin, **Solved event**.",
  },
  streams: { posts: { title: "Posts", everyMinutes: 60 }, topics: { title: "Topics" } },
  normalize: normalizeDiscourse,
  connect: (_ctx, input) => connectDiscourse(input),
  pull: (ctx, input) => pullDiscourse(ctx, input),
  webhook: receiveDiscourse,

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
