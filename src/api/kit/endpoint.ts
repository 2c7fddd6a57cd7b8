import type { OpenAPIHono } from "@hono/zod-openapi";
import type { Context } from "hono";
import { bodyLimit } from "hono/body-limit";
import { HTTPException } from "hono/http-exception";
import { z } from "zod";
import { AppError } from "#core/errors.ts";
import { type Ctx, openCommunity, type Role, requireRole, requireScope, type Scope, teamRoles } from "#features/access/index.ts";
import type { ApiEnv, ApiRuntime } from "./env.ts";
import { etagOf, matchesEtag } from "./etag.ts";
import { inputError, problemSchema } from "./problem.ts";

export type Api = OpenAPIHono<ApiEnv>;

/** What was declared, for tests that hold answers against it. */
export interface DeclaredEndpoint {
  method: string;
  path: string;
  status: number;
  answer: z.ZodType | undefined;
}

const declared = new WeakMap<Api["openAPIRegistry"], DeclaredEndpoint[]>();

/** Every endpoint of an API, in the order of their declaration. */
export function declaredEndpoints(api: Api): readonly DeclaredEndpoint[] {
  return declared.get(api.openAPIRegistry) ?? [];
}

const jsonMaxBytes = 1024 * 1024;

/** The standard failures of every endpoint; a endpoint names what else it answers. */
const alwaysPossible = [400, 401, 403, 404, 429, 500] as const;

type Parsed<Schema extends z.ZodType | undefined> = Schema extends z.ZodType ? z.output<Schema> : undefined;

interface Shape<Params extends z.ZodType | undefined, Query extends z.ZodType | undefined, Body extends z.ZodType | undefined> {
  method: "get" | "post" | "put" | "patch" | "delete";
  /** Below `/api/v1`, with parameters in braces. */
  path: string;
  tag: string;
  summary: string;
  description?: string;
  params?: Params;
  query?: Query;
  body?: Body;
  /** The request's body is the file itself: it is handed over as a stream, unread. */
  takesFile?: boolean;
  status?: 200 | 201 | 202 | 204;
  /** What comes back; none for 204 and streams. */
  answer?: z.ZodType;
  /** The answer's media type where it is not JSON. */
  answerType?: string;
  /** Failures besides the standard ones, by status. */
  failures?: readonly number[];
}

/** The parts of a request, checked. */
export interface Request<Params extends z.ZodType | undefined, Query extends z.ZodType | undefined, Body extends z.ZodType | undefined> {
  params: Parsed<Params>;
  query: Parsed<Query>;
  body: Parsed<Body>;
  runtime: ApiRuntime;
  c: Context<ApiEnv>;
}

export interface CommunityEndpoint<Params extends z.ZodType | undefined, Query extends z.ZodType | undefined, Body extends z.ZodType | undefined>
  extends Shape<Params, Query, Body> {
  /** Who may call it. `public` leaves it to the visibility rule. */
  access: "public" | readonly Role[];
  /** What an API key needs. */
  scope: Scope;
  /** What a GET of the same thing answers: If-Match is held against its tag. */
  current?: (ctx: Ctx, params: Parsed<Params>) => Promise<unknown>;
  handle(ctx: Ctx, request: Request<Params, Query, Body>): Promise<unknown>;
}

export const communityParams = z.object({ community: z.string().describe("The community's slug.").meta({ example: "tide" }) });

/**
 * Declares an endpoint below `/communities/{community}`: opens the community as the caller may see it, checks role and
 * scope, parses every part of the request, answers JSON with its tag, and documents all of it.
 */
export function communityEndpoint<
  Params extends z.ZodType | undefined = undefined,
  Query extends z.ZodType | undefined = undefined,
  Body extends z.ZodType | undefined = undefined,
