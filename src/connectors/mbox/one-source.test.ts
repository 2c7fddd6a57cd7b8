import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { expect, it } from "vitest";
import { createSecretBox } from "#core/crypto.ts";
import { sql } from "#core/database/database.ts";
import { addLiveSource, drainOutbox, getSource, readSettings, rollUp, runImport, runPull } from "#features/ledger/index.ts";
import { createCtx } from "#tests/factories.ts";
import { createLocalHttp, startLocalServer } from "../testing.ts";
import { startFakeImap } from "./fake-imap.ts";
import { mbox } from "./index.ts";
import { type MadeMail, scratch, writeInMailbox, writeMail } from "./testing-mail.ts";

const services = {
  http: createLocalHttp(),
  secrets: createSecretBox({
    keys: [{ id: "k1", createdAt: "2026-01-01T00:00:00Z", key: Buffer.alloc(32, 7).toString("base64") }],
    hashKey: Buffer.alloc(32, 8).toString("base64"),
    authSecret: "x",
  }),
  dataDir: mkdtempSync(join(tmpdir(), "causeway-live-")),
};

const list = "tide.lists.example.org";
const mails: MadeMail[] = [
  { id: "a@x", date: "Mon, 05 Jan 2026 10:00:00 +0000" },
  { id: "b@x", date: "Mon, 05 Jan 2026 11:00:00 +0000", answers: "a@x", subject: "Re: tides", from: "Noor <noor@example.org>" },
  { id: "c@x", date: "Mon, 05 Jan 2026 12:00:00 +0000", answers: "b@x", subject: "Re: tides" },
];
const delivered = mails.map((mail) => ({ ...mail, headers: `Received: from a by b; Mon, 5 Jan 2026 13:00:00 +0000\nList-Id: <${list}>` }));
const hidden = mails.map((mail) => ({
  ...mail,
  from: (mail.from ?? "Mara <mara@example.org>").replace(/^(.*) <(.*)@(.*)>$/, "$2 at $3 ($1)"),
  body: "Words.\n-------------- next part",
}));

it("is one source with each mail once, whether a list comes by file, IMAP or from the web, in whichever order, and its fullest copies stay", async () => {
  const imap = await startFakeImap({
    INBOX: { uidValidity: 7, mails: delivered.map((mail, i) => ({ uid: i + 1, source: writeMail(mail).replaceAll("\n", "\r\n") })) },
  });
  const web = await startLocalServer(({ url }, response) => {
    if (!url.pathname.endsWith(".gz")) return void response.end('<a href="2026-January.txt.gz">[ Gzip\'d Text 1 KB ]</a>');
    response.end(gzipSync(hidden.map(writeInMailbox).join("")));
  });
  type Ctx = Awaited<ReturnType<typeof createCtx>>;
  const live = (settings: Record<string, unknown>) => async (ctx: Ctx) => {
    const { sourceId } = await addLiveSource(ctx, { connector: mbox, settings, services });
    await runPull(ctx, { connector: mbox, sourceId, stream: "mails", services });
    return sourceId;
  };
  const ways = {
    file: async (ctx: Ctx) =>
      (await runImport(ctx, { connector: mbox, path: await scratch("tide.mbox", delivered.map(writeInMailbox).join("")) })).sourceId,
    imap: live({ kind: "imap", host: "127.0.0.1", port: imap.port, security: "none", user: "reader@example.org", password: "secret" }),
    web: live({ kind: "pipermail", url: `${web.url}/pipermail/tide/`, list }),
  };
  const expected = mails.map((mail) => ({ id: mail.id, body: "Words.", thread: "a@x" }));
  try {
    await fc.assert(
      fc.asyncProperty(fc.shuffledSubarray(["file", "imap", "web"] as const, { minLength: 2 }), async (order) => {
        const ctx = await createCtx();
        const sources = new Set<string>();
        for (const way of order) sources.add(await ways[way](ctx));
        expect(sources.size).toBe(1);
        const held = await ctx.db.rows(sql`
          SELECT a.attributes ->> 'messageId' AS id, a.body, t.external_id AS thread FROM activity a
          JOIN thread t ON t.community_id = a.community_id AND t.id = a.thread_id WHERE a.community_id = ${ctx.community.id} ORDER BY 1`);
        expect(held).toEqual(expected);
        await drainOutbox(ctx, { consumers: [rollUp], communityId: ctx.community.id });
        const coverage = (await getSource(ctx, { sourceId: [...sources][0] ?? "" }))?.coverage.find((row) => row.unit === "mail");
        expect(coverage?.held).toBe(3);
        const overlaps = order.includes("file") && order.includes("web");
        expect(coverage?.gap).toEqual(overlaps ? expect.stringContaining("what stands in several of the 2 files is held once") : "");
      }),
      { numRuns: 8 },
    );
    const ctx = await createCtx();
    const sourceId = await ways.imap(ctx);
    const stored = await ctx.db.first<{ settings: string }>(sql`SELECT settings::text AS settings FROM source WHERE id = ${sourceId}`);
    expect(stored?.settings).toContain("$sealed");
    expect(stored?.settings).not.toMatch(/"(?:password|token)": "secret"/);
    expect(await readSettings(ctx, { connector: mbox, sourceId })).toMatchObject({ user: "reader@example.org", password: "••••••••" });
  } finally {
    await Promise.all([imap.close(), web.close()]);
  }
}, 60_000);
