import { mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openFile, type RecordChunk } from "#features/ledger/index.ts";
import { foldBatches, offlineContext, readFileWith } from "../testing.ts";
import { slack } from "./index.ts";

export const harbor = join(import.meta.dirname, "fixtures/harbor");
export const real = join(import.meta.dirname, "../../../../shared/data");
export const settings = slack.settings.parse({});

/** A folder with these files; values that are no text are written as JSON. */
export async function scratchFolder(files: Record<string, unknown>): Promise<string> {
  const folder = join(await mkdtemp(join(tmpdir(), "causeway-slack-")), "Tide");
  await mkdir(folder);
  for (const [name, content] of Object.entries(files)) {
    await mkdir(join(folder, name, ".."), { recursive: true });
    await writeFile(join(folder, name), typeof content === "string" || Buffer.isBuffer(content) ? content : JSON.stringify(content, null, 1));
  }
  return folder;
}

export async function scratch(name: string, content: string | Buffer): Promise<string> {
  return join(await scratchFolder({ [name]: content }), name);
}

export async function readBatches(path: string, given: unknown = {}) {
  const { records, identity, rejected, chunks } = await readFileWith(slack, path, given);
  const batches = records.map((record) => slack.normalize(record, slack.settings.parse(given)));
  const activities = batches.flatMap((batch) => batch.activities);
  const find = (ts: string) => activities.find(({ externalId }) => externalId.endsWith(`:${ts}`));
  return { identity, records, rejected, chunks, batches, activities, find, folded: foldBatches(batches) };
}

export async function readWarnings(path: string): Promise<string[]> {
  const { importFile } = slack;
  if (!importFile) throw new Error("Slack takes files");
  const chunks: RecordChunk[] = [];
  const input = { settings, path, head: (await openFile(path)).rawHead, signal: new AbortController().signal };
  for await (const chunk of importFile(offlineContext(), input)) chunks.push(chunk);
  return chunks.flatMap((chunk) => chunk.warnings ?? []);
}

/** What a message of Mara's in an export looks like. */
export function say(ts: string, text: string, over: Record<string, unknown> = {}): Record<string, unknown> & { ts: string } {
  return { type: "message", user: "U0MARA001", text, ts, team: "T0HARBOR1", ...over };
}

export const mara = {
  id: "U0MARA001",
  team_id: "T0HARBOR1",
  name: "mara.v",
  real_name: "Mara Vale",
  deleted: false,
  is_bot: false,
  updated: 1_767_600_000,
  profile: { real_name: "Mara Vale", display_name: "Mara", email: "mara@shore.example" },
};

/** An export of one channel with these messages, all of one day. */
export const oneDay = (messages: unknown, over: Record<string, unknown> = {}) => ({
  "users.json": [mara],
  "channels.json": [{ id: "C0GENERAL1", name: "general" }],
  "general/2026-01-05.json": messages,
  ...over,
});
