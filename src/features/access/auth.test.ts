import { createHmac } from "node:crypto";
import { expect, test } from "vitest";
import { systemClock } from "#core/clock.ts";
import { sql } from "#core/database/database.ts";
import { newId } from "#core/ids.ts";
import { createLogger } from "#core/log.ts";
import { testDatabase } from "#tests/factories.ts";
import { type Account, insertAccount } from "./account.ts";
import {
  type AuthOptions,
  changePassword,
  clientIpHeader,
  createAuth,
  disableSecondFactor,
  enableSecondFactor,
  findViewer,
  listSessions,
  requestMagicLink,
  requestPasswordReset,
  resetPassword,
  revokeOtherSessions,
  revokeSession,
  signIn,
  signOut,
  startProviderSignIn,
  verifySecondFactor,
} from "./index.ts";
import { hashSecretToken } from "./secret-token.ts";

const password = "harbour lantern 42";
const core = () => ({ db: testDatabase(), clock: systemClock, log: createLogger({ level: "silent" }) });

function setUp(options: Partial<AuthOptions> = {}) {
  const mails: { to: string; subject: string; text: string }[] = [];
  const publicUrl = options.publicUrl ?? "https://tide.example";
  const auth = createAuth({
    ...core(),
    publicUrl,
    secret: "a secret of the tests, longer than 32 letters",
    sendMail: async (mail) => {
      mails.push(mail);
    },
    ...options,
  });
  // Each set-up is one visitor's address, so that tests do not use up each other's attempts.
  const ip = `203.0.${Math.floor(Math.random() * 256)}.${Math.floor(Math.random() * 256)}`;
  const page = (jar: string[] = [], headers: Record<string, string> = {}) =>
    new Request(`${publicUrl}/sign-in`, {
      method: "POST",
      headers: {
        origin: publicUrl,
        "sec-fetch-site": "same-origin",
        [clientIpHeader]: ip,
        ...(jar.length > 0 && { cookie: cookieHeader(jar) }),
        ...headers,
      },
    });
  return { auth, mails, page, publicUrl };
}

function cookieHeader(setCookies: string[]): string {
  return setCookies.map((cookie) => cookie.split(";")[0]).join("; ");
}

function newAccount(): Promise<Account> {
  return insertAccount(core(), { name: "Ada", email: `${newId()}@example.org`, password });
}

async function signedIn(kit: ReturnType<typeof setUp>, email: string): Promise<string[]> {
  const outcome = await signIn(kit.auth, kit.page(), { email, password });
  if (!outcome.ok) throw new Error(outcome.message);
  return outcome.cookies;
}

test("a password opens a session whose cookie is HttpOnly, SameSite and, over https, Secure", async () => {
  const kit = setUp();
  const account = await newAccount();
  const cookies = await signedIn(kit, account.email.toUpperCase());
  expect(cookies[0]).toMatch(/^__Secure-causeway\.session_token=/);
  for (const attribute of ["HttpOnly", "SameSite=Lax", "Secure", "Path=/"]) expect(cookies[0]).toContain(attribute);
  const caller = await findViewer(core(), { headers: kit.page(cookies).headers, auth: kit.auth });
  expect(caller).toMatchObject({ account: { id: account.id, email: account.email }, apiKey: null });

  await signOut(kit.auth, kit.page(cookies));
  expect(await findViewer(core(), { headers: kit.page(cookies).headers, auth: kit.auth })).toMatchObject({ account: null });
});

test("a wrong password, an unknown address and a tampered cookie open nothing and look alike", async () => {
  const kit = setUp();
  const account = await newAccount();
  const wrong = await signIn(kit.auth, kit.page(), { email: account.email, password: "not the password" });
  const unknown = await signIn(kit.auth, kit.page(), { email: `${newId()}@example.org`, password });
  expect(wrong).toMatchObject({ ok: false, reason: "wrong" });
  expect(unknown).toEqual(wrong);
  const cookies = (await signedIn(kit, account.email)).map((cookie) =>
    cookie.replace(/=(.)/, (_, letter: string) => `=${letter === "a" ? "b" : "a"}`),
  );
  expect(await findViewer(core(), { headers: kit.page(cookies).headers, auth: kit.auth })).toMatchObject({ account: null });
});

