import { mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { sql } from "#core/database/database.ts";
import { drainOutbox, getSource, replaySource, rollUp, runImport } from "#features/ledger/index.ts";
import { createCtx } from "#tests/factories.ts";
import { mbox } from "./index.ts";
import { type MadeMail, scratch, writeInMailbox } from "./testing-mail.ts";

type Ctx = Awaited<ReturnType<typeof createCtx>>;

/** What is held, without the ids that every import makes anew. */
async function tables(ctx: Ctx) {
  await drainOutbox(ctx, { consumers: [rollUp], communityId: ctx.community.id });
  const id = ctx.community.id;
  return {
    threads: await ctx.db.rows(sql`
      SELECT t.external_id, t.title, t.opened_at, t.activity_count, t.last_activity_at, i.external_id AS opener FROM thread t
      LEFT JOIN identity i ON i.community_id = t.community_id AND i.id = t.opener_id WHERE t.community_id = ${id} ORDER BY 1`),
    mails: await ctx.db.rows(sql`
      SELECT a.external_id, a.title, a.reply_to, t.external_id AS thread FROM activity a
      JOIN thread t ON t.community_id = a.community_id AND t.id = a.thread_id WHERE a.community_id = ${id} ORDER BY 1`),
    recordsOfNoThread: await ctx.db.rows(sql`
      SELECT r.external_id FROM raw_record r WHERE r.community_id = ${id}
        AND NOT EXISTS (SELECT FROM thread t WHERE t.community_id = r.community_id AND t.id = ANY(r.threads))`),
  };
}

const box = (mails: readonly MadeMail[]) => mails.map(writeInMailbox).join("");
const bring = async (ctx: Ctx, name: string, mails: readonly MadeMail[]) =>
  runImport(ctx, { connector: mbox, path: await scratch(name, box(mails)), settings: { list: "tide" } });
const coverage = async (ctx: Ctx, sourceId: string) => {
  await drainOutbox(ctx, { consumers: [rollUp], communityId: ctx.community.id });
  const source = await getSource(ctx, { sourceId });
  return source?.coverage.find((row) => row.unit === "mail");
};

const january: MadeMail = { id: "a@x", date: "Wed, 28 Jan 2026 10:00:00 +0000" };
const february: MadeMail = {
  id: "b@x",
  answers: "a@x",
  subject: "Re: tides",
  date: "Mon, 02 Feb 2026 10:00:00 +0000",
  from: "Noor <noor@example.org>",
};
const march: MadeMail = { id: "c@x", answers: "b@x", subject: "Re: tides", date: "Mon, 02 Mar 2026 10:00:00 +0000" };
const april: MadeMail = { id: "d@x", answers: "c@x", subject: "Re: tides", date: "Wed, 01 Apr 2026 10:00:00 +0000" };

describe("mailing lists, month by month", () => {
  it("joins a thread over months in whichever order they come, and leaves no empty thread", async () => {
    const orders = [
      [january, february, march, april],
      [april, march, february, january],
      [march, january, april, february],
    ];
    for (const order of orders) {
      const ctx = await createCtx();
      for (const [i, mail] of order.entries()) await bring(ctx, `2026-0${i + 1}.mbox`, [mail]);
      expect(await tables(ctx)).toMatchObject({
        threads: [{ external_id: "a@x", title: "tides", opener: "mara@example.org", activity_count: 4 }],
        recordsOfNoThread: [],
      });
    }
  });

  it("keeps a thread's place when its beginning is found later, so that marks and links on it stay", async () => {
    const ctx = await createCtx();
    const idOf = () =>
      ctx.db.rows<{ id: string; external_id: string }>(sql`SELECT id, external_id FROM thread WHERE community_id = ${ctx.community.id}`);
    await bring(ctx, "2026-03.mbox", [march]);
    const [before] = await idOf();
    expect(before?.external_id).toBe("b@x");
    const { counts } = await bring(ctx, "2026-02.mbox", [february]);
    expect(await idOf()).toEqual([{ id: before?.id, external_id: "a@x" }]);
    expect(counts.new.threads).toBe(0);
  });

  it("lets a reply that names nobody follow the mail of its subject that a later import brings", async () => {
    const ctx = await createCtx();
    const reply: MadeMail = { id: "r@x", subject: "Re: [tide] tides", date: "Thu, 29 Jan 2026 10:00:00 +0000" };
    await bring(ctx, "2.mbox", [reply]);
    await bring(ctx, "1.mbox", [{ ...january, id: "old@x", date: "Wed, 07 Jan 2026 10:00:00 +0000" }]);
    expect((await tables(ctx)).mails).toMatchObject([{ thread: "old@x" }, { thread: "old@x" }]);
    await bring(ctx, "3.mbox", [january]);
    expect((await tables(ctx)).mails).toMatchObject([{ thread: "a@x" }, { thread: "old@x" }, { thread: "a@x" }]);
  });

  it("ends with the same tables however the mails are cut into files and in whichever order these come, and a replay changes nothing", async () => {
    const ways = fc.constantFrom("refs", "answers", "subject", "cut", "new" as const);
    const mail = fc.record({ parent: fc.nat(), way: ways, day: fc.nat(60), person: fc.nat(2) });
    const forest = fc.array(mail, { minLength: 2, maxLength: 14 }).map((given) => {
      const made: MadeMail[] = [];
      for (const [i, { parent, way, day, person }] of given.entries()) {
        const at = new Date(Date.UTC(2026, 0, 1 + (i === 0 ? 0 : day), 10)).toUTCString();
        const answered = i === 0 ? undefined : made[parent % i];
        const chain = answered ? [...(answered.refs ?? []), answered.id ?? ""] : [];
        made.push({
          id: `m${i}@x`,
          date: at,
          from: `P${person} <p${person}@example.org>`,
          subject: way === "new" || !answered ? `subject ${i % 3}` : `Re: ${(answered.subject ?? "").replace("Re: ", "")}`,
          ...(way === "refs" && { refs: chain }),
          ...(way === "cut" && { refs: chain.slice(-2) }),
          ...(way === "answers" && answered?.id && { answers: answered.id }),
          body: `mail ${i}`,
        });
      }
      return made;
    });
    await fc.assert(
      fc.asyncProperty(forest, fc.array(fc.array(fc.nat(13), { maxLength: 8 }), { maxLength: 3 }), async (mails, picks) => {
        const parts = picks.map((pick) => pick.flatMap((i) => mails[i] ?? [])).filter((part) => part.length > 0);
        const covered = new Set(parts.flat());
        const rest = mails.filter((one) => !covered.has(one));
        if (rest.length > 0) parts.push(rest);
        const [whole, months] = [await createCtx(), await createCtx()];
        await bring(whole, "all.mbox", mails);
        let sourceId = "";
        for (const [i, part] of parts.entries()) ({ sourceId } = await bring(months, `${i}.mbox`, part));
        const together = await tables(whole);
        expect(await tables(months)).toEqual(together);
        expect(together.recordsOfNoThread).toEqual([]);
        await replaySource(months, { connector: mbox, sourceId });
        expect(await tables(months)).toEqual(together);
      }),
      { numRuns: 25 },
    );
  }, 120_000);

  it("moves many mails in parts", async () => {
    const ctx = await createCtx();
    const chain = Array.from(
      { length: 2_500 },
      (_, i): MadeMail => ({
        id: `m${i}@x`,
        ...(i > 0 && { answers: `m${i - 1}@x` }),
        date: new Date(Date.UTC(2026, 0, 1, 0, i)).toUTCString(),
      }),
    );
    const { counts } = await bring(ctx, "all.mbox", chain);
    expect(counts.new).toMatchObject({ threads: 1, activities: 2_500 });
    expect((await tables(ctx)).threads).toMatchObject([{ external_id: "m0@x", activity_count: 2_500 }]);
    expect((await bring(ctx, "all.mbox", chain)).counts).toMatchObject({
      new: { threads: 0, activities: 0 },
      changed: { threads: 0, activities: 0 },
      same: { threads: 1, activities: 2_500 },
    });
  }, 60_000);
});

describe("what a list's files say that they hold", () => {
  it("adds up over months that come one by one, and a month that comes again replaces what it said", async () => {
    const ctx = await createCtx();
    await bring(ctx, "2026-01.mbox", [january]);
    const { sourceId } = await bring(ctx, "2026-02.mbox", [february, { id: "e@x" }]);
    expect(await coverage(ctx, sourceId)).toEqual({ unit: "mail", reported: 3, held: 3, gap: "" });
    await bring(ctx, "2026-02.mbox", [february, { id: "e@x" }, { id: "f@x" }]);
    expect(await coverage(ctx, sourceId)).toEqual({ unit: "mail", reported: 4, held: 4, gap: "" });
    expect((await getSource(ctx, { sourceId }))?.streams.map(({ name }) => name)).toEqual(["file", "mails"]);
  });

  it("counts a month once, whether it comes in the list's folder, by itself or packed", async () => {
    const ctx = await createCtx();
    const folder = join(await mkdtemp(join(tmpdir(), "causeway-mbox-")), "tide");
    await mkdir(folder);
    await writeFile(join(folder, "2026-01.txt"), box([january, march]));
    await writeFile(join(folder, "2026-02.txt.gz"), gzipSync(box([february, january])));
    const { sourceId } = await runImport(ctx, { connector: mbox, path: folder });
    expect(await coverage(ctx, sourceId)).toMatchObject({ reported: 3, held: 3, gap: "" });
    await runImport(ctx, { connector: mbox, path: await scratch("2026-01.txt.gz", gzipSync(box([january, march]))), settings: { list: "tide" } });
    expect(await coverage(ctx, sourceId)).toMatchObject({ reported: 3, held: 3, gap: "" });
  });
});
