import { z } from "zod";
import { hostOf } from "../words.ts";

/** Seconds since 1970, as the API gives times; a dump's milliseconds are cut off, so that both say the same. */
const seconds = z.number().min(0).max(32_503_680_000);

/** Who wrote something. Accounts are numbered across all sites, users within one. */
const ownerSchema = z.looseObject({
  user_id: z.int().nullish(),
  account_id: z.int().nullish(),
  display_name: z.string().nullish(),
  /** `does_not_exist` for a user who was deleted. */
  user_type: z.string().nullish(),
  profile_image: z.string().nullish(),
});

/** What an answer or a comment knows of its question. */
const questionHintSchema = z.looseObject({ creation_date: seconds.nullish(), title: z.string().nullish() });

export const postPayloadSchema = z.object({
  /** The site as the API calls it: `stackoverflow`, `conlang.meta`. */
  site: z.string(),
  post: z.looseObject({
    post_id: z.int(),
    post_type: z.enum(["question", "answer"]),
    question_id: z.int(),
    creation_date: seconds,
    last_edit_date: seconds.nullish(),
    closed_date: seconds.nullish(),
    closed_reason: z.string().nullish(),
    community_owned_date: seconds.nullish(),
    locked_date: seconds.nullish(),
    title: z.string().nullish(),
    tags: z.array(z.string()).nullish(),
    score: z.number().nullish(),
    view_count: z.number().nullish(),
    answer_count: z.number().nullish(),
    accepted_answer_id: z.int().nullish(),
    is_accepted: z.boolean().nullish(),
    /** HTML; `body_markdown` is the source text. */
    body: z.string().nullish(),
    body_markdown: z.string().nullish(),
    owner: ownerSchema.nullish(),
    /** Questions that it repeats. */
    duplicate_of: z.array(z.int()).nullish(),
  }),
  question: questionHintSchema.nullish(),
});

export const commentPayloadSchema = z.object({
  site: z.string(),
  comment: z.looseObject({
    comment_id: z.int(),
    post_id: z.int(),
    /** Absent where the comments came without the posts. */
    question_id: z.int().nullish(),
    creation_date: seconds,
    score: z.number().nullish(),
    edited: z.boolean().nullish(),
    body: z.string().nullish(),
    body_markdown: z.string().nullish(),
    owner: ownerSchema.nullish(),
  }),
  question: questionHintSchema.nullish(),
});

export const userPayloadSchema = z.object({ site: z.string(), user: ownerSchema });

/** What is not there any more; of a question what its thread needs to be marked so. */
export const goneSchema = z.object({
  site: z.string(),
  gone: z.literal(true),
  question: z.object({ question_id: z.int(), creation_date: seconds, title: z.string().nullish(), deleted_date: seconds }).optional(),
});

export type SeOwner = z.output<typeof ownerSchema>;
export type SePost = z.output<typeof postPayloadSchema>["post"];
export type SeComment = z.output<typeof commentPayloadSchema>["comment"];
export type SeGone = z.output<typeof goneSchema>;
export type QuestionHint = z.output<typeof questionHintSchema>;

/** The sites that lie outside of stackexchange.com, by their host. */
const ownHosts: Record<string, string> = {
  "stackoverflow.com": "stackoverflow",
  "serverfault.com": "serverfault",
  "superuser.com": "superuser",
  "askubuntu.com": "askubuntu",
  "stackapps.com": "stackapps",
  "mathoverflow.net": "mathoverflow.net",
  "meta.stackexchange.com": "meta",
};
const hostsBySite = new Map(Object.entries(ownHosts).map(([host, site]) => [site, host]));

/**
 * A site as the API calls it, from what people write: its address, its name, or the name of its dump.
 * @returns undefined where nothing is written
 */
export function siteFrom(given: string): string | undefined {
  const text = given.trim().toLowerCase();
  if (text === "") return undefined;
  if (!/[./]/.test(text)) return text;
  const host = (hostOf(text) ?? text).replace(/^www\./, "");
  const own = ownHosts[host];
  if (own) return own;
  // meta.superuser.com, ru.stackoverflow.com: the part in front stays.
  const below = /^([\w-]+)\.(stackoverflow|serverfault|superuser|askubuntu)\.com$/.exec(host);
  if (below) return `${below[1]}.${below[2]}`;
  return /^([\w.-]+)\.stackexchange\.com$/.exec(host)?.[1] ?? host;
}

/** A site's address; undefined for one whose name is not known. */
export function hostOfSite(site: string): string | undefined {
  if (site.startsWith("unnamed-")) return undefined;
  const own = hostsBySite.get(site);
  if (own) return own;
  if (/^[\w-]+\.(?:stackoverflow|serverfault|superuser|askubuntu)$/.test(site)) return `${site}.com`;
  if (site.endsWith(".net")) return site;
  return /^[\w-]+(?:\.meta)?$/.test(site) ? `${site}.stackexchange.com` : undefined;
}

const hostInName =
  /(?:^|[\\/_\s])((?:[a-z0-9-]+\.)*(?:stackexchange|stackoverflow|serverfault|superuser|askubuntu|stackapps)\.com|(?:meta\.)?mathoverflow\.net)(?![a-z0-9])/i;

/** The site in a name such as `conlang.meta.stackexchange.com.7z` or `stackoverflow.com-Posts`. */
export function siteInName(name: string): string | undefined {
  const found = hostInName.exec(name)?.[1];
  return found ? siteFrom(found) : undefined;
}
