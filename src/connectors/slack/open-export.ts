import { AppError } from "#core/errors.ts";
import { type ExportFile, type ExportFiles, openExport, readPieces } from "../export-files.ts";
import type { SlackChannel } from "./format.ts";
import { ChannelFolders, describeUnlisted, folderOf, listsPeople, looksLikeExport, readDayPath, readListName } from "./layout.ts";
import { type Directory, nameOfGone, nameOfUser } from "./records.ts";

/** An export, with what its lists say; its days are still unread. */
export interface SlackExport {
  opened: ExportFiles;
  directory: Directory;
  /** Days in the order of channel and date. */
  days: { file: ExportFile; channel: SlackChannel; day: string }[];
  /** The files that list people. */
  people: ExportFile[];
  /** Folders that no list names. */
  unlisted: string[];
  /** Of which time the export is, at least: its latest message, edit or change of a profile. */
  moment: Date;
  /** What to call it. */
  name: string;
}

/**
 * Opens an export: a zip or a folder; to be closed by its `opened`.
 * @param input.team names the workspace where the export does not, or another name is wanted
 * @throws AppError `unreadable_file` saying what it is instead, or where a list is broken
 */
export async function openSlackExport(path: string, input: { team: string; signal: AbortSignal }): Promise<SlackExport> {
  const opened = await openExport(path);
  try {
    return await readLayout(opened, input);
  } catch (error) {
    await opened.close();
    throw error;
  }
}

async function readLayout(opened: ExportFiles, { team, signal }: { team: string; signal: AbortSignal }): Promise<SlackExport> {
  const files = opened.files.filter(({ name }) => !/(?:^|\/)(?:__MACOSX\/|\._)/.test(name));
  refuseOthers(opened, files);
  const folders = new ChannelFolders();
  const people = files.filter(({ name }) => listsPeople(name));
  const found = { people: new Map<string, { name: string; gone?: string }>(), teams: new Map<string, number>(), organization: "", latest: 0 };
  for (const file of files) {
    const list = readListName(file.name);
    if (list) for await (const { value } of readItems(file, signal)) if (isObject(value)) folders.add(list, folderOf(file.name), value);
  }
  for (const file of people) for await (const { value } of readItems(file, signal)) if (isObject(value)) notePerson(found, value);

  const days: SlackExport["days"] = [];
  const unlisted = new Set<string>();
  for (const file of files) {
    const path = readDayPath(file.name);
    if (!path) continue;
    const listed = folders.find(path.folder);
    if (!listed) unlisted.add(path.folder);
    days.push({ file, day: path.day, channel: listed ?? describeUnlisted(path.folder.slice(path.folder.lastIndexOf("/") + 1)) });
  }
  const glimpse = await readLatest(days, signal);
  const domain = glimpse.domain;
  const isOrganization = people.some(({ name }) => /org_users\.json$/.test(name)) && found.organization !== "";
  const counted = [...found.teams].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1))[0]?.[0];
  const id = team || (isOrganization ? found.organization : counted) || (domain ? `domain-${domain}` : `unnamed-${stemOf(opened.name)}`);
  return {
    opened,
    directory: { team: id, people: found.people, channels: folders.byId },
    days,
    people,
    unlisted: [...unlisted],
    moment: new Date(Math.max(found.latest, glimpse.latest) || 0),
    name: domain ?? nameOf(opened.name),
  };
}

function notePerson(
  found: { people: Map<string, { name: string; gone?: string }>; teams: Map<string, number>; organization: string; latest: number },
  user: Record<string, unknown>,
): void {
  if (typeof user.id !== "string") return;
  const gone = nameOfGone(user);
  found.people.set(user.id, { name: nameOfUser(user) ?? user.id, ...(gone && { gone }) });
  if (typeof user.team_id === "string" && user.is_stranger !== true) found.teams.set(user.team_id, (found.teams.get(user.team_id) ?? 0) + 1);
  const enterprise = isObject(user.enterprise_user) ? user.enterprise_user.enterprise_id : undefined;
  if (typeof enterprise === "string") found.organization ||= enterprise;
  if (typeof user.updated === "number") found.latest = Math.max(found.latest, user.updated * 1000);
}

