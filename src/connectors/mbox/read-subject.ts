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

/** What a thread is called that begins with a mail of this title. */
export function threadTitle(title: string): string {
  return readSubject(title).title || title;
}
