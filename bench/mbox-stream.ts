import { fork } from "node:child_process";
import { once } from "node:events";
import { createWriteStream, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { systemClock } from "#core/clock.ts";
import type { CoreContext } from "#core/context.ts";
import { createLogger } from "#core/log.ts";
import { mbox } from "../src/connectors/mbox/index.ts";
import { watchMemory } from "./watch-memory.ts";

const usage = `Usage: node bench/mbox-stream.ts [options]

Writes a made-up mailbox into a temporary folder and reads it as an import does, without storing: checked to its end, read and
normalised mail by mail, and put into threads. Prints time and the peak of memory above idle.

  --megabytes N    size of the mailbox (default 1024)
  --mail-bytes N   size of a mail, about (default 5000)
  --limit N        fails when memory rises by more, in MB (default 400)
  --help
`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      megabytes: { type: "string", default: "1024" },
      "mail-bytes": { type: "string", default: "5000" },
      limit: { type: "string", default: "400" },
      read: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(usage);
    return;
  }
  if (values.read !== undefined) return readMailbox(values.read, Number(values.limit));
  const folder = mkdtempSync(join(tmpdir(), "causeway-bench-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, "tide.mbox");
  const written = await writeMailbox(path, { bytes: Number(values.megabytes) * 1024 * 1024, mailBytes: Number(values["mail-bytes"]) });
  process.stdout.write(`${written.toLocaleString("en")} mails, ${(statSync(path).size / 1e6).toFixed(0)} MB\n`);

  // In a process of its own, so that what the writing took is none of its memory.
  const child = fork(fileURLToPath(import.meta.url), ["--read", path, "--limit", values.limit]);
  const [code] = (await once(child, "exit")) as [number | null];
  if (code !== 0) process.exitCode = 1;
}

async function readMailbox(path: string, limit: number): Promise<void> {
  const idle = Math.round(process.memoryUsage().rss / 1e6);
  const memory = watchMemory();
  const log = createLogger({ level: "silent" });
  const ctx = { clock: systemClock, log } as CoreContext; // Reading needs no database.
  const input = { path, head: Buffer.alloc(0), settings: mbox.settings.parse({}), signal: new AbortController().signal };
  const rows: { stage: string; seconds: number; perSecond: number }[] = [];
  const stage = async (name: string, work: () => Promise<number>) => {
    const started = performance.now();
    const n = await work();
    const seconds = (performance.now() - started) / 1000;
    rows.push({ stage: name, seconds, perSecond: Math.round(n / seconds) });
    memory.next();
    return n;
  };

  const found = await stage("checked to its end", async () => (await mbox.identifyFile?.(ctx, input))?.reported?.mail ?? 0);
  const arranger = mbox.arrangeThreads?.();
  const read = await stage("read, normalised and threaded", async () => {
    let mails = 0;
    let last: Parameters<NonNullable<typeof arranger>["add"]>[0] | undefined;
    for await (const chunk of mbox.importFile?.(ctx, input) ?? []) {
      for (const record of chunk.records) {
        for (const activity of mbox.normalize(record, input.settings).activities) {
          // As the ledger gives it back: texts of their own, and not pieces of the mail that would keep all of it.
          const { externalId, kind, replyTo, title, attributes } = JSON.parse(JSON.stringify(activity)) as typeof activity;
          last = { externalId, kind, occurredAt: activity.occurredAt, attributes, ...(replyTo && { replyTo }), ...(title && { title }) };
          arranger?.add(last);
          mails++;
        }
      }
    }
    // The first question ends the threading.
    if (last) arranger?.threadOf(last);
    return mails;
  });
  const peaks = memory.stop();
  for (const [i, row] of rows.entries()) {
    const peak = peaks[i]?.rss ?? 0;
    process.stdout.write(
      `${row.stage.padEnd(32)} ${row.seconds.toFixed(1).padStart(7)} s ${row.perSecond.toLocaleString("en").padStart(10)} mails/s   peak ${peak} MB, ${peak - idle} above idle\n`,
    );
  }
  const above = Math.max(...peaks.map(({ rss }) => rss)) - idle;
  process.stdout.write(`idle ${idle} MB, peak ${above} MB above idle\n`);
  if (read !== found) throw new Error(`${read} of ${found} mails came out`);
  if (above > limit) throw new Error(`memory rose by ${above} MB, more than ${limit}`);
}

/** Mails of many threads: replies that name all before them, only their parent, or nobody. */
async function writeMailbox(path: string, input: { bytes: number; mailBytes: number }): Promise<number> {
  const out = createWriteStream(path, { highWaterMark: 4 * 1024 * 1024 });
  const words = Array.from(
    { length: Math.ceil(input.mailBytes / 70) },
    (_, i) => `Line ${i}: the tide table says otherwise, and the pier is dry again.`,
  ).join("\n");
  let bytes = 0;
  let n = 0;
  for (; bytes < input.bytes; n++) {
    const root = n - (n % 8);
    const at = new Date(Date.UTC(2010, 0, 1) + n * 600_000);
    const ids = Array.from({ length: n - root }, (_, i) => `<m${root + i}.tide@lists.example.org>`);
    const names = n % 3 === 0 ? [`References: ${ids.join("\n\t")}`] : n % 3 === 1 ? [`In-Reply-To: ${ids.at(-1)}`] : [];
    const mail = [
      `From p${n % 997}@example.org ${at.toUTCString()}`,
      "Received: from a.example.org by b.example.org; Mon, 5 Jan 2026 10:00:00 +0000",
      `From: Person ${n % 997} <p${n % 997}@example.org>`,
      `Date: ${at.toUTCString()}`,
      `Subject: ${n === root ? "" : "Re: "}Tides of week ${root}`,
      `Message-ID: <m${n}.tide@lists.example.org>`,
      ...(n === root ? [] : names),
      "List-Id: <tide.lists.example.org>",
      "",
      words,
      "",
      "",
    ].join("\n");
    bytes += mail.length;
    if (!out.write(mail)) await once(out, "drain");
  }
  out.end();
  await once(out, "close");
  return n;
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
