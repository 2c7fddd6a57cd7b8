import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { defineConnector, type NormalizedBatch } from "#features/ledger/index.ts";
import { template } from "./_template/index.ts";
import { describeFaults, findConnectorFaults, templateFolder } from "./conformance.ts";
import { git } from "./git/index.ts";
import { connectors } from "./index.ts";
import { readFileWith } from "./testing.ts";

const folder = import.meta.dirname;

describe("every connector", () => {
  it("is in the list, stands alone and says of itself what people need to know", async () => {
    expect(await findConnectorFaults({ folder, connectors })).toEqual([]);
    expect(describeFaults(template)).toEqual([]);
  });

  it.each([...connectors, template].filter((connector) => connector.importFile).map((connector) => [connector.id, connector] as const))(
    "%s reads its fixtures into batches that state all they name, purely",
    async (id, connector) => {
      const fixtures = join(folder, id, "fixtures");
      const files = await readdir(fixtures);
      expect(files.some((file) => file.endsWith(".golden.json"))).toBe(true);
      const settings = connector.settings.parse({});
      const inputs = files.filter((file) => !file.endsWith(".golden.json"));
      expect(inputs).not.toEqual([]);
      for (const input of inputs) {
        const records =
          connector === git
            ? z.array(z.any()).parse(JSON.parse(await readFile(join(fixtures, input), "utf8")))
            : (await readFileWith(connector, join(fixtures, input))).records;
        for (const record of records) {
          const before = structuredClone(record);
          const batch = connector.normalize(record, settings);
          expect(connector.normalize(structuredClone(record), settings)).toEqual(batch);
          expect(record).toEqual(before);
          expect(findUnstated(batch)).toEqual([]);
        }
      }
    },
  );
});

/** What a batch names without stating it, which the ledger could not store. */
function findUnstated(batch: NormalizedBatch): string[] {
  const channels = new Set(batch.channels.map((channel) => channel.externalId));
  const threads = new Set(batch.threads.map((thread) => thread.externalId));
  const people = new Set(batch.identities.map((person) => `${person.platform} ${person.externalId}`));
  const missing: string[] = [];
  for (const thread of batch.threads) {
    if (!channels.has(thread.channel)) missing.push(`channel ${thread.channel}`);
    if (thread.opener && !people.has(`${thread.opener.platform} ${thread.opener.externalId}`)) missing.push(`opener ${thread.opener.externalId}`);
  }
  for (const activity of batch.activities) {
    if (!channels.has(activity.channel)) missing.push(`channel ${activity.channel}`);
    if (activity.thread !== undefined && !threads.has(activity.thread)) missing.push(`thread ${activity.thread}`);
    if (activity.author && !people.has(`${activity.author.platform} ${activity.author.externalId}`))
      missing.push(`author ${activity.author.externalId}`);
    if (!activity.author === (activity.unattributed === undefined)) missing.push(`who did ${activity.externalId}`);
    if (Number.isNaN(activity.occurredAt.getTime())) missing.push(`the time of ${activity.externalId}`);
  }
  for (const link of batch.links ?? []) {
    for (const end of [link.a, link.b]) if (!people.has(`${end.platform} ${end.externalId}`)) missing.push(`linked ${end.externalId}`);
  }
  return missing;
}

describe("the conformance check", () => {
  async function copyOfFolders() {
    const copy = await mkdtemp(join(tmpdir(), "causeway-connectors-"));
    for (const name of [templateFolder, ...connectors.map((connector) => connector.id)]) {
      await mkdir(join(copy, name));
      await cp(join(folder, name, "index.ts"), join(copy, name, "index.ts"));
      await writeFile(join(copy, name, "x.test.ts"), "");
    }
    return copy;
  }

  it("finds nothing where nothing is wrong", async () => {
    expect(await findConnectorFaults({ folder: await copyOfFolders(), connectors })).toEqual([]);
  });

  it("finds a folder that the list forgot, and a name without a folder", async () => {
    const copy = await copyOfFolders();
    await mkdir(join(copy, "forgotten"));
    await writeFile(join(copy, "forgotten/index.ts"), "");
    await rm(join(copy, "git"), { recursive: true });
    expect(await findConnectorFaults({ folder: copy, connectors })).toEqual([
      "connectors/forgotten is not in the list: name it in connectors/index.ts.",
      "connectors/index.ts names git, but there is no folder connectors/git.",
      "connectors/forgotten has no test.",
    ]);
  });

  it("finds a connector that knows another, by path or by alias", async () => {
    const copy = await copyOfFolders();
    await writeFile(join(copy, "git/a.ts"), 'import { x } from "../mbox/index.ts";\nconst y = await import("#connectors/sample/index.ts");\n');
    expect(await findConnectorFaults({ folder: copy, connectors })).toEqual([
      "connectors/git/a.ts imports from mbox: move what both need to a file beside the folders.",
      "connectors/git/a.ts imports from sample: move what both need to a file beside the folders.",
    ]);
  });

  it("finds the template, a repeated name and a wrong order in the list", async () => {
    const copy = await copyOfFolders();
    const faults = await findConnectorFaults({ folder: copy, connectors: [...connectors, git, template] });
    expect(faults).toEqual([
      "connectors/index.ts names git twice.",
      "The template is in the list: copy its folder, and take it out of connectors/index.ts.",
      "connectors/index.ts is not in the order of the alphabet.",
    ]);
  });

  it("finds a connector that says too little or asks for what no form can show", () => {
    const poor = defineConnector({
      id: "poor",
      title: "Poor",
      summary: "no stop",
      normalizeVersion: 0,
      settings: z.object({ when: z.date(), name: z.string() }),
      docs: { ...template.docs, privacy: " " },
      streams: { topics: { title: "", everyMinutes: 5 } },
      normalize: () => ({ identities: [], channels: [], threads: [], activities: [] }),
    });
    expect(describeFaults(poor)).toEqual([
      "poor: its summary is one sentence and ends with a full stop.",
      "poor: normalizeVersion counts from 1.",
      "poor: its docs say nothing of privacy.",
      "poor: give the stream topics a title.",
      "poor: the stream topics has a schedule, but there is no pull.",
      "poor: it brings nothing in: give it pull, importFile or webhook.",
      expect.stringContaining("poor: its settings cannot be a JSON Schema"),
    ]);
    expect(describeFaults({ ...template, id: "x", settings: z.object({ name: z.string() }) })).toEqual([
      "x: give the setting name a title, by .meta({ title }).",
      "x: call the setting name something else: --name is a flag of the command line's own.",
    ]);
  });
});
