import { createHmac } from "node:crypto";
import { afterEach, describe, expect, it } from "vitest";
import { foldBatches } from "../testing.ts";
import { eventToRecords } from "./from-event.ts";
import { slack } from "./index.ts";
import { answer, hoursAgo, pull, say, start, stopAll } from "./testing-live.ts";

afterEach(stopAll);

const secret = "8f742231b10e8888abcd99yyyzzz85a5";
const settings = slack.settings.parse({ signingSecret: secret });

function request(body: string, over: { at?: number; secret?: string; signature?: string } = {}) {
  const at = String(over.at ?? Math.floor(Date.now() / 1000));
  const signature =
    over.signature ??
    `v0=${createHmac("sha256", over.secret ?? secret)
      .update(`v0:${at}:${body}`)
      .digest("hex")}`;
  return { headers: new Headers({ "x-slack-request-timestamp": at, "x-slack-signature": signature }), body, query: new URLSearchParams() };
}
const send = async (body: object, given: unknown = { signingSecret: secret }) =>
  slack.webhook?.(request(JSON.stringify(body)), slack.settings.parse(given));
const envelope = (event: object) => ({
  token: "old",
  team_id: "T0ELSEWHR",
  api_app_id: "A1",
  event,
  type: "event_callback",
  event_id: "Ev1",
  event_time: 1_795_600_000,
  authorizations: [{ enterprise_id: null, team_id: "T0HARBOR1", user_id: "U0TIDE001", is_bot: true }],
});
const recordsOf = async (event: object) => {
  const outcome = await send(envelope(event));
  return outcome && "records" in outcome ? outcome.records : [];
};
const inGeneral = { type: "message", channel: "C0GENERAL1", channel_type: "channel" };

describe("the signature of an event (documented: HMAC-SHA-256 of v0:<timestamp>:<body>)", () => {
  it("is that of the documented example", () => {
    // The numbers of Slack's guide «Verifying requests from Slack».
    const body =
      "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";
    const signature = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503";
    // It is long past, so only the age is wrong with it.
    expect(() => slack.webhook?.(request(body, { at: 1_531_420_618, signature }), settings)).toThrow(/more than five minutes old/);
  });

  it("is checked first: wrong, missing, old and unset ones are refused", () => {
    const body = JSON.stringify(envelope({ ...inGeneral, ...say(hoursAgo(1), "x") }));
    expect(() => slack.webhook?.(request(body, { secret: "another" }), settings)).toThrow(/signature is missing or wrong/);
    expect(() => slack.webhook?.(request(body, { signature: "" }), settings)).toThrow(/signature is missing or wrong/);
    expect(() => slack.webhook?.(request(body, { at: Math.floor(Date.now() / 1000) - 301 }), settings)).toThrow(/five minutes/);
    expect(() => slack.webhook?.(request(body, { at: Math.floor(Date.now() / 1000) + 400 }), settings)).toThrow(/five minutes/);
    expect(() => slack.webhook?.(request(body), slack.settings.parse({}))).toThrow(/no signing secret/);
    expect(() => slack.webhook?.(request("{"), settings)).toThrow(/no JSON/);
    expect(() => slack.webhook?.(request('{"type":"x"}'), settings)).toThrow(/no event/);
  });
});