>(api: Api, endpoint: CommunityEndpoint<Params, Query, Body>): void {
  const { access, scope } = endpoint;
  register(api, { ...endpoint, path: `/communities/{community}${endpoint.path}` }, { access, scope }, async (request) => {
    const { c } = request;
    const { runtime, caller } = c.var;
    const ctx = await openCommunity(runtime, { slug: c.req.param("community") ?? "", account: caller.account, apiKey: caller.apiKey });
    if (!ctx) throw new AppError("not_found", { public: "There is no such community, or it is not open to you." });
    if (access === "public") {
      // A key was made for something: without this scope it would silently see less than its maker.
      if (caller.apiKey) requireScope(ctx, scope);
    } else {
      requireRole(ctx, access, { scope });
    }
    const ifMatch = c.req.header("if-match");
    if (ifMatch !== undefined && endpoint.current) {
      const etag = etagOf(JSON.stringify(await endpoint.current(ctx, request.params)));
      if (!matchesEtag(ifMatch, etag))
        throw new AppError("precondition_failed", { public: "It was changed in the meantime. Read it again, then repeat your change." });
    }
    return endpoint.handle({ ...ctx, log: runtime.log }, request);
  });
}

export interface RootEndpoint<Params extends z.ZodType | undefined, Query extends z.ZodType | undefined, Body extends z.ZodType | undefined>
  extends Shape<Params, Query, Body> {
  access: "public" | "account";
  handle(request: Request<Params, Query, Body>): Promise<unknown>;
}

/** Declares an endpoint that belongs to no community. */
export function rootEndpoint<
  Params extends z.ZodType | undefined = undefined,
  Query extends z.ZodType | undefined = undefined,
  Body extends z.ZodType | undefined = undefined,
>(api: Api, endpoint: RootEndpoint<Params, Query, Body>): void {
  register(api, endpoint, { access: endpoint.access, scope: "read" }, async (request) => {
    if (endpoint.access === "account" && !request.c.var.caller.account)
      throw new AppError("unauthenticated", { public: "Sign in, or send an API key." });
    return endpoint.handle(request);
  });
}

function register<Params extends z.ZodType | undefined, Query extends z.ZodType | undefined, Body extends z.ZodType | undefined>(
  api: Api,
  shape: Shape<Params, Query, Body>,
  guard: { access: "public" | "account" | readonly Role[]; scope: Scope },
  handle: (request: Request<Params, Query, Body>) => Promise<unknown>,
): void {
  const status = shape.status ?? 200;
  api.openAPIRegistry.registerPath(describe(shape, guard));
  declared.set(api.openAPIRegistry, [...declaredEndpoints(api), { method: shape.method, path: shape.path, status, answer: shape.answer }]);
  const path = shape.path.replace(/\{(\w+)\}/g, ":$1");
  api.on(
    shape.method.toUpperCase(),
    path,
    bodyLimit({ maxSize: shape.takesFile ? Number.MAX_SAFE_INTEGER : jsonMaxBytes, onError: refuseLarge }),
    async (c) => {
      const result = await handle({
        params: parse(shape.params, c.req.param(), "path"),
        query: parse(shape.query, queryOf(c), "query"),
        body: shape.body ? parse(shape.body, await readJson(c), "body") : (undefined as Parsed<Body>),
        runtime: c.var.runtime,
        c,
      });
      if (result instanceof Response) return result;
      if (status === 204) return c.body(null, 204);
      return answerJson(c, JSON.stringify(result), status);
    },
  );
}

function refuseLarge(): never {
  throw new AppError("too_large", { public: "The request's body is larger than 1 MB." });
}

function parse<Schema extends z.ZodType | undefined>(schema: Schema | undefined, input: unknown, where: string): Parsed<Schema> {
  if (!schema) return undefined as Parsed<Schema>;
  const parsed = schema.safeParse(input);
  if (!parsed.success) throw inputError(parsed.error, where);
  return parsed.data as Parsed<Schema>;
}

function queryOf(c: Context<ApiEnv>): Record<string, string | string[]> {
  return Object.fromEntries(Object.entries(c.req.queries()).map(([name, values]) => [name, values.length === 1 ? (values[0] ?? "") : values]));
}

