/** One line of a `.mailmap`: a name and address in use, and what to show instead (gitmailmap(5)). */
export interface MailmapLine {
  properName: string | undefined;
  properEmail: string | undefined;
  commitName: string | undefined;
  commitEmail: string;
  line: string;
}

/**
 * Reads one line of a `.mailmap` as git does.
 * @returns undefined for blank lines, comments and what git cannot read
 */
export function parseMailmapLine(raw: string): MailmapLine | undefined {
  const line = raw.trim();
  if (line === "" || line.startsWith("#")) return undefined;
  const match = /^([^<]*)<([^>]*)>(?:([^<]*)<([^>]*)>)?/.exec(line);
  if (!match) return undefined;
  const first = { name: match[1]?.trim() || undefined, email: match[2]?.trim() ?? "" };
  const second = match[4] === undefined ? undefined : { name: match[3]?.trim() || undefined, email: match[4].trim() };
  return second
    ? { properName: first.name, properEmail: first.email, commitName: second.name, commitEmail: second.email, line }
    : { properName: first.name, properEmail: undefined, commitName: undefined, commitEmail: first.email, line };
}
