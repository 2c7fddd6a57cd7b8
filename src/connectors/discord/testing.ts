import { mkdir, mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openFile, type RecordChunk } from "#features/ledger/index.ts";
import { foldBatches, offlineContext, readFileWith } from "../testing.ts";
import { discord } from "./index.ts";

export { scratch } from "../testing.ts";

export const server = join(import.meta.dirname, "fixtures/tidewater");
export const general = join(server, "Tidewater - Help - general [700000000000000101].json");
export const direct = join(import.meta.dirname, "fixtures/direct.json");
export const real = join(import.meta.dirname, "../../../../shared/data");
export const settings = discord.settings.parse({});

export interface ExportFile {
  guild: unknown;
  channel: { id: string; type: string; name: string; [other: string]: unknown };
  exportedAt?: string;
  messages: Record<string, unknown>[];
  messageCount?: number;
}

export async function scratchFolder(files: Record<string, string | Buffer>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "causeway-discord-"));
  for (const [name, content] of Object.entries(files)) {
    await mkdir(join(folder, name, ".."), { recursive: true });
    await writeFile(join(folder, name), content);
  }
  return folder;
}

export async function load(path: string): Promise<ExportFile> {
  return JSON.parse(await readFile(path, "utf8")) as ExportFile;
}

export async function readBatches(path: string, given: unknown = {}) {
  const { records, identity, rejected } = await readFileWith(discord, path, given);
  const batches = records.map((record) => discord.normalize(record, discord.settings.parse(given)));
  const activities = batches.flatMap((batch) => batch.activities);
  return { identity, records, rejected, batches, activities, folded: foldBatches(batches) };
}

export async function readWarnings(path: string): Promise<string[]> {
  const { importFile } = discord;
  if (!importFile) throw new Error("Discord takes files");
  const chunks: RecordChunk[] = [];
  const input = { settings, path, head: (await openFile(path)).rawHead, signal: new AbortController().signal };
  for await (const chunk of importFile(offlineContext(), input)) chunks.push(chunk);
  return chunks.flatMap((chunk) => chunk.warnings ?? []);
}

/** An export with these messages, in the form of a recent exporter. */
export function write(messages: unknown[], over: Partial<ExportFile> = {}): string {
  return JSON.stringify(
    {
      guild: { id: "700000000000000001", name: "Tidewater" },
      channel: { id: "700000000000000101", type: "GuildTextChat", categoryId: null, category: null, name: "general" },
      exportedAt: "2026-03-02T09:00:00+01:00",
      messages,
      messageCount: messages.length,
      ...over,
    },
    null,
    2,
  );
}

export const id = (n: number) => ((1_700_000_000_000n - 1_420_070_400_000n + BigInt(n) * 1000n) << 22n).toString();
export const at = (n: number) => new Date(1_700_000_000_000 + n * 1000).toISOString();
export const author = { id: "700000000000001001", name: "mara.v", discriminator: "0000", nickname: "Mara", isBot: false };
export const message = (n: number, over: Record<string, unknown> = {}) => ({
  id: id(n),
  type: "Default",
  timestamp: at(n),
  content: `words ${n}`,
  author,
  ...over,
});
export const replyTo = (n: number) => ({ type: "Reply", reference: { type: "Default", messageId: id(n), channelId: "700000000000000101" } });
