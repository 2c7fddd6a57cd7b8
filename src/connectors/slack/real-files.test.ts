import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { unzipSync } from "fflate";
import { describe, expect, it } from "vitest";
import { readBatches, real } from "./testing.ts";

const harborless = "skipped: the real files are not on this machine";

/** Every message of an export, read without any of our code; keyed by folder and ts. */
function countMessages(files: Map<string, Buffer>) {
  const keys = new Set<string>();
  const people = new Set<string>();
  let lines = 0;
  for (const [name, content] of files) {
    const value = JSON.parse(content.toString("utf8")) as Record<string, unknown>[];
    if (name.endsWith("users.json")) for (const { id } of value) people.add(String(id));
    const folder = /([^/]+)\/\d{4}-\d\d-\d\d\.json$/.exec(name)?.[1];
    if (!folder) continue;
    for (const { ts } of value) {
      keys.add(`${folder} ${String(ts)}`);
      lines++;
    }
  }
  return { messages: keys.size, lines, people: people.size };
}

function filesOf(path: string): Map<string, Buffer> {
  if (!statSync(path).isDirectory()) {
    return new Map(
      Object.entries(unzipSync(readFileSync(path))).flatMap(([name, bytes]) => (name.endsWith(".json") ? [[name, Buffer.from(bytes)]] : [])),
    );
  }
  const names = readdirSync(path, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".json"));
  return new Map(names.map((name) => [name, readFileSync(join(path, name))]));
}

describe("real files of Slack", () => {
  it.for([
    ["slack-export/houstondatavis", { messages: 1382, people: 71 }, "slack:T061A2UFL"],
    ["slack-export/slack-export-viewer/testarchive.zip", { messages: 158, people: 4 }, "slack:T0BMHLSRH"],
  ] as const)("%s: every message and person, as counted independently, and the same again", async ([name, expected, origin], { skip }) => {
    const path = join(real, name);
    if (!existsSync(path)) return skip(harborless);
    const counted = countMessages(filesOf(path));
    expect(counted).toMatchObject(expected);
    const { records, rejected, activities, identity, folded } = await readBatches(path);
    expect(rejected).toEqual([]);
    expect(identity.origin).toBe(origin);
    expect(records.filter(({ stream }) => stream === "users")).toHaveLength(counted.people);
    expect(records.filter(({ stream }) => stream === "messages")).toHaveLength(counted.lines);
    expect(activities).toHaveLength(counted.messages);
    expect(Object.values(identity.reported ?? {}).reduce((a, b) => a + b, 0)).toBe(counted.messages);
    expect(activities.filter(({ author }) => !author)).toEqual([]);
    expect(JSON.stringify(records)).not.toContain("xoxe-");
    expect((await readBatches(path)).folded).toEqual(folded);
  });

  it("slack-api: saved answers that overlap, once each; the refused ones are set aside", async ({ skip }) => {
    const path = join(real, "slack-api/chaoss-perceval");
    if (!existsSync(path)) return skip(harborless);
    const times = new Set<string>();
    const refused: string[] = [];
    for (const [name, content] of filesOf(path)) {
      const answer = JSON.parse(content.toString("utf8")) as { ok?: boolean; messages?: { ts: string }[] };
      if (answer.ok === false) refused.push(name);
      for (const { ts } of answer.messages ?? []) times.add(ts);
    }
    const { activities, rejected, identity, folded } = await readBatches(path);
    expect(new Set(activities.map(({ externalId }) => externalId)).size).toBe(times.size);
    expect(Object.values(identity.reported ?? {}).reduce((a, b) => a + b, 0)).toBe(times.size);
    expect(identity).toMatchObject({ origin: "slack:T0001", name: "#test channel" });
    expect(rejected.map(({ place, reason }) => [place, reason])).toEqual([
      ["slack_error.json", "slack_error.json: Slack refused to answer (channel_not_found)."],
      ["slack_user_U0004_private.json", "slack_user_U0004_private.json: Slack refused to answer (user_not_found)."],
    ]);
    expect(refused.sort()).toEqual(rejected.map(({ place }) => place));
    expect((await readBatches(path)).folded).toEqual(folded);
  });
});
