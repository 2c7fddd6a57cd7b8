/**
 * Works through many ids in parts, in their order: while one part is worked on, the next is being read already. In a
 * transaction the database then need not wait for us between two parts.
 * @param input.read must not depend on what `work` writes for other parts
 */
export async function readAhead<Id, Rows>(
  ids: readonly Id[],
  partSize: number,
  input: { read: (part: readonly Id[]) => Promise<Rows>; work: (rows: Rows, part: readonly Id[]) => Promise<void> },
): Promise<void> {
  const readPart = (start: number) => {
    const part = ids.slice(start, start + partSize);
    const reading = start < ids.length ? input.read(part) : undefined;
    // Awaited after the part before it; should that one fail, this one's failure must not count as unhandled.
    reading?.catch(() => undefined);
    return { part, reading };
  };
  let next = readPart(0);
  for (let start = partSize; next.reading; start += partSize) {
    const { part } = next;
    const rows = await next.reading;
    next = readPart(start);
    await input.work(rows, part);
  }
}
