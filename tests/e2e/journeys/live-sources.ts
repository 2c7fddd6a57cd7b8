import { createHmac } from "node:crypto";
import { expect, test } from "vitest";
import { type LocalServer, startLocalServer } from "#connectors/testing.ts";
import { open, textOf } from "../browser.ts";
import { readApi, studio, visitAs, type World } from "../world.ts";

const wholeMs = 120_000;

/** A Zulip organization of three messages, after its REST documentation; the key may be taken away. */
function startZulip(state: { key: string }): Promise<LocalServer> {
  const messages = [1, 2, 3].map((id) => ({
    id,
    stream_id: 71,
    subject: "tides",
    content: id === 1 ? "How do I read the tide table?" : `words ${id}`,
    content_type: "text/x-markdown",
    sender_id: id === 1 ? 5 : 6,
    sender_full_name: id === 1 ? "Mara Moor" : "Finn Fjord",
    sender_email: `user${id === 1 ? 5 : 6}@z.example`,
    timestamp: 1_780_000_000 + id,
    type: "stream",
    display_recipient: "help",
    flags: [],
    reactions: [],
  }));
  return startLocalServer(({ url, headers }, response) => {
    const send = (status: number, body: object) => {
      response.writeHead(status, { "content-type": "application/json" });
      response.end(JSON.stringify({ result: status === 200 ? "success" : "error", msg: "", ...body }));
    };
    if (headers.authorization !== `Basic ${Buffer.from(`reader-bot@z.example:${state.key}`).toString("base64")}`) {
      return send(401, { code: "UNAUTHORIZED", msg: "Invalid API key" });
    }
    if (url.pathname === "/api/v1/users/me") return send(200, { full_name: "Reader", is_bot: true, user_id: 9 });
    if (url.pathname === "/api/v1/streams") return send(200, { streams: [{ stream_id: 71, name: "help", invite_only: false }] });
    if (url.pathname === "/api/v1/users") return send(200, { members: [] });
    if (url.pathname !== "/api/v1/messages") return send(404, {});
    const anchor = url.searchParams.get("anchor") === "oldest" ? 0 : Number(url.searchParams.get("anchor"));
    const after = Number(url.searchParams.get("num_after")) > 0 ? messages.filter(({ id }) => id >= anchor) : [];
    const before = Number(url.searchParams.get("num_before")) > 0 ? messages.filter(({ id }) => id < anchor) : [];
    send(200, { messages: [...before, ...after], found_newest: true, found_oldest: true });
  });
}

/** A live source: tried, added, fetched, broken and mended; and activities that a program sends. */
export function liveSourcesJourney(world: World): void {
  test(
    "a live source is tried before it is added, comes in by itself, says what to do when its key dies, and goes on with a new one",
    async () => {
      const state = { key: "sesame" };
      const zulip = await startZulip(state);
      try {
        await visitAs(
          world,
          "owner",
          async (page) => {
            await open(page, studio("sources/new"));
            await page.getByRole("link", { name: "Zulip", exact: true }).click();
            await page.getByRole("heading", { level: 1, name: "Connect Zulip" }).waitFor();
            await page.getByLabel("Organization's address").fill(zulip.url);
            await page.getByLabel("Bot's e-mail address").fill("reader-bot@z.example");
            await page.getByRole("textbox", { name: "API key" }).fill("guessed");
            await page.getByRole("button", { name: "Test connection" }).click();
            await page.getByRole("status").filter({ hasText: /key/i }).waitFor();
            expect(
              (await readApi<{ data: { connector: string }[] }>(page.context(), "sources")).data.some(({ connector }) => connector === "zulip"),
            ).toBe(false);

            await page.getByRole("textbox", { name: "API key" }).fill("sesame");
            await page.getByRole("button", { name: "Add it" }).click();
            await page.waitForURL(/\/sources\/[0-9a-f-]{36}$/);
            const address = page.url();
            await page.getByText("1 thread · 3 activities").waitFor({ timeout: wholeMs });
            const streams = page.getByRole("list", { name: "Streams" }).getByRole("listitem");
            expect(await textOf(streams.filter({ hasText: "Messages" }))).toMatch(/every hour.*3 records/s);

            state.key = "changed";
            await page.getByRole("button", { name: "Fetch now" }).click();
            await page.getByRole("heading", { name: "The last run failed" }).waitFor({ timeout: wholeMs });
            await page.getByRole("link", { name: "Connection" }).click();
            await page.getByRole("heading", { level: 1, name: /is reached/ }).waitFor();
            await page.getByRole("textbox", { name: "API key" }).fill("changed");
            await page.getByRole("button", { name: "Try and keep" }).click();
            await page.waitForURL(address);
            const runs = page.getByRole("list", { name: "Runs" }).getByRole("listitem");
            await expect.poll(() => textOf(runs.first()), { timeout: wholeMs }).toMatch(/done.*0 new/s);

            await page.getByRole("button", { name: "Read anew" }).click();
            await expect.poll(() => textOf(runs.first()), { timeout: wholeMs }).toMatch(/done.*read anew.*3 the same/s);
            await page.getByRole("button", { name: "Pause" }).click();
            await page.getByRole("button", { name: "Go on" }).waitFor();
          },
          { allow: /status of 4\d\d/ },
        );
      } finally {
        await zulip.close();
      }
    },
    wholeMs * 3,
  );

  test(
    "a program's signed request comes in once however often it is sent, and an unsigned one does not",
    () =>
      visitAs(
        world,
        "owner",
        async (page) => {
          await open(page, studio("sources/connect/incoming"));
          await page.getByLabel("Program").fill("Harbour bot");
          await page.getByRole("textbox", { name: "Signing secret" }).fill("a secret of sixteen letters");
          await page.getByRole("button", { name: "Add it" }).click();
          await page.waitForURL(/\/sources\/[0-9a-f-]{36}$/);
          const hook = new URL(`/hooks/${page.url().split("/").at(-1)}`, world.server.url).href;
          const body = JSON.stringify({
            id: "1",
            occurredAt: "2026-03-01T10:00:00Z",
            author: { id: "7", name: "Ann" },
            title: "Ahoy",
            body: "Ahoy there",
            thread: { id: "t" },
          });
          const send = (secret: string) => {
            const at = String(Math.floor(Date.now() / 1000));
            const signature = `sha256=${createHmac("sha256", secret).update(`${at}.${body}`).digest("hex")}`;
            return fetch(hook, { method: "POST", body, headers: { "x-causeway-timestamp": at, "x-causeway-signature": signature } });
          };
          expect((await send("another secret altogether")).status).toBe(403);
          expect((await send("a secret of sixteen letters")).status).toBe(202);
          expect((await send("a secret of sixteen letters")).status).toBe(202);
          await expect
            .poll(
              async () => {
                await page.reload();
                return page.getByText("1 thread · 1 activity").count();
              },
              { timeout: wholeMs },
            )
            .toBe(1);
        },
        { allow: /status of 4\d\d/ },
      ),
    wholeMs * 2,
  );
}
