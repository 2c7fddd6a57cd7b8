const address = /([\p{L}\p{N}_%+][\p{L}\p{N}._%+-]{0,63})@((?:[\p{L}\p{N}](?:[\p{L}\p{N}-]{0,62})\.)+\p{L}{2,24})/gu;

/**
 * Text that anybody may read, with the addresses in it made useless for those who collect them: `mara@example.org` becomes
 * `mara@…`, as public archives do.
 */
export function hideAddresses(text: string): string {
  return text.includes("@") ? text.replace(address, "$1@…") : text;
}
