import type { Tree } from "./imports.ts";
import { readImports } from "./imports.ts";

interface Gap {
  path: string;
  problem: string;
}

/**
 * What stands in a folder and is missing from its list: a connector's folder in src/connectors/index.ts, a file with a
 * metric in src/metrics/index.ts. Folders that begin with `_` are templates, never listed.
 */
export function findUnlisted(tree: Tree): Gap[] {
  return [...unlistedConnectors(tree), ...unlistedMetrics(tree)];
}

function unlistedConnectors(tree: Tree): Gap[] {
  const list = "src/connectors/index.ts";
  const listed = importsOf(tree, list);
  const folders = new Set([...tree.files.keys()].flatMap((path) => /^src\/connectors\/([^/_][^/]*)\//.exec(path)?.[1] ?? []));
  const gaps: Gap[] = [];
  for (const folder of folders) {
    const door = `src/connectors/${folder}/index.ts`;
    if (!tree.files.has(door))
      gaps.push({ path: `src/connectors/${folder}`, problem: "has no index.ts: copy the shape of src/connectors/_template." });
    else if (!listed.has(door)) gaps.push({ path: door, problem: `is not named in ${list}: import it there and add it to the list.` });
  }
  return gaps;
}

function unlistedMetrics(tree: Tree): Gap[] {
  const list = "src/metrics/index.ts";
  const listed = importsOf(tree, list);
  return [...tree.files]
    .filter(
      ([path, text]) =>
        /^src\/metrics\/[^_].*\.ts$/.test(path) && !path.endsWith(".test.ts") && /^export const \w+ = defineMetric\(/m.test(text ?? ""),
    )
    .filter(([path]) => !listed.has(path))
    .map(([path]) => ({ path, problem: `is not named in ${list}: import it there and add it to the list.` }));
}

function importsOf(tree: Tree, path: string): Set<string> {
  const files = new Map(tree.files);
  for (const other of files.keys()) if (other !== path) files.set(other, undefined);
  return new Set(readImports({ ...tree, files }).map((found) => found.to));
}
