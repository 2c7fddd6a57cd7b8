import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { consumers } from "#app/consumers.ts";
import { github } from "#connectors/github/index.ts";
import { sql } from "#core/database/database.ts";
import { newId } from "#core/ids.ts";
import { insertAccount } from "#features/access/account.ts";
import { signIn } from "#features/access/index.ts";
import { countInbox, drainOutbox, enqueueChanges, ensureSource, openFile, runImport } from "#features/ledger/index.ts";
import { createTeamMember } from "#tests/access-fixtures.ts";
import { createTestApi, publicUrl } from "#tests/api-fixtures.ts";
import { addPerson, addPlace, addThread } from "#tests/conversation.ts";
import { createCtx } from "#tests/factories.ts";

const archive = new URL("../connectors/github/fixtures/archive.json", import.meta.url).pathname;

test("every documented endpoint answers as documented", async () => {
  const ctx = await createCtx();
  const api = createTestApi(ctx);
  const base = `/communities/${ctx.community.slug}`;
  await openFile(archive);
  const { sourceId, syncId } = await runImport(ctx, { connector: github, path: archive });
  const place = await addPlace(ctx);
  const [ada, ben, third] = [await addPerson(ctx, "Ada"), await addPerson(ctx, "Ben"), await addPerson(ctx, "Cem")];
  const said = [
    { by: ada, body: "How do I pause a queue? The server crashes." },
    { by: ben, body: "Fantastic tool." },
    { by: third, body: "The docs are outdated." },
  ];
  const { threadId, activityIds } = await addThread(ctx, place, { said });
  await enqueueChanges(ctx, { threads: [threadId], activities: activityIds, identities: [ada, ben, third] });
  await drainOutbox(ctx, { consumers, communityId: ctx.community.id });

  const owner = await api.keyOf("owner", ["admin"]);
  const get = (path: string) => api.call("GET", path, { key: owner });
  const send = (method: string, path: string, body?: unknown) => api.call(method, path, { key: owner, ...(body === undefined ? {} : { body }) });

  for (const path of ["/communities", "/connectors", "/metrics", "/openapi.json", "/docs", base]) expect((await get(path)).status, path).toBe(200);
  const signal = (await get(`${base}/signals?kind=bug`)).json.data[0].id;
  const other = (await get(`${base}/signals?kind=friction`)).json.data[0].id;
  for (const path of [
    "/sources",
    `/sources/${sourceId}`,
    `/sources/${sourceId}/syncs`,
    `/sources/${sourceId}/rejected`,
    `/syncs/${syncId}`,
    "/threads?sort=opened&state=open",
    `/threads/${threadId}`,
    `/threads/${threadId}/activities`,
    "/activities?from=2020-01-01",
    "/questions/waiting",
    "/questions/counts",
    "/members?sort=name",
    `/members/${ada}`,
    `/members/${ada}/activities`,
    "/links/suggested",
    "/signals",
    "/signals/counts",
    `/signals/${signal}`,
    "/metrics/active-members",
    "/metrics/active-members/rows",
    "/search?q=queue",
    "/team",
    "/invitations",
    "/api-keys",
    "/audit",
    "/jobs/dead",
    "/export/threads",
    "/export/activities",
    "/export/members",
    "/export/signals",
  ]) {
    const answer = await get(base + path);
    expect(answer.status, `${path} ${answer.text}`).toBe(200);
  }

  const mate = await createTeamMember(ctx, "viewer");
  const expectStatus = async (status: number, method: string, path: string, body?: unknown) => {
    const answer = await send(method, base + path, body);
    expect(answer.status, `${method} ${path} ${answer.text}`).toBe(status);
    return answer;
  };
  await expectStatus(200, "PATCH", "", { tagline: "Ebb and flow" });
  await expectStatus(200, "PATCH", `/sources/${sourceId}`, { name: "The archive" });
  await expectStatus(202, "POST", `/sources/${sourceId}/replay`);
  await expectStatus(200, "PUT", `/threads/${threadId}/question`, { mark: "answered" });
  await expectStatus(200, "DELETE", `/threads/${threadId}/question`);
  await expectStatus(200, "POST", `/signals/${signal}/confirm`);
  await expectStatus(200, "POST", `/signals/${signal}/undo`);
  await expectStatus(200, "POST", `/signals/${other}/dismiss`);
  expect((await expectStatus(200, "POST", `/signals/${signal}/reclassify`, { kind: "request" })).json).toMatchObject({
    kind: "request",
    state: "confirmed",
  });
  await expectStatus(200, "PUT", `/members/${third}/kind`, { kind: "team", reason: "works with us" });
  const { json: link } = await expectStatus(201, "POST", "/links", { identityIds: [ada, ben], reason: "said so" });
  expect(link.joined).toBe(true);
  for (const verb of ["remove", "accept", "reject"]) await expectStatus(200, "POST", `/links/${link.linkId}/${verb}`);
  await expectStatus(204, "PUT", `/team/${mate.accountId}/role`, { role: "product" });
  await expectStatus(204, "DELETE", `/team/${mate.accountId}`);
  const { json: invited } = await expectStatus(201, "POST", "/invitations", { role: "viewer" });
  expect(invited.url).toBe(`${publicUrl}/invite/${invited.token}`);
  await expectStatus(204, "DELETE", `/invitations/${invited.id}`);

  const settings = { program: "bot", secret: "sixteen letters, at least" };
  expect((await expectStatus(200, "POST", "/sources/try", { connector: "incoming", settings })).json).toMatchObject({ origin: "incoming:bot" });
  const { json: live } = await expectStatus(201, "POST", "/sources", { connector: "incoming", settings });
  expect((await get(`${base}/sources/${live.sourceId}`)).text).not.toContain("sixteen");
  await expectStatus(200, "PUT", `/sources/${live.sourceId}/settings`, { ...settings, secret: "another one of sixteen letters" });
  await expectStatus(200, "PUT", `/sources/${live.sourceId}/privacy`, { dropFields: ["email"], privateChannels: "out", retentionDays: 365 });
  await expectStatus(400, "POST", `/sources/${live.sourceId}/sync`);
  const made = await ensureSource(ctx, { connector: "sample", origin: "sample:git", name: "Git", settings: { part: "git" } });
  await expectStatus(202, "POST", `/sources/${made.id}/sync`);
  const sent = await expectStatus(202, "POST", "/activities?source=bot", { id: "1", occurredAt: "2026-03-01T10:00:00Z", body: "Hello" });
  expect(sent.json).toEqual({ received: 1, sourceId: live.sourceId });
  expect(await countInbox(ctx, { sourceId: live.sourceId })).toBe(1);

  const upload = await api.call("POST", `${base}/imports?fileName=archive.json`, {
    key: owner,
    raw: await readFile(archive),
    headers: { "content-type": "application/octet-stream" },
  });
  expect(upload.status, upload.text).toBe(202);
  expect(upload.headers.get("location")).toBe(`/api/v1${base}/syncs/${upload.json.syncId}`);
  expect((await get(`${base}/syncs/${upload.json.syncId}`)).json).toMatchObject({ state: "queued", subject: "archive.json" });

  const put = (fileName: string, raw: string) =>
    api.call("POST", `${base}/uploads?fileName=${fileName}`, { key: owner, raw, headers: { "content-type": "application/octet-stream" } });
  const waiting = await put("ideas.csv", "number,created_at,title\n1,2024-01-01,Open\n2,soon,Close\n");
  expect(waiting.status, waiting.text).toBe(201);
  expect(waiting.json).toMatchObject({ connector: "table", fileName: "ideas.csv", problem: null });
  await expectStatus(200, "GET", `/uploads/${waiting.json.id}`);
  const mapping = { id: "number", time: "created_at", title: "title", kindValue: "request" };
  const { json: preview } = await expectStatus(200, "POST", `/uploads/${waiting.json.id}/preview`, { mapping });
  expect(preview).toMatchObject({
    rows: [
      { line: 2, activity: { kind: "request" } },
      { line: 3, activity: null },
    ],
    bad: [{ line: 3, column: "created_at" }],
  });
  const { json: brought } = await expectStatus(202, "POST", `/uploads/${waiting.json.id}/import`, { settings: { mapping } });
  expect(brought.connector).toBe("table");
  // What was said of the first file counts for the next with its header.
  const later = await put("later.csv", "number,created_at,title\n3,2024-01-03,Shut\n");
  expect((await expectStatus(200, "POST", `/uploads/${later.json.id}/preview`, {})).json.mapping).toMatchObject(mapping);
  await expectStatus(409, "DELETE", `/uploads/${waiting.json.id}`);
  await expectStatus(204, "DELETE", `/uploads/${later.json.id}`);
  await expectStatus(404, "GET", `/uploads/${later.json.id}`);
  const settings400 = await api.call("POST", `${base}/imports?fileName=a.csv&connector=table&settings=no`, { key: owner, raw: "a,b\n" });
  expect(settings400.status).toBe(400);

  // Keys and communities are made by people who signed in.
  const person = await insertAccount(ctx, { name: "Ada", email: `${newId()}@example.org`, password: "harbour lantern 42" });
  await ctx.db.execute(sql`INSERT INTO membership (community_id, account_id, role) VALUES (${ctx.community.id}, ${person.id}, 'owner')`);
  const page = new Request(`${publicUrl}/sign-in`, { method: "POST", headers: { origin: publicUrl, "sec-fetch-site": "same-origin" } });
  const signedIn = await signIn(api.auth, page, { email: person.email, password: "harbour lantern 42" });
  const cookie = signedIn.ok ? signedIn.cookies.map((one) => one.split(";")[0]).join("; ") : "";
  const browser = { cookie, origin: publicUrl };
  const key = await api.call("POST", `${base}/api-keys`, { body: { name: "script", scopes: ["read"] }, headers: browser });
  expect(key.status, key.text).toBe(201);
  expect((await api.call("GET", base, { key: key.json.key })).json).toMatchObject({ role: "owner" });
  await expectStatus(204, "DELETE", `/api-keys/${key.json.id}`);
  const founded = await api.call("POST", "/communities", { body: { name: "Second", slug: `second-${newId().slice(-12)}` }, headers: browser });
  expect(founded.status, founded.text).toBe(201);
  expect(
    (await api.call("POST", `${base}/api-keys`, { body: { name: "x", scopes: ["read"] }, headers: { cookie, origin: "https://elsewhere.example" } }))
      .status,
  ).toBe(403);
  expect((await api.call("POST", `${base}/api-keys`, { body: { name: "x", scopes: ["read"] }, headers: { cookie } })).status).toBe(403);

  await api.jobs.counts();
  const deadId = newId();
  await ctx.db.execute(sql`
    INSERT INTO pgboss.job (id, name, state, data, retry_limit, retry_count)
    VALUES (${deadId}, 'derive', 'failed', ${JSON.stringify({ payload: { communityId: ctx.community.id } })}::jsonb, 0, 0)`);
  expect((await get(`${base}/jobs/dead`)).json.data).toMatchObject([{ id: deadId, name: "derive" }]);
  await expectStatus(204, "POST", `/jobs/dead/derive/${deadId}/retry`);

  await expectStatus(204, "DELETE", `/sources/${sourceId}`);
  await api.jobs.stop(100);

  const documented = api.endpoints.map((one) => `${one.method} ${one.path}`);
  expect(documented.filter((one) => !api.answered.has(one))).toEqual([]);
});
