import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { Connector } from "#features/ledger/index.ts";

/** Compiled and tested, never offered. */
export const templateFolder = "_template";

/**
 * What is wrong with the connectors of a folder, in sentences that say what to do; empty when all is well.
 * Folders and list keep step, no connector knows another, and each says of itself what people need to know.
 * @param input.folder where the connectors' folders are
 * @param input.connectors the list, as `index.ts` exports it
 */
export async function findConnectorFaults(input: { folder: string; connectors: readonly Connector[] }): Promise<string[]> {
  const entries = await readdir(input.folder, { withFileTypes: true });
  const folders = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  const faults = [...compareLists(folders, input.connectors)];
  for (const connector of input.connectors) faults.push(...describeFaults(connector));
  for (const folder of folders)
    faults.push(...(await findImportFaults(input.folder, folder, folders)), ...(await findMissingFiles(input.folder, folder)));
  return faults;
}

function compareLists(folders: readonly string[], connectors: readonly Connector[]): string[] {
  const faults: string[] = [];
  const ids = connectors.map((connector) => connector.id);
  for (const folder of folders) {
    if (folder === templateFolder) continue;
    if (!ids.includes(folder)) faults.push(`connectors/${folder} is not in the list: name it in connectors/index.ts.`);
  }
  for (const [i, id] of ids.entries()) {
    if (id === templateFolder) faults.push("The template is in the list: copy its folder, and take it out of connectors/index.ts.");
    else if (!folders.includes(id)) faults.push(`connectors/index.ts names ${id}, but there is no folder connectors/${id}.`);
    if (ids.indexOf(id) !== i) faults.push(`connectors/index.ts names ${id} twice.`);
  }
  const sorted = [...ids].sort();
  if (ids.some((id, i) => id !== sorted[i])) faults.push("connectors/index.ts is not in the order of the alphabet.");
  return faults;
}

/** What `import` and `connect` are told besides the settings, which become flags of the same commands. */
const ownFlags = new Set(["community", "name", "dryRun", "try", "json", "help", "version"]);

/** Faults of what a connector says of itself. */
export function describeFaults(connector: Connector): string[] {
  const faults: string[] = [];
  const fault = (what: string) => faults.push(`${connector.id}: ${what}`);
  if (connector.title.trim() === "") fault("give it a title.");
  if (!/\.$/.test(connector.summary)) fault("its summary is one sentence and ends with a full stop.");
  if (!Number.isInteger(connector.normalizeVersion) || connector.normalizeVersion < 1) fault("normalizeVersion counts from 1.");
  for (const [part, text] of Object.entries(connector.docs)) if (text.trim().length < 10) fault(`its docs say nothing of ${part}.`);
  if (Object.keys(connector.streams).length === 0) fault("name at least one stream.");
  for (const [name, stream] of Object.entries(connector.streams)) {
    if (stream.title.trim() === "") fault(`give the stream ${name} a title.`);
    if (stream.everyMinutes !== undefined && !connector.pull) fault(`the stream ${name} has a schedule, but there is no pull.`);
  }
  if (!connector.pull && !connector.importFile && !connector.webhook) fault("it brings nothing in: give it pull, importFile or webhook.");
  if (Boolean(connector.importFile) !== Boolean(connector.identifyFile)) fault("importFile and identifyFile come together.");
  if (connector.importFile && !connector.recognizes) fault("files are dropped without a word: give it recognizes.");
  faults.push(...settingsFaults(connector));
  return faults;
}

/** Form, CLI flags and docs come from the settings' JSON Schema: it must exist, and name what it asks for. */
function settingsFaults(connector: Connector): string[] {
  let schema: unknown;
  try {
    schema = z.toJSONSchema(connector.settings, { io: "input" });
  } catch (error) {
    return [`${connector.id}: its settings cannot be a JSON Schema: ${error instanceof Error ? error.message : String(error)}`];
  }
  const parsed = z
    .looseObject({ type: z.literal("object"), properties: z.record(z.string(), z.looseObject({ title: z.string().optional() })).default({}) })
    .safeParse(schema);
  if (!parsed.success) return [`${connector.id}: its settings are an object.`];
  return Object.entries(parsed.data.properties).flatMap(([name, property]) => [
    ...(property.title ? [] : [`${connector.id}: give the setting ${name} a title, by .meta({ title }).`]),
    ...(ownFlags.has(name) ? [`${connector.id}: call the setting ${name} something else: --${name} is a flag of the command line's own.`] : []),
  ]);
}

/** Imports that reach into another connector's folder. */
async function findImportFaults(root: string, folder: string, folders: readonly string[]): Promise<string[]> {
  const faults: string[] = [];
  const others = folders.filter((name) => name !== folder);
  for (const file of await readdir(join(root, folder), { recursive: true })) {
    if (!file.endsWith(".ts")) continue;
    const source = await readFile(join(root, folder, file), "utf8");
    for (const [, specifier] of source.matchAll(/(?:from|import)\s*\(?\s*["']([^"']+)["']/g)) {
      const other = others.find((name) => specifier?.startsWith(`#connectors/${name}/`) || new RegExp(`^(?:\\.\\./)+${name}/`).test(specifier ?? ""));
      if (other) faults.push(`connectors/${folder}/${file} imports from ${other}: move what both need to a file beside the folders.`);
    }
  }
  return faults;
}

async function findMissingFiles(root: string, folder: string): Promise<string[]> {
  const files = await readdir(join(root, folder));
  const faults: string[] = [];
  if (!files.includes("index.ts")) faults.push(`connectors/${folder} has no index.ts.`);
  if (!files.some((file) => file.endsWith(".test.ts"))) faults.push(`connectors/${folder} has no test.`);
  return faults;
}
