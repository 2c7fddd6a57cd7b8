import { afterEach, describe, expect, it } from "vitest";
import type { HttpClient } from "#core/http.ts";
import { createLocalHttp, foldBatches, noHttp, offlineContext, pullWith, readFileWith } from "../testing.ts";
import { type FakeImap, type FakeMail, startFakeImap } from "./fake-imap.ts";
import { mbox } from "./index.ts";
import { type MadeMail, scratch, writeMail } from "./testing-mail.ts";

const http = createLocalHttp();
let fake: FakeImap | undefined;

afterEach(async () => {
  await fake?.close();
  fake = undefined;
});

const list = "List-Id: <tide.lists.example.org>";
const made = (uid: number, mail: MadeMail = {}, more: Partial<FakeMail> = {}): FakeMail => ({
  uid,
  source: writeMail({ id: `m${uid}@x`, headers: list, date: `Mon, 05 Jan 2026 10:00:${String(uid % 60).padStart(2, "0")} +0000`, ...mail }),
  ...more,
});

async function start(...mails: FakeMail[]): Promise<FakeImap> {
  fake = await startFakeImap({ INBOX: { uidValidity: 7, mails }, "Lists/tide": { uidValidity: 9, mails: [] } });
  return fake;
}

const settingsFor = (server: FakeImap, given: Record<string, unknown> = {}) => ({
  kind: "imap",
  host: "127.0.0.1",
  port: server.port,
  security: "none",
  user: "reader@example.org",
  password: "secret",
  ...given,
});
const connect = (server: FakeImap, given: Record<string, unknown> = {}, way: HttpClient = http) =>
  mbox.connect?.(offlineContext(), { settings: mbox.settings.parse(settingsFor(server, given)), http: way, signal: new AbortController().signal });
const pull = (server: FakeImap, given: Record<string, unknown> = {}, cursor?: unknown) =>
  pullWith(mbox, { stream: "mails", settings: settingsFor(server, given), cursor, http });
const idsOf = (reading: { records: { externalId: string }[] }) => reading.records.map(({ externalId }) => externalId.split("#")[0]);

describe("a list's folder by IMAP", () => {
  it("says as whom it signed in and which list it found, and is one source with that list's files", async () => {
    const server = await start(made(1), made(2), made(5, { headers: "X-Other: 1" }));
    const identity = await connect(server);
    expect(identity).toMatchObject({ origin: "mbox:tide.lists.example.org", name: "tide.lists.example.org" });
    expect(identity?.says).toMatch(/Signed in as reader@example\.org .* holds 3 mails\. Only mails that name the list .* 1 of the newest 3 do not/);
  });

  it("only ever examines the folder and peeks, so that nothing is marked as read", async () => {
    const server = await start(made(1), made(2));
    await connect(server);
    await pull(server);
    expect(server.commands.filter((command) => /^(?:SELECT|STORE|UID STORE|EXPUNGE|APPEND|COPY|MOVE|CLOSE)\b/i.test(command))).toEqual([]);
    expect(server.commands.filter((command) => /BODY\[/i.test(command))).toEqual([]);
    expect(server.commands).toContain("EXAMINE INBOX");
  });

  it("reads all mails first, then only new ones, and goes on after the last that was stored", async () => {
    const server = await start(...Array.from({ length: 450 }, (_, i) => made(2 * i + 1)));
    const first = await pull(server);
    expect(first.records).toHaveLength(450);
    expect(first.cursor).toEqual({ kind: "imap", folder: "INBOX", uidValidity: "7", uid: 899, list: "tide.lists.example.org", only: true });
    // «n:*» names the last mail even where nothing is new.
    expect((await pull(server, {}, first.cursor)).records).toEqual([]);
    server.folders.INBOX?.mails.push(made(1_000));
    const next = await pull(server, {}, first.cursor);
    expect([idsOf(next), next.cursor]).toEqual([["m1000@x"], { ...(first.cursor as object), uid: 1_000 }]);
    const half = first.chunks.find((chunk) => chunk.records.length > 0)?.cursor;
    expect([...idsOf({ records: first.chunks[1]?.records ?? [] }), ...idsOf(await pull(server, {}, half))]).toEqual([...idsOf(first), "m1000@x"]);
  });

  it("reads all anew when the server numbers its mails anew (UIDVALIDITY), and says so", async () => {
    const server = await start(made(1), made(2));
    const { cursor, records } = await pull(server);
    server.folders.INBOX = {
      uidValidity: 8,
      mails: [made(11, { id: "m1@x", date: "Mon, 05 Jan 2026 10:00:01 +0000" }), made(12, { id: "m2@x", date: "Mon, 05 Jan 2026 10:00:02 +0000" })],
    };
    const again = await pull(server, {}, cursor);
    expect(again.records.map(({ externalId }) => externalId)).toEqual(records.map(({ externalId }) => externalId));
    expect(again.chunks[0]?.warnings?.[0]).toMatch(/UIDVALIDITY.*nothing is doubled/);
  });

  it("keeps what was read when the server hangs up, and goes on from there", async () => {
    const server = await start(...Array.from({ length: 300 }, (_, i) => made(i + 1)));
    server.hangUpAfter = 250;
    let cursor: unknown;
    const seen: string[] = [];
    const signal = new AbortController().signal;
    const reading = mbox.pull?.(offlineContext(), {
      settings: mbox.settings.parse(settingsFor(server)),
      stream: "mails",
      cursor: undefined,
      signal,
      workDir: "",
      http,
    });
    const failure = await (async () => {
      for await (const chunk of reading ?? []) {
        seen.push(...idsOf(chunk).map(String));
        cursor = chunk.cursor ?? cursor;
      }
    })().catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: "upstream_failed", message: expect.stringContaining("the next run goes on from there") });
    expect(seen).toHaveLength(200);
    server.hangUpAfter = Number.POSITIVE_INFINITY;
    expect([...seen, ...idsOf(await pull(server, {}, cursor))]).toEqual(Array.from({ length: 300 }, (_, i) => `m${i + 1}@x`));
  });

  it("leaves mails of other lists and persons unread where the folder's list is known, and takes all where none is named", async () => {
    const server = await start(made(1), made(2), made(3, { headers: "X-Other: 1", body: "to you alone" }));
    const { records, chunks } = await pull(server);
    expect(idsOf({ records })).toEqual(["m1@x", "m2@x"]);
    expect(JSON.stringify(chunks)).not.toContain("to you alone");
    expect(chunks.flatMap((chunk) => chunk.warnings ?? [])).toEqual([expect.stringMatching(/^1 mails of the folder INBOX do not name the list/)]);
    server.folders.INBOX = { uidValidity: 7, mails: [made(1, { headers: "X: 1" })] };
    expect(idsOf(await pull(server, { list: "tide" }))).toEqual(["m1@x"]);
    expect(await connect(server)).toMatchObject({ origin: "mbox:reader@example.org@127.0.0.1/inbox" });
  });

  it("leaves drafts and deleted mails out, and takes the server's time for a mail without a date", async () => {
    const server = await start(
      made(1, {}, { flags: ["\\Draft"] }),
      made(2, {}, { flags: ["\\Deleted", "\\Seen"] }),
      made(3, { date: "" }, { internalDate: "06-Jan-2026 12:00:00 +0100" }),
    );
    const { records } = await pull(server);
    expect(records).toHaveLength(1);
    const [record] = records;
    const batch = record && mbox.normalize(record, mbox.settings.parse({}));
    expect(batch?.activities[0]).toMatchObject({ occurredAt: new Date("2026-01-06T11:00:00Z"), attributes: { dateFrom: "received" } });
  });

  it("brings the same records as a mailbox of the same mails", async () => {
    const mails = [made(1), made(2, { answers: "m1@x" }), made(3, { refs: ["m1@x", "m2@x"] })];
    const settings = mbox.settings.parse({});
    const live = await pull(await start(...mails.map((mail) => ({ ...mail, source: mail.source.replaceAll("\n", "\r\n") }))));
    const file = await readFileWith(
      mbox,
      await scratch("x.mbox", mails.map(({ source }) => `From x@example.org Mon Jan  5 10:00:00 2026\n${source}\n`).join("")),
    );
    expect(live.records.map(({ externalId, asOf }) => [externalId, asOf])).toEqual(file.records.map(({ externalId, asOf }) => [externalId, asOf]));
    const fold = (records: typeof live.records) => foldBatches(records.map((record) => mbox.normalize(record, settings)));
    expect(fold(live.records)).toEqual(fold(file.records));
  });

  it("signs in with an OAuth token as servers expect it (XOAUTH2)", async () => {
    const server = await start(made(1));
    server.secret = "Bearer ya29.token";
    expect(idsOf(await pull(server, { password: "", token: "ya29.token" }))).toEqual(["m1@x"]);
    expect(server.commands.some((command) => /^AUTHENTICATE XOAUTH2 /.test(command))).toBe(true);
  });
});

