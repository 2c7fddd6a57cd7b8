import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, test } from "vitest";
import { readAhead } from "./read-ahead.ts";

test("each part is worked on in its order, and the next has been asked for by then", async () => {
  const notes: string[] = [];
  await readAhead([1, 2, 3, 4, 5], 2, {
    read: async (part) => {
      notes.push(`read ${part.join()}`);
      await nextTurn();
      return part.map((id) => id * 10);
    },
    work: async (rows, part) => {
      await nextTurn();
      notes.push(`work on ${rows.join()} of ${part.join()}`);
    },
  });
  expect(notes).toEqual(["read 1,2", "read 3,4", "work on 10,20 of 1,2", "read 5", "work on 30,40 of 3,4", "work on 50 of 5"]);
  await readAhead([], 2, { read: () => Promise.reject(new Error("nothing is to be read")), work: () => Promise.reject(new Error("nor worked on")) });
});

test("a part that cannot be read or worked on ends it with its own error, and none is left unhandled", async () => {
  const read = async ([id]: readonly number[]) => {
    if (id === 2) throw new Error("not read");
    return id;
  };
  await expect(readAhead([1, 2, 3], 1, { read, work: async () => {} })).rejects.toThrow("not read");
  const work = () => Promise.reject(new Error("not worked on"));
  await expect(readAhead([1, 2, 3], 1, { read, work })).rejects.toThrow("not worked on");
  await nextTurn();
});
