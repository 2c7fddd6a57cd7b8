import { mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { openFile } from "#features/ledger/index.ts";
import { countKinds, readFileWith } from "../testing.ts";
import { hideAddresses } from "./hide-addresses.ts";
import { mbox } from "./index.ts";
import { writeMail as mail, scratch, writeInMailbox } from "./testing-mail.ts";

async function folderOf(files: Record<string, string | Buffer>): Promise<string> {
  const folder = join(await mkdtemp(join(tmpdir(), "causeway-mbox-")), "tide");
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), content);
  }
  return folder;
}

async function read(path: string, given: Record<string, unknown> = {}) {
  const { identity, records, rejected } = await readFileWith(mbox, path, given);
  const batches = records.map((record) => mbox.normalize(record, mbox.settings.parse(given)));
  return { identity, records, rejected, batches, mails: batches.flatMap((batch) => batch.activities) };
}

const sure = async (path: string) => mbox.recognizes?.(await openFile(path)) ?? 0;
const idsOf = (mails: { externalId: string }[]) => mails.map(({ externalId }) => externalId.split("#")[0]).sort();

describe("forms in which mails come", () => {
  it("reads a maildir: new and read mails, subfolders, without drafts, what was thrown away and what is not there yet", async () => {
    const folder = await folderOf({
      "new/1767607200.M1P1.host": mail({ id: "new@x" }),
      "cur/1767607201.M2P1.host:2,RS": mail({ id: "read@x" }),
      "cur/1767607202.M3P1.host;2,S": mail({ id: "windows@x" }),
      "cur/1767607203.M4P1.host:2,DS": mail({ id: "draft@x" }),
      "cur/1767607204.M5P1.host:2,ST": mail({ id: "trashed@x" }),
      "tmp/1767607205.M6P1.host": mail({ id: "half@x" }),
      ".Archive/cur/1767607206.M7P1.host:2,": mail({ id: "archived@x" }),
      "dovecot.index.log": "binary",
      "dovecot-uidlist": "3 V1",
      maildirfolder: "",
    });
    const { mails, rejected, identity } = await read(folder);
    expect(idsOf(mails)).toEqual(["archived@x", "new@x", "read@x", "windows@x"]);
    expect(rejected.map(({ place, reason }) => [place, reason])).toEqual([
      ["cur/1767607203.M4P1.host:2,DS", expect.stringContaining("is a draft that was never sent (flag D)")],
      ["cur/1767607204.M5P1.host:2,ST", expect.stringContaining("was thrown away by the mailbox's owner (flag T)")],
      ["tmp/1767607205.M6P1.host", expect.stringContaining("was still being delivered")],
    ]);
    expect(identity).toMatchObject({ origin: "mbox:tide", reported: { mail: 4 } });
    expect(await sure(folder)).toBeGreaterThan(0.9);
  });

  it("takes the time of delivery in a maildir for a mail that bears none", async () => {
    const { mails } = await read(await folderOf({ "new/1767607200.M1P1.host": mail({ id: "a@x", date: "" }) }));
    expect(mails[0]).toMatchObject({ occurredAt: new Date("2026-01-05T10:00:00Z"), attributes: { dateFrom: "received" } });
  });

  it("reads mails saved as .eml, with the mark of a byte order, a «From » line, Windows line ends, or «From » in their words", async () => {
    const folder = await folderOf({
      "a.eml": `\ufeff${mail({ id: "a@x" })}`,
      "b.EML": `From mara@example.org Mon Jan  5 10:00:00 2026\r\n${mail({ id: "b@x" }).replaceAll("\n", "\r\n")}`,
      "c/c.eml": mail({ id: "c@x", body: "Hello\n\nFrom 1a2b Mon Sep 17 00:00:00 2001\nFrom: Noor <noor@example.org>\nSubject: a patch\n\n---" }),
      "d.eml.gz": gzipSync(mail({ id: "d@x" })),
      "e.eml": mail({ id: "e@x", date: "" }),
      "f.eml": "Dear all,\n\nno header here.",
      "photo.jpg": Buffer.from([0xff, 0xd8, 0xff, 0xe0]),
    });
    const { mails, rejected } = await read(folder);
    expect(idsOf(mails)).toEqual(["a@x", "b@x", "c@x", "d@x"]);
    expect(rejected.map(({ place, reason, remedy }) => [place, reason, remedy])).toEqual([
      ["e.eml", expect.stringMatching(/^e\.eml bears no date that can be read/), expect.stringContaining("Add a Date field")],
      ["f.eml", expect.stringMatching(/^f\.eml is no mailbox and no mail/), expect.stringContaining("saved as .eml")],
      ["photo.jpg", expect.stringContaining("no mailbox and no mail"), expect.any(String)],
    ]);
    expect(mails[2]?.body).toContain("a patch");
  });

  it("gathers mails that are brought in one by one in one source", async () => {
    const one = await read(await scratch("One.eml", mail({ id: "a@x" })));
    const two = await read(await scratch("Two.txt", mail({ id: "b@x" })));
    expect([one.identity.origin, two.identity.origin]).toEqual(["mbox:mailbox", "mbox:mailbox"]);
    const listed = await read(await scratch("Three.eml", mail({ id: "c@x", headers: "List-Id: <tide.lists.example.org>" })));
    expect(listed.identity.origin).toBe("mbox:tide.lists.example.org");
  });

  it("tells a broken beginning of a mailbox from a single mail", async () => {
    const cut = await read(await scratch("x.txt", `${mail({ id: "cut@x" })}\n${writeInMailbox({ id: "a@x" })}`));
    expect(idsOf(cut.mails)).toEqual(["a@x"]);
    expect(cut.rejected).toMatchObject([{ place: "x.txt, byte 0", reason: expect.stringContaining("text before its first mail") }]);
  });

  it("goes on behind a broken header line and knows what is none", async () => {
    const { mails } = await read(await scratch("a.eml", mail({ id: "a@x" }).replace("Subject:", "quite broken Delivered-To: x\nSubject:")));
    expect(mails[0]).toMatchObject({ title: "tides", externalId: "a@x#20260105T100000Z" });
  });

  it("names the list by the address that HyperKitty hides in To, and by a Groups.io address; no other To counts", async () => {
    const hyperkitty = await read(await scratch("x.mbox", writeInMailbox({ id: "a@x", headers: "To: tide at lists.example.org" })));
    expect(hyperkitty.identity.origin).toBe("mbox:tide.lists.example.org");
    const groups = await read(await scratch("x.mbox", writeInMailbox({ id: "a@x", headers: "To: tide@groups.io" })));
    expect(groups.identity.origin).toBe("mbox:tide.groups.io");
    const personal = await read(await scratch("x.mbox", writeInMailbox({ id: "a@x", headers: "To: mara@example.org" })));
    expect(personal.identity.origin).toBe("mbox:x");
  });

  it.each([
    ["tide@lists.example.org-2026-01.mbox.gz", "mbox:tide.lists.example.org"],
    ["Week-of-Mon-20260105.txt", "mbox:tide"],
    ["2026q1.txt", "mbox:tide"],
  ])("names the list of %s %s", async (name, origin) => {
    const content = writeInMailbox({ id: "a@x" });
    const folder = await folderOf({ [name]: name.endsWith(".gz") ? gzipSync(content) : content });
    expect((await read(join(folder, name))).identity.origin).toBe(origin);
  });

  it("refuses what holds no mail, saying why and what to do", async () => {
    await expect(read(await scratch("a.eml", mail({ id: "a@x", date: "" })))).rejects.toMatchObject({
      code: "unreadable_file",
      message: expect.stringMatching(/a\.eml holds no mail that can be used\. a\.eml bears no date .* Add a Date field/),
    });
    await expect(read(await folderOf({ "cur/1.M1.host:2,D": mail({ id: "a@x" }), "cur/.hidden": "" }))).rejects.toThrow(
      /holds no mail that can be used/,
    );
    await expect(read(await scratch("subs", '{"group_name": "tide", "object": "subscription", "data": ['))).rejects.toThrow(
      /subs is no whole page of subscriptions.*Fetch it again; nothing was stored/,
    );
  });
});

