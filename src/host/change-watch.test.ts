import { expect, test } from "vitest";
import { recordAudit } from "#features/access/index.ts";
import { enqueueChanges } from "#features/ledger/index.ts";
import { createCtx } from "#tests/factories.ts";
import { createChangeWatch, readContentStamp } from "./change-watch.ts";

function newWatch(read?: () => Promise<string>) {
  const state = { at: 10_000, stamp: "a", looks: 0, changes: 0 };
  const watch = createChangeWatch({
    read:
      read ??
      (async () => {
        state.looks += 1;
        return state.stamp;
      }),
    onChange: () => {
      state.changes += 1;
    },
    now: () => state.at,
    patienceMs: 20,
  });
  return { state, watch };
}

test("it looks in the background each second while pages are asked for, and says when its word is too old", async () => {
  const { state, watch } = newWatch();
  expect(watch.isCurrent()).toBe(false);
  await watch.look();
  expect(state).toMatchObject({ looks: 1, changes: 1 });
  expect([watch.isCurrent(), watch.isCurrent()]).toEqual([true, true]);
  expect(state.looks).toBe(1);

  state.at += 1500;
  state.stamp = "b";
  expect([watch.isCurrent(), watch.isCurrent()]).toEqual([true, true]);
  await watch.look();
  expect(state).toMatchObject({ looks: 2, changes: 2 });

  state.at += 1500;
  await watch.look();
  expect(state).toMatchObject({ looks: 3, changes: 2 });
  state.at += 3001;
  expect(watch.isCurrent()).toBe(false);
});

test("a visitor does not wait for a slow database, nor suffer from a broken one", async () => {
  const slow = newWatch(() => new Promise(() => undefined));
  await slow.watch.look();
  expect(slow.state.changes).toBe(0);
  const broken = newWatch(() => Promise.reject(new Error("gone")));
  await broken.watch.look();
  expect(broken.watch.isCurrent()).toBe(true);
  expect(broken.state.changes).toBe(0);
});

test("the stamp changes with what is brought in, derived or done by somebody", async () => {
  const ctx = await createCtx();
  const before = await readContentStamp(ctx);
  await enqueueChanges(ctx, { threads: [ctx.community.id], identities: [], activities: [] });
  const enqueued = await readContentStamp(ctx);
  expect(enqueued).not.toBe(before);
  await recordAudit(ctx, { action: "community.changed", objectKind: "community", objectId: ctx.community.id });
  expect(await readContentStamp(ctx)).not.toBe(enqueued);
});
