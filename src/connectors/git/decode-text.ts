const strict = new TextDecoder("utf-8", { fatal: true });
const western = new TextDecoder("windows-1252");

/** Text that should be UTF-8; undefined when it is not. */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return strict.decode(bytes);
  } catch {
    return undefined;
  }
}

/** Text that is no UTF-8 although it should be is read as Western: no commit is lost over a letter. */
export function decodeText(bytes: Uint8Array): string {
  return decodeUtf8(bytes) ?? western.decode(bytes);
}
