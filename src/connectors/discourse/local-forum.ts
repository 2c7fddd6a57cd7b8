import { type LocalServer, startLocalServer } from "../testing.ts";

interface Post {
  id: number;
  reply_to_post_number?: number;
  likes?: number;
  updated_at?: string;
  version?: number;
  raw?: string;
  topic?: number;
}

export interface Topic {
  id: number;
  bumped_at: string;
  posts: Post[];
  pinned?: boolean;
  category_id?: number;
  closed?: boolean;
  isMega?: boolean;
}

interface World {
  topics: Topic[];
  key?: string;
  perPage?: number;
  loginRequired?: boolean;
  /** Answers before anything else is looked at; undefined lets the forum answer. */
  before?: (path: string, n: number) => { status: number; body: object | string; headers?: Record<string, string> } | undefined;
}

export const at = (minutes: number): string => new Date(Date.UTC(2026, 9, 1) + minutes * 60_000).toISOString();

/** A forum after Discourse's API: pinned topics first on page 0, twenty posts a page, the rest by their numbers. */
export async function startForum(world: World): Promise<LocalServer> {
  let asked = 0;
  return startLocalServer(({ url, headers }, response) => {
    const send = (status: number, body: object | string, more: Record<string, string> = {}) => {
      response.writeHead(status, { "content-type": typeof body === "string" ? "text/plain" : "application/json", ...more });
      response.end(typeof body === "string" ? body : JSON.stringify(body));
    };
    const early = world.before?.(`${url.pathname}${url.search}`, ++asked);
    if (early) return send(early.status, early.body, early.headers);
    if (headers["api-key"] !== undefined && headers["api-key"] !== world.key) {
      return send(403, {
        errors: ["You are not permitted to view the requested resource. The API username or key is invalid."],
        error_type: "invalid_access",
      });
    }
    if (world.loginRequired && headers["api-key"] === undefined) {
      return send(403, { errors: ["You need to be logged in to do that."], error_type: "not_logged_in" });
    }
    const gone = () => send(404, { errors: ["The requested URL or resource could not be found."], error_type: "not_found" });
    const shown = (topic: Topic, post: Post, index: number) => ({
      user_id: 10 + (post.id % 3),
      username: `user${10 + (post.id % 3)}`,
      name: "",
      avatar_template: "",
      created_at: at(post.id),
      updated_at: at(post.id),
      cooked: `<p>post ${post.id}</p>`,
      ...(url.searchParams.has("include_raw") && { raw: `post ${post.id}` }),
      post_number: index + 1,
      post_type: 1,
      version: 1,
      topic_id: topic.id,
      topic_slug: "t",
      actions_summary: post.likes ? [{ id: 2, count: post.likes }] : [],
      reads: asked,
      ...post,
    });
    const listed = (topic: Topic) => ({
      id: topic.id,
      title: `Topic ${topic.id}`,
      slug: "t",
      created_at: at(topic.id),
      bumped_at: topic.bumped_at,
      last_posted_at: topic.bumped_at,
      posts_count: topic.posts.length,
      like_count: 0,
      views: 1,
      pinned: topic.pinned ?? false,
      closed: topic.closed ?? false,
      archived: false,
      visible: true,
      archetype: "regular",
      category_id: topic.category_id ?? 5,
      tags: [],
    });
    if (url.pathname === "/about.json") return send(200, { about: { title: "Tide", stats: { topics_count: world.topics.length, posts_count: 99 } } });
    if (url.pathname === "/site.json") {
      return send(200, {
        categories: [
          { id: 5, name: "Help", slug: "help", read_restricted: false },
          { id: 6, name: "Crew", slug: "crew", read_restricted: true },
        ],
      });
    }
    const category = /^\/c\/[^/]+\/(\d+)\/l\/latest\.json$/.exec(url.pathname)?.[1];
    if (url.pathname === "/latest.json" || category) {
      const [page, size] = [Number(url.searchParams.get("page") ?? 0), world.perPage ?? 30];
      const inList = world.topics.filter((topic) => !category || (topic.category_id ?? 5) === Number(category));
      const rest = inList.filter((topic) => !topic.pinned).sort((a, b) => (a.bumped_at < b.bumped_at ? 1 : -1));
      // Pinned ones come on top of the first page and are not repeated.
      const topics = [...(page === 0 ? inList.filter((topic) => topic.pinned) : []), ...rest.slice(page * size, (page + 1) * size)];
      const more = rest.length > (page + 1) * size ? `/latest?page=${page + 1}` : undefined;
      return send(200, { users: [], topic_list: { per_page: size, topics: topics.map(listed), ...(more && { more_topics_url: more }) } });
    }
    const one = /^\/posts\/(\d+)\.json$/.exec(url.pathname)?.[1];
    if (one) {
      for (const topic of world.topics) {
        const index = topic.posts.findIndex(({ id }) => id === Number(one));
        if (index >= 0) return send(200, shown(topic, topic.posts[index] as Post, index));
      }
      return gone();
    }
    const [, id, posts] = /^\/t\/(\d+)(\/posts)?\.json$/.exec(url.pathname) ?? [];
    const topic = world.topics.find((each) => each.id === Number(id));
    if (!topic) return gone();
    const all = topic.posts.map((post, index) => shown(topic, post, index));
    if (posts) {
      const wanted = new Set(url.searchParams.getAll("post_ids[]").map(Number));
      return send(200, { post_stream: { posts: all.filter((post) => wanted.has(post.id)) }, id: topic.id });
    }
    const page = Number(url.searchParams.get("page") ?? 1);
    if (page > 1 && (page - 1) * 20 >= all.length) return gone();
    send(200, {
      ...listed(topic),
      post_stream: {
        posts: all.slice((page - 1) * 20, page * 20),
        ...(topic.isMega ? { isMegaTopic: true, lastId: all.at(-1)?.id } : { stream: all.map((post) => post.id) }),
      },
    });
  });
}
