import { createHmac } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { RawRecord } from "#features/ledger/index.ts";
import { discourse } from "./index.ts";

const secret = "a-long-secret";
const post = {
  id: 501,
  username: "mara",
  name: "Mara Quill",
  created_at: "2026-10-01T10:00:00.000Z",
  updated_at: "2026-10-01T10:00:00.000Z",
  cooked: "<p>Hello</p>",
  raw: "Hello",
  post_number: 2,
  post_type: 1,
  version: 1,
  topic_id: 77,
  topic_slug: "sync-stops",
  topic_title: "Sync stops",
  category_id: 5,
  category_slug: "help",
  topic_archetype: "regular",
  user_id: 11,
};

describe("discourse webhooks", () => {
  const settings = discourse.settings.parse({ site: "https://forum.tide.example", webhookSecret: secret });
  const send = async (type: string, event: string, payload: object, more: Record<string, string> = {}) => {
    const body = JSON.stringify({ [type]: payload });
    const headers = new Headers({
      "x-discourse-instance": "https://forum.tide.example",
      "x-discourse-event-type": type,
      "x-discourse-event": event,
      "x-discourse-event-signature": `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`,
      ...more,
    });
    if (!discourse.webhook) throw new Error("no webhook");
    return discourse.webhook({ headers, body, query: new URLSearchParams() }, settings);
  };
  const recordOf = async (...given: Parameters<typeof send>): Promise<RawRecord> => {
    const outcome = await send(...given);
    const record = "records" in outcome ? outcome.records[0] : undefined;
    if (!record) throw new Error(JSON.stringify(outcome));
    return record;
  };

  it("refuses a wrong signature, a missing one, and a source without a secret", async () => {
    await expect(send("post", "post_created", post, { "x-discourse-event-signature": "sha256=00" })).rejects.toMatchObject({ code: "forbidden" });
    await expect(send("post", "post_created", post, { "x-discourse-event-signature": "" })).rejects.toMatchObject({ code: "forbidden" });
    const request = { headers: new Headers(), body: "{}", query: new URLSearchParams() };
    await expect((async () => discourse.webhook?.(request, discourse.settings.parse({})))()).rejects.toThrow(/no webhook secret yet/);
  });

  it("gives a post the same key as a fetch, and redelivery the same record", async () => {
    const record = await recordOf("post", "post_created", post);
    expect(record).toMatchObject({ stream: "posts", externalId: "501" });
    expect(await recordOf("post", "post_created", post)).toEqual(record);
    expect(discourse.normalize(record, settings).activities[0]).toMatchObject({
      kind: "reply",
      body: "Hello",
      thread: "77",
      author: { externalId: "id:11" },
    });
  });

  it("never renames or opens a category, of which it knows the number alone", async () => {
    expect(discourse.normalize(await recordOf("post", "post_created", post), settings).channels).toEqual([
      expect.objectContaining({ externalId: "5", visibility: "team", partial: true }),
    ]);
    const message = await recordOf("post", "post_created", { ...post, topic_archetype: "private_message", category_id: null });
    expect(discourse.normalize(message, settings).channels[0]).toMatchObject({ externalId: "private_messages", visibility: "restricted" });
  });

  it("takes an edit, and lets no late delivery of the post's earlier state win over it or over a fetch", async () => {
    const created = await recordOf("post", "post_created", post);
    const edited = await recordOf("post", "post_edited", { ...post, raw: "Hello!", version: 2, updated_at: "2026-10-01T11:00:00.000Z" });
    expect((edited.asOf ?? "") > (created.asOf ?? "")).toBe(true);
    expect((created.asOf ?? "") < post.updated_at).toBe(true);
    expect(discourse.normalize(edited, settings).activities[0]).toMatchObject({ body: "Hello!", editedAt: new Date("2026-10-01T11:00:00Z") });
  });

  it("takes back a destroyed post, which is sent as it was before, and brings a recovered one back", async () => {
    const destroyed = await recordOf("post", "post_destroyed", post);
    expect(discourse.normalize(destroyed, settings).activities).toEqual([]);
    expect((destroyed.asOf ?? "") > ((await recordOf("post", "post_edited", post)).asOf ?? "")).toBe(true);
    const recovered = await recordOf("post", "post_recovered", post);
    expect(recovered.asOf).toBeUndefined();
    expect(discourse.normalize(recovered, settings).activities).toHaveLength(1);
  });

  it("knows a topic's state as it is sent: closed, deleted, back again", async () => {
    const topicSent = {
      id: 77,
      title: "Sync stops",
      slug: "sync-stops",
      created_at: "2026-10-01T09:00:00.000Z",
      category_id: 5,
      closed: true,
      archetype: "regular",
      created_by: { id: 11, username: "mara" },
    };
    const closed = discourse.normalize(await recordOf("topic", "topic_closed_status_updated", topicSent), settings).threads[0];
    expect(closed).toMatchObject({ externalId: "77", state: "closed", stateReason: "closed", opener: { externalId: "id:11" } });
    expect(discourse.normalize(await recordOf("topic", "topic_destroyed", topicSent), settings).threads[0]?.deletedAt).toBeInstanceOf(Date);
    const back = { ...topicSent, deleted_at: "2026-10-02T09:00:00.000Z" };
    expect(discourse.normalize(await recordOf("topic", "topic_recovered", back), settings).threads[0]?.deletedAt).toBeUndefined();
  });

  it("marks and unmarks the accepted answer", async () => {
    const accepted = discourse.normalize(await recordOf("solved", "accepted_solution", post), settings).activities[0];
    expect(accepted?.attributes).toMatchObject({ accepted: true });
    const not = discourse.normalize(await recordOf("solved", "unaccepted_solution", post), settings).activities[0];
    expect(not?.attributes?.accepted).toBeUndefined();
  });

  it("ignores pings and other events with a word, and refuses what is no JSON", async () => {
    expect(await send("ping", "ping", {})).toEqual({ ignored: expect.stringMatching(/«ping»/) as string });
    expect(await send("user", "user_created", { id: 1 })).toEqual({ ignored: expect.stringMatching(/«user»/) as string });
    const body = "no";
    const headers = new Headers({ "x-discourse-event-signature": `sha256=${createHmac("sha256", secret).update(body).digest("hex")}` });
    await expect((async () => discourse.webhook?.({ headers, body, query: new URLSearchParams() }, settings))()).rejects.toMatchObject({
      code: "invalid_input",
    });
  });
});
