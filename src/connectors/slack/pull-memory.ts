import { readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";

const peopleSchema = z.object({
  at: z.string(),
  people: z.record(z.string(), z.object({ name: z.string(), gone: z.string().optional() })),
});
const recentSchema = z.record(z.string(), z.array(z.string()));

/**
 * What is cheaper kept from run to run than fetched again: names for mentions, and which messages of the last weeks were
 * seen, so that deletions are noticed. If it is lost, people are listed anew and some deletions stay unseen.
 */
export interface Memory {
  people: Map<string, { name: string; gone?: string }>;
  /** When people were last listed, ISO 8601; empty for never. */
  listedAt: string;
  /** Messages of a channel, as earlier runs saw them. */
  recall(channelId: string): readonly string[];
  keep(channelId: string, ids: readonly string[]): void;
  save(): Promise<void>;
}

/** @param folder the source's own; empty where there is none */
export async function openMemory(folder: string): Promise<Memory> {
  const read = async (name: string): Promise<unknown> => {
    if (folder === "") return undefined;
    try {
      return JSON.parse(await readFile(join(folder, name), "utf8")) as unknown;
    } catch {
      return undefined;
    }
  };
  const write = async (name: string, value: unknown) => {
    const path = join(folder, name);
    await writeFile(`${path}.new`, JSON.stringify(value), { mode: 0o600 });
    await rename(`${path}.new`, path);
  };
  const held = peopleSchema.safeParse(await read("people.json"));
  const recent = new Map(Object.entries(recentSchema.catch({}).parse(await read("recent.json"))));
  const memory: Memory = {
    people: new Map(held.success ? Object.entries(held.data.people) : []),
    listedAt: held.success ? held.data.at : "",
    recall: (channelId) => recent.get(channelId) ?? [],
    keep(channelId, ids) {
      if (ids.length > 0) recent.set(channelId, [...ids]);
      else recent.delete(channelId);
    },
    async save() {
      if (folder === "") return;
      await write("people.json", { at: memory.listedAt, people: Object.fromEntries(memory.people) });
      await write("recent.json", Object.fromEntries(recent));
    },
  };
  return memory;
}
