import { createHmac } from "node:crypto";
import { describe, expect, test } from "vitest";
import { findViewer, signIn } from "#features/access/index.ts";
import { cookiesAfter, load, password, post, request, signedIn } from "#tests/settings-visits.ts";
import * as account from "./account.tsx";
import { describeDevice } from "./device.ts";

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

  test("an API key of the account never touches the account itself", async () => {
    const { ctx, runtime } = await signedIn();
    expect(await post(account, { ctx, runtime }, { intent: "rename", name: "Eve" })).toMatchObject({ status: 403, answer: { ok: false } });
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