describe("what a mail is, whichever way it came", () => {
  const sent = { id: "a@x", subject: "[tide] Grüße", from: "Mara <mara@example.org>", body: "Hello there" };
  const delivered = mail({ ...sent, headers: "Received: from a by b; Mon, 5 Jan 2026 10:00:07 +0000\nList-Id: <tide.lists.example.org>" });
  const ways = {
    mailbox: `From mara@example.org Mon Jan  5 10:00:00 2026\n${delivered}\n`,
    windows: delivered.replaceAll("\n", "\r\n"),
    pipermail: `From mara at example.org  Mon Jan  5 10:00:00 2026\n${mail({ ...sent, from: "mara at example.org (Mara)", subject: "Grüße", body: "Hello there\n-------------- next part --------------\nAn HTML attachment was scrubbed..." })}\n`,
    hyperkitty: `From mara at example.org Mon Jan  5 10:00:00 2026\n${mail({ ...sent, date: "Mon, 05 Jan 2026 11:00:00 +0100", from: "Mara <mara at example.org>", subject: "=?utf-8?q?=5Btide=5D_Gr=C3=BC=C3=9Fe?=", headers: "To: tide at lists.example.org\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64", body: "SGVsbG8gdGhlcmU=" })}\n`,
  };

  it("has one key and one writer from a mailbox, by IMAP, from Pipermail and from HyperKitty", async () => {
    const found = await Promise.all(Object.entries(ways).map(async ([name, text]) => read(await scratch(`${name}.txt`, text), { list: "tide" })));
    expect(new Set(found.map(({ records }) => records[0]?.externalId))).toEqual(new Set(["a@x#20260105T100000Z"]));
    expect(new Set(found.map(({ mails }) => mails[0]?.author?.externalId))).toEqual(new Set(["mara@example.org"]));
    // A fuller copy counts as the newer one.
    const [mailbox = "", windows = "", pipermail = "", hyperkitty = ""] = found.map(({ records }) => records[0]?.asOf);
    expect(mailbox).toBe(windows);
    expect([pipermail, hyperkitty].every((asOf) => asOf !== "" && asOf < mailbox)).toBe(true);
  });
});

