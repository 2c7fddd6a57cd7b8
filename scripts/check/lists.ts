import type { Tree } from "./imports.ts";

export interface Gap {
  path: string;
  problem: string;
}

/** What is declared by a call, and the list without which it has no effect. */
const lists = [
  { declaredBy: "defineConnector", list: "src/connectors/index.ts" },
  { declaredBy: "defineMetric", list: "src/metrics/index.ts" },
  { declaredBy: "defineConsumer", list: "src/consumers.ts" },
  { declaredBy: "defineJob", list: "src/jobs.ts" },
];

/**
 * What stands in the tree and is missing from its list, where nothing would ever run it. Folders that begin with `_` are
 * templates and never listed.
 */
export function findUnlisted(tree: Tree): Gap[] {
  return [...unlistedDeclarations(tree), ...foldersWithoutConnector(tree)];
}

function unlistedDeclarations(tree: Tree): Gap[] {
  const code = [...tree.files].filter(([path]) => /^src\/.*\.ts$/.test(path) && !/\.test\.ts$|\/_/.test(path));
  return lists.flatMap(({ declaredBy, list }) => {
    const listed = tree.files.get(list) ?? "";
    const declaration = new RegExp(`^export const (\\w+)(?:: [\\w<>]+)? = ${declaredBy}\\(`, "gm");
    return code.flatMap(([path, text]) =>
      [...(text ?? "").matchAll(declaration)]
        .map((match) => match[1] ?? "")
        // In the list's value, not only among its imports.
        .filter((name) => !new RegExp(`\\[[^\\]]*\\b${name}\\b[^\\]]*\\]`).test(listed))
        .map((name) => ({ path, problem: `${name} is not in the list of ${list}: add it there.` })),
    );
  });
}

function foldersWithoutConnector(tree: Tree): Gap[] {
  const folders = new Set([...tree.files.keys()].flatMap((path) => /^src\/connectors\/([^/_][^/]*)\//.exec(path)?.[1] ?? []));
  return [...folders]
    .filter((folder) => !/= defineConnector\(/.test(tree.files.get(`src/connectors/${folder}/index.ts`) ?? ""))
    .map((folder) => ({
      path: `src/connectors/${folder}`,
      problem: "has no index.ts with a defineConnector(…): copy the shape of src/connectors/_template.",
    }));
}
