import { mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { foldBatches, readFileWith } from "../testing.ts";
import { telegram } from "./index.ts";

export const fixtures = join(import.meta.dirname, "fixtures");
export const forum = join(fixtures, "forum.json");
export const account = join(fixtures, "account.json");
export const key = "channel1700000001";

export async function read(path: string, given: object = {}) {
  const reading = await readFileWith(telegram, path, given);
  const settings = telegram.settings.parse(given);
  const faults: unknown[] = [];
  const batches = reading.records.flatMap((record) => {
    try {
      return [telegram.normalize(record, settings)];
    } catch (error) {
      faults.push(error);
      return [];
    }
  });
  const activities = batches.flatMap((batch) => batch.activities);
  return { ...reading, batches, faults, activities, folded: foldBatches(batches), byId: new Map(activities.map((a) => [a.externalId, a])) };
}

export async function scratch(content: string | Buffer, name = "result.json"): Promise<string> {
  const path = join(await mkdtemp(join(tmpdir(), "causeway-telegram-")), name);
  await mkdir(join(path, ".."), { recursive: true });
  await writeFile(path, content);
  return path;
}

export const chat = { name: "Crew", type: "private_supergroup", id: 5 };
export const write = (messages: unknown[], about: object = chat) => JSON.stringify({ ...about, messages });
export const message = (id: number, more: object = {}) => ({
  id,
  type: "message",
  date_unixtime: String(1_767_600_000 + id),
  from: "Mara",
  from_id: "user1",
  text: `words ${id}`,
  ...more,
});

/** One message as `normalize` says it. */
export async function say(more: object, about: object = chat, given: object = {}) {
  const { activities, batches } = await read(await scratch(write([message(1, more)], about)), given);
  return { activity: activities[0], identity: batches[0]?.identities[0], channel: batches[0]?.channels[0], thread: batches[0]?.threads[0] };
}