describe("an IMAP server that refuses", () => {
  it("says what to change about user, password and token, and never repeats the secret", async () => {
    const server = await start(made(1));
    const failure = await connect(server, { password: "wrong-one" })?.catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: "forbidden", message: expect.stringMatching(/refuses to sign in reader@example\.org: .*app password/) });
    expect(String((failure as Error).message)).not.toContain("wrong-one");
    await expect(connect(server, { password: "", token: "old" })).rejects.toMatchObject({
      code: "forbidden",
      message: expect.stringContaining("tokens end within hours"),
    });
  });

  it("names the folders that there are when the folder is wrong", async () => {
    await expect(connect(await start(), { folder: "Tide" })).rejects.toMatchObject({
      code: "not_found",
      message: expect.stringMatching(/no folder «Tide» .*It has: INBOX, Lists\/tide/),
    });
  });

  it("sends nothing where STARTTLS is wanted and not offered, or TLS is not spoken", async () => {
    const server = await start();
    for (const security of ["starttls", "tls"]) {
      await expect(connect(server, { security })).rejects.toMatchObject({ code: "upstream_failed" });
    }
    expect(server.commands.filter((command) => /LOGIN|AUTHENTICATE/i.test(command))).toEqual([]);
  });

  it("does not reach into private networks, nor anywhere without a way out", async () => {
    const server = await start();
    await expect(connect(server, { host: "10.0.0.1" })).rejects.toMatchObject({
      code: "forbidden",
      message: expect.stringContaining("CAUSEWAY_OUTBOUND_ALLOW"),
    });
    await expect(connect(server, {}, noHttp)).rejects.toMatchObject({ code: "internal" });
  });

  it("names every setting that is missing", async () => {
    const server = await start();
    await expect(connect(server, { host: "", password: "" })).rejects.toMatchObject({
      code: "invalid_input",
      issues: [
        { path: "host", message: "give the IMAP server's name" },
        { path: "password", message: expect.stringContaining("password") },
      ],
    });
    await expect(connect(server, { kind: "file" })).rejects.toMatchObject({ code: "invalid_input", message: expect.stringContaining("«Read from»") });
  });
});
