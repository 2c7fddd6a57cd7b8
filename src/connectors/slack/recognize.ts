import type { GlimpsedFile } from "#features/ledger/index.ts";
import { looksLikeExport, readDayPath } from "./layout.ts";

/** How sure it is that a file, folder or zip is Slack's: of the latter two only names are known. */
export function recognizeSlack({ head, isDirectory, entries }: GlimpsedFile): number {
  const names = entries.map(({ name }) => name);
  if (names.length > 0) {
    if (looksLikeExport(names)) return 1;
    const days = names.filter((name) => readDayPath(name)).length;
    if (days > 0 && days === names.length) return 0.5;
    return names.every((name) => name.endsWith(".json")) && names.some((name) => /slack/i.test(name)) ? 0.5 : 0;
  }
  if (isDirectory) return 0;
  const start = head.toString("utf8");
  if (!/^\ufeff?\s*[[{]/.test(start)) return 0;
  const hasTs = /"ts"\s*:\s*"\d{10}\.\d{6}"/.test(start);
  if (hasTs && /"type"\s*:\s*"message"/.test(start)) return 0.9;
  // Answers about one account or channel, and the lists of an export.
  if (/"team_id"\s*:\s*"T[A-Z0-9]+"/.test(start) && /"profile"\s*:\s*\{/.test(start)) return 0.7;
  if (/"id"\s*:\s*"[CG][A-Z0-9]{8,}"/.test(start) && /"(?:is_channel|is_archived|is_general)"\s*:/.test(start)) return 0.7;
  return /^\ufeff?\s*\{\s*"ok"\s*:\s*(?:true|false)/.test(start) && /"(?:messages|members|response_metadata)"\s*:/.test(start) ? 0.5 : 0;
}