/** The time of the last message, from the files of the last day; and the workspace's name, where links to files show it. */
async function readLatest(days: SlackExport["days"], signal: AbortSignal): Promise<{ latest: number; domain?: string }> {
  let last = "";
  for (const { day } of days) if (day > last) last = day;
  let latest = 0;
  let domain: string | undefined;
  const look = async (file: ExportFile) => {
    for await (const { piece } of readPieces(file, signal)) {
      for (const [, seconds] of piece.text.matchAll(/"ts"\s*:\s*"(\d{9,11})\./g)) latest = Math.max(latest, Number(seconds) * 1000 + 999);
      domain ??= domainIn(piece.text);
    }
  };
  for (const { file, day } of days) if (day === last) await look(file);
  // Links to files are common: a few days of any channel show one.
  for (const { file } of days.slice(0, 100)) {
    if (domain !== undefined) break;
    for await (const { piece } of readPieces(file, signal)) domain ??= domainIn(piece.text);
  }
  return { latest, ...(domain !== undefined && { domain }) };
}

/** People also post links of other workspaces, so only links that Slack wrote count. */
const ownLink = /"(?:permalink|url_private)"\s*:\s*"https?:\\?\/\\?\/([a-z0-9-]+)\.slack\.com\\?\/files\\?\//;

function domainIn(json: string): string | undefined {
  const name = ownLink.exec(json)?.[1];
  return name === "files" ? undefined : name;
}

/**
 * The items of a list that a JSON file is.
 * @throws AppError `unreadable_file` with the place where it is no JSON, or when it is no list
 */
export async function* readItems(
  file: ExportFile,
  signal: AbortSignal,
): AsyncGenerator<{ value: unknown; line: number; byte: number; text: string }> {
  for await (const { piece, cutter } of readPieces(file, signal)) {
    if (piece.index === undefined || piece.key !== "") {
      throw new AppError("unreadable_file", {
        public: `${file.name} is an object where an export has a list that begins with "[". It is no file of this export: download the export again.`,
      });
    }
    yield { value: cutter.parse(piece), line: piece.line, byte: piece.byte, text: piece.text };
  }
}

function refuseOthers(opened: ExportFiles, files: readonly ExportFile[]): void {
  const names = files.map(({ name }) => name);
  if (opened.isSingle) {
    throw new AppError("unreadable_file", {
      public: `${opened.name} is one file of an export: it does not say of which channel it is, or who wrote. Bring in the whole export, the zip or its folder.`,
    });
  }
  if (looksLikeExport(names) || names.some((name) => readDayPath(name))) return;
  const isText = names.some((name) => /(?:^|\/)(?:channels|dms)\/.*\.txt$/.test(name));
  const lists = names.filter((name) => readListName(name) || listsPeople(name));
  throw new AppError("unreadable_file", {
    public: isText
      ? `${opened.name} is one person's conversations as text, which name no ids. Export them as JSON instead.`
      : lists.length > 0
        ? `${opened.name} holds lists of channels or people, but no messages: no folder of a channel with files like 2024-01-31.json. Bring in the whole export, the zip or its folder.`
        : `${opened.name} is no export of Slack: there is neither channels.json nor a folder of a channel with files like 2024-01-31.json.`,
  });
}

function stemOf(name: string): string {
  return nameOf(name)
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "");
}

/** Slack calls the file after workspace and days: `Acme Slack export Jan 1 2024 - Jan 31 2024.zip`. */
function nameOf(name: string): string {
  return name.replace(/\.zip$/i, "").replace(/\s+Slack export .*$/i, "");
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