describe("who joined a Groups.io group", () => {
  const one = {
    id: 7,
    user_id: 4,
    group_name: "tide+dev",
    created: "2026-01-05T10:00:00.465887176-08:00",
    updated: "2026-02-05T10:00:00-08:00",
    email: "Mara@Example.org",
    full_name: "Mara",
    status: "sub_status_normal",
    user_status: "user_status_confirmed",
    moderator_notes: "talks a lot",
    object: "subscription",
  };
  const page = (...data: unknown[]) => JSON.stringify({ data, has_more: false, object: "list" });

  it("says who joined when, to owners, admins and advocates only, and keeps no settings and notes", async () => {
    const path = await scratch("subs.json", page(one, { ...one, id: 8, status: "sub_status_pending" }, { ...one, id: "nine" }));
    const { batches, identity, records, rejected } = await read(path);
    expect(identity).toMatchObject({ origin: "mbox:dev.tide.groups.io", reported: { joined: 1 } });
    expect(batches[0]).toMatchObject({
      identities: [{ platform: "groupsio", externalId: "id:4", displayName: "Mara", email: "mara@example.org", emailVerified: true }],
      activities: [{ kind: "joined", visibility: "restricted", occurredAt: new Date("2026-01-05T18:00:00.465Z"), author: { externalId: "id:4" } }],
    });
    expect(batches[1]?.activities).toEqual([]);
    expect(JSON.stringify(records)).not.toContain("talks a lot");
    expect(rejected).toMatchObject([{ place: "subs.json, data[2].id", remedy: expect.stringContaining("Fetch") }]);
    expect(countKinds(batches)).toEqual({ joined: 1 });
    expect(await sure(path)).toBeGreaterThan(0.9);
  });

  it("feeds the source of the group's mails", async () => {
    const mails = await read(await scratch("messages.mbox", writeInMailbox({ id: "a@x", headers: "List-Id: <dev.tide.groups.io>" })));
    expect((await read(await scratch("subs.json", page(one)))).identity.origin).toBe(mails.identity.origin);
  });
});

describe("addresses in what anybody may read", () => {
  it("are shortened in subject, words and notes once the source is public, and nowhere else", async () => {
    const path = await scratch(
      "x.mbox",
      writeInMailbox({ id: "a@x", subject: "Ask noor@example.org", body: "On Monday mara@example.org wrote: see git@github.com:x/y.git" }),
    );
    const [open] = (await read(path, { visibility: "public" })).mails;
    expect(open).toMatchObject({ title: "Ask noor@…", body: "On Monday mara@… wrote: see git@…:x/y.git" });
    const [team] = (await read(path)).mails;
    expect(team).toMatchObject({ title: "Ask noor@example.org", body: expect.stringContaining("mara@example.org wrote") });
  });

  it.each([
    ["a@b", "a@b"],
    ["<a.b+c@example.org>", "<a.b+c@…>"],
    ["mailto:jürgen@müller.example", "mailto:jürgen@…"],
    ["@mara and @noor", "@mara and @noor"],
    ["x@1.2.3", "x@1.2.3"],
  ])("turns %j into %j", (text, shown) => {
    expect(hideAddresses(text)).toBe(shown);
  });

  it("takes no time on hostile text", () => {
    const started = performance.now();
    hideAddresses("a".repeat(300_000));
    hideAddresses(`${"a.".repeat(150_000)}@`);
    hideAddresses("a@".repeat(150_000));
    hideAddresses(`a@${"b.".repeat(150_000)}`);
    expect(performance.now() - started).toBeLessThan(3_000);
  });
});
