import { OpenAPIHono } from "@hono/zod-openapi";
import { HTTPException } from "hono/http-exception";
import { addCommunities } from "./communities.ts";
import { addDocs } from "./docs.ts";
import { addExport } from "./export.ts";
import { addJobs } from "./jobs.ts";
import type { Api } from "./kit/endpoint.ts";
import type { ApiEnv, ApiRuntime } from "./kit/env.ts";
import { identifyCaller, limitRate, refuseImpostors } from "./kit/guard.ts";
import { answerProblem } from "./kit/problem.ts";
import { addLiveSources } from "./live-sources.ts";
import { addMembers } from "./members.ts";
import { addMetrics } from "./metrics.ts";
import { addSearch } from "./search.ts";
import { addSignals } from "./signals.ts";
import { addSources } from "./sources.ts";
import { addTeam } from "./team.ts";
import { addThreads } from "./threads.ts";
import { addUploads } from "./uploads.ts";

export type { ApiRuntime } from "./kit/env.ts";

/**
 * The REST API, answering below `/api/v1`. Every feature has its file; what all share (who asks, limits, tags, errors)
 * is in `kit/`.
 */
export function createApi(runtime: ApiRuntime): Api {
  const api = new OpenAPIHono<ApiEnv>().basePath("/api/v1");
  api.use(identifyCaller(runtime));
  api.use(limitRate(runtime));
  api.use(refuseImpostors);
  api.onError(answerProblem);

  addCommunities(api);
  addSources(api);
  addLiveSources(api);
  addUploads(api);
  addThreads(api);
  addMembers(api);
  addSignals(api);
  addMetrics(api);
  addSearch(api);
  addTeam(api);
  addJobs(api);
  addExport(api);
  addDocs(api);

  api.notFound((c) => {
    const methods = allowedMethods(api, c.req.path);
    if (methods.length === 0) return answerProblem(new HTTPException(404, { message: "There is nothing at this address. See /api/v1/docs." }), c);
    c.header("allow", methods.join(", "));
    return answerProblem(new HTTPException(405, { message: `This address takes ${methods.join(", ")}.` }), c);
  });
  return api;
}

function allowedMethods(api: Api, path: string): string[] {
  const fits = (pattern: string) => new RegExp(`^${pattern.replace(/:[^/]+/g, "[^/]+")}$`).test(path);
  const methods = api.routes.filter((route) => route.method !== "ALL" && fits(route.path)).map((route) => route.method);
  return [...new Set(methods.flatMap((method) => (method === "GET" ? ["GET", "HEAD"] : [method])))].sort();
}
