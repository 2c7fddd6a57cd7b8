/** What git itself writes at the end of a message; with one of them, lines of other kinds may stand among the trailers. */
const recognized = /^(?:Signed-off-by: |\(cherry picked from commit )/;

/**
 * The trailers of a commit's message, as git's `%(trailers:only,unfold)` prints them: one `Key: value` a line. For logs,
 * which give the message alone. The rules are those of git-interpret-trailers(1).
 */
export function findTrailers(message: string): string {
  // Without a colon there is none, and most messages have none at all.
  if (!message.includes(":")) return "";
  const lines = message.replace(/\r\n?/g, "\n").split("\n");
  const start = findBlock(lines);
  if (start === undefined) return "";
  const trailers: string[] = [];
  for (const line of lines.slice(start)) {
    if (line.startsWith("#")) continue;
    if (/^\s/.test(line) && line.trim() !== "") {
      const last = trailers.pop();
      if (last !== undefined) trailers.push(`${last} ${line.trim()}`);
      continue;
    }
    const colon = separatorOf(line);
    if (colon > 0) trailers.push(`${line.slice(0, colon).trim()}: ${line.slice(colon + 1).trim()}`);
    // What is no trailer takes the lines that continue it with it.
    else if (line.trim() !== "") trailers.push("");
  }
  return trailers
    .filter((line) => separatorOf(line) > 0)
    .map((line) => line.replace(/\s+$/, ""))
    .join("\n");
}

/** The line where the last paragraph begins, if that is made of trailers; the first paragraph never is. */
function findBlock(lines: readonly string[]): number | undefined {
  const title = titleEnd(lines);
  let trailers = 0;
  let others = 0;
  let continuations = 0;
  let isRecognized = false;
  let onlySpaces = true;
  const fits = () => (isRecognized && trailers * 3 >= others) || (trailers > 0 && others === 0);
  for (let i = lines.length - 1; i >= title; i--) {
    const line = lines[i] ?? "";
    if (line.startsWith("#")) {
      others += continuations;
      continuations = 0;
    } else if (line.trim() === "") {
      if (onlySpaces) continue;
      others += continuations;
      return fits() ? i + 1 : undefined;
    } else {
      onlySpaces = false;
      if (recognized.test(line)) {
        trailers++;
        continuations = 0;
        isRecognized = true;
      } else if (/^\s/.test(line)) continuations++;
      else if (separatorOf(line) > 0) {
        trailers++;
        continuations = 0;
      } else {
        others += 1 + continuations;
        continuations = 0;
      }
    }
  }
  return undefined;
}

/** Where the first paragraph has ended. */
function titleEnd(lines: readonly string[]): number {
  const blank = lines.findIndex((line) => line.trim() === "");
  return blank === -1 ? lines.length : blank;
}

function separatorOf(line: string): number {
  const match = /^[A-Za-z0-9-]+[ \t]*:/.exec(line);
  return match ? match[0].length - 1 : -1;
}
