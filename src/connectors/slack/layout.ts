import type { SlackChannel } from "./format.ts";

/** A file of one day of one channel, by its path. */
export interface DayPath {
  /** The channel's folder. */
  folder: string;
  /** Like `2024-01-31`. */
  day: string;
}

const dayFile = /^(?:(.*)\/)?([^/]+)\/(\d{4}-\d{2}-\d{2})\.json(?:\.gz)?$/;
const lists = { channels: "channels.json", groups: "groups.json", dms: "dms.json", mpims: "mpims.json" } as const;
export type ListName = keyof typeof lists;

/** @returns undefined for what is no file of a day in a channel's folder */
export function readDayPath(name: string): DayPath | undefined {
  const match = dayFile.exec(name);
  if (!match?.[2] || !match[3]) return undefined;
  return { folder: match[1] ? `${match[1]}/${match[2]}` : match[2], day: match[3] };
}

/** Which list of channels a file is; exports may lie in a folder of their own, or in one per workspace. */
export function readListName(name: string): ListName | undefined {
  const base = baseOf(name);
  return (Object.keys(lists) as ListName[]).find((list) => lists[list] === base);
}

/** Whether a file lists people: of a workspace, or of an Enterprise Grid organization. */
export function listsPeople(name: string): boolean {
  return /^(?:org_)?users\.json$/.test(baseOf(name));
}

/** Whether names are those of an export: lists at one place, folders of days beside them. */
export function looksLikeExport(names: readonly string[]): boolean {
  return names.some((name) => readListName(name) !== undefined || listsPeople(name)) && names.some((name) => readDayPath(name) !== undefined);
}

const baseOf = (name: string) => name.slice(name.lastIndexOf("/") + 1);
export const folderOf = (name: string): string => (name.includes("/") ? name.slice(0, name.lastIndexOf("/")) : "");
const join = (folder: string, name: string) => (folder === "" ? name : `${folder}/${name}`);

/** The channels that an export lists, found by the folders in which their days lie. */
export class ChannelFolders {
  readonly #byFolder = new Map<string, SlackChannel>();
  readonly byId = new Map<string, SlackChannel>();

  /**
   * @param list where the channel stood
   * @param at the folder of that list
   */
  add(list: ListName, at: string, given: Record<string, unknown>): void {
    const { id, name } = given;
    if (typeof id !== "string" || id === "") return;
    const channel = describeListed(list, id, given);
    this.byId.set(id, channel);
    this.#byFolder.set(join(at, id), channel);
    if (typeof name === "string" && name !== "") this.#byFolder.set(join(at, name), channel);
  }

  /** @returns undefined for a folder that no list names */
  find(folder: string): SlackChannel | undefined {
    const base = baseOf(folder);
    for (let at = folderOf(folder); ; at = folderOf(at)) {
      const found = this.#byFolder.get(join(at, base));
      if (found || at === "") return found;
    }
  }
}

function describeListed(list: ListName, id: string, given: Record<string, unknown>): SlackChannel {
  if (list === "dms" || given.is_im === true) return { id, name: "Direct message", is_private: true, kind: "dm" };
  const name = typeof given.name === "string" && given.name !== "" ? given.name : id;
  if (list === "mpims" || given.is_mpim === true) return { id, name: nameConversation(name), is_private: true, kind: "group_dm" };
  return { id, name, is_private: list === "groups" || given.is_private === true || given.is_group === true, kind: "channel" };
}

/** `mpdm-ann--ben--cleo-1` names the people in it. */
function nameConversation(name: string): string {
  const inside = /^mpdm-(.+)-\d+$/.exec(name)?.[1];
  return inside ? inside.split("--").join(", ") : name;
}

/** A channel as the API describes it. */
export function describeApiChannel(given: Record<string, unknown>): SlackChannel | undefined {
  if (typeof given.id !== "string" || given.id === "") return undefined;
  return describeListed("channels", given.id, given);
}

/**
 * A channel that no list names: what it is cannot be known, so it is shown to few.
 * @param name its folder's or file's name
 */
export function describeUnlisted(name: string): SlackChannel {
  const isId = /^[CDG][A-Z0-9]{7,}$/.test(name);
  return { id: isId ? name : `name:${name}`, name, is_private: true, kind: /^D[A-Z0-9]{7,}$/.test(name) ? "dm" : "channel" };
}
