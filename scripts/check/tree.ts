import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Tree } from "./imports.ts";

const isText = /\.(ts|tsx|mts|mjs|js|json|md|sql|yaml|yml)$|(^|\/)(Dockerfile|run|\.[a-z.]+)$/;

/** Every file of the project that git knows or would take, with the text of those that the checks read. */
export function readTree(root: string): Tree {
  const listed = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], {
    cwd: root,
    encoding: "utf8",
    maxBuffer: 64e6,
  });
  const paths = listed.split("\0").filter((path) => path !== "" && existsSync(join(root, path)));
  const files = new Map(paths.map((path) => [path, isText.test(path) ? readFileSync(join(root, path), "utf8") : undefined]));
  return { files, manifest: JSON.parse(files.get("package.json") ?? "{}") };
}
