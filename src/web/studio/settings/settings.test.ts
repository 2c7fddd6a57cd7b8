import { describe, expect, test } from "vitest";
import { jobs as definitions } from "#app/jobs.ts";
import { newId } from "#core/ids.ts";
import { acceptInvitation, findViewerByApiKey, listTeam, readInvitation } from "#features/access/index.ts";
import { createTeamMember } from "#tests/access-fixtures.ts";
import { createCtx } from "#tests/factories.ts";
import { createRuntime, load, password, post, publicUrl, visitAs } from "#tests/settings-visits.ts";
import * as audit from "./audit.tsx";
import * as community from "./community.tsx";
import * as jobs from "./jobs.tsx";
import * as keys from "./keys.tsx";
import * as mail from "./mail.tsx";
import * as team from "./team.tsx";

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
  });
});
