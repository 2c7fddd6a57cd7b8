import { expect, test } from "vitest";
import type { NormalizedBatch } from "./batch.ts";
import { cleanPayload, keepOut, noPrivacy, sourcePrivacySchema } from "./source-privacy.ts";

const now = new Date("2026-11-25T12:00:00Z");
const batch = (visibility: "public" | "restricted", at: string): NormalizedBatch => ({
  identities: [{ platform: "test", externalId: "ann" }],
  channels: [{ externalId: "c", kind: "chat", name: "c", visibility }],
  threads: [{ externalId: "t", channel: "c", kind: "chat", title: "t", state: "open", openedAt: new Date(at) }],
  activities: [
    { externalId: "1", kind: "message", channel: "c", thread: "t", occurredAt: new Date(at), author: { platform: "test", externalId: "ann" } },
  ],
});

test("a field is dropped wherever it stands, a path from the root on and through lists", () => {
  const text = JSON.stringify({
    email: "a@b.example",
    user: { email: "c", profile: { phone: "1", name: "Ann" } },
    files: [{ url: "u", token: "t" }],
  });
  const privacy = sourcePrivacySchema.parse({ dropFields: ["email", "user.profile.phone", "files.token"] });
  expect(JSON.parse(cleanPayload(text, privacy))).toEqual({ user: { profile: { name: "Ann" } }, files: [{ url: "u" }] });
});

test("tokens of services never reach the store, and other words stay as they are", () => {
  const kept = '{"text":"boxes and ghost_writers"}';
  expect(cleanPayload(kept, noPrivacy)).toBe(kept);
  const link = "https://files.slack.example/f?t=xoxe-1-abcdefghijklmnop";
  expect(cleanPayload(JSON.stringify({ link, text: `my key is ghp_${"a".repeat(36)}` }), noPrivacy)).toBe(
    '{"link":"https://files.slack.example/f?t=[removed]","text":"my key is [removed]"}',
  );
});

test("private channels are left at the door when their owner says so", () => {
  const out = sourcePrivacySchema.parse({ privateChannels: "out" });
  expect(keepOut(batch("restricted", "2026-11-01T00:00:00Z"), { privacy: out, now })).toBe("private");
  const open = batch("public", "2026-11-01T00:00:00Z");
  expect(keepOut(open, { privacy: out, now })).toBeUndefined();
  expect(open.activities).toHaveLength(1);
  expect(keepOut(batch("restricted", "2026-11-01T00:00:00Z"), { privacy: noPrivacy, now })).toBeUndefined();
});

test("what is older than the retention is left at the door", () => {
  const privacy = sourcePrivacySchema.parse({ retentionDays: 30 });
  expect(keepOut(batch("public", "2026-10-01T00:00:00Z"), { privacy, now })).toBe("too old");
  expect(keepOut(batch("public", "2026-11-20T00:00:00Z"), { privacy, now })).toBeUndefined();
});

test("a field's name that could not be one is refused with its place", () => {
  expect(sourcePrivacySchema.safeParse({ dropFields: ["a b"] }).error?.issues[0]?.path).toEqual(["dropFields", 0]);
});
