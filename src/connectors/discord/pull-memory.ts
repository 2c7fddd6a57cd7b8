import { appendFile, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ReplyRoots } from "./reply-roots.ts";

/**
 * What is cheaper kept from run to run than fetched again: who answered whom, and which messages of the last day were
 * seen, so that deletions are noticed. If it is lost, chains of replies begin anew and some deletions stay unseen.
 */
export interface Memory {
  roots: ReplyRoots;
  /** Recent messages of a channel, as the run before saw them. */
  recall(channelId: string): readonly string[];
  keep(channelId: string, ids: readonly string[]): void;
  save(): Promise<void>;
}

/** @param folder the source's own; empty where there is none */
export async function openMemory(folder: string): Promise<Memory> {
  const repliesFile = join(folder, "replies.txt");
  const recentFile = join(folder, "recent.json");
  const read = (path: string) => (folder === "" ? Promise.resolve("") : readFile(path, "utf8").catch(() => ""));
  const roots = new ReplyRoots();
  for (const line of (await read(repliesFile)).split("\n")) {
    const [id, answered] = line.split(" ");
    if (id && answered && /^\d{1,20} \d{1,20}$/.test(line)) roots.add(id, answered);
  }
  roots.takeNew();
  const recent = parseRecent(await read(recentFile));
  return {
    roots,
    recall: (channelId) => recent.get(channelId) ?? [],
    keep(channelId, ids) {
      if (ids.length > 0) recent.set(channelId, [...ids]);
      else recent.delete(channelId);
    },
    async save() {
      const replies = roots.takeNew();
      if (folder === "") return;
      if (replies.length > 0) await appendFile(repliesFile, replies.map(([id, answered]) => `${id} ${answered}\n`).join(""));
      await writeFile(`${recentFile}.new`, JSON.stringify(Object.fromEntries(recent)));
      await rename(`${recentFile}.new`, recentFile);
    },
  };
}

function parseRecent(text: string): Map<string, string[]> {
  try {
    const held: unknown = JSON.parse(text);
    if (typeof held !== "object" || held === null) return new Map();
    return new Map(Object.entries(held).filter((entry): entry is [string, string[]] => Array.isArray(entry[1])));
  } catch {
    return new Map();
  }
}
