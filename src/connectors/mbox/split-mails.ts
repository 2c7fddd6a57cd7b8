/** One mail of a mailbox, as its bytes stand there. */
export interface SplitMail {
  /** Where its "From " line starts. */
  byte: number;
  /** That line without its end. */
  fromLine: string;
  /** Everything after the line up to the next one, without the one blank line between mails. */
  content: Buffer;
  /** Bytes that were left out at the end, because a mail of that size is read only up to the limit. */
  cutBytes: number;
}

const separator = Buffer.from("\nFrom ");
const lineFeed = 10;
/** Beyond this a mail is read no further, so that one broken mailbox cannot fill the memory. */
const maxMailBytes = 64 * 1024 * 1024;

/**
 * Cuts a mailbox into its mails while it streams by, at every line that starts with "From ", blank line before it or
 * not: the rule of Python's `mailbox` and most readers, so that counts agree. What stands before the first such line
 * goes to `preamble`.
 */
export async function* splitMails(bytes: AsyncIterable<Buffer>, preamble: Preamble = { text: "" }): AsyncGenerator<SplitMail> {
  let rest: Buffer = Buffer.alloc(0);
  /** Where `rest` starts in the file, for what stands after a cut. */
  let base = 0;
  let mailByte = 0;
  let searched = 0;
  let inMail = false;
  let cut = 0;
  for await (const chunk of bytes) {
    let buffer = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let from = searched;
    let start = 0;
    if (!inMail && base === 0 && rest.length < 5 && buffer.length >= 5) {
      inMail = buffer.subarray(0, 5).equals(separator.subarray(1));
      from = 0;
    }
    for (;;) {
      const at = buffer.indexOf(separator, from);
      if (at === -1) break;
      if (inMail) yield takeMail(buffer.subarray(start, at + 1), mailByte, cut);
      else addPreamble(preamble, buffer.subarray(start, at + 1));
      inMail = true;
      cut = 0;
      start = at + 1;
      mailByte = base + start;
      from = start;
    }
    if (!inMail && buffer.length - start > 1024 * 1024) {
      addPreamble(preamble, buffer.subarray(start, buffer.length - 16));
      start = buffer.length - 16;
    }
    base += start;
    buffer = buffer.subarray(start);
    if (inMail && buffer.length > maxMailBytes) {
      // Keeps the last bytes, as the next separator may have begun in them.
      const dropped = buffer.length - maxMailBytes - separator.length;
      if (dropped > 0) {
        cut += dropped;
        base += dropped;
        buffer = Buffer.concat([buffer.subarray(0, maxMailBytes), buffer.subarray(buffer.length - separator.length)]);
      }
    }
    rest = buffer;
    searched = Math.max(0, rest.length - separator.length + 1);
  }
  if (!inMail && base === 0) inMail = rest.subarray(0, 5).equals(separator.subarray(1));
  if (inMail) yield takeMail(rest, mailByte, cut);
  else addPreamble(preamble, rest);
}

/** What stands before the first mail, shortened; no mailbox has such text, so it is told and not dropped silently. */
export interface Preamble {
  text: string;
}

function addPreamble(preamble: Preamble, bytes: Buffer): void {
  if (preamble.text.length < 300) preamble.text += bytes.subarray(0, 300).toString("latin1");
}

function takeMail(bytes: Buffer, byte: number, cutBytes: number): SplitMail {
  const lineEnd = bytes.indexOf(lineFeed);
  const fromLine = bytes
    .subarray(0, lineEnd === -1 ? bytes.length : lineEnd)
    .toString("latin1")
    .replace(/\r$/, "");
  let content = lineEnd === -1 ? bytes.subarray(bytes.length) : bytes.subarray(lineEnd + 1);
  if (content.subarray(-4).equals(Buffer.from("\r\n\r\n"))) content = content.subarray(0, -2);
  else if (content.subarray(-2).equals(Buffer.from("\n\n")) || content.equals(Buffer.from("\n"))) content = content.subarray(0, -1);
  return { byte, fromLine, content, cutBytes };
}
