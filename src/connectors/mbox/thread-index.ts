/** What threading needs to know of a mail: ids and a date, never its text. */
export interface ThreadedMail {
  id: string;
  /** The mails it stands under, the oldest first. */
  ancestors: readonly string[];
  at: number;
  /** The subject without reply marks and tags, lower-cased; "" joins nothing. */
  subject: string;
  /** Whether the subject says that it is a reply. */
  isReply: boolean;
}

const subjectWindowMs = 30 * 24 * 60 * 60 * 1000;
const maxSteps = 10_000;

/**
 * Finds the root of each mail's thread over a whole mailbox, in whatever order the mails stand, after
 * https://www.jwz.org/doc/threading.html: by References and In-Reply-To, also through mails that are absent; then
 * replies that name nobody join the latest earlier mail of their subject within 30 days.
 */
export class ThreadIndex {
  readonly #parents = new Map<string, { id: string; stated: boolean }>();
  readonly #bySubject = new Map<string, { id: string; at: number }[]>();
  readonly #orphans: ThreadedMail[] = [];

  add(mail: ThreadedMail): void {
    const chain = [...new Set(mail.ancestors)].filter((id) => id !== mail.id);
    for (let i = 1; i < chain.length; i++) this.#link(chain[i] as string, chain[i - 1] as string, false);
    const parent = chain.at(-1);
    if (parent) this.#link(mail.id, parent, true);
    else if (mail.isReply && mail.subject !== "") this.#orphans.push(mail);
    if (mail.subject === "") return;
    const entry = { id: mail.id, at: mail.at };
    const same = this.#bySubject.get(mail.subject);
    if (same) same.push(entry);
    else this.#bySubject.set(mail.subject, [entry]);
  }

  /** What a mail says of itself outweighs what others say of it; among equals the order of reading must not matter. */
  #link(child: string, parent: string, stated: boolean): void {
    const known = this.#parents.get(child);
    if (!known || (stated && !known.stated) || (stated === known.stated && parent < known.id)) this.#parents.set(child, { id: parent, stated });
  }

  /** Joins by subject. To be called once, when all mails have been added. */
  finish(): void {
    for (const orphan of this.#orphans) {
      let best: { id: string; at: number } | undefined;
      for (const other of this.#bySubject.get(orphan.subject) ?? []) {
        const age = orphan.at - other.at;
        if (other.id === orphan.id || age < 0 || age > subjectWindowMs || (age === 0 && other.id >= orphan.id)) continue;
        if (!best || other.at > best.at || (other.at === best.at && other.id < best.id)) best = other;
      }
      if (best) this.#link(orphan.id, best.id, true);
    }
    this.#bySubject.clear();
    this.#orphans.length = 0;
  }

  /** The mail it answers, if any. */
  parentOf(id: string): string | undefined {
    return this.#parents.get(id)?.id;
  }

  /** The oldest known ancestor, present in the mailbox or not. In a circle of replies, the smallest id. */
  rootOf(id: string): string {
    const path: string[] = [];
    const seen = new Set<string>();
    let at = id;
    for (let parent = this.#parents.get(at); parent && path.length < maxSteps; parent = this.#parents.get(at)) {
      if (seen.has(at)) {
        const circle = path.slice(path.indexOf(at));
        at = circle.sort()[0] ?? at;
        break;
      }
      seen.add(at);
      path.push(at);
      at = parent.id;
    }
    return at;
  }
}

const replyMark = /^(?:re|aw|antw|antwort|sv|vs|rv|odp|ynt|回复|答复)(?:\[\d+\]|\(\d+\)|\^\d+)?\s*[:：]\s*/i;
const forwardMark = /^(?:fwd?|wg|tr|rv|enc)\s*[:：]\s*/i;
const tag = /^\[[^\]]{1,60}\]\s*/;

/**
 * A subject's core: without reply marks and, for comparing, without tags such as a list's name.
 * @returns the subject to show, the text to compare by, and whether it is marked as a reply
 */
export function readSubject(subject: string): { title: string; key: string; isReply: boolean } {
  let title = subject.replace(/\s+/g, " ").trim();
  let isReply = false;
  const tags: string[] = [];
  for (;;) {
    const label = tag.exec(title)?.[0];
    const mark = replyMark.exec(title)?.[0] ?? (tags.length > 0 || isReply ? forwardMark.exec(title)?.[0] : undefined);
    if (mark) {
      isReply ||= replyMark.test(title);
      title = title.slice(mark.length);
    } else if (label && label.trimEnd().length < title.length) {
      if (!tags.includes(label.trim())) tags.push(label.trim());
      title = title.slice(label.length);
    } else break;
  }
  const key = title.toLowerCase().replace(/\s+/g, " ").trim();
  return { title: [...tags, title].join(" ").trim(), key, isReply };
}
