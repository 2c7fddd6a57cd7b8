import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { cp, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { openFile } from "#features/ledger/index.ts";
import { countKinds, foldBatches, readFileWith, scratch } from "../testing.ts";
import { encodeName, isMadeUpAddress, readTopic } from "./format.ts";
import { zulip } from "./index.ts";

const fixtures = join(import.meta.dirname, "fixtures");
const realmPath = join(fixtures, "realm");
const archivePath = join(fixtures, "archive");
const answersPath = join(fixtures, "messages.json");
const real = join(import.meta.dirname, "../../../../shared/data/zulip-archive/bostonopen");
const settings = zulip.settings.parse({});

async function read(path: string, given: object = {}) {
  const { identity, records, rejected, chunks } = await readFileWith(zulip, path, given);
  const batches = records.map((record) => zulip.normalize(record, zulip.settings.parse(given)));
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

async function copyOf(path: string): Promise<string> {
  const folder = join(await mkdtemp(join(tmpdir(), "causeway-zulip-")), "export");
  await cp(path, folder, { recursive: true });
  return folder;
}

describe("zulip: an organization's export", () => {
  it("says of the fixture what the golden file holds", async () => {
    const { batches } = await read(realmPath, { site: "https://tidetools.zulipchat.com" });
    await expect(`${JSON.stringify(batches, null, 2)}\n`).toMatchFileSnapshot("fixtures/realm.golden.json");
  });

  it("names the server by its address, or by what the export calls it", async () => {
    expect((await read(realmPath)).identity).toEqual({ origin: "zulip:tidetools", name: "Tide Tools", reported: { message: 11 } });
    expect((await read(realmPath, { site: "https://tidetools.zulipchat.com/" })).identity.origin).toBe("zulip:tidetools.zulipchat.com");
  });

  it("keeps a topic together in any case of letters, and closes it when its name bears the mark of being resolved", async () => {
    const { byId, batches } = await read(realmPath);
    expect(new Set(["1001", "1002", "1003"].map((id) => byId.get(id)?.thread))).toEqual(new Set(["71/install on arm"]));
    const flaky = batches.flatMap((b) => b.threads).find((t) => t.title === "Flaky sync");
    expect(flaky).toMatchObject({ externalId: "71/flaky sync", state: "closed", stateReason: "solved" });
    expect(byId.get("1011")?.thread).toBe("71/general chat");
    expect(readTopic("✔ ✔ done")).toEqual({ name: "done", resolved: true });
  });

  it("moves a message to another topic without a second message", async () => {
    const { records } = await read(realmPath);
    const record = records.find((r) => r.stream === "messages" && r.externalId === "1002");
    if (!record) throw new Error("no record");
    const payload = record.payload as { message: object };
    const moved = { ...record, payload: { ...payload, message: { ...payload.message, subject: "Nightly builds" } } };
    const [before, after] = [zulip.normalize(record, settings), zulip.normalize(moved, settings)];
    expect(after.activities[0]).toMatchObject({ externalId: before.activities[0]?.externalId, thread: "71/nightly builds" });
  });

  it("shows private channels and private messages to few", async () => {
    const { batches } = await read(realmPath, { visibility: "public" });
    const seen = Object.fromEntries(batches.flatMap((b) => b.channels).map((c) => [c.externalId, c.visibility]));
    expect(seen).toEqual({ "71": "public", "72": "restricted", "private:11,13": "restricted", "private:group:204": "restricted" });
  });

  it("leaves deleted users unattributed, marks bots with the reason, and takes no made-up address for one", async () => {
    const { byId, batches } = await read(realmPath);
    expect(byId.get("1003")).toMatchObject({ unattributed: "Deleted user 14" });
    expect(byId.get("1003")?.author).toBeUndefined();
    const people = batches.flatMap((b) => b.identities);
    expect(people.filter((p) => p.kind).map((p) => p.displayName)).toEqual(expect.arrayContaining(["Deploy", "Notification Bot"]));
    expect(people.filter((p) => p.email).map((p) => [p.externalId, p.email, p.emailVerified])).toEqual([["id:11", "mara@shore.example", true]]);
    expect(people.some((p) => p.externalId === "id:14")).toBe(false);
    expect(isMadeUpAddress("user99@chat.example")).toBe(true);
  });

  it("takes over neither password hashes nor keys nor earlier words", async () => {
    const text = JSON.stringify((await read(realmPath)).records);
    expect(text).not.toMatch(/pbkdf2|never|prev_content|"Use nightly"/);
  });

  it("tells an edit of the words from a move, and an emptied message from one that says so", async () => {
    const { byId } = await read(realmPath);
    expect(byId.get("1002")?.editedAt).toEqual(new Date(1_700_000_200_000));
    expect(byId.get("1011")?.editedAt).toBeUndefined();
    expect(byId.get("1007")).toMatchObject({ deletedAt: new Date(1_700_000_700_000) });
    expect(byId.get("1007")?.body).toBeUndefined();
  });

  it("counts reactions, names attachments and people who are mentioned", async () => {
    const { byId } = await read(realmPath, { site: "tidetools.zulipchat.com" });
    expect(byId.get("1001")).toMatchObject({
      url: "https://tidetools.zulipchat.com/#narrow/stream/71/topic/Install.20on.20ARM/near/1001",
      attributes: {
        reactions: { heart: 2, tada: 1 },
        mentions: [{ platform: "zulip:tidetools.zulipchat.com", externalId: "id:13" }],
        attachments: [{ name: "log one.txt", url: "https://tidetools.zulipchat.com/user_uploads/1/ab/log%20one.txt" }],
      },
    });
  });

  it("sets aside a message whose channel the export does not name", async () => {
    expect((await read(realmPath)).rejected).toMatchObject([
      { externalId: "1010", place: "messages-000002.json, zerver_message[4]", reason: expect.stringMatching(/recipient 999/) as string },
    ]);
  });

  it("reads a zip and packed parts as the folder itself", async () => {
    const folder = await copyOf(realmPath);
    const inFolder = await read(folder);
    const zip = join(folder, "../export.zip");
    execFileSync("python3", ["-m", "zipfile", "-c", zip, folder]);
    expect(foldBatches((await read(zip)).batches)).toEqual(inFolder.folded);
    await writeFile(join(folder, "realm.json"), gzipSync(await readFile(join(folder, "realm.json"))));
    expect((await read(folder)).folded).toEqual(inFolder.folded);
  });

  it("refuses an export that is not whole, saying what is missing", async () => {
    const folder = await copyOf(realmPath);
    await rename(join(folder, "messages-000002.json"), join(folder, "messages-000003.json"));
    await expect(read(folder)).rejects.toThrow(/messages-000002\.json is missing/);
    await rename(join(folder, "messages-000003.json"), join(folder, "messages-000002.json.partial"));
    await expect(read(folder)).rejects.toThrow(/before the export was finished: messages-000002\.json\.partial/);
    await rm(join(folder, "messages-000002.json.partial"));
    await writeFile(join(folder, "messages-000001.json"), (await readFile(join(realmPath, "messages-000001.json"), "utf8")).slice(0, -200));
    await expect(read(folder)).rejects.toThrow(/messages-000001\.json is cut off: it ends at byte/);
  });

  it("says that a .tar.gz must be unpacked first", async () => {
    const tar = Buffer.alloc(1024);
    tar.write("zulip-export-ab12/realm.json");
    tar.write("ustar", 257);
    const path = await scratch("zulip-export.tar.gz", gzipSync(tar));
    expect(zulip.recognizes?.(await openFile(path))).toBe(0.9);
    await expect(read(path)).rejects.toThrow(/still packed as tar\. Unpack it/);
  });
});

describe("zulip: what zulip-archive keeps", () => {
  it("finds each topic's file by its encoded name, and says which are missing", async () => {
    const { identity, activities, rejected, chunks, batches } = await read(archivePath);
    expect(identity).toEqual({ origin: "zulip:archive-71", name: "#help", reported: { message: 8 } });
    expect(activities).toHaveLength(4);
    expect(rejected).toMatchObject([{ place: "71-help/c.2B.2B.20.26.20co.2E.json, item 2 (line 8)" }]);
    expect(chunks).toBe(1);
    expect(batches.flatMap((b) => b.threads).map((t) => t.title)).toContain("c++ & co.");
    expect(encodeName("c++ & co.")).toBe("c.2B.2B.20.26.20co.2E");
  });

  it("knows people by name only, turns HTML into words, and keeps Zulip's own bot apart", async () => {
    const { byId, batches } = await read(archivePath);
    expect(byId.get("1002")).toMatchObject({
      author: { platform: "zulip:archive-71", externalId: "name:ilo brandt" },
      body: "Use the nightly build, @Mara Quill: notes.pdf [/user_uploads/1/ab/notes.pdf]",
      attributes: { mentions: [{ externalId: "id:11" }], attachments: [{ name: "notes.pdf" }] },
    });
    expect(byId.get("1003")).toMatchObject({ unattributed: "Deleted user 14" });
    expect(batches.flatMap((b) => b.identities).find((p) => p.displayName === "Notification Bot")?.kind?.value).toBe("bot");
  });

  it("never replaces what the export of the organization told of the same message", async () => {
    const poor = (await read(archivePath)).records.find((r) => r.externalId === "1001");
    const rich = (await read(answersPath)).records.find((r) => r.externalId === "1001");
    expect(new Date(poor?.asOf ?? 0) < new Date(rich?.asOf ?? 0)).toBe(true);
  });

  it("says of a single topic's file that the folder is needed", async () => {
    await expect(read(join(archivePath, "71-help/Install.20on.20ARM.json"))).rejects.toThrow(/bring in the whole folder, with stream_index\.json/);
  });

  it.skipIf(!existsSync(real))(
    "reads a real archive whole: every message that the files hold, twice alike (skipped where ../shared/data is absent)",
    async () => {
      const index = JSON.parse(readFileSync(join(real, "stream_index.json"), "utf8")) as { streams: Record<string, { topic_data: object }> };
      const folder = join(real, "406743-boston");
      const rows = readdirSync(folder).flatMap(
        (name) => JSON.parse(readFileSync(join(folder, name), "utf8")) as { id: number; sender_full_name: string }[],
      );
      const first = await read(real);
      expect(first.identity.reported).toEqual({ message: rows.length });
      expect(countKinds(first.batches)).toEqual({ message: new Set(rows.map(({ id }) => id)).size });
      expect(first.rejected).toEqual([]);
      // Two topics differ only in the case of letters, which Zulip takes for one.
      const names = Object.keys(index.streams.boston?.topic_data ?? {}).map((name) => name.replace(/^✔ /, "").toLowerCase());
      expect(first.folded.threads).toHaveLength(new Set(names).size);
      expect(first.folded.identities).toHaveLength(new Set(rows.map((r) => r.sender_full_name.toLowerCase())).size);
      expect((await read(real)).records).toEqual(first.records);
      expect(zulip.recognizes?.(await openFile(real))).toBe(1);
    },
  );
});

describe("zulip: saved answers of the API", () => {
  it("keeps the message, counts its reactions, and drops what is the reader's own", async () => {
    const { records, byId, rejected, identity } = await read(answersPath, { site: "tidetools.zulipchat.com" });
    expect(identity).toEqual({ origin: "zulip:tidetools.zulipchat.com", name: "tidetools.zulipchat.com", reported: { message: 3 } });
    expect(JSON.stringify(records)).not.toMatch(/flags|avatar_url|emoji_code/);
    expect(byId.get("1001")).toMatchObject({ body: "How do I install on ARM?", attributes: { reactions: { heart: 1 } } });
    expect(byId.get("1008")).toMatchObject({ channel: "private:11,13" });
    expect(rejected).toMatchObject([{ place: "messages.json, message 3 (line 65)" }]);
  });

  it("is recognised by its fields, and other JSON is not", async () => {
    expect(zulip.recognizes?.(await openFile(answersPath))).toBe(0.95);
    expect(zulip.recognizes?.(await openFile(realmPath))).toBe(1);
    expect(zulip.recognizes?.(await openFile(archivePath))).toBe(1);
    expect(zulip.recognizes?.(await openFile(await scratch("x.json", '{"messages":[{"id":1,"text":"hi"}]}')))).toBe(0);
    await expect(read(await scratch("x.json", '{"issues":[]}'))).rejects.toThrow(/no answer with "messages"/);
    await expect(read(await scratch("x.json", '{"messages":[{"id":'))).rejects.toThrow(/cut off/);
  });
});

it("ends in the same tables in whatever order and parts the records come", async () => {
  const { records } = await read(realmPath);
  const whole = foldBatches(records.map((record) => zulip.normalize(record, settings)));
  await fc.assert(
    fc.property(fc.shuffledSubarray(records, { minLength: records.length }), fc.shuffledSubarray(records), (all, again) => {
      expect(foldBatches([...again, ...all].map((record) => zulip.normalize(record, settings)))).toEqual(whole);
    }),
    { numRuns: 30 },
  );
});
