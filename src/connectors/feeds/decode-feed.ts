/**
 * A feed's bytes as text. A byte order mark decides; else what is sound UTF-8 is that, for no other encoding looks like it
 * by chance; else what the server says, what the document says, and Western as the last guess.
 * @param contentType the header of that name, when it was fetched
 */
export function decodeFeed(bytes: Uint8Array, contentType?: string): string {
  const wide = wideEncoding(bytes);
  if (wide) return new TextDecoder(wide).decode(bytes);
  const said = /charset\s*=\s*["']?([\w.:-]+)/i.exec(contentType ?? "")?.[1];
  const declared = /<\?xml[^>]*\bencoding\s*=\s*["']([\w.:-]+)/i.exec(Buffer.from(bytes.subarray(0, 300)).toString("latin1"))?.[1];
  for (const encoding of ["utf-8", said, declared]) {
    const text = encoding && decodeAs(encoding, bytes);
    if (text !== undefined && text !== "") return text;
  }
  return new TextDecoder("windows-1252").decode(bytes);
}

function wideEncoding(bytes: Uint8Array): "utf-16le" | "utf-16be" | undefined {
  const [a, b, c, d] = bytes;
  if ((a === 0xff && b === 0xfe) || (a === 0x3c && b === 0 && c !== 0 && d === 0)) return "utf-16le";
  if ((a === 0xfe && b === 0xff) || (a === 0 && b === 0x3c && c === 0 && d !== 0)) return "utf-16be";
  return undefined;
}

/** Undefined where the bytes are not of that encoding, or nobody knows it. */
function decodeAs(encoding: string, bytes: Uint8Array): string | undefined {
  // UTF-7, UTF-32 and the like are not known; of those that are, single-byte ones take any byte.
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
