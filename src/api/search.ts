import { z } from "zod";
import { search, searchLag } from "#features/ledger/index.ts";
import { type Api, communityEndpoint } from "./kit/endpoint.ts";
import { answerPage, pageOf, pageQuery } from "./kit/list.ts";
import { at, id, person } from "./kit/schemas.ts";
import { thread } from "./threads.ts";

const hit = z
  .object({
    thread: thread.nullable(),
    activity: z.object({
      id,
      kind: z.string(),
      title: z.string().nullable(),
      url: z.string().nullable(),
      occurredAt: at,
      author: person.nullable(),
      channel: z.string(),
    }),
    snippet: z.array(z.object({ text: z.string(), marked: z.boolean() })),
    more: z.int().describe("Further hits in the same thread."),
  })
  .meta({ id: "SearchHit" });

const answer = pageOf(hit).extend({
  similar: z.array(thread).describe("Threads with similar titles, where nothing holds the words."),
  lag: z.object({ activities: z.int(), since: at.nullable() }).describe("Activities that are not yet searchable."),
});

/** Full-text search in what people wrote. */
export function addSearch(api: Api): void {
  communityEndpoint(api, {
    method: "get",
    path: "/search",
    tag: "Search",
    summary: "Search what people wrote",
    description: 'Words, "exact words", -without; technical words such as next.js and C++ as they are.',
    access: "public",
    scope: "read",
    query: pageQuery.extend({ q: z.string().min(1).max(400), limit: z.coerce.number().int().min(1).max(100).default(20), source: id.optional() }),
    answer,
    async handle(ctx, { query: { q, source, ...query }, c }) {
      const result = await search(ctx, { query: q, sourceId: source, ...query });
      return { ...answerPage(c, result), similar: result.similar, lag: await searchLag(ctx) };
    },
  });
}