test("attempts from one address are limited, whatever it claims to be forwarded for", async () => {
  const kit = setUp();
  const account = await newAccount();
  const outcomes = [];
  for (let n = 0; n < 12; n += 1) {
    outcomes.push(
      await signIn(kit.auth, kit.page([], { "x-forwarded-for": `198.51.100.${n}` }), { email: account.email, password: "wrong password 1" }),
    );
  }
  expect(outcomes.filter((outcome) => !outcome.ok && outcome.reason === "wrong")).toHaveLength(10);
  expect(outcomes.at(-1)).toMatchObject({ ok: false, reason: "rate_limited", retryAfterSeconds: expect.any(Number) });
  // Another process on the same database knows of them.
  const other = createAuth({ ...core(), publicUrl: kit.publicUrl, secret: "another secret, also longer than 32 letters" });
  expect(await signIn(other, kit.page(), { email: account.email, password })).toMatchObject({ ok: false, reason: "rate_limited" });
});

test("attempts on one account are limited from however many addresses, and a success clears them", async () => {
  const kit = setUp();
  const account = await newAccount();
  const attempt = (n: number, secret: string) =>
    signIn(kit.auth, kit.page([], { [clientIpHeader]: `198.18.0.${n}` }), { email: account.email, password: secret });
  // Attempts cost time on purpose; most of them are only noted here.
  const note = (count: number) =>
    testDatabase().execute(sql`UPDATE auth_rate_limit SET count = ${count} WHERE key = ${`sign-in:${hashSecretToken(account.email)}`}`);
  expect(await attempt(1, "wrong password 1")).toMatchObject({ reason: "wrong" });
  expect(await note(19)).toBe(1);
  expect(await attempt(2, password)).toMatchObject({ ok: true });
  expect(await note(19)).toBe(0);
  expect(await attempt(3, "wrong password 1")).toMatchObject({ reason: "wrong" });
  await note(20);
  expect(await attempt(4, password)).toMatchObject({ ok: false, reason: "rate_limited" });
});

test("a form on another site can neither sign in nor act with the cookie", async () => {
  const kit = setUp();
  const account = await newAccount();
  const cookies = await signedIn(kit, account.email);
  const elsewhere = { origin: "https://evil.example", "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate" };
  expect(await signIn(kit.auth, kit.page([], elsewhere), { email: account.email, password })).toMatchObject({ ok: false, reason: "bad_origin" });
  expect(await signOut(kit.auth, kit.page(cookies, elsewhere))).toMatchObject({ ok: false, reason: "bad_origin" });
  expect(await findViewer(core(), { headers: kit.page(cookies).headers, auth: kit.auth })).toMatchObject({ account: { id: account.id } });
  expect(kit.auth.isSameSite(kit.page(cookies, elsewhere))).toBe(false);
  expect(kit.auth.isSameSite(kit.page(cookies))).toBe(true);
  expect(kit.auth.isSameSite(new Request(kit.publicUrl, { method: "POST" }))).toBe(false);
});

test("without a public URL the site answers to localhost, 127.0.0.1 and whatever address it is reached by", async () => {
  const account = await newAccount();
  const local = setUp({ publicUrl: "http://localhost:4400" });
  const sibling = await signIn(local.auth, local.page([], { origin: "http://127.0.0.1:4400" }), { email: account.email, password });
  expect(sibling).toMatchObject({ ok: true });
  expect(sibling.ok && sibling.cookies[0]).not.toContain("Secure");
  const lan = () =>
    new Request("http://192.0.2.7:4400/sign-in", { method: "POST", headers: { origin: "http://192.0.2.7:4400", [clientIpHeader]: "192.0.2.9" } });
  expect(await signIn(local.auth, lan(), { email: account.email, password })).toMatchObject({ ok: false, reason: "bad_origin" });
  const anyHost = setUp({ publicUrl: "http://localhost:4400", trustRequestHost: true });
  expect(await signIn(anyHost.auth, lan(), { email: account.email, password })).toMatchObject({ ok: true });
});

test("nobody signs up with a password over the API", async () => {
  const kit = setUp({ signUp: "open" });
  const response = await kit.auth.handle(
    new Request(`${kit.publicUrl}/api/auth/sign-up/email`, {
      method: "POST",
      headers: { "content-type": "application/json", origin: kit.publicUrl, [clientIpHeader]: "192.0.2.200" },
      body: JSON.stringify({ name: "X", email: `${newId()}@example.org`, password }),
    }),
  );
  expect(response.status).toBe(400);
});