describe("events of Slack", () => {
  it("answer the challenge that Slack sends when the address is set", async () => {
    expect(await send({ token: "old", challenge: "3eZbrw1aB10", type: "url_verification" })).toEqual({ answer: "3eZbrw1aB10" });
  });

  it("bring the records of a pull under the same keys, but leave the channel's name to it", async () => {
    const root = say(hoursAgo(10), "Where?");
    const reply = answer(hoursAgo(8), root);
    const fake = await start([root, reply]);
    const pulled = await pull(fake);
    const sent = [
      ...(await recordsOf({ ...inGeneral, ...root, event_ts: root.ts, client_msg_id: "x", blocks: [{ type: "rich_text" }] })),
      ...(await recordsOf({ ...inGeneral, ...reply, event_ts: reply.ts, parent_user_id: "U0MARA001" })),
    ];
    const messages = pulled.records.filter(({ stream }) => stream === "messages");
    expect(sent.map(({ stream, externalId }) => `${stream} ${externalId}`).sort()).toEqual(
      messages.map(({ stream, externalId }) => `${stream} ${externalId}`).sort(),
    );
    const batches = sent.map((record) => slack.normalize(record, settings));
    expect(batches[0]?.channels).toEqual([{ externalId: "C0GENERAL1", kind: "chat", name: "C0GENERAL1", visibility: "team", partial: true }]);
    // Whichever comes first or last, and however often.
    const whole = foldBatches(pulled.batches);
    for (const together of [
      [...pulled.batches, ...batches, ...batches],
      [...batches, ...pulled.batches],
    ]) {
      expect(foldBatches(together)).toEqual(whole);
    }
  });

  it("tell of edits and deletions as of the moment at which they happened", async () => {
    const ts = hoursAgo(2);
    const edited = { ...say(ts, "new words"), edited: { user: "U0MARA001", ts: hoursAgo(1) } };
    const [changed] = await recordsOf({
      ...inGeneral,
      subtype: "message_changed",
      hidden: true,
      message: edited,
      previous_message: say(ts, "old"),
      ts: hoursAgo(1),
      event_ts: hoursAgo(1),
    });
    expect(changed).toMatchObject({ externalId: `C0GENERAL1:${ts}`, asOf: "2026-11-25T11:00:00.000Z", payload: { message: { text: "new words" } } });
    expect(JSON.stringify(changed)).not.toContain('"old"');
    const [deleted] = await recordsOf({
      ...inGeneral,
      subtype: "message_deleted",
      hidden: true,
      deleted_ts: ts,
      previous_message: edited,
      ts: hoursAgo(0),
      event_ts: hoursAgo(0),
    });
    expect(deleted).toMatchObject({ externalId: `C0GENERAL1:${ts}`, asOf: "2026-11-25T12:00:00.000Z" });
    expect(slack.normalize(deleted ?? { stream: "", externalId: "", payload: {} }, settings).activities).toEqual([]);
    expect(JSON.stringify(deleted)).not.toContain("new words");
    // A root with replies is not deleted but replaced.
    const [replaced] = await recordsOf({
      ...inGeneral,
      subtype: "message_changed",
      message: { ts, subtype: "tombstone", text: "This message was deleted.", user: "USLACKBOT", thread_ts: ts },
      ts: hoursAgo(0),
    });
    expect(slack.normalize(replaced ?? { stream: "", externalId: "", payload: {} }, settings)).toMatchObject({
      activities: [],
      threads: [{ title: "(deleted message)" }],
    });
  });

  it("tell of new and changed people", async () => {
    const user = {
      id: "U0NEW0001",
      team_id: "T0HARBOR1",
      name: "new",
      updated: 1_795_600_000,
      profile: { display_name: "New", email: "new@shore.example", phone: "1" },
    };
    for (const type of ["team_join", "user_change"]) {
      const [record] = await recordsOf({ type, user, event_ts: "1795600001.000100" });
      expect(record).toMatchObject({ stream: "users", externalId: "U0NEW0001", asOf: new Date(1_795_600_001_000).toISOString() });
      expect(slack.normalize(record ?? { stream: "", externalId: "", payload: {} }, settings).identities).toMatchObject([
        { platform: "slack:T0HARBOR1", externalId: "U0NEW0001", email: "new@shore.example" },
      ]);
    }
  });

  it("count within the workspace that the app is in, though a shared channel's event bears another", async () => {
    const [record] = await recordsOf({ ...inGeneral, ...say(hoursAgo(1), "x") });
    expect(record?.payload).toMatchObject({ team: "T0HARBOR1" });
  });

  it("are for few where the channel is private or its kind is not told", async () => {
    for (const channel_type of ["group", undefined]) {
      const [record] = await recordsOf({ ...inGeneral, channel_type, ...say(hoursAgo(1), "x") });
      expect(slack.normalize(record ?? { stream: "", externalId: "", payload: {} }, settings).channels[0]?.visibility).toBe("restricted");
    }
  });

  it.each([
    [
      "a reaction",
      {
        type: "reaction_added",
        user: "U1",
        reaction: "+1",
        item: { type: "message", channel: "C0GENERAL1", ts: hoursAgo(1) },
        event_ts: hoursAgo(0),
      },
      /counted when that message is read again/,
    ],
    ["a direct message", { ...inGeneral, channel_type: "im", ...say(hoursAgo(1), "x") }, /not read live/],
    ["a note of a reply", { ...inGeneral, subtype: "message_replied", message: say(hoursAgo(1), "x"), ts: hoursAgo(0) }, /event of its own/],
    ["a change of nothing", { ...inGeneral, subtype: "message_changed", ts: hoursAgo(0) }, /what was changed/],
    ["a deletion of nothing", { ...inGeneral, subtype: "message_deleted", ts: hoursAgo(0) }, /what was deleted/],
    ["a message without a channel", { type: "message", text: "x", ts: hoursAgo(0) }, /no message with a channel/],
    ["what is of no interest", { type: "emoji_changed" }, /emoji_changed say nothing/],
  ])("that are %s are passed over, and say why", async (_, event, reason) => {
    expect(await send(envelope(event))).toEqual({ ignored: expect.stringMatching(reason) });
    // The same by a socket.
    expect(eventToRecords(event, { team: "T0HARBOR1", at: new Date(0) })).toEqual({ ignored: expect.stringMatching(reason) });
  });

  it("of channels that the settings do not name are passed over; a limit on events stops nothing", async () => {
    const event = envelope({ ...inGeneral, ...say(hoursAgo(1), "x") });
    expect(await send(event, { signingSecret: secret, channels: "C0OTHER001" })).toMatchObject({ ignored: expect.any(String) });
    expect(await send(event, { signingSecret: secret, channels: "c0general1" })).toMatchObject({ records: [{}] });
    expect(await send({ type: "app_rate_limited", team_id: "T0HARBOR1", minute_rate_limited: 1 })).toMatchObject({ ignored: expect.any(String) });
  });
});
