import { mkdir, readdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { newId } from "#core/ids.ts";

const entrySchema = z.object({
  step: z.int(),
  run: z.string(),
  /** The whole's own state, as a list shows it: when it is the same again, nothing needs to be read. */
  signature: z.string(),
  /** What is needed to say of the whole that it is gone. */
  about: z.unknown(),
  /** Part → the moment of its state, in milliseconds. */
  parts: z.record(z.string(), z.number()),
  /** Parts that were reported gone. */
  gone: z.record(z.string(), z.number()),
});
const bucketSchema = z.record(z.string(), entrySchema);

type Entry = z.output<typeof entrySchema>;
interface Bucket {
  entries: Record<string, Entry>;
  isChanged: boolean;
}

/** What was read of a whole (a topic, a question) and its parts (posts, answers) when it was last read. */
export type Remembered = Pick<Entry, "signature" | "about" | "parts">;

const wholesPerBucket = 500;
const bucketsInMemory = 40;

/**
 * Remembers from run to run which parts a whole had, in files of the source's own folder, so that what is deleted at
 * the source can be told: services list what is there, and never what is gone. It may be lost; then deletions before
 * that are not seen. What was noted after the last stored cursor counts as not read, for its records may not have
 * been stored.
 */
export class PartsMemory {
  readonly #folder: string;
  readonly #confirmed: number;
  readonly #buckets = new Map<number, Bucket>();
  readonly #run = newId();
  #step: number;

  /**
   * @param input.folder the run's `workDir`; empty to remember nothing beyond the run
   * @param input.confirmed the step that the stored cursor bears; 0 on the first run
   */
  constructor(input: { folder: string; confirmed: number }) {
    this.#folder = input.folder;
    this.#confirmed = input.confirmed;
    this.#step = input.confirmed + 1;
  }

  /** What is held of a whole; undefined when nothing is, or when it may not have been stored. */
  async recall(whole: number): Promise<Remembered | undefined> {
    const entry = (await this.#open(whole)).entries[whole];
    return entry && this.#isCertain(entry) ? entry : undefined;
  }

  /**
   * Notes what a whole holds now.
   * @returns parts that were there and are not any more, with the moment of their last state; and those that are back
   */
  async compare(whole: number, now: Remembered): Promise<{ missing: { id: string; at: number }[]; returned: Set<string> }> {
    const bucket = await this.#open(whole);
    const before = bucket.entries[whole];
    // What was to be reported gone and perhaps was not stored is reported again.
    const earlier: Record<string, number> = { ...before?.parts, ...(before && !this.#isCertain(before) && before.gone) };
    const missing = Object.entries(earlier).flatMap(([id, at]) => (id in now.parts ? [] : [{ id, at }]));
    const returned = new Set(Object.keys(before?.gone ?? {}).filter((id) => id in now.parts));
    const gone = Object.fromEntries(Object.entries(before?.gone ?? {}).filter(([id]) => !(id in now.parts)));
    for (const { id, at } of missing) gone[id] = at;
    const { signature, about, parts } = now;
    bucket.entries[whole] = { step: this.#step, run: this.#run, signature, about, parts, gone };
    bucket.isChanged = true;
    return { missing, returned };
  }

  /** Takes back that a part is gone: it is elsewhere. */
  async keep(whole: number, part: string): Promise<void> {
    const bucket = await this.#open(whole);
    delete bucket.entries[whole]?.gone[part];
    bucket.isChanged = true;
  }

  /** Forgets a whole that is gone itself. */
  async forget(whole: number): Promise<void> {
    const bucket = await this.#open(whole);
    delete bucket.entries[whole];
    bucket.isChanged = true;
  }

  /** Every whole that is remembered. */
  async *wholes(): AsyncGenerator<number> {
    await this.#write();
    for (const number of await this.#listBuckets()) {
      for (const id of Object.keys((await this.#open(number * wholesPerBucket)).entries)) yield Number(id);
    }
  }

  /**
   * Writes down what was noted since the last call.
   * @returns the step that belongs into the cursor of the chunk with these records
   */
  async close(): Promise<number> {
    await this.#write();
    return this.#step++;
  }

  /** What this very run noted is certain as long as the run lasts. */
  #isCertain(entry: Entry): boolean {
    return entry.step <= this.#confirmed || entry.run === this.#run;
  }

  async #open(whole: number): Promise<Bucket> {
    const number = Math.floor(whole / wholesPerBucket);
    const held = this.#buckets.get(number);
    if (held) return held;
    if (this.#folder !== "" && this.#buckets.size >= bucketsInMemory) {
      await this.#write();
      this.#buckets.clear();
    }
    const bucket = { entries: await this.#read(number), isChanged: false };
    this.#buckets.set(number, bucket);
    return bucket;
  }

  async #read(number: number): Promise<Record<string, Entry>> {
    if (this.#folder === "") return {};
    try {
      return bucketSchema.parse(JSON.parse(await readFile(this.#path(number), "utf8")));
    } catch {
      // Absent or damaged: it may be lost.
      return {};
    }
  }

  async #write(): Promise<void> {
    if (this.#folder === "") return;
    await mkdir(this.#folder, { recursive: true });
    for (const [number, bucket] of this.#buckets) {
      if (!bucket.isChanged) continue;
      const path = this.#path(number);
      await writeFile(`${path}.part`, JSON.stringify(bucket.entries));
      await rename(`${path}.part`, path);
      bucket.isChanged = false;
    }
  }

  async #listBuckets(): Promise<number[]> {
    const names = this.#folder === "" ? [] : await readdir(this.#folder).catch(() => []);
    const written = names.flatMap((name) => /^parts-(\d+)\.json$/.exec(name)?.[1] ?? []).map(Number);
    return [...new Set([...written, ...this.#buckets.keys()])].sort((a, b) => a - b);
  }

  #path(number: number): string {
    return join(this.#folder, `parts-${number}.json`);
  }
}