test("a magic link signs in once; nobody without an account is mailed unless sign-up is open", async () => {
  const kit = setUp();
  const account = await newAccount();
  const stranger = `${newId()}@example.org`;
  const known = await requestMagicLink(kit.auth, kit.page(), { email: account.email, returnTo: "/studio" });
  expect(await requestMagicLink(kit.auth, kit.page(), { email: stranger })).toEqual(known);
  expect(kit.mails.map((mail) => mail.to)).toEqual([account.email]);
  const link = /https:\S+/.exec(kit.mails[0]?.text ?? "")?.[0] ?? "";
  const opened = await kit.auth.handle(new Request(link, { headers: { [clientIpHeader]: "192.0.2.201" } }));
  expect(opened.headers.get("location")).toBe("https://tide.example/studio");
  const cookies = opened.headers.getSetCookie();
  expect(await findViewer(core(), { headers: kit.page(cookies).headers, auth: kit.auth })).toMatchObject({
    account: { id: account.id, emailVerified: true },
  });
  const again = await kit.auth.handle(new Request(link, { headers: { [clientIpHeader]: "192.0.2.201" } }));
  expect(again.headers.get("location")).toContain("error=");
  expect(again.headers.getSetCookie().join()).not.toContain("session_token=a");

  const open = setUp({ signUp: "open" });
  await requestMagicLink(open.auth, open.page(), { email: stranger });
  expect(open.mails.map((mail) => mail.to)).toEqual([stranger]);
});

test("a link never leads to another site", async () => {
  const kit = setUp();
  const account = await newAccount();
  expect(await requestMagicLink(kit.auth, kit.page(), { email: account.email, returnTo: "https://evil.example/" })).toMatchObject({ ok: false });
  expect(kit.mails).toEqual([]);
});

test("without mail there are no links, and the sign-in page knows", async () => {
  const kit = setUp({ sendMail: undefined });
  expect(kit.auth.methods).toEqual({ magicLink: false, passwordReset: false, providers: [], signUp: false });
  expect(await requestMagicLink(kit.auth, kit.page(), { email: "a@example.org" })).toMatchObject({ ok: false, reason: "unavailable" });
});

test("a password is reset by mail, once, under the rules, and ends every session", async () => {
  const kit = setUp();
  const account = await newAccount();
  const cookies = await signedIn(kit, account.email);
  expect(await requestPasswordReset(kit.auth, kit.page(), { email: account.email, returnTo: "/reset-password" })).toMatchObject({ ok: true });
  const token = /reset-password\/([^?\s]+)/.exec(kit.mails[0]?.text ?? "")?.[1] ?? "";
  expect(await resetPassword(kit.auth, kit.page(), { token, newPassword: "password12345" })).toMatchObject({ ok: false, reason: "weak_password" });
  expect(await resetPassword(kit.auth, kit.page(), { token, newPassword: "granite meadow 77" })).toMatchObject({ ok: true });
  expect(await resetPassword(kit.auth, kit.page(), { token, newPassword: "granite meadow 78" })).toMatchObject({ ok: false, reason: "wrong" });
  expect(await findViewer(core(), { headers: kit.page(cookies).headers, auth: kit.auth })).toMatchObject({ account: null });
  expect(await signIn(kit.auth, kit.page(), { email: account.email, password: "granite meadow 77" })).toMatchObject({ ok: true });
});

test("changing the password needs the old one and ends the other sessions", async () => {
  const kit = setUp();
  const account = await newAccount();
  const here = await signedIn(kit, account.email);
  const there = await signedIn(kit, account.email);
  expect(await changePassword(kit.auth, kit.page(here), { currentPassword: "wrong password 1", newPassword: "granite meadow 77" })).toMatchObject({
    reason: "wrong",
  });
  const changed = await changePassword(kit.auth, kit.page(here), { currentPassword: password, newPassword: "granite meadow 77" });
  expect(changed).toMatchObject({ ok: true });
  expect(await findViewer(core(), { headers: kit.page(there).headers, auth: kit.auth })).toMatchObject({ account: null });
  expect(await findViewer(core(), { headers: kit.page(changed.ok ? changed.cookies : []).headers, auth: kit.auth })).toMatchObject({
    account: { id: account.id },
  });
});

test("sessions are listed and end at once when revoked, one's own alone", async () => {
  const kit = setUp();
  const account = await newAccount();
  const here = await signedIn(kit, account.email);
  const there = await signedIn(kit, account.email);
  const current = await findViewer(core(), { headers: kit.page(here).headers, auth: kit.auth });
  const currentSessionId = current.sessionId ?? "";
  const sessions = await listSessions(core(), { accountId: account.id, currentSessionId });
  expect(sessions.map((session) => session.isCurrent).sort()).toEqual([false, true]);
  expect(sessions[0]?.ipAddress).toMatch(/^203\.0\./);
  const other = sessions.find((session) => !session.isCurrent)?.id ?? "";
  const stranger = await newAccount();
  await expect(revokeSession(core(), { accountId: stranger.id, sessionId: other })).rejects.toMatchObject({ code: "not_found" });
  await revokeSession(core(), { accountId: account.id, sessionId: other });
  expect(await findViewer(core(), { headers: kit.page(there).headers, auth: kit.auth })).toMatchObject({ account: null });
  await signedIn(kit, account.email);
  expect(await revokeOtherSessions(core(), { accountId: account.id, currentSessionId })).toBe(1);
  expect(await findViewer(core(), { headers: kit.page(here).headers, auth: kit.auth })).toMatchObject({ account: { id: account.id } });
});

