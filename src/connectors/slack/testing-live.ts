import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLocalHttp, type LocalServer, pullWith } from "../testing.ts";
import { type FakeMessage, type FakeWorld, startFakeSlack, token } from "./fake-slack.ts";
import { slack } from "./index.ts";
import { mara } from "./testing.ts";

// The clock of a test stands at 2026-11-25T12:00:00Z.
const now = Date.parse("2026-11-25T12:00:00Z") / 1000;
/** The `ts` of a message of so many hours ago. */
export const hoursAgo = (hours: number, micros = 100) => `${now - hours * 3600}.${String(micros).padStart(6, "0")}`;

export const ilan = {
  id: "U0ILAN001",
  team_id: "T0HARBOR1",
  name: "ilan",
  real_name: "Ilan Reed",
  updated: 1_767_600_000,
  profile: { real_name: "Ilan Reed" },
};
export const say = (ts: string, text: string, over: Partial<FakeMessage> = {}): FakeMessage => ({ ts, text, user: "U0MARA001", ...over });
export const answer = (ts: string, to: FakeMessage, text = "Here.") => say(ts, text, { user: "U0ILAN001", thread_ts: to.ts });

export const http = createLocalHttp();
const running: LocalServer[] = [];

/** A made-up workspace with these messages in #general. */
export async function start(messages: FakeMessage[], over: Partial<FakeWorld> = {}) {
  const general = { id: "C0GENERAL1", name: "general", messages };
  const world: FakeWorld = { channels: [general], users: [mara, ilan], ...over };
  const server = await startFakeSlack(world);
  running.push(server);
  return { world, server, general, workDir: newFolder() };
}
export type Fake = Awaited<ReturnType<typeof start>>;

/** Stops what `start` started. */
export async function stopAll(): Promise<void> {
  for (const server of running.splice(0)) await server.close();
}

export const newFolder = () => mkdtempSync(join(tmpdir(), "causeway-slack-work-"));
export const settingsOf = ({ server }: Pick<Fake, "server">, over: Record<string, unknown> = {}) => ({
  token,
  baseUrl: `${server.url}/api`,
  ...over,
});
export const asked = ({ server }: Fake, method: string) => server.requests.map(({ path }) => path).filter((path) => path.includes(`/${method}`));

export async function pull(fake: Fake, input: { cursor?: unknown; workDir?: string; settings?: Record<string, unknown> } = {}) {
  const reading = await pullWith(slack, {
    stream: "messages",
    settings: settingsOf(fake, input.settings),
    cursor: input.cursor,
    http,
    workDir: input.workDir ?? fake.workDir,
  });
  const settings = slack.settings.parse(settingsOf(fake));
  const batches = reading.records.map((record) => slack.normalize(record, settings));
  const activities = batches.flatMap((batch) => batch.activities);
  const words = [...new Set(activities.map(({ body }) => body))].sort();
  return { ...reading, batches, activities, words, warnings: reading.chunks.flatMap((chunk) => chunk.warnings ?? []) };
}
