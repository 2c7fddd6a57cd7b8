import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { zipSync } from "fflate";
import { describe, expect, it } from "vitest";
import { openFile, recognizeFile } from "#features/ledger/index.ts";
import { slack } from "./index.ts";
import { harbor, mara, oneDay, readBatches, readWarnings, say, scratch, scratchFolder } from "./testing.ts";

const head = (text: string) => ({ path: "x.json", head: Buffer.from(text), isDirectory: false, entries: [] });
const entries = (...names: string[]) => ({
  path: "x",
  head: Buffer.alloc(0),
  isDirectory: true,
  entries: names.map((name) => ({ name, sizeBytes: 9 })),
});

describe("files of Slack", () => {
  it("are recognised from the names in a zip or folder, and from the first bytes", () => {
    const sure = (file: Parameters<NonNullable<typeof slack.recognizes>>[0]) => slack.recognizes?.(file);
    expect(sure(entries("channels.json", "general/2026-01-05.json", "users.json"))).toBe(1);
    expect(sure(entries("Tide export/org_users.json", "Tide export/general/2026-01-05.json"))).toBe(1);
    expect(sure(entries("general/2026-01-05.json"))).toBe(0.5);
    expect(sure(entries("stream_index.json", "7-help/topic.json"))).toBe(0);
    expect(sure(entries("channels.json"))).toBe(0);
    expect(sure(head('[{"type":"message","user":"U1","text":"x","ts":"1767600010.000100"'))).toBe(0.9);
    expect(sure(head('{"has_more":true,"messages":[{"text":"x","ts":"1767600010.000100","type":"message"}'))).toBe(0.9);
    expect(sure(head('[{"id":"1","type":"message","timestamp":1}]'))).toBe(0);
    expect(sure(head("From someone"))).toBe(0);
  });

  it("read alike as a folder, a zip, in a folder of their own inside it, and packed one by one", async () => {
    const expected = await readBatches(harbor);
    const names = ["users.json", "channels.json", "groups.json", "dms.json", "mpims.json", "integration_logs.json"].concat(
      ["05", "06"].map((day) => `general/2026-01-${day}.json`),
      ["help", "core", "D0MARAILA1", "mpdm-mara.v--ilan--cleo-1"].map((folder) => `${folder}/2026-01-05.json`),
    );
    const contents = await Promise.all(names.map((name) => readFile(join(harbor, name))));
    const inside = (prefix: string) => Object.fromEntries(names.map((name, n) => [`${prefix}${name}`, new Uint8Array(contents[n] ?? [])]));
    const junk = { "__MACOSX/general/._2026-01-05.json": new Uint8Array([0, 5]), ".DS_Store": new Uint8Array([1]) };
    for (const files of [inside(""), inside("Harbor Slack export Jan 5 2026 - Jan 6 2026/")]) {
      const path = await scratch("Harbor Slack export Jan 5 2026 - Jan 6 2026.zip", Buffer.from(zipSync({ ...files, ...junk })));
      const { identity, folded, rejected } = await readBatches(path);
      expect([identity, folded, rejected]).toEqual([expected.identity, expected.folded, []]);
      expect(recognizeFile([slack], await openFile(path))).toMatchObject([{ confidence: 1 }]);
    }
    const packed = Object.fromEntries(
      names.map((name, n) => (name.includes("/") ? [`${name}.gz`, gzipSync(contents[n] ?? "")] : [name, contents[n]])),
    );
    expect((await readBatches(await scratchFolder(packed))).folded).toEqual(expected.folded);
  });

  it("of an organization are known by its id, each workspace's channels by its own lists", async () => {
    const people = [
      { ...mara, enterprise_user: { enterprise_id: "E0SHORE01", teams: ["T0HARBOR1", "T0TIDE0001"] } },
      { id: "U0ILAN001", team_id: "T0TIDE0001", name: "ilan", enterprise_user: { enterprise_id: "E0SHORE01" }, profile: {} },
    ];
    const path = await scratchFolder({
      "org_users.json": people,
      "channels.json": [{ id: "C0SHARED01", name: "shared" }],
      "shared/2026-01-05.json": [say("1767600010.000100", "all")],
      "teams/harbor/channels.json": [{ id: "C0HARBOR01", name: "general" }],
      "teams/harbor/general/2026-01-05.json": [say("1767600011.000100", "harbor")],
      "teams/harbor/shared/2026-01-05.json": [say("1767600012.000100", "seen from harbor")],
      "teams/tide/groups.json": [{ id: "C0TIDE0001", name: "general" }],
      "teams/tide/general/2026-01-05.json": [say("1767600013.000100", "tide")],
    });
    const { identity, activities, folded } = await readBatches(path);
    expect(identity.origin).toBe("slack:E0SHORE01");
    expect(activities.map(({ channel, body }) => [channel, body])).toEqual([
      ["C0SHARED01", "all"],
      ["C0HARBOR01", "harbor"],
      ["C0SHARED01", "seen from harbor"],
      ["C0TIDE0001", "tide"],
    ]);
    expect(new Map(folded.channels).get("C0TIDE0001")?.visibility).toBe("restricted");
  });

  it("whose workspace stands nowhere are named after their links, the settings or the file", async () => {
    const users = [{ id: "U0MARA001", name: "mara" }];
    const file = { id: "F1", title: "x", permalink: "https://tidewater.slack.com/files/U0MARA001/F1/x.txt" };
    const linked = await scratchFolder(oneDay([say("1767600010.000100", "x", { files: [file] })], { "users.json": users }));
    expect((await readBatches(linked)).identity).toMatchObject({ origin: "slack:domain-tidewater", name: "tidewater" });
    expect((await readBatches(linked, { team: "T0TIDE0001" })).identity.origin).toBe("slack:T0TIDE0001");
    const bare = await scratchFolder(oneDay([say("1767600010.000100", "see https://other.slack.com/files/1")], { "users.json": users }));
    expect((await readBatches(bare)).identity).toMatchObject({ origin: "slack:unnamed-tide", name: "Tide" });
    expect((await readBatches(bare)).activities[0]?.url).toBeUndefined();
  });

  it("with a folder that no list names show it to few and say so", async () => {
    const path = await scratchFolder(oneDay([say("1767600010.000100", "x")], { "secret-plans/2026-01-05.json": [say("1767600011.000100", "y")] }));
    const { folded, find } = await readBatches(path);
    expect(new Map(folded.channels).get("name:secret-plans")).toMatchObject({ visibility: "restricted", name: "secret-plans" });
    expect(find("1767600011.000100")?.body).toBe("y");
    expect(await readWarnings(path)).toEqual([expect.stringContaining("1 folder stands in no list of channels (secret-plans)")]);
  });

  it("set aside what is no message, with file, line and reason, and take the rest", async () => {
    const text =
      '[\n{"type":"message","user":"U0MARA001","text":"ok","ts":"1767600010.000100"},\n{"type":"message","text":"no time"},\n"words",\n{"ts":"soon"}\n]';
    const path = await scratchFolder(oneDay(text, { "users.json": [mara, { name: "nobody" }] }));
    const { rejected, activities } = await readBatches(path);
    expect(activities).toHaveLength(1);
    expect(rejected.map(({ stream, place, reason }) => [stream, place, reason])).toEqual([
      ["users", expect.stringMatching(/^users\.json, line \d+$/), "It is no account with an id."],
      ["messages", "general/2026-01-05.json, line 3", "It is no message with a «ts», its time."],
      ["messages", "general/2026-01-05.json, line 4", "It is no message with a «ts», its time."],
      ["messages", "general/2026-01-05.json, line 5", 'Its «ts», "soon", is no time of Slack\'s.'],
    ]);
  });

  it.each([
    ["cut off", oneDay('[{"ts":"1767600010.000100","text":"a"},{"ts":"17676'), /general\/2026-01-05\.json is cut off/],
    ["broken", oneDay('[{"ts":"1767600010.000100","text":}]'), /general\/2026-01-05\.json is not valid JSON at line 1/],
    ["no list", oneDay({ ok: false }), /general\/2026-01-05\.json is an object where an export has a list/],
    ["with a broken list", oneDay([], { "channels.json": "[{" }), /channels\.json is cut off/],
    ["lists alone", { "channels.json": [], "users.json": [] }, /lists of channels or people, but no messages/],
    ["text of one person", { "channels/general/1.txt": "x", "dms/a.txt": "y" }, /one person's conversations as text/],
    ["something else", { "readme.md": "x" }, /is no export of Slack/],
  ])("are refused before anything is stored when they are %s", async (_, files, message) => {
    await expect(readBatches(await scratchFolder(files))).rejects.toThrow(message);
  });

  it("alone are refused: one day does not say of which channel it is", async () => {
    const path = await scratch("2026-01-05.json", JSON.stringify([say("1767600010.000100", "x")]));
    await expect(readBatches(path)).rejects.toThrow(/one file of an export.*Bring in the whole export/);
  });

  it("read as saved answers of the API say the same as an export, and of which channel by its id", async () => {
    const root = say("1767600010.000100", "Where <@U0MARA001>?", { thread_ts: "1767600010.000100", reply_count: 1 });
    const reply = say("1767600020.000100", "Here.", { thread_ts: "1767600010.000100" });
    const exported = await readBatches(await scratchFolder(oneDay([root, reply])));
    const page = (messages: unknown[]) => ({ ok: true, messages, has_more: false });
    const answers = await readBatches(
      await scratchFolder({
        "info.json": { ok: true, channel: { id: "C0GENERAL1", name: "general", is_channel: true, is_private: false } },
        "history-C0GENERAL1.json": page([root]),
        "replies-C0GENERAL1.json": page([root, reply]),
        "users.json.json": { ok: true, members: [mara] },
        "failed.json": { ok: false, error: "missing_scope" },
      }),
    );
    expect(answers.folded).toEqual(exported.folded);
    expect(answers.identity).toEqual({ origin: "slack:T0HARBOR1", name: "#general", reported: { message: 2 } });
    expect(answers.rejected).toMatchObject([{ place: "failed.json", reason: "failed.json: Slack refused to answer (missing_scope)." }]);
  });

  it("read as answers that do not name their channel are shown to few, and a refusal alone is refused", async () => {
    const path = await scratch("page.json", JSON.stringify({ ok: true, messages: [say("1767600010.000100", "x")] }));
    expect((await readBatches(path)).folded.channels).toMatchObject([["name:page", { visibility: "restricted" }]]);
    expect(await readWarnings(path)).toEqual([expect.stringContaining("do not name their channel")]);
    const failed = await scratch("page.json", JSON.stringify({ ok: false, error: "channel_not_found" }));
    await expect(readBatches(failed)).rejects.toThrow(/Slack refused to answer \(channel_not_found\)/);
  });

  it("come in chunks, with a progress that ends at the end", async () => {
    const many = Array.from({ length: 1000 }, (_, n) => say(`1767600010.${String(n).padStart(6, "0")}`, `words ${n}`));
    const { chunks, records } = await readBatches(await scratchFolder(oneDay(many)));
    expect(records).toHaveLength(1001);
    expect(chunks).toBeGreaterThanOrEqual(4);
  });
});
