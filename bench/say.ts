let last = 0;

/** Shows what goes on, on standard error: in place on a terminal, elsewhere a line every ten seconds. */
export function say(line: string): void {
  const now = performance.now();
  const terminal = process.stderr.isTTY === true;
  if (now - last < (terminal ? 200 : 10_000)) return;
  last = now;
  process.stderr.write(terminal ? `\r\u001b[K  ${line}` : `  ${line}\n`);
}
