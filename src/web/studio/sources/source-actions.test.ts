import { expect, test } from "vitest";
import type { Runtime } from "#app/runtime.ts";
import { ensureSource, requireSource } from "#features/ledger/index.ts";
import { createCtx } from "#tests/factories.ts";
import { callPage, thrownBy } from "#tests/pages.ts";
import { action } from "./source.tsx";

async function stage() {
  const ctx = await createCtx();
  const { id: sourceId } = await ensureSource(ctx, { connector: "table", origin: "ideas", name: "Ideas" });
  // None of these acts starts a job.
  const send = (form: Record<string, string>) => callPage(action, { ctx, params: { sourceId }, form, runtime: {} as Runtime });
  return { send, nameNow: async () => (await requireSource(ctx, sourceId)).name };
}

test("a source is renamed; without a name it keeps the one it has", async () => {
  const { send, nameNow } = await stage();
  expect(await send({ intent: "rename", name: " Wishes " })).toMatchObject({ ok: true });
  expect(await nameNow()).toBe("Wishes");
  expect(await send({ intent: "rename", name: "  " })).toEqual({ ok: false, message: "A source needs a name; it keeps the one it has." });
  expect(await nameNow()).toBe("Wishes");
});

test.each([[{ intent: "look" }], [{ name: "Wishes" }], [{ intent: "close", visibility: "moon" }]])(
  "a form that no page of ours sends is refused as the sender's mistake, and changes nothing: %o",
  async (form) => {
    const { send, nameNow } = await stage();
    expect(await thrownBy(send(form as Record<string, string>))).toMatchObject({ status: 400 });
    expect(await nameNow()).toBe("Ideas");
  },
);