test("a second factor is asked for after the password, and a backup code works once", async () => {
  const kit = setUp();
  const account = await newAccount();
  const cookies = await signedIn(kit, account.email);
  const begun = await enableSecondFactor(kit.auth, kit.page(cookies), { password });
  if (!begun.ok) throw new Error(begun.message);
  const secret = new URL(begun.uri).searchParams.get("secret") ?? "";
  const confirmed = await verifySecondFactor(kit.auth, kit.page(cookies), { code: totp(secret) });
  expect(confirmed).toMatchObject({ ok: true });

  const outcome = await signIn(kit.auth, kit.page(), { email: account.email, password });
  expect(outcome).toMatchObject({ ok: true, secondFactor: true });
  const half = outcome.ok ? outcome.cookies : [];
  expect(await findViewer(core(), { headers: kit.page(half).headers, auth: kit.auth })).toMatchObject({ account: null });
  expect(await verifySecondFactor(kit.auth, kit.page(half), { code: "000000" })).toMatchObject({ ok: false, reason: "wrong" });
  const whole = await verifySecondFactor(kit.auth, kit.page(half), { code: totp(secret) });
  if (!whole.ok) throw new Error(whole.message);
  expect(await findViewer(core(), { headers: kit.page(whole.cookies).headers, auth: kit.auth })).toMatchObject({ account: { id: account.id } });

  const backup = begun.backupCodes[0] ?? "";
  for (const works of [true, false]) {
    const next = await signIn(kit.auth, kit.page([], { [clientIpHeader]: "192.0.2.77" }), { email: account.email, password });
    const answer = await verifySecondFactor(kit.auth, kit.page(next.ok ? next.cookies : []), { code: backup, isBackupCode: true });
    expect(answer.ok).toBe(works);
  }
  expect(await disableSecondFactor(kit.auth, kit.page(whole.cookies), { password })).toMatchObject({ ok: true });
});

test("a provider is offered when it is configured", async () => {
  const kit = setUp({ oauth: { github: { clientId: "id", clientSecret: "secret" } } });
  expect(kit.auth.methods.providers).toEqual(["github"]);
  const started = await startProviderSignIn(kit.auth, kit.page(), { provider: "github", returnTo: "/studio" });
  expect(started.ok && new URL(started.url)).toMatchObject({ hostname: "github.com" });
  expect(started.ok && new URL(started.url).searchParams.get("redirect_uri")).toBe("https://tide.example/api/auth/callback/github");
  expect(await startProviderSignIn(kit.auth, kit.page(), { provider: "google" })).toMatchObject({ ok: false, reason: "unavailable" });
});

test("a bearer token that is no valid key makes nobody of the caller, whatever the cookie says", async () => {
  const kit = setUp();
  const cookies = await signedIn(kit, (await newAccount()).email);
  const { headers } = kit.page(cookies, { authorization: "Bearer cw_not-a-key" });
  expect(await findViewer(core(), { headers, auth: kit.auth })).toMatchObject({ account: null, rejectedKey: true });
});

test("an expired session opens nothing", async () => {
  const kit = setUp();
  const account = await newAccount();
  const cookies = await signedIn(kit, account.email);
  await testDatabase().execute(sql`UPDATE auth_session SET expires_at = now() - interval '1 second' WHERE user_id = ${account.id}`);
  expect(await findViewer(core(), { headers: kit.page(cookies).headers, auth: kit.auth })).toMatchObject({ account: null });
  expect(await listSessions(core(), { accountId: account.id })).toEqual([]);
});

/** RFC 6238 with the usual parameters: SHA-1, 30 seconds, 6 digits. */
function totp(base32: string): string {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  const bits = [...base32.replaceAll("=", "")].map((letter) => alphabet.indexOf(letter).toString(2).padStart(5, "0")).join("");
  const key = Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000)));
  const digest = createHmac("sha1", key).update(counter).digest();
  const offset = (digest.at(-1) ?? 0) & 0xf;
  return String((digest.readUInt32BE(offset) & 0x7fffffff) % 1_000_000).padStart(6, "0");
}
