import { createHmac } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { foldBatches } from "../testing.ts";
import { incoming, incomingBody, toIncomingRecords } from "./index.ts";

const secret = "a secret of sixteen letters";
const settings = incoming.settings.parse({ program: "site", secret });
const activity = {
  id: "m1",
  occurredAt: "2026-03-01T10:00:00+02:00",
  author: { id: "7", name: "Ann", email: "Ann@home.example" },
  body: "How do I begin?",
  thread: { id: "t1" },
};

function send(body: string, signed: { secret?: string; at?: number } = {}) {
  const at = String(signed.at ?? Math.floor(Date.now() / 1000));
  const signature = createHmac("sha256", signed.secret ?? secret)
    .update(`${at}.${body}`)
    .digest("hex");
  const headers = new Headers({ "x-causeway-timestamp": at, "x-causeway-signature": `sha256=${signature}` });
  return async () => incoming.webhook?.({ headers, body, query: new URLSearchParams() }, settings);
}

test("a signed request gives the activities it holds, under the sender's ids", async () => {
  const outcome = await send(JSON.stringify({ activities: [activity, { ...activity, id: "m2", replyTo: "m1" }] }))();
  expect(outcome && "records" in outcome ? outcome.records.map((record) => record.externalId) : outcome).toEqual(["m1", "m2"]);
});

test("a request with a wrong signature, an old one, and one for a source without a secret are refused", async () => {
  const body = JSON.stringify(activity);
  await expect(send(body, { secret: "another secret, also long" })()).rejects.toMatchObject({ code: "forbidden" });
  await expect(send(body, { at: Math.floor(Date.now() / 1000) - 600 })()).rejects.toThrow(/five minutes/);
  const bare = async () => incoming.webhook?.({ headers: new Headers(), body, query: new URLSearchParams() }, incoming.settings.parse({}));
  await expect(bare()).rejects.toThrow(/no signing secret/);
});

test("what has not the form of an activity is refused with its place, and nothing of the request is kept", async () => {
  await expect(send(JSON.stringify({ activities: [activity, { id: "m2" }] }))()).rejects.toMatchObject({ code: "invalid_input" });
  await expect(send("{")()).rejects.toThrow(/no JSON/);
  expect(incomingBody.safeParse({ ...activity, unknown: 1 }).success).toBe(false);
});

test("people are known by the source's id, else by their address in every source alike; bots are told apart", () => {
  const read = (author: object | undefined) =>
    incoming.normalize({ stream: "activities", externalId: "m1", payload: { ...activity, author } }, settings);
  expect(read(activity.author).identities).toEqual([
    { platform: "incoming:site", externalId: "7", displayName: "Ann", email: "ann@home.example", emailVerified: false },
  ]);
  expect(read({ email: "B@home.example" }).identities[0]).toMatchObject({ platform: "email", externalId: "b@home.example" });
  expect(read({ id: "9", bot: true }).identities[0]?.kind?.value).toBe("bot");
  const nobody = read(undefined);
  expect(nobody.identities).toEqual([]);
  expect(nobody.activities[0]?.unattributed).toBe("unknown");
  expect(nobody.threads[0]?.title).toBe("How do I begin?");
});

test("a private channel is for owners, admins and advocates alone; a deletion drops the words", () => {
  const payload = { ...activity, channel: { id: "c", private: true }, deletedAt: "2026-03-02T10:00:00Z" };
  const batch = incoming.normalize({ stream: "activities", externalId: "m1", payload }, settings);
  expect(batch.channels[0]?.visibility).toBe("restricted");
  expect(batch.activities[0]).not.toHaveProperty("body");
  expect(batch.activities[0]?.deletedAt).toEqual(new Date("2026-03-02T10:00:00Z"));
});

test("the same activities in any order, however often, end in the same rows", () => {
  const many = Array.from({ length: 12 }, (_, n) => ({
    ...activity,
    id: `m${n}`,
    occurredAt: `2026-03-01T10:${String(n).padStart(2, "0")}:00Z`,
    thread: { id: `t${n % 3}` },
  }));
  const fold = (list: typeof many) =>
    foldBatches(toIncomingRecords(incomingBody.parse({ activities: list })).map((record) => incoming.normalize(record, settings)));
  const expected = fold(many);
  fc.assert(
    fc.property(fc.shuffledSubarray([...many, ...many], { minLength: 24, maxLength: 24 }), (list) => {
      expect(fold(list)).toEqual(expected);
    }),
  );
});
