import { z } from "zod";
import { AppError } from "#core/errors.ts";
import type { ConnectInput, LiveIdentity } from "#features/ledger/index.ts";
import { QuotaUsedUp, StackExchangeApi } from "./client.ts";
import { hostOfSite, siteFrom } from "./format.ts";

export interface StackExchangeLiveSettings {
  site: string;
  tags: string;
  key: string;
}

export const siteInfoSchema = z.looseObject({
  total_questions: z.number(),
  total_answers: z.number(),
  total_comments: z.number().optional(),
});
export const tagSchema = z.looseObject({ name: z.string(), count: z.number() });

/** @throws AppError `invalid_input` when no site is given */
export function requireSite(settings: StackExchangeLiveSettings): string {
  const site = siteFrom(settings.site);
  if (site === undefined) throw new AppError("invalid_input", { public: "To read Stack Exchange live, give the site, like stackoverflow or ai." });
  return site;
}

export function listTags(settings: StackExchangeLiveSettings): string[] {
  const tags = settings.tags
    .split(/[\s,;[\]]+/)
    .map((tag) => tag.trim().toLowerCase())
    .filter(Boolean);
  return [...new Set(tags)];
}

/** Asks for the site and its tags, and says how much there is to read. */
export async function connectStackExchange({ settings, signal, http }: ConnectInput<StackExchangeLiveSettings>): Promise<LiveIdentity> {
  const site = requireSite(settings);
  const host = hostOfSite(site) ?? site;
  const api = new StackExchangeApi({ key: settings.key, http, signal });
  try {
    const info = siteInfoSchema.parse((await api.ask("info", { site })).items[0]);
    const wanted = listTags(settings);
    const scope = wanted.length > 0 ? await describeTags({ api, site, host, wanted }) : `all ${info.total_questions.toLocaleString("en")} questions`;
    const quota = api.quota ? `; ${api.quota.left.toLocaleString("en")} of ${api.quota.max.toLocaleString("en")} requests are left today` : "";
    return { origin: `stackexchange:${site}`, name: host, says: `Reads ${scope} of ${host}${quota}.` };
  } catch (error) {
    if (!(error instanceof QuotaUsedUp)) throw error;
    throw new AppError("rate_limited", { public: `Stack Exchange cannot be asked now: ${error.message}. Try again later.` });
  }
}

async function describeTags(input: { api: StackExchangeApi; site: string; host: string; wanted: readonly string[] }): Promise<string> {
  const { api, site, host, wanted } = input;
  const answer = await api.ask(`tags/${wanted.map(encodeURIComponent).join(";")}/info`, { site, pagesize: 100 });
  const tags = z.array(tagSchema).parse(answer.items);
  const unknown = wanted.filter((name) => !tags.some((tag) => tag.name === name));
  if (unknown.length > 0) {
    throw new AppError("not_found", { public: `${host} has no tag ${unknown.join(", ")}. Write tags as they stand below questions.` });
  }
  return tags.map(({ name, count }) => `${count.toLocaleString("en")} questions tagged ${name}`).join(", ");
}
