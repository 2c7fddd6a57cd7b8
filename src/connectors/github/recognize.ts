import type { GlimpsedFile } from "#features/ledger/index.ts";
import { eventRepo, looksLikeArchive } from "./read-values.ts";

const hourOfArchive = /(?:^|\/)\d{4}-\d{2}-\d{2}-\d{1,2}\.json(?:\.gz)?$/;
const savedAnswer =
  /(?:^|\/)(?:issues|pulls|stargazers|releases|reviews|forks|comments|issue[_-]comments|review[_-]comments|pull[_-]comments)[^/]*\.json(?:\.gz)?$/i;
const ownAnswer = /(?:^|\/)(?:stargazers|pulls)[^/]*\.json|github/i;

/** An address that only answers of GitHub's REST API have, on github.com or an Enterprise Server. */
const apiAddress =
  /"(?:url|repository_url|issue_url|pull_request_url|comments_url)"\s*:\s*"https?:\/\/(?:api\.github\.com|api\.[^"/]+\.ghe\.com|[^"/]+\/api\/v3)\/repos\//;

/** How sure it is, from the name and the beginning alone, that a file is an archive.json, an hour of GH Archive or answers of the API. */
export function recognizeGithub({ path, head, isDirectory, entries }: GlimpsedFile): number {
  const names = entries.map(({ name }) => name).filter((name) => !/(?:^|\/)\./.test(name));
  if (names.length > 0) {
    if (names.every((name) => hourOfArchive.test(name))) return 0.97;
    if (names.some((name) => hourOfArchive.test(name))) return 0.6;
    if (names.length === 1 && names[0]?.endsWith("archive.json")) return 0.5;
    const answers = names.filter((name) => savedAnswer.test(name));
    if (answers.length === 0) return 0;
    return answers.some((name) => ownAnswer.test(name)) ? (answers.length === names.length ? 0.75 : 0.5) : 0.3;
  }
  if (isDirectory) return 0;
  return recognizeText(
    head
      .toString("utf8")
      .replace(/^\ufeff/, "")
      .trimStart(),
    path,
  );
}

function recognizeText(start: string, path: string): number {
  if (!start.startsWith("{") && !start.startsWith("[")) return 0;
  if (/"magic"\s*:\s*"E!vIA5L86J2I"/.test(start) || eventRepo.test(start)) return 1;
  const first = start.split("\n", 1)[0] ?? "";
  if (/"type"\s*:\s*"\w+Event"/.test(start.slice(0, 5_000)) && /"actor(?:_attributes)?"\s*:/.test(start)) return first.startsWith("{") ? 0.9 : 0.7;
  // What a webhook sends is no file of ours, though it is full of the same addresses.
  if (/^\{\s*"action"\s*:/.test(start) && /"(?:sender|repository)"\s*:\s*\{/.test(start)) return 0;
  if (apiAddress.test(start)) return 0.95;
  if (/"starred_at"\s*:/.test(start) && /"(?:login|gists_url)"\s*:/.test(start)) return 0.9;
  if (start.startsWith("{") && looksLikeArchive(start)) return 0.7;
  return start.startsWith("{") && path.endsWith("archive.json") ? 0.4 : 0;
}