async function readJson(c: Context<ApiEnv>): Promise<unknown> {
  const type = c.req.header("content-type") ?? "";
  if (!/^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i.test(type)) {
    throw new HTTPException(415, { message: `Send JSON with the header “Content-Type: application/json”${type === "" ? "" : `, not “${type}”`}.` });
  }
  const text = await c.req.text();
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new AppError("invalid_input", {
      public: `The request's body is not JSON: ${error instanceof Error ? error.message : String(error)}`,
      cause: error,
    });
  }
}

function answerJson(c: Context<ApiEnv>, body: string, status: 200 | 201 | 202): Response {
  c.header("cache-control", "private, no-cache");
  c.header("vary", "Authorization, Cookie");
  if (status === 200) {
    const etag = etagOf(body);
    c.header("etag", etag);
    const ifNoneMatch = c.req.header("if-none-match");
    if (c.req.method === "GET" && ifNoneMatch !== undefined && matchesEtag(ifNoneMatch, etag)) return c.body(null, 304);
  }
  return c.body(body, status, { "content-type": "application/json; charset=utf-8" });
}

function describe<Params extends z.ZodType | undefined, Query extends z.ZodType | undefined, Body extends z.ZodType | undefined>(
  shape: Shape<Params, Query, Body>,
  guard: { access: "public" | "account" | readonly Role[]; scope: Scope },
): Parameters<Api["openAPIRegistry"]["registerPath"]>[0] {
  const status = shape.status ?? 200;
  const statuses = [...new Set([...alwaysPossible, ...(shape.body ? [413, 415] : []), ...(shape.failures ?? [])])].sort((a, b) => a - b);
  const answer = shape.answerType
    ? { content: { [shape.answerType]: { schema: z.string() } } }
    : shape.answer
      ? { content: { "application/json": { schema: shape.answer } } }
      : {};
  const who =
    guard.access === "public"
      ? "Anybody may call it; what comes back is what the caller may see."
      : guard.access === "account"
        ? "For signed-in accounts."
        : `For ${nameRoles(guard.access)}.`;
  return {
    method: shape.method,
    path: shape.path,
    tags: [shape.tag],
    summary: shape.summary,
    description: [shape.description, who, guard.access === "account" ? "" : `An API key needs the scope \`${guard.scope}\`.`]
      .filter(Boolean)
      .join(" "),
    operationId: operationId(shape.method, shape.path),
    security: guard.access === "public" ? [{}, { apiKey: [] }, { session: [] }] : [{ apiKey: [] }, { session: [] }],
    request: {
      params: paramsOf(shape),
      ...(shape.query instanceof z.ZodObject ? { query: shape.query } : {}),
      ...(shape.body ? { body: { required: true, content: { "application/json": { schema: shape.body } } } } : {}),
      ...(shape.takesFile
        ? { body: { required: true, content: { "application/octet-stream": { schema: z.string().meta({ format: "binary" }) } } } }
        : {}),
    },
    responses: {
      [status]: { description: status === 204 ? "Done." : status === 202 ? "Accepted; it goes on in the background." : "The answer.", ...answer },
      ...(shape.method === "get" && !shape.answerType ? { 304: { description: "Unchanged since the tag in If-None-Match." } } : {}),
      ...Object.fromEntries(
        statuses.map((failure) => [failure, { description: "A problem.", content: { "application/problem+json": { schema: problemSchema } } }]),
      ),
    },
  };
}

function paramsOf(shape: { path: string; params?: z.ZodType | undefined }): z.ZodObject | undefined {
  const own = shape.params instanceof z.ZodObject ? shape.params : undefined;
  if (!shape.path.startsWith("/communities/{community}")) return own;
  return own ? communityParams.extend(own.shape) : communityParams;
}

function nameRoles(roles: readonly Role[]): string {
  return roles.length === teamRoles.length ? "the team (every role of the Studio)" : roles.join(", ");
}

function operationId(method: string, path: string): string {
  const words = path
    .replace("/communities/{community}", "/c")
    .split("/")
    .filter(Boolean)
    .map((part) => (part.startsWith("{") ? `by-${part.slice(1, -1)}` : part));
  return [method, ...words].join("-").replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}
