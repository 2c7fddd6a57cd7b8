import { z } from "zod";
import { AppError } from "#core/errors.ts";
import type { ConnectInput, LiveIdentity, ReportedCounts } from "#features/ledger/index.ts";
import { type Asking, accessOf, askDiscourse, DiscourseRefusal } from "./client.ts";
import type { DiscourseCategory } from "./format.ts";
import { listCategories } from "./read-value.ts";

export interface DiscourseLiveSettings {
  site: string;
  categories: string;
  apiKey: string;
  apiUsername: string;
}

/** The names of the counts were in the singular before version 2.9. */
const statsSchema = z.looseObject({
  topics_count: z.number().optional(),
  posts_count: z.number().optional(),
  topic_count: z.number().optional(),
  post_count: z.number().optional(),
});
const aboutSchema = z.looseObject({ about: z.looseObject({ title: z.string().default(""), stats: statsSchema.default({}) }) });

/** Asks the forum what it is, and which categories we can see. */
export async function connectDiscourse({ settings, signal, http }: ConnectInput<DiscourseLiveSettings>): Promise<LiveIdentity> {
  const access = accessOf(settings);
  const asking = { access, http, signal };
  try {
    const { title, topics, posts } = await readAbout(asking);
    const all = await readCategories(asking);
    const { chosen, unknown } = chooseCategories(all, settings.categories);
    if (unknown.length > 0) {
      throw new AppError("not_found", {
        public: `${access.site} has no category ${unknown.join(", ")} that we can see. Write its name, slug or number.`,
      });
    }
    const closed = chosen.filter((category) => category.access === "private").length;
    const scope = chosen.length < all.length ? `${chosen.length} of ${all.length} categories` : `all ${all.length} categories`;
    const who = access.apiKey === "" ? "as a visitor" : `as ${access.apiUsername}`;
    const held = topics === undefined ? "" : `; the forum holds ${topics.toLocaleString("en")} topics and ${(posts ?? 0).toLocaleString("en")} posts`;
    return {
      origin: `discourse:${access.site}`,
      name: title || access.site,
      says: `Reads ${scope} ${who}${closed > 0 ? `, ${closed} of them private` : ""}${held}.`,
    };
  } catch (error) {
    if (!(error instanceof DiscourseRefusal)) throw error;
    throw new AppError("not_found", {
      public: `${access.base} does not answer as a Discourse forum (${error.message}). Give the address as you open the forum in the browser.`,
    });
  }
}

async function readAbout(asking: Asking): Promise<{ title: string; topics: number | undefined; posts: number | undefined }> {
  const parsed = aboutSchema.safeParse(await askDiscourse(asking, "/about.json"));
  if (!parsed.success) throw new DiscourseRefusal("/about.json is something else");
  const { title, stats } = parsed.data.about;
  return { title, topics: stats.topics_count ?? stats.topic_count, posts: stats.posts_count ?? stats.post_count };
}

/** What the forum says it holds, for all of its categories together; every topic is opened by a post. */
export async function countForum(asking: Asking): Promise<ReportedCounts | undefined> {
  try {
    const { topics, posts } = await readAbout(asking);
    return topics === undefined || posts === undefined ? undefined : { topic_opened: topics, reply: Math.max(0, posts - topics) };
  } catch (error) {
    if (error instanceof DiscourseRefusal) return undefined;
    throw error;
  }
}

/** Every category that we can see, with those below others. */
export async function readCategories(asking: Asking): Promise<DiscourseCategory[]> {
  return listCategories(await askDiscourse(asking, "/site.json")) ?? [];
}

/** Those that the settings name, by name, slug or number; all where they name none. */
export function chooseCategories(
  all: readonly DiscourseCategory[],
  wanted: string,
): { chosen: readonly DiscourseCategory[]; unknown: string[]; isAll: boolean } {
  const names = wanted
    .split(/[\n,]/)
    .map((name) => name.trim().replace(/^#/, "").toLowerCase())
    .filter(Boolean);
  if (names.length === 0) return { chosen: all, unknown: [], isAll: true };
  const matches = (category: DiscourseCategory, name: string) =>
    category.name?.toLowerCase() === name || category.slug?.toLowerCase() === name || String(category.id) === name;
  return {
    chosen: all.filter((category) => names.some((name) => matches(category, name))),
    unknown: names.filter((name) => !all.some((category) => matches(category, name))),
    isAll: false,
  };
}
