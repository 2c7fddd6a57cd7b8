import { z } from "zod";
import type { RawRecord, RecordChunk } from "#features/ledger/index.ts";
import { type Asking, askPages, askSlack, SlackRefusal } from "./client.ts";
import type { Memory } from "./pull-memory.ts";
import { nameOfGone, nameOfUser, userRecord } from "./records.ts";

const listedForMs = 24 * 3_600_000;
const membersSchema = z.looseObject({ members: z.array(z.looseObject({ id: z.string() })) });
const userSchema = z.looseObject({ user: z.looseObject({ id: z.string() }) });

/** Lists everybody once a day: their records, and their names for mentions. */
export async function* listPeople(asking: Asking, input: { team: string; memory: Memory; now: Date }): AsyncGenerator<RecordChunk> {
  const { team, memory, now } = input;
  if (memory.listedAt !== "" && now.getTime() - Date.parse(memory.listedAt) < listedForMs) return;
  try {
    for await (const page of askPages(asking, "users.list", { limit: "200" })) {
      yield { records: membersSchema.parse(page).members.flatMap((user) => noteUser(user, { team, memory, now }) ?? []) };
    }
  } catch (error) {
    if (!(error instanceof SlackRefusal)) throw error;
    yield { records: [], warnings: [`People could not be listed: ${error.message}. Their names are missing until the app may do so.`] };
    return;
  }
  memory.listedAt = now.toISOString();
  await memory.save();
}

/**
 * Looks up the authors of a page that are not members of the workspace: people of shared channels. Each is asked for once;
 * who is gone or hidden is left as an id.
 */
export async function lookUpAuthors(
  asking: Asking,
  messages: readonly Record<string, unknown>[],
  input: { team: string; memory: Memory; now: Date; asked: Set<string> },
): Promise<RawRecord[]> {
  const records: RawRecord[] = [];
  for (const { user, user_profile } of messages) {
    if (typeof user !== "string" || user_profile || input.memory.people.has(user) || input.asked.has(user)) continue;
    input.asked.add(user);
    try {
      const { answer } = await askSlack(asking, "users.info", { user });
      const record = noteUser(userSchema.parse(answer).user, input);
      if (record) records.push(record);
    } catch (error) {
      if (!(error instanceof SlackRefusal)) throw error;
    }
  }
  return records;
}

function noteUser(user: { id: string } & Record<string, unknown>, input: { team: string; memory: Memory; now: Date }): RawRecord | undefined {
  const gone = nameOfGone(user);
  input.memory.people.set(user.id, { name: nameOfUser(user) ?? user.id, ...(gone && { gone }) });
  return userRecord({ team: input.team, user, asOf: input.now });
}
