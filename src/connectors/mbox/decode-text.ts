import * as charsets from "libmime/lib/charset.js";

const strict = new TextDecoder("utf-8", { fatal: true });
const western = new TextDecoder("windows-1252");

/**
 * Bytes as text. A charset that is unknown, or that the bytes contradict, is not trusted: then it is UTF-8 where that
 * fits and Western where not, so that a wrong label costs at worst some letters and never the mail.
 * @param charset as the mail declares it
 */
export function decodeText(bytes: Buffer, charset: string | undefined): string {
  const name = charset
    ?.trim()
    .replace(/^["']|["']$/g, "")
    .toLowerCase();
  if (name && !/^(?:utf-?8|us-ascii|ascii|unknown.*|x-unknown|default)$/.test(name) && isKnown(name)) return charsets.decode(bytes, name);
  try {
    return strict.decode(bytes);
  } catch {
    return western.decode(bytes);
  }
}

const known = new Map<string, boolean>();

function isKnown(name: string): boolean {
  let answer = known.get(name);
  if (answer === undefined) {
    try {
      new TextDecoder(charsets.normalizeCharset(name));
      answer = true;
    } catch {
      answer = /^(?:utf-?7|utf-?32.*|cp\d+|ibm\d+|x-mac-.*|mac.*|tis-620|viscii|tcvn)$/.test(name) && charsets.decode(Buffer.from("A"), name) === "A";
    }
    known.set(name, answer);
  }
  return answer;
}
