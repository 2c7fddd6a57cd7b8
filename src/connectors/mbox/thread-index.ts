/** What threading needs to know of a mail: ids and a date, never its text. */
export interface ThreadedMail {
  id: string;
  /** The mails it stands under, the oldest first. */
  ancestors: readonly string[];
  at: number;
  /** The subject without reply marks and tags, lower-cased; "" joins nothing. */
  subject: string;
  /** Whether it names nobody but its subject says that it is a reply. */
  isReply: boolean;
}

const subjectWindowMs = 30 * 24 * 60 * 60 * 1000;
const maxSteps = 10_000;
const none = -1;

/**
 * Finds the root of each mail's thread over all mails of a list, in whatever order they come, after
 * https://www.jwz.org/doc/threading.html: by References and In-Reply-To, also through mails that are absent; then
 * replies that name nobody join the latest earlier mail of their subject within 30 days. Ids are kept once and numbered,
 * so that a million mails fit.
 */
export class ThreadIndex {
  readonly #numbers = new Map<string, number>();
  readonly #ids: string[] = [];
  readonly #parents: number[] = [];
  readonly #stated: boolean[] = [];
  /** By subject: number and time of each mail, one after the other. */
  readonly #bySubject = new Map<string, number[]>();
  readonly #orphans: { mail: number; at: number; subject: string }[] = [];

  add(mail: ThreadedMail): void {
    const own = this.#number(mail.id);
    let parent = none;
    for (const ancestor of new Set(mail.ancestors)) {
      if (ancestor === mail.id) continue;
      const next = this.#number(ancestor);
      if (parent !== none && next !== parent) this.#link(next, parent, false);
      parent = next;
    }
    if (parent !== none) this.#link(own, parent, true);
    else if (mail.isReply && mail.subject !== "") this.#orphans.push({ mail: own, at: mail.at, subject: mail.subject });
    if (mail.subject === "") return;
    const same = this.#bySubject.get(mail.subject);
    if (same) same.push(own, mail.at);
    else this.#bySubject.set(mail.subject, [own, mail.at]);
  }

  #number(id: string): number {
    const known = this.#numbers.get(id);
    if (known !== undefined) return known;
    const next = this.#ids.length;
    this.#numbers.set(id, next);
    this.#ids.push(id);
    this.#parents.push(none);
    this.#stated.push(false);
    return next;
  }

  /** What a mail says of itself outweighs what others say of it; among equals the order of reading must not matter. */
  #link(child: number, parent: number, stated: boolean): void {
    const known = this.#parents[child] ?? none;
    const wasStated = this.#stated[child] ?? false;
    if (known !== none && wasStated && !stated) return;
    if (known !== none && wasStated === stated && this.#id(known) <= this.#id(parent)) return;
    this.#parents[child] = parent;
    this.#stated[child] = stated;
  }

  /** Joins by subject. To be called once, when all mails have been added. */
  finish(): void {
    const sorted = new Map<string, { mail: number; at: number }[]>();
    for (const orphan of this.#orphans) {
      let same = sorted.get(orphan.subject);
      if (!same) {
        same = this.#sortedMails(orphan.subject);
        sorted.set(orphan.subject, same);
      }
      const best = this.#latestBefore(orphan, same);
      if (best !== undefined) this.#link(orphan.mail, best, true);
    }
    this.#bySubject.clear();
    this.#orphans.length = 0;
  }

  /** The mails of a subject by their time; of those of one time, the smallest id last. */
  #sortedMails(subject: string): { mail: number; at: number }[] {
    const flat = this.#bySubject.get(subject) ?? [];
    const mails = Array.from({ length: flat.length / 2 }, (_, i) => ({ mail: flat[2 * i] ?? none, at: flat[2 * i + 1] ?? 0 }));
    return mails.sort((a, b) => a.at - b.at || (this.#id(a.mail) < this.#id(b.mail) ? 1 : -1));
  }

  #latestBefore(orphan: { mail: number; at: number }, same: readonly { mail: number; at: number }[]): number | undefined {
    let low = 0;
    let high = same.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((same[middle]?.at ?? 0) <= orphan.at) low = middle + 1;
      else high = middle;
    }
    for (let i = low - 1; i >= 0; i--) {
      const other = same[i];
      if (!other || orphan.at - other.at > subjectWindowMs) return undefined;
      if (other.mail === orphan.mail || (other.at === orphan.at && this.#id(other.mail) >= this.#id(orphan.mail))) continue;
      return other.mail;
    }
    return undefined;
  }

  /** The oldest known ancestor, present or not. In a circle of replies, the smallest id. */
  rootOf(id: string): string {
    let at = this.#numbers.get(id);
    if (at === undefined) return id;
    const path = new Set<number>();
    for (let parent = this.#parents[at] ?? none; parent !== none && path.size < maxSteps; parent = this.#parents[at] ?? none) {
      if (path.has(at)) {
        const steps = [...path];
        const circle = steps.slice(steps.indexOf(at)).map((step) => this.#id(step));
        return circle.sort()[0] ?? id;
      }
      path.add(at);
      at = parent;
    }
    return this.#id(at);
  }

  #id(number: number): string {
    return this.#ids[number] ?? "";
  }
}
