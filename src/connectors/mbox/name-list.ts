import { basename } from "node:path";
import { type Headers, rawField, readListId } from "./parse-headers.ts";

/** Counts which list the mails name. */
export class ListNames {
  readonly #stated = new Map<string, number>();
  #mails = 0;

  add(headers: Headers): void {
    this.#mails++;
    const list = readListId(headers) ?? addressee(headers);
    if (list !== undefined) this.addList(list);
  }

  /** A list that something else than a mail names. */
  addList(list: string): void {
    // Cut loose from the mail that it was read from.
    const key = Buffer.from(list, "utf8").toString("utf8");
    this.#stated.set(key, (this.#stated.get(key) ?? 0) + 1);
  }

  /** The list that at least half of the mails name. */
  get commonest(): string | undefined {
    const [top] = [...this.#stated].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1));
    return top && top[1] * 2 >= this.#mails ? top[0] : undefined;
  }
}

/**
 * The list that an archive wrote into To: HyperKitty hides its address («tide at lists.example.org»), Groups.io's has its
 * domain. Any other To may be a person's.
 */
function addressee(headers: Headers): string | undefined {
  const to = rawField(headers, "to");
  const hidden = /^\s*([\w.+-]+) at ((?:[\w-]+\.)+[\w-]+)\s*$/.exec(to);
  if (hidden?.[1] && hidden[2] && !to.includes("@")) return listOfAddress(`${hidden[1]}@${hidden[2]}`);
  const group = /([\w.+-]+@(?:[\w-]+\.)*groups\.io)\b/i.exec(to);
  return group?.[1] && listOfAddress(group[1]);
}

/** A list's id by its address, as List-Id states it: `tide@lists.example.org` is `tide.lists.example.org`. */
export function listOfAddress(address: string): string {
  return address.trim().toLowerCase().replace("@", ".");
}

const monthWords =
  "jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?";
const period = new RegExp(
  `(?:^|[-_. ])(?:week-of-mon-)?(?:(?:19|20)\\d{6}|(?:19|20)\\d{2}(?:[-_. ]?(?:${monthWords}|q[1-4]|\\d{1,2}))?(?:[-_. ]?\\d{1,2})?)(?=$|[-_. ])`,
  "g",
);

/**
 * Which list a file or folder is of, by its name without dates and endings, so that the months of one archive are one list.
 * @returns "" when nothing is left
 */
export function nameOfFile(path: string): string {
  const name = basename(path)
    .toLowerCase()
    .replace(/(?:\.(?:mbox|mbx|txt|gz|zip|archive))+$/g, "")
    .replace(period, "")
    .replace(/^[-_. ]+|[-_. ]+$/g, "");
  return /^[\w.+-]+@[\w.-]+$/.test(name) ? listOfAddress(name) : name;
}
