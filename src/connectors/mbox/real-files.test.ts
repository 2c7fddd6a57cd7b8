import { execFileSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { describe, expect, it } from "vitest";
import { openFile } from "#features/ledger/index.ts";
import { countKinds, readFileWith } from "../testing.ts";
import { mbox } from "./index.ts";

const data = join(import.meta.dirname, "../../../../shared/data");
const settings = mbox.settings.parse({});

const filesIn = (folder: string) =>
  existsSync(join(data, folder))
    ? readdirSync(join(data, folder), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name))
        .sort()
    : [];
const named = (folder: string) => filesIn(folder).map((path) => [basename(path), path] as const);

async function read(path: string) {
  const { identity, records, rejected } = await readFileWith(mbox, path);
  return { identity, records, rejected, kinds: countKinds(records.map((record) => mbox.normalize(record, settings))) };
}

/** What Python makes of files: `mailbox` for mailboxes, `email` for single mails; undefined where there is no Python. */
function askPython(program: string, paths: readonly string[]): unknown {
  try {
    return JSON.parse(execFileSync("python3", ["-c", program, ...paths], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }));
  } catch {
    return undefined;
  }
}

/** Mails of each mailbox, and how many of them differ in id and date (in everything, where they bear no id). */
const countMailboxes = `
import mailbox, sys, json
from email.utils import parsedate_to_datetime
def key(m):
  def date():
    try: return str(parsedate_to_datetime(str(m['date']).replace('RANDOM_', '')))
    except Exception: return str(m['subject'])
  return (m['message-id'], date()) if (m['message-id'] or '').strip() else m.as_bytes()
print(json.dumps([[len(list(mailbox.mbox(p, create=False))), len({key(m) for m in mailbox.mbox(p, create=False)})] for p in sys.argv[1:]]))`;

/** Sender's address, Message-ID and whether Date can be read, of each file as one mail. */
const readMails = `
import email, sys, json
from email.utils import parsedate_to_datetime
def dated(m):
  try: return parsedate_to_datetime(str(m['date'])) is not None
  except Exception: return False
print(json.dumps([[len(m.keys()), (m['message-id'] or '').strip(), dated(m)] for m in (email.message_from_bytes(open(p, 'rb').read()) for p in sys.argv[1:])]))`;

describe.skipIf(!existsSync(data))("real mailing lists (skipped where ../shared/data is absent)", () => {
  const mailboxes = filesIn("mbox");
  const counts = askPython(countMailboxes, mailboxes) as [number, number][] | undefined;

  it.each(named("mbox"))("takes from %s the mails that Python counts, copies once", async (_, path) => {
    const [mails, distinct] = counts?.[mailboxes.indexOf(path)] ?? [];
    if (path.endsWith(".xml")) {
      await expect(read(path)).rejects.toMatchObject({ code: "unreadable_file", message: expect.stringContaining("looks like a web page or XML") });
      return;
    }
    const found = await read(path);
    expect(found.identity.reported).toEqual(found.kinds);
    expect(found.rejected.every(({ reason }) => reason.includes("kept once"))).toBe(true);
    if (mails !== undefined) expect([found.records.length + found.rejected.length, found.records.length]).toEqual([mails, distinct]);
    expect((await read(path)).records).toEqual(found.records);
  });

  it("takes every mail of a Groups.io export, refuses an empty one, and reads who subscribed", async () => {
    const folder = join(data, "groupsio/chaoss-perceval");
    const { kinds, rejected, identity } = await read(join(folder, "messages.zip"));
    expect([kinds, rejected, identity.reported]).toEqual([{ mail: 49 }, [], { mail: 49 }]);
    await expect(read(join(folder, "empty.zip"))).rejects.toThrow(
      /empty\.zip holds no mail that can be used\. messages\.mbox .* is empty\. .* make it again/,
    );
    for (const page of ["subscriptions_page_1", "subscriptions_page_2"]) expect((await read(join(folder, page))).kinds).toEqual({ joined: 1 });
    const all = await read(folder);
    expect(all.kinds).toEqual({ joined: 2 });
    expect(all.rejected.map(({ place, remedy }) => [place, remedy])).toEqual([
      ["empty.zip", "Unpack it, and bring in what is in it."],
      ["messages.zip", "Unpack it, and bring in what is in it."],
    ]);
  });

  it.each(named("nntp"))("takes the article of %s as a mail", async (_, path) => {
    const found = await read(path);
    expect([found.kinds, found.rejected]).toEqual([{ mail: 1 }, []]);
  });

  const mails = filesIn("eml");
  const facts = askPython(readMails, mails) as [number, string, boolean][] | undefined;
  /** Nothing in them says when they were sent. */
  const undated = [
    "bad_encoded_subject.eml",
    "invalid_subject_characters.eml",
    "japanese.eml",
    "japanese_iso_2022.eml",
    "multiple_content_types.eml",
    "multiple_references_with_one_invalid.eml",
    "utf8_headers.eml",
  ];

  it.each(named("eml"))("takes %s as one mail, or says what it lacks", async (name, path) => {
    const [fields, id, isDated] = facts?.[mails.indexOf(path)] ?? [];
    const found = await read(path).catch((error: unknown) => error);
    if (undated.includes(name)) {
      expect(found).toMatchObject({ code: "unreadable_file", message: expect.stringMatching(/bears no date that can be read/) });
      expect(isDated).not.toBe(true);
      return;
    }
    expect(found).toMatchObject({ kinds: { mail: 1 }, rejected: [] });
    if (!(found instanceof Error) && fields !== undefined && id) {
      const { records } = found as Awaited<ReturnType<typeof read>>;
      expect(records[0]?.externalId.split("#")[0]).toBe(id.replace(/^<|>$|\s/g, ""));
    }
  });

  it("takes the whole folder of .eml: each file a mail, a copy of one, or set aside with what it lacks", async () => {
    const path = join(data, "eml");
    const { records, rejected, identity } = await read(path);
    const reasons = rejected.map(({ reason }) => reason);
    expect(records.length + rejected.length).toBe(mails.length);
    expect(reasons.filter((reason) => reason.includes("bears no date"))).toHaveLength(undated.length);
    expect(reasons.filter((reason) => reason.includes("it is the same mail"))).toHaveLength(mails.length - undated.length - records.length);
    expect(identity.reported).toEqual({ mail: records.length });
    expect(new Set(records.map(({ externalId }) => externalId)).size).toBe(records.length);
    expect(mbox.recognizes?.(await openFile(path))).toBeGreaterThan(0.9);
  });

  it("knows each of these files by its content", async () => {
    for (const path of [...mailboxes.filter((one) => !one.endsWith(".xml")), ...filesIn("nntp"), ...filesIn("groupsio")])
      expect([path, mbox.recognizes?.(await openFile(path))]).toEqual([path, expect.toSatisfy((sure: number) => sure >= 0.8)]);
    for (const path of [...mailboxes.filter((one) => one.endsWith(".xml")), ...filesIn("survey-csv"), ...filesIn("feeds"), ...filesIn("ical")])
      expect([path, mbox.recognizes?.(await openFile(path))]).toEqual([path, 0]);
  });
});
