import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { zipSync } from "fflate";
import { describe, expect, test } from "vitest";
import { openFile } from "#features/ledger/index.ts";
import { countKinds, foldBatches, readFileWith, scratch } from "../testing.ts";
import { mattermost } from "./index.ts";

const bulkPath = join(import.meta.dirname, "fixtures/import.jsonl");
const answersPath = join(import.meta.dirname, "fixtures/answers");
const real = join(import.meta.dirname, "../../../../shared/data/mattermost-api/chaoss-perceval");

async function read(path: string, given: object = {}) {
  const settings = mattermost.settings.parse(given);
  const { identity, records, rejected, chunks } = await readFileWith(mattermost, path, given);
  const batches = records.map((record) => mattermost.normalize(record, settings));
  const activities = batches.flatMap((batch) => batch.activities);
  return {
    identity,
    records,
    rejected,
    chunks,
    batches,
    activities,
    folded: foldBatches(batches),
    byId: new Map(activities.map((a) => [a.externalId, a])),
  };
}

describe("mattermost: the bulk export", () => {
  test("says of the fixture what the golden file holds", async () => {
    const { batches } = await read(bulkPath);
    await expect(`${JSON.stringify(batches, null, 2)}\n`).toMatchFileSnapshot("fixtures/import.golden.json");
  });

  test("posts without ids are known by what stays the same, replies follow their root, system notes stay out", async () => {
    const { identity, byId, folded, batches } = await read(bulkPath);
    expect(identity).toEqual({ origin: "mattermost:unnamed-tide", name: "Tide Tools", reported: { message: 6 } });
    expect(countKinds(batches)).toEqual({ message: 5 });
    const root = "tide/help/mara/1772442000000";
    expect(byId.get(root)).toMatchObject({ body: "How do I reset the anchor?", thread: root, attributes: { reactions: { eyes: 1 } } });
    expect(byId.get("tide/help/ilo/1772445600000")).toMatchObject({ replyTo: root, thread: root });
    // Two posts of one moment are two.
    expect(byId.has("tide/help/ilo/1772445600000/2")).toBe(true);
    expect(folded.threads).toHaveLength(3);
  });

  test("private channels and direct messages are restricted; passwords are not taken over; bots are told apart", async () => {
    const { batches, records } = await read(bulkPath, { visibility: "public" });
    const channels = new Map(batches.flatMap((batch) => batch.channels).map((channel) => [channel.externalId, channel.visibility]));
    expect(channels).toEqual(
      new Map([
        ["tide/help", "public"],
        ["tide/core", "restricted"],
        ["direct/ilo,mara", "restricted"],
      ]),
    );
    expect(JSON.stringify(records)).not.toContain("secret-hash");
    const people = batches.flatMap((batch) => batch.identities);
    expect(people.find(({ externalId }) => externalId === "login:deploybot")?.kind?.value).toBe("bot");
    expect(people.find(({ email }) => email)?.email).toBe("mara@shore.example");
  });

  test("a time in seconds is set aside with its line, the rest comes in", async () => {
    const { rejected } = await read(bulkPath);
    expect(rejected).toMatchObject([{ place: "import.jsonl, line 10", reason: "create_at is no time in milliseconds since 1970" }]);
  });

  test("a zip with the export in it reads the same", async () => {
    const zip = await scratch("export.zip", zipSync({ "import.jsonl": readFileSync(bulkPath), "data/20260302/a.png": new Uint8Array(3) }));
    expect((await read(zip)).folded).toEqual((await read(bulkPath)).folded);
    expect(mattermost.recognizes?.(await openFile(zip))).toBe(0.9);
  });

  test("a cut line, a missing beginning and a foreign file are refused in words", async () => {
    const text = readFileSync(bulkPath, "utf8");
    await expect(read(await scratch("cut.jsonl", text.slice(0, 700)))).rejects.toThrow(/cut\.jsonl is not valid JSON at line 7/);
    await expect(read(await scratch("headless.jsonl", text.split("\n").slice(1).join("\n")))).rejects.toThrow(/does not begin with its version/);
    await expect(read(await scratch("x.json", '{"issues":[]}'))).rejects.toThrow(/no answers of Mattermost's API/);
  });
});

/** An id as the server makes them. */
const id = (n: number) => `${n}`.padStart(26, "a");

describe("mattermost: saved answers of the API", () => {
  test("posts, channel and users of a folder come together; edits, deletions, webhooks and unknown channels are as they are", async () => {
    const { byId, batches, identity } = await read(answersPath, { site: "https://chat.tide.example", visibility: "public" });
    expect(identity).toEqual({ origin: "mattermost:chat.tide.example", name: "chat.tide.example", reported: { message: 4 } });
    expect(byId.get("p1")).toMatchObject({
      author: { platform: "mattermost:chat.tide.example", externalId: "id:u1" },
      attributes: { reactions: { eyes: 2 } },
    });
    expect(byId.get("p2")).toMatchObject({ replyTo: "p1", editedAt: new Date(1772449200000) });
    expect(byId.get("p3")?.deletedAt).toEqual(new Date(1772456400000));
    expect(byId.get("p3")?.body).toBeUndefined();
    expect(byId.get("p4")).toMatchObject({ author: { externalId: "webhook:build" }, body: "Build 12 failed" });
    const channels = new Map(batches.flatMap((batch) => batch.channels).map((channel) => [channel.externalId, channel.visibility]));
    expect(channels.get("c1")).toBe("public");
    expect(channels.get("c9")).toBe("restricted");
  });

  test("earlier versions of an edited post are not posts; files are named; what passes is not kept", async () => {
    const posts = {
      [id(1)]: {
        id: id(1),
        create_at: 1772442000000,
        edit_at: 1772442060000,
        user_id: "u1",
        channel_id: "c1",
        message: "new words",
        original_id: "",
        reply_count: 3,
        metadata: { files: [{ name: "log.txt", mime_type: "text/plain", size: 12 }] },
      },
      [id(2)]: {
        id: id(2),
        create_at: 1772442000000,
        delete_at: 1772442060000,
        user_id: "u1",
        channel_id: "c1",
        message: "old words",
        original_id: id(1),
      },
    };
    const path = await scratch("posts.json", JSON.stringify({ order: [id(1)], posts }));
    const { activities, identity, records } = await read(path, { site: "chat.tide.example" });
    expect(identity.reported).toEqual({ message: 1 });
    expect(activities).toMatchObject([
      {
        body: "new words",
        url: `https://chat.tide.example/_redirect/pl/${id(1)}`,
        attributes: { attachments: [{ name: "log.txt", type: "text/plain", sizeBytes: 12 }] },
      },
    ]);
    expect(JSON.stringify(records)).not.toMatch(/old words|reply_count/);
  });

  test("it is recognised by its fields, and other JSON is not", async () => {
    expect(mattermost.recognizes?.(await openFile(bulkPath))).toBe(1);
    expect(mattermost.recognizes?.(await openFile(join(answersPath, "posts.json")))).toBe(1);
    const account = '{"id":"haq","create_at":1523526171150,"delete_at":0,"username":"ann","auth_service":""}';
    expect(mattermost.recognizes?.(await openFile(await scratch("user.json", account)))).toBe(0.8);
    expect(mattermost.recognizes?.(await openFile(await scratch("x.json", '{"posts":[]}')))).toBe(0);
  });
});

test("mattermost: the same records in any order, however often, end in the same rows", async () => {
  for (const path of [bulkPath, answersPath]) {
    const { records } = await read(path);
    const settings = mattermost.settings.parse({});
    const fold = (list: typeof records) => foldBatches(list.map((record) => mattermost.normalize(record, settings)));
    const expected = fold(records);
    const twice = [...records, ...records];
    fc.assert(
      fc.property(fc.shuffledSubarray(twice, { minLength: twice.length, maxLength: twice.length }), (list) => {
        expect(fold(list)).toEqual(expected);
      }),
    );
  }
});

test.skipIf(!existsSync(real))("mattermost: real answers come in whole (skipped where ../shared/data is absent)", async () => {
  for (const name of ["mattermost_posts.json", "mattermost_posts_next.json", "mattermost_posts_empty.json"]) {
    const { posts } = JSON.parse(readFileSync(join(real, name), "utf8")) as { posts: Record<string, { type: string }> };
    const { activities, rejected } = await read(join(real, name));
    expect(activities).toHaveLength(Object.values(posts).filter(({ type }) => !type.startsWith("system_")).length);
    expect(rejected).toEqual([]);
  }
  await expect(read(join(real, "mattermost_erros.json"))).rejects.toThrow(/refusal: “You do not have the appropriate permissions” \(403\)/);
  // As a folder: channel and users join in, and the refusal among the answers is set aside.
  const whole = await read(real);
  expect(countKinds(whole.batches)).toEqual({ message: 7 });
  expect(whole.rejected).toMatchObject([{ place: "mattermost_erros.json", reason: expect.stringMatching(/permissions/) as string }]);
  expect(whole.identity.reported).toEqual({ message: 7 });
  expect((await read(real)).records).toEqual(whole.records);
});
