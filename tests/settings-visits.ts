// What the tests of the settings share: a visit to a page, as loaders and actions see it.
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RouterContextProvider } from "react-router";
import { jobs as definitions } from "#app/jobs.ts";
import type { Runtime } from "#app/runtime.ts";
import { runtimeContext } from "#app/runtime-context.ts";
import { type Clock, systemClock } from "#core/clock.ts";
import { loadConfig } from "#core/config.ts";
import { createSecretBox } from "#core/crypto.ts";
import { createHttpClient } from "#core/http.ts";
import { newId } from "#core/ids.ts";
import { createJobs } from "#core/jobs.ts";
import { createLogger } from "#core/log.ts";
import { createMailer } from "#core/mail.ts";
import { openSecrets } from "#core/secrets.ts";
import { createTelemetry } from "#core/telemetry.ts";
import {
  acceptInvitation,
  type Ctx,
  clientIpHeader,
  createAuth,
  createInvitation,
  findAccount,
  openCommunity,
  type Role,
  signIn,
} from "#features/access/index.ts";
import { accountContext, ctxContext } from "#web/request-context.server.ts";
import type { ActAnswer } from "#web/studio/settings/act-form.tsx";
import { createTeamMember } from "./access-fixtures.ts";
import { createCtx, testDatabase } from "./factories.ts";

export const publicUrl = "https://tide.example";
export const password = "harbour lantern 42";

/** A process's parts as the server puts them together, on the tests' database. */
export function createRuntime(clock: Clock): Runtime {
  const dataDir = mkdtempSync(join(tmpdir(), "causeway-settings-"));
  const config = loadConfig({ env: { CAUSEWAY_DATA_DIR: dataDir, PUBLIC_URL: publicUrl }, cwd: dataDir });
  const log = createLogger({ level: "silent" });
  const db = testDatabase();
  const telemetry = createTelemetry();
  const secrets = createSecretBox(openSecrets(config.secretsFile));
  const jobQueue = createJobs({ db, log, definitions, pollSeconds: 1 });
  return {
    config,
    log,
    clock,
    db,
    telemetry,
    secrets,
    http: createHttpClient({ config, log, telemetry }),
    jobs: jobQueue,
    mail: createMailer({ config, db, clock, log, jobs: () => jobQueue }),
    auth: createAuth({ db, log, clock, publicUrl, secret: secrets.authSecret }),
    embedded: true,
    close: async () => {},
  };
}

export interface Visit {
  ctx: Ctx;
  runtime?: Runtime;
  cookies?: string[];
}

// One visitor's address for each run, so that the tests of a run do not use up another's attempts.
const ip = `203.0.${Math.floor(Math.random() * 256)}.${Math.floor(Math.random() * 256)}`;

export function request(cookies: string[], search: string, form?: Record<string, string | string[]>): Request {
  const headers = {
    origin: publicUrl,
    "sec-fetch-site": "same-origin",
    [clientIpHeader]: ip,
    ...(cookies.length > 0 && { cookie: cookies.map((cookie) => cookie.split(";")[0]).join("; ") }),
  };
  const body = form && new URLSearchParams(Object.entries(form).flatMap(([name, value]) => [value].flat().map((one) => [name, one])));
  return new Request(`${publicUrl}/studio/tide/settings${search}`, { headers, ...(body && { method: "POST", body }) });
}

async function argsOf({ ctx, runtime = createRuntime(ctx.clock), cookies = [] }: Visit, search: string, form?: Record<string, string | string[]>) {
  const context = new RouterContextProvider();
  context.set(runtimeContext, runtime);
  context.set(ctxContext, ctx);
  const { viewer } = ctx;
  if (viewer.kind === "account") {
    const found = await findAccount(ctx, { accountId: viewer.accountId });
    context.set(accountContext, found ? { account: found, role: viewer.role } : null);
  }
  // Each route has its own type of arguments; these hold what all of them read.
  return { request: request(cookies, search, form), params: { community: ctx.community.slug }, context } as never;
}

export async function load<Data>(route: { loader: (args: never) => Promise<Data> }, visit: Visit, search = ""): Promise<Data> {
  return route.loader(await argsOf(visit, search));
}

interface Posted {
  status: number;
  answer: ActAnswer;
  cookies: string[];
}

export async function post(
  route: { action: (args: never) => Promise<{ data: ActAnswer; init: ResponseInit | null }> },
  visit: Visit,
  form: Record<string, string | string[]>,
): Promise<Posted> {
  const { data, init } = await route.action(await argsOf(visit, "", form));
  return { status: init?.status ?? 200, answer: data, cookies: new Headers(init?.headers).getSetCookie() };
}

export async function visitAs(role: Role, ctx?: Ctx): Promise<Visit> {
  return { ctx: (await createTeamMember(ctx ?? (await createCtx()), role)).ctx };
}

/** An owner with a password, signed in. Sessions live in real time. */
export async function signedIn(): Promise<Required<Visit> & { email: string }> {
  const base: Ctx = { ...(await createCtx()), clock: systemClock };
  const runtime = createRuntime(systemClock);
  const email = `${newId()}@example.org`;
  const { token } = await createInvitation(base, { role: "owner" });
  const accepted = await acceptInvitation(runtime, { token, newAccount: { name: "Ada", email, password } });
  if (!accepted.ok) throw new Error(accepted.reason);
  const outcome = await signIn(runtime.auth, request([], "", {}), { email, password });
  if (!outcome.ok) throw new Error(outcome.message);
  const ctx = await openCommunity(runtime, { slug: base.community.slug, account: accepted.account });
  if (!ctx) throw new Error("the community does not open");
  return { ctx, runtime, cookies: outcome.cookies, email };
}

export function cookiesAfter(before: string[], set: string[]): string[] {
  return [...new Map([...before, ...set].map((cookie) => [cookie.split("=")[0], cookie])).values()];
}
