import { createHmac } from "node:crypto";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RouterContextProvider } from "react-router";
import { describe, expect, test } from "vitest";
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
  findViewer,
  findViewerByApiKey,
  listAudit,
  listTeam,
  openCommunity,
  type Role,
  readInvitation,
  signIn,
} from "#features/access/index.ts";
import { createTeamMember } from "#tests/access-fixtures.ts";
import { createCtx, testDatabase } from "#tests/factories.ts";
import { accountContext, ctxContext } from "#web/request-context.server.ts";
import * as account from "./account.tsx";
import type { ActAnswer } from "./act-form.tsx";
import * as audit from "./audit.tsx";
import * as community from "./community.tsx";
import { describeDevice } from "./device.ts";
import * as jobs from "./jobs.tsx";
import * as keys from "./keys.tsx";
import * as mail from "./mail.tsx";
import * as team from "./team.tsx";

const publicUrl = "https://tide.example";
const password = "harbour lantern 42";

/** A process's parts as the server puts them together, on the tests' database. */
function createRuntime(clock: Clock): Runtime {
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

interface Visit {
  ctx: Ctx;
  runtime?: Runtime;
  cookies?: string[];
}

// One visitor's address for each run, so that the tests of a run do not use up another's attempts.
const ip = `203.0.${Math.floor(Math.random() * 256)}.${Math.floor(Math.random() * 256)}`;

function request(cookies: string[], search: string, form?: Record<string, string | string[]>): Request {
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

async function load<Data>(route: { loader: (args: never) => Promise<Data> }, visit: Visit, search = ""): Promise<Data> {
  return route.loader(await argsOf(visit, search));
}

interface Posted {
  status: number;
  answer: ActAnswer;
  cookies: string[];
}

async function post(
  route: { action: (args: never) => Promise<{ data: ActAnswer; init: ResponseInit | null }> },
  visit: Visit,
  form: Record<string, string | string[]>,
): Promise<Posted> {
  const { data, init } = await route.action(await argsOf(visit, "", form));
  return { status: init?.status ?? 200, answer: data, cookies: new Headers(init?.headers).getSetCookie() };
}

async function visitAs(role: Role, ctx?: Ctx): Promise<Visit> {
  return { ctx: (await createTeamMember(ctx ?? (await createCtx()), role)).ctx };
}

/** An owner with a password, signed in. Sessions live in real time. */
async function signedIn(): Promise<Required<Visit> & { email: string }> {
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

function cookiesAfter(before: string[], set: string[]): string[] {
  return [...new Map([...before, ...set].map((cookie) => [cookie.split("=")[0], cookie])).values()];
}

describe("who may", () => {
  test("a viewer changes nothing of community, team, mail or jobs, and does not see what admins see", async () => {
    const visit = await visitAs("viewer");
    const owner = await createTeamMember({ ...visit.ctx, viewer: { kind: "system" } }, "owner");
    const change = { intent: "change", name: "Mine", tagline: "", slug: "mine", timeZone: "UTC" };
    const refused = [
      await post(community, visit, change),
      await post(team, visit, { intent: "role", accountId: owner.accountId, role: "viewer" }),
      await post(team, visit, { intent: "remove", accountId: owner.accountId }),
      await post(team, visit, { intent: "invite", role: "owner", note: "", expiresInDays: "7" }),
      await post(team, visit, { intent: "revoke", invitationId: newId() }),
      await post(keys, visit, { intent: "create", name: "k", scopes: ["admin"], expiresInDays: "30" }),
      await post(mail, visit, { intent: "retry", id: newId(), of: "community" }),
      await post(mail, visit, { intent: "test", to: "a@example.org" }),
      await post(jobs, visit, { intent: "retry", name: "mail-deliver", jobId: newId() }),
    ];
    for (const { status, answer } of refused) {
      expect(status).toBe(403);
      expect(answer).toMatchObject({ ok: false, message: expect.stringContaining("viewer") });
    }
    for (const route of [community, mail, jobs, audit]) {
      await expect(load<unknown>(route, visit)).rejects.toMatchObject({ init: { status: 403 } });
    }
    const seen = await load(team, visit);
    expect(seen).toMatchObject({ invitations: null, mayGive: [] });
    expect(seen.team.map(({ role }) => role)).toEqual(["owner", "viewer"]);
  });

  test("an admin changes the community, and moves to its new address with it", async () => {
    const visit = await visitAs("admin");
    const change = {
      intent: "change",
      name: "Tide",
      tagline: "Water and code",
      slug: visit.ctx.community.slug,
      timeZone: "europe/berlin",
      portalOpen: "on",
    };
    expect(await post(community, visit, change)).toMatchObject({ status: 200, answer: { ok: true } });
    expect((await load(community, visit)).community).toMatchObject({
      name: "Tide",
      tagline: "Water and code",
      timeZone: "Europe/Berlin",
      portalOpen: true,
    });

    const slug = `moved-${newId().slice(-12)}`;
    const moved = await post(community, visit, { ...change, slug }).catch((answer: unknown) => answer);
    expect(moved).toBeInstanceOf(Response);
    expect(moved instanceof Response && moved.headers.get("location")).toBe(`/studio/${slug}/settings/community?moved=${visit.ctx.community.slug}`);
    // A switch that is off sends nothing.
    const { portalOpen: _, ...closed } = change;
    const there = { ctx: { ...visit.ctx, community: { ...visit.ctx.community, slug } } };
    expect(await post(community, there, { ...closed, slug })).toMatchObject({ answer: { ok: true } });
    expect((await load(community, visit)).community.portalOpen).toBe(false);
  });

  test("a wrong field is said at the field", async () => {
    const visit = await visitAs("owner");
    const change = { intent: "change", name: "Tide", tagline: "", slug: "setup", timeZone: "Moon/Sea" };
    const { status, answer } = await post(community, visit, change);
    expect(status).toBe(400);
    expect(Object.keys(answer.fields ?? {}).sort()).toEqual(["slug", "timeZone"]);
    expect(await post(team, visit, { intent: "invite", role: "viewer", note: "", expiresInDays: "900" })).toMatchObject({
      status: 400,
      answer: { fields: { expiresInDays: "At most 90 days." } },
    });
  });

  test("an API key of the account never touches the account itself", async () => {
    const { ctx, runtime } = await signedIn();
    expect(await post(account, { ctx, runtime }, { intent: "rename", name: "Eve" })).toMatchObject({ status: 403, answer: { ok: false } });
  });
});

describe("team", () => {
  test("an invitation's link is in the answer alone, and works once", async () => {
    const visit = await visitAs("admin");
    const { answer } = await post(team, visit, { intent: "invite", role: "advocate", note: "for Grace", expiresInDays: "7" });
    const token = answer.link?.replace(`${publicUrl}/invite/`, "") ?? "";
    expect(await readInvitation(visit.ctx, token)).toMatchObject({ ok: true, role: "advocate" });

    const listed = await load(team, visit);
    expect(listed.invitations?.open).toMatchObject([{ note: "for Grace", role: "advocate" }]);
    expect(JSON.stringify(listed)).not.toContain(token);

    const newAccount = { name: "Grace", email: `${newId()}@example.org`, password };
    expect(await acceptInvitation(visit.ctx, { token, newAccount })).toMatchObject({ ok: true });
    expect(await readInvitation(visit.ctx, token)).toEqual({ ok: false, reason: "used" });
    expect((await load(team, visit)).invitations).toMatchObject({ open: [], ended: [{ state: "accepted", acceptedByName: "Grace" }] });
  });

  test("an invitation taken back does not work; admins neither see nor give the owner's role", async () => {
    const visit = await visitAs("admin");
    const { answer } = await post(team, visit, { intent: "invite", role: "viewer", note: "", expiresInDays: "1" });
    const { invitations, mayGive } = await load(team, visit);
    expect(mayGive).not.toContain("owner");
    expect(await post(team, visit, { intent: "revoke", invitationId: invitations?.open[0]?.id ?? "" })).toMatchObject({ answer: { ok: true } });
    expect(await readInvitation(visit.ctx, answer.link?.split("/").at(-1) ?? "")).toEqual({ ok: false, reason: "revoked" });
    expect(await post(team, visit, { intent: "invite", role: "owner", note: "", expiresInDays: "1" })).toMatchObject({ status: 403 });
  });

  test("the last owner is protected, and told why", async () => {
    const visit = await visitAs("owner");
    const { viewer } = visit.ctx;
    const accountId = viewer.kind === "account" ? viewer.accountId : "";
    const forms: Record<string, string>[] = [
      { intent: "remove", accountId },
      { intent: "role", accountId, role: "viewer" },
    ];
    for (const form of forms) {
      expect(await post(team, visit, form)).toMatchObject({ status: 409, answer: { ok: false, message: expect.stringContaining("last owner") } });
    }
    const other = await createTeamMember(visit.ctx, "advocate");
    expect(await post(team, visit, { intent: "role", accountId: other.accountId, role: "admin" })).toMatchObject({ answer: { ok: true } });
    expect((await listTeam(visit.ctx)).map(({ role }) => role)).toEqual(["owner", "admin"]);
    await post(team, visit, { intent: "remove", accountId: other.accountId });
    expect(await listTeam(visit.ctx)).toHaveLength(1);
  });

  test("who leaves is led out of the Studio", async () => {
    const visit = await visitAs("viewer");
    const { viewer } = visit.ctx;
    const answer = await post(team, visit, { intent: "remove", accountId: viewer.kind === "account" ? viewer.accountId : "" }).catch(
      (thrown: unknown) => thrown,
    );
    expect(answer instanceof Response && answer.headers.get("location")).toBe("/studio");
  });
});

test("an API key is in the answer alone, opens what its scopes say, and is worthless once revoked", async () => {
  const visit = await visitAs("advocate");
  const none = await post(keys, visit, { intent: "create", name: "", expiresInDays: "never" });
  expect(Object.keys(none.answer.fields ?? {}).sort()).toEqual(["name", "scopes"]);

  const { answer } = await post(keys, visit, { intent: "create", name: "Weekly report", scopes: ["write", "read"], expiresInDays: "never" });
  const key = answer.made?.key ?? "";
  expect(await findViewerByApiKey(visit.ctx, { key })).toMatchObject({ communityId: visit.ctx.community.id, scopes: ["read", "write"] });
  const listed = await load(keys, visit);
  expect(listed.keys).toMatchObject([{ name: "Weekly report", prefix: key.slice(0, 9), expiresAt: null }]);
  expect(JSON.stringify(listed)).not.toContain(key);
  expect(listed.api).toBe(`${publicUrl}/api/v1/communities/${visit.ctx.community.slug}`);

  // Somebody else's key is not there for a viewer, nor for their hands.
  const viewer = await visitAs("viewer", visit.ctx);
  expect((await load(keys, viewer)).keys).toEqual([]);
  expect(await post(keys, viewer, { intent: "revoke", apiKeyId: listed.keys[0]?.id ?? "" })).toMatchObject({ status: 404 });

  await post(keys, visit, { intent: "revoke", apiKeyId: listed.keys[0]?.id ?? "" });
  expect(await findViewerByApiKey(visit.ctx, { key })).toBeUndefined();
  expect(await load(keys, visit)).toMatchObject({ keys: [], ended: [{ name: "Weekly report" }] });
});

describe("account", () => {
  test("a new name is kept; the session of this browser is marked and others can be ended", async () => {
    const visit = await signedIn();
    await post(account, visit, { intent: "rename", name: "  Ada L. " });
    const elsewhere = await signIn(visit.runtime.auth, request([], "", {}), { email: visit.email, password });
    const { account: who, sessions, secondFactor } = await load(account, visit);
    expect(who).toEqual({ name: "Ada L.", email: visit.email });
    expect(secondFactor).toBe(false);
    expect(sessions.map(({ isCurrent }) => isCurrent).sort()).toEqual([false, true]);

    expect(await post(account, visit, { intent: "sessions-end" })).toMatchObject({ answer: { ok: true } });
    const cookies = elsewhere.ok ? elsewhere.cookies : [];
    expect((await findViewer(visit.runtime, { headers: request(cookies, "").headers, auth: visit.runtime.auth })).account).toBeNull();
    expect((await load(account, visit)).sessions).toHaveLength(1);
  });

  test("a wrong password says so at its field, a weak one at the other; a change hands out the new session's cookie", async () => {
    const visit = await signedIn();
    const wrong = await post(account, visit, { intent: "password", currentPassword: "not it at all", newPassword: "willow basin 77" });
    expect(wrong).toMatchObject({ status: 400, answer: { ok: false, fields: { currentPassword: "The current password is not right." } } });
    const weak = await post(account, visit, { intent: "password", currentPassword: password, newPassword: "password1234" });
    expect(weak.status).toBe(400);
    expect(Object.keys(weak.answer.fields ?? {})).toEqual(["newPassword"]);

    const done = await post(account, visit, { intent: "password", currentPassword: password, newPassword: "willow basin 77" });
    expect(done.answer.ok).toBe(true);
    expect((await load(account, { ...visit, cookies: cookiesAfter(visit.cookies, done.cookies) })).sessions).toMatchObject([{ isCurrent: true }]);
    expect(await signIn(visit.runtime.auth, request([], "", {}), { email: visit.email, password })).toMatchObject({ ok: false });
  });

  test("the second factor is on only after a code of the app, and comes off with the password", async () => {
    const visit = await signedIn();
    expect(await post(account, visit, { intent: "factor-begin", password: "not it at all" })).toMatchObject({
      status: 400,
      answer: { fields: { password: "The password is not right." } },
    });
    const begun = await post(account, visit, { intent: "factor-begin", password });
    const given = begun.answer.secondFactor;
    expect(given?.uri).toMatch(/^otpauth:\/\/totp\/Causeway/);
    expect(given?.backupCodes.length).toBeGreaterThan(4);
    let cookies = cookiesAfter(visit.cookies, begun.cookies);
    expect((await load(account, { ...visit, cookies })).secondFactor).toBe(false);

    expect(await post(account, { ...visit, cookies }, { intent: "factor-confirm", code: "000000" })).toMatchObject({
      status: 400,
      answer: { ok: false },
    });
    const on = await post(account, { ...visit, cookies }, { intent: "factor-confirm", code: codeOf(given?.secret ?? "") });
    expect(on.answer).toMatchObject({ ok: true });
    cookies = cookiesAfter(cookies, on.cookies);
    expect((await load(account, { ...visit, cookies })).secondFactor).toBe(true);

    const off = await post(account, { ...visit, cookies }, { intent: "factor-end", password });
    expect(off.answer.ok).toBe(true);
    expect((await load(account, { ...visit, cookies: cookiesAfter(cookies, off.cookies) })).secondFactor).toBe(false);
  });
});

describe("mail, jobs and audit", () => {
  test("an admin reads the community's own outbox; the installation's is for those who run all of it", async () => {
    const visit = await visitAs("admin");
    const runtime = createRuntime(visit.ctx.clock);
    await runtime.mail.queue({ to: "a@example.org", subject: "Welcome", text: "Good to have you.", scope: visit.ctx.community.id });
    await runtime.mail.queue({ to: "b@example.org", subject: "Elsewhere", text: "Not yours.", scope: newId() });
    const { page, configured, server } = await load(mail, { ...visit, runtime });
    expect(page.rows).toMatchObject([{ subject: "Welcome", text: "Good to have you.", state: "waiting" }]);
    expect(configured).toBe(false);
    // Other tests' communities are here too: this admin runs one of many.
    await createCtx();
    expect(server).toBeNull();
    await expect(load(mail, visit, "?of=installation")).rejects.toMatchObject({ init: { status: 403 } });
    expect(await post(mail, visit, { intent: "test", to: "a@example.org" })).toMatchObject({ status: 403, answer: { ok: false } });
  });

  test("an admin sees the community's own jobs, without payloads, and no others", async () => {
    const visit = await visitAs("admin");
    await createCtx();
    const runtime = createRuntime(visit.ctx.clock);
    const derive = definitions.find(({ name }) => name === "derive");
    if (!derive) throw new Error("the job is gone");
    const mine = await runtime.jobs.send(derive, { communityId: visit.ctx.community.id }, { key: newId() });
    await runtime.jobs.send(derive, { communityId: newId() }, { key: newId() });
    const seen = await load(jobs, { ...visit, runtime });
    expect(seen.listed.rows).toMatchObject([{ id: mine, name: "derive", state: "created" }]);
    expect(seen.listed.rows[0]).not.toHaveProperty("payload");
    expect(seen).toMatchObject({ all: false, counts: [], dead: { rows: [] } });
    expect(seen.queues).toContainEqual({ name: "derive", title: derive.title, isRegular: derive.cron !== undefined });
    expect(await post(jobs, { ...visit, runtime }, { intent: "retry", name: "derive", jobId: mine ?? "" })).toMatchObject({ status: 404 });
    await runtime.jobs.stop();
  });

  test("the log shows who did what, by the first part of an action, by person and by day", async () => {
    const visit = await visitAs("owner");
    await post(team, visit, { intent: "invite", role: "viewer", note: "n", expiresInDays: "7" });
    await post(keys, visit, { intent: "create", name: "Sync", scopes: ["read"], expiresInDays: "30" });
    const actionsOf = async (search: string) => (await load(audit, visit, search)).page.rows.map(({ action }) => action);
    expect(await actionsOf("")).toEqual(["api_key.created", "invitation.created"]);
    expect(await actionsOf("?action=invitation")).toEqual(["invitation.created"]);
    expect(await actionsOf("?action=api_key.created&from=2026-11-25&to=2026-11-25")).toEqual(["api_key.created"]);
    expect(await actionsOf("?to=2026-11-24")).toEqual([]);
    expect(await actionsOf("?actor=system")).toEqual([]);
    const { viewer } = visit.ctx;
    expect((await load(audit, visit)).actors.map(({ value }) => value)).toContain(viewer.kind === "account" ? viewer.accountId : "");
    expect((await listAudit(visit.ctx, { limit: 5 })).rows).toHaveLength(2);
  });
});

test.each([
  ["Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Linux"],
  [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Safari/537.36 Edg/138.0.0.0",
    "Edge on Windows",
  ],
  [
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1",
    "Safari on an iPhone",
  ],
  ["Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Mobile Safari/537.36", "Chrome on Android"],
  ["curl/8.9.1", "curl/8.9.1"],
  [null, "An unknown device"],
])("a device is named as people name it: %s", (userAgent, words) => {
  expect(describeDevice(userAgent)).toBe(words);
});

/** The six digits of RFC 6238 (SHA-1, 30 seconds) for a base32 secret. */
function codeOf(secret: string): string {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  const bits = [...secret].map((letter) => alphabet.indexOf(letter).toString(2).padStart(5, "0")).join("");
  const bytes = (bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000)));
  const mac = createHmac("sha1", Buffer.from(bytes)).update(counter).digest();
  return String((mac.readUInt32BE((mac.at(-1) ?? 0) & 15) & 0x7fffffff) % 1_000_000).padStart(6, "0");
}
