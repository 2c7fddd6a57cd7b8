import { mkdtempSync, readdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { PartsMemory } from "./parts-memory.ts";

const now = (parts: Record<string, number>, signature = "s") => ({ signature, about: null, parts });

test("tells which parts left a whole since the last run, and which are back", async () => {
  const folder = mkdtempSync(join(tmpdir(), "causeway-parts-"));
  const first = new PartsMemory({ folder, confirmed: 0 });
  expect(await first.compare(7, now({ a: 1, b: 2 }))).toEqual({ missing: [], returned: new Set() });
  const step = await first.close();
  const second = new PartsMemory({ folder, confirmed: step });
  expect(await second.compare(7, now({ a: 1 }))).toMatchObject({ missing: [{ id: "b", at: 2 }] });
  const third = new PartsMemory({ folder, confirmed: await second.close() });
  expect(await third.compare(7, now({ a: 1, b: 2 }))).toEqual({ missing: [], returned: new Set(["b"]) });
});

test("what was noted after the last stored cursor counts as not read, and its ends are told again", async () => {
  const folder = mkdtempSync(join(tmpdir(), "causeway-parts-"));
  const first = new PartsMemory({ folder, confirmed: 0 });
  await first.compare(7, now({ a: 1, b: 2 }));
  const step = await first.close();
  const lost = new PartsMemory({ folder, confirmed: step });
  await lost.compare(7, now({ a: 1 }, "new"));
  await lost.close();
  const again = new PartsMemory({ folder, confirmed: step });
  expect(await again.recall(7)).toBeUndefined();
  expect((await again.compare(7, now({ a: 1 }, "new"))).missing).toEqual([{ id: "b", at: 2 }]);
  expect(await again.recall(7)).toMatchObject({ signature: "new" });
});

test("holds many wholes in files, and forgets without harm when they are lost or damaged", async () => {
  const folder = mkdtempSync(join(tmpdir(), "causeway-parts-"));
  const memory = new PartsMemory({ folder, confirmed: 0 });
  for (let id = 0; id < 60_000; id += 250) await memory.compare(id, now({ [`p${id}`]: id }));
  const step = await memory.close();
  const found: number[] = [];
  for await (const id of new PartsMemory({ folder, confirmed: step }).wholes()) found.push(id);
  expect(found).toHaveLength(240);
  for (const name of readdirSync(folder)) writeFileSync(join(folder, name), "{broken");
  expect(await new PartsMemory({ folder, confirmed: step }).recall(250)).toBeUndefined();
});

test("without a folder it lasts as long as the run", async () => {
  const memory = new PartsMemory({ folder: "", confirmed: 0 });
  await memory.compare(1, now({ a: 1 }));
  await memory.close();
  expect((await memory.compare(1, now({}))).missing).toEqual([{ id: "a", at: 1 }]);
});
