import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { foldBatches, readFileWith } from "../testing.ts";
import { slack } from "./index.ts";
import { harbor, oneDay, readBatches, say, scratchFolder, settings } from "./testing.ts";

describe("a Slack export", () => {
  it("says of the fixture what the golden file holds", async () => {
    const { records, identity, rejected } = await readFileWith(slack, harbor);
    expect(rejected).toEqual([]);
    expect(identity).toEqual({
      origin: "slack:T0HARBOR1",
      name: "harbor",
      reported: { message: 17, channel_joined: 1, channel_purpose_changed: 1, channel_renamed: 1, call: 1 },
    });
    const batches = records.map((record) => slack.normalize(record, settings));
    await expect(`${JSON.stringify(batches, null, 2)}\n`).toMatchFileSnapshot(join(import.meta.dirname, "fixtures/harbor.golden.json"));
  });

  it("ends in the same tables in whatever order, parts and overlaps its records come", async () => {
    const { records, folded } = await readBatches(harbor);
    await fc.assert(
      fc.property(fc.shuffledSubarray(records, { minLength: records.length }), fc.shuffledSubarray(records), (all, again) => {
        const batches = [...all, ...again].map((record) => slack.normalize(structuredClone(record), settings));
        expect(foldBatches(batches)).toEqual(folded);
      }),
      { numRuns: 40 },
    );
  });

  it("keeps ts as text: messages of one millisecond stay two, in their order", async () => {
    const path = await scratchFolder(oneDay([say("1767600010.000200", "one"), say("1767600010.000201", "two")]));
    const { activities } = await readBatches(path);
    expect(activities.map(({ externalId }) => externalId)).toEqual(["C0GENERAL1:1767600010.000200", "C0GENERAL1:1767600010.000201"]);
    expect(activities[0]?.occurredAt.toISOString()).toBe("2026-01-05T08:00:10.000Z");
  });

  it("counts reactions by their count and threads by the replies themselves, not by lists that are cut off", async () => {
    const { find, batches } = await readBatches(harbor);
    // Two names are listed of 61; one of three repliers.
    expect(find("1767600010.000200")?.attributes?.reactions).toEqual({ "+1": 1, tada: 61 });
    const inThread = batches.flatMap(({ activities }) => activities).filter(({ thread }) => thread === "C0GENERAL1:1767600010.000200");
    expect(inThread).toHaveLength(4);
  });

  it("keeps who reacted, phone numbers, ids of clients and public links out of what is stored", async () => {
    const { records } = await readBatches(harbor);
    const stored = JSON.stringify(records);
    for (const part of ["phone", "client_msg_id", "permalink_public", "slack-files.com", "xoxe-", "reply_users", "tz_label"]) {
      expect(stored, part).not.toContain(part);
    }
  });

  it("makes links to files that open nothing by themselves, in lists and in words", async () => {
    const { find } = await readBatches(harbor);
    expect(find("1767601100.000100")?.attributes?.attachments).toEqual([
      { name: "Log", url: "https://harbor.slack.com/files/U0ILAN001/F0LOG0001/log.txt", type: "text/plain", sizeBytes: 2048 },
    ]);
    expect(find("1767603000.000100")?.attributes?.attachments).toMatchObject([
      { url: "https://files.slack.com/files-pri/T0HARBOR1-F0PIC0001/pier.png" },
    ]);
    expect(find("1767602100.000100")?.body).toBe("See https://files.slack.com/files-pri/T0HARBOR1-F0LOG0001/log.txt");
  });

  it("shows private channels, direct messages and conversations of several to few", async () => {
    const { folded } = await readBatches(harbor);
    expect(folded.channels.map(([id, channel]) => [id, channel.name, channel.kind, channel.visibility])).toEqual([
      ["C0CORE0001", "core", "chat", "restricted"],
      ["C0GENERAL1", "general", "chat", "team"],
      ["C0HELP0001", "help", "chat", "team"],
      ["C0MPDM0001", "mara.v, ilan, cleo", "direct", "restricted"],
      ["D0MARAILA1", "Direct message", "direct", "restricted"],
    ]);
  });

  it("tells no name of a private channel to those who read a public one", async () => {
    const { find } = await readBatches(harbor);
    expect(find("1767600010.000200")?.body).toContain("#help (not #C0CORE0001)");
  });

  it("keeps the thread of a root by an unknown author, and of one that was deleted", async () => {
    const path = await scratchFolder(
      oneDay([
        { type: "message", text: "Anybody here?", ts: "1767600010.000100", thread_ts: "1767600010.000100", reply_count: 1 },
        say("1767600020.000100", "I am.", { thread_ts: "1767600010.000100" }),
      ]),
    );
    const { folded, find } = await readBatches(path);
    expect(folded.threads).toMatchObject([["C0GENERAL1:1767600010.000100", { title: "Anybody here?" }]]);
    expect(find("1767600010.000100")).toMatchObject({ unattributed: "unknown" });
    expect(find("1767600020.000100")).toMatchObject({ thread: "C0GENERAL1:1767600010.000100", replyTo: "C0GENERAL1:1767600010.000100" });

    const fixture = await readBatches(harbor);
    expect(fixture.find("1767602000.000100")).toBeUndefined();
    expect(fixture.find("1767602100.000100")?.thread).toBe("C0HELP0001:1767602000.000100");
    expect(new Map(fixture.folded.threads).get("C0HELP0001:1767602000.000100")).toMatchObject({ title: "(deleted message)" });
  });

  it("knows people of shared channels by their id, though users.json does not", async () => {
    const { find, batches } = await readBatches(harbor);
    expect(find("1767601000.000100")?.author).toEqual({ platform: "slack:T0HARBOR1", externalId: "U0CONNECT1" });
    const stated = batches.flatMap(({ identities }) => identities).find(({ externalId }) => externalId === "U0CONNECT1");
    expect(stated?.labels).toEqual([
      { kind: "name", value: "As it was then", at: new Date("2026-01-05T08:00:30Z") },
      { kind: "login", value: "x", at: new Date("2026-01-05T08:00:30Z") },
    ]);
  });

  it("takes Slackbot, bot accounts and integrations for bots, and a member who writes through an app for a member", async () => {
    const { batches, find } = await readBatches(harbor);
    const bots = new Set(batches.flatMap(({ identities }) => identities.filter(({ kind }) => kind?.value === "bot").map((i) => i.externalId)));
    expect([...bots].sort()).toEqual(["B0TIDE0001", "U0CIBOT01", "USLACKBOT", "bot:owl"]);
    expect(find("1767600040.000100")?.body).toBe("Today\n[High water](https://tide.example/today)\n**06:12**\nPort: North & South");
    expect(find("1767600042.000100")?.body).toBe("Build failed\n\nin [#7](https://ci.shore.example/7)\n\n**branch:** main");

    const path = await scratchFolder(oneDay([say("1767600010.000100", "by my script", { bot_id: "B0SCRIPT01", app_id: "A1" })]));
    const own = await readBatches(path);
    expect(own.batches.flatMap(({ identities }) => identities).some(({ kind }) => kind)).toBe(false);
    expect(own.find("1767600010.000100")?.attributes).toEqual({ throughApp: "B0SCRIPT01" });
  });

  it("leaves members whose profile was deleted on request without a name, and those who never came out", async () => {
    const { find, folded } = await readBatches(harbor);
    expect(find("1767690000.000400")).toMatchObject({ unattributed: "Deactivated User", thread: "C0GENERAL1:1767600010.000200" });
    const ids = folded.identities.map(([key]) => key.split(" ")[1]);
    expect(ids).not.toContain("U0GONE001");
    expect(ids).not.toContain("U0NEW0001");
    // Who merely left keeps their name.
    expect(ids).toContain("U0CLEO001");
  });

  it("gives addresses as the workspace confirmed them", async () => {
    const users = [
      { id: "U0AAAAAA1", team_id: "T0HARBOR1", name: "a", is_email_confirmed: false, profile: { email: "A@Shore.example" } },
      { id: "U0BBBBBB1", team_id: "T0HARBOR1", name: "b", is_bot: true, profile: { email: "b@shore.example" } },
      { id: "U0CCCCCC1", team_id: "T0HARBOR1", name: "c", profile: {} },
    ];
    const { batches } = await readBatches(await scratchFolder(oneDay([], { "users.json": users })));
    expect(batches.flatMap(({ identities }) => identities.map(({ email, emailVerified }) => [email, emailVerified]))).toEqual([
      ["a@shore.example", undefined],
      [undefined, undefined],
      [undefined, undefined],
    ]);
  });

  it("makes Slack's own lines activities of their own kinds, and none of them a message", async () => {
    const lines = ["channel_leave", "group_join", "channel_topic", "channel_archive", "pinned_item", "bot_add", "reminder_add"];
    const path = await scratchFolder(oneDay(lines.map((subtype, n) => say(`176760001${n}.000100`, "<@U0MARA001> did it", { subtype }))));
    const { activities, batches } = await readBatches(path);
    expect(activities.map(({ kind }) => kind)).toEqual([
      "channel_left",
      "channel_joined",
      "channel_topic_changed",
      "channel_archived",
      "pinned",
      "bot_added",
      "system",
    ]);
    expect(batches.flatMap(({ threads }) => threads)).toEqual([]);
    const fixture = await readBatches(harbor);
    expect(fixture.find("1767600003.000100")).toMatchObject({ kind: "channel_renamed", attributes: { from: "support", to: "help" } });
  });

  it("says that a reply was also sent to the channel, once", async () => {
    const { find, activities } = await readBatches(harbor);
    expect(find("1767600030.000300")?.attributes).toMatchObject({ alsoSentToChannel: true });
    expect(activities.filter(({ body }) => body === "Also in our workspace.")).toHaveLength(1);
  });

  it("takes for words what a person said with a file, and not Slack's sentence about it", async () => {
    const file = { id: "F1", title: "Pier", name: "pier.png", url_private: "https://files.slack.com/x.png?t=xoxe-1-2" };
    const path = await scratchFolder(
      oneDay([
        say("1767600010.000100", "<@U0MARA001|mara> uploaded a file: <https://x.slack.com/files/1|Pier>", { subtype: "file_share", file }),
        say("1767600011.000100", "<@U0MARA001> uploaded a file: <https://x.slack.com/files/1|Pier> and commented: Look!", {
          subtype: "file_share",
          file: { ...file, initial_comment: { comment: "Look!", user: "U0MARA001" } },
        }),
        say("1767600012.000100", "My own words", { files: [file] }),
      ]),
    );
    const { activities, folded } = await readBatches(path);
    expect(activities.map(({ body }) => body)).toEqual([undefined, "Look!", "My own words"]);
    expect(folded.threads.map(([, { title }]) => title)).toEqual(["Pier", "Look!", "My own words"]);
    expect((await readBatches(harbor)).find("1767690010.000100")).toMatchObject({ body: "Nice", author: { externalId: "U0CLEO001" } });
  });

  it("quotes what was passed on, and leaves previews of links out of the words", async () => {
    const { find } = await readBatches(harbor);
    expect(find("1767604000.000100")?.body).toBe("look\n\n> Ilan Reed:\n> Does it run?\n> Here?");
    expect(find("1767604000.000100")?.attributes?.links).toContainEqual({ url: "https://docs.shore.example/r2", title: "Release 2" });
  });

  it("links to the message in the workspace, or to its thread in the web client", async () => {
    const bare = await readBatches(harbor);
    expect(bare.find("1767600020.000300")?.url).toBe("https://app.slack.com/client/T0HARBOR1/C0GENERAL1/thread/C0GENERAL1-1767600010.000200");
    const named = await readBatches(harbor, { workspace: "https://harbor.slack.com/" });
    expect(named.find("1767600010.000200")?.url).toBe("https://harbor.slack.com/archives/C0GENERAL1/p1767600010000200");
    expect(named.find("1767600020.000300")?.url).toBe(
      "https://harbor.slack.com/archives/C0GENERAL1/p1767600020000300?thread_ts=1767600010.000200&cid=C0GENERAL1",
    );
  });
});
