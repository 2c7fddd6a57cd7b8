import type { Api } from "./endpoint.ts";

/** The parts of an OpenAPI document that the docs page shows. */
export interface ApiDocument {
  openapi: string;
  info: { title: string; version: string; description?: string };
  tags?: { name: string; description?: string }[];
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema> };
}

export interface Operation {
  operationId: string;
  tags: string[];
  summary: string;
  description?: string;
  parameters?: { name: string; in: string; required?: boolean; description?: string; schema: Schema }[];
  requestBody?: { required?: boolean; content: Record<string, { schema: Schema }> };
  security: Record<string, string[]>[];
  responses: Record<string, { description: string; content?: Record<string, { schema: Schema }> }>;
}

export interface Schema {
  $ref?: string;
  type?: string | string[];
  format?: string;
  description?: string;
  enum?: unknown[];
  const?: unknown;
  default?: unknown;
  minimum?: number;
  maximum?: number;
  items?: Schema;
  prefixItems?: Schema[];
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: boolean | Schema;
  anyOf?: Schema[];
  oneOf?: Schema[];
  allOf?: Schema[];
}

export const apiTags = [
  { name: "Communities", description: "The tenants. Everything else belongs to one." },
  { name: "Sources", description: "What is connected, what it brought, how its runs went, and bringing in files." },
  { name: "Threads", description: "Issues, pull requests, topics, mails: conversations, wherever they were held." },
  { name: "Activities", description: "Who did what, when, in which thread." },
  { name: "Questions", description: "Threads that ask for help, and which of them wait for us." },
  { name: "Members", description: "People, as connected components of identities; every link says why it was drawn and can be taken back." },
  { name: "Signals", description: "Feedback in people's own words, and what the team decided about it." },
  { name: "Metrics", description: "Figures that open to their definition, exclusions and rows." },
  { name: "Search", description: "Full text over everything that the caller may see." },
  { name: "Team", description: "Roles and invitations." },
  { name: "API keys", description: "Keys act for the person who made them, within their scopes." },
  { name: "Audit", description: "Who did what." },
  { name: "Jobs", description: "Background work that failed for good." },
  { name: "Export", description: "Everything, as JSON lines." },
  { name: "About", description: "The API's own description." },
];

const intro = [
  "**Who asks.** Send an API key as `Authorization: Bearer cw_…`, or use the session cookie of a signed-in browser; with a cookie, changes need an `Origin` of this site.",
  "**Lists** are pages by keyset: `limit` rows, then `next` as `after` (also in the `Link` header). Rows that come in while you page are neither doubled nor skipped.",
  "**Errors** are `application/problem+json` (RFC 9457) with a `code`, words for a person, `errors` per field, and a `requestId`.",
  "**Tags.** Answers carry a weak `ETag`; `If-None-Match` gives 304, and `If-Match` keeps a change from overwriting another.",
  "**Limits.** `RateLimit-Limit`, `RateLimit-Remaining` and `RateLimit-Reset` (seconds) come with every answer; beyond the limit it is 429 with `Retry-After`.",
].join("\n\n");

/** The OpenAPI 3.1 document of the whole API. */
export function writeDocument(api: Api): ReturnType<Api["getOpenAPI31Document"]> {
  return api.getOpenAPI31Document({
    openapi: "3.1.0",
    info: {
      title: "Causeway API",
      version: "1",
      description: intro,
      license: { name: "Apache-2.0", url: "https://www.apache.org/licenses/LICENSE-2.0" },
    },
    servers: [{ url: "/", description: "This installation" }],
    tags: apiTags,
  });
}
