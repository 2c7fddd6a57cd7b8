import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { open, textOf } from "../browser.ts";
import { root } from "../harness.ts";
import { readApi, studio, visitAs, type World } from "../world.ts";

const fixture = join(root, "src", "connectors", "github", "fixtures", "archive.json");
const name = "Harbor/Tide-Table";
const wholeMs = 180_000;

interface SourceAnswer {
  id: string;
  name: string;
  threads: number;
  activities: number;
}
const readSources = async (page: Page) => (await readApi<{ data: SourceAnswer[] }>(page.context(), "sources")).data;

/** Bringing in a file: by choice, by drop, again, and broken. */
export function sourcesJourney(world: World): void {
  test(
    "a chosen archive comes in, and its coverage agrees with what it says it has",
    () =>
      visitAs(world, "owner", async (page) => {
        await open(page, studio("sources/new"));
        await page.getByLabel("Export file").setInputFiles({ name: "archive.json", mimeType: "application/json", buffer: readFileSync(fixture) });
        await page.getByRole("heading", { level: 1, name: `Bring in ${name}?` }).waitFor();
        await page.getByText(/It says that it holds \d+ × /).waitFor();
        await bringIn(page);
        await page.waitForURL(/\/sources\/[0-9a-f-]{36}$/);
        await page.getByRole("heading", { level: 1, name: `${name}: all that it says it has is here` }).waitFor({ timeout: wholeMs });
        const coverage = page.getByRole("table", { name: "Coverage" }).getByRole("row");
        const rows = await Promise.all((await coverage.all()).slice(1).map(async (row) => (await textOf(row)).split("\t")));
        expect(rows.length).toBeGreaterThan(1);
        for (const [what, reported, held] of rows) expect({ what, held }).toEqual({ what, held: reported === "not said" ? held : reported });
        await page.getByText("Every record could be used").waitFor();
        const [source] = (await readSources(page)).filter((one) => one.name === name);
        expect(source).toMatchObject({ threads: 3 });
        await page.getByText(`3 threads · ${source?.activities} activities`).waitFor();
      }),
    wholeMs + 60_000,
  );

  test(
    "the same archive dropped again brings nothing new",
    () =>
      visitAs(world, "owner", async (page) => {
        const before = await readSources(page);
        await open(page, studio("sources/new"));
        await drop(page, { name: "archive.json", text: readFileSync(fixture, "utf8") });
        await page.getByText(`goes on in ${name}`).waitFor();
        await bringIn(page);
        await page.waitForURL(/\/sources\/[0-9a-f-]{36}$/);
        const runs = page.getByRole("list", { name: "Runs" }).getByRole("listitem");
        await expect.poll(() => textOf(runs.first()), { timeout: wholeMs }).toMatch(/done.*0 new, \d+ the same/s);
        expect(await runs.count()).toBe(2);
        expect((await readSources(page)).map(({ id, threads, activities }) => ({ id, threads, activities }))).toEqual(
          before.map(({ id, threads, activities }) => ({ id, threads, activities })),
        );
      }),
    wholeMs + 60_000,
  );

  test.each([
    ["cut-off.json", readFileSync(fixture, "utf8").slice(0, 1500), /cut-off\.json is cut off.*nothing was stored/s],
    [
      "slipped.json",
      readFileSync(fixture, "utf8").replace('"number": 1,', '"number": one,'),
      /slipped\.json is not valid JSON at line 7.*in issues\[0\].*nothing was stored/s,
    ],
    ["holiday.jpg", "\u00ff\u00d8 a picture", /“holiday\.jpg” is no export that Causeway knows/],
    ["empty.json", "", /empty/],
  ])("%s is refused with the precise reason and changes nothing", (fileName, text, reason) =>
    visitAs(
      world,
      "owner",
      async (page) => {
        const before = await readSources(page);
        await open(page, studio("sources/new"));
        await drop(page, { name: fileName, text });
        const alert = page.getByRole("alert").filter({ hasText: fileName });
        await alert.waitFor();
        expect(await textOf(alert)).toMatch(reason);
        expect(page.url()).toMatch(/sources\/new$/);
        await page.getByRole("button", { name: "Choose another file" }).waitFor();
        expect(await readSources(page)).toEqual(before);
      },
      // The browser notes each answer of 400 and above.
      { allow: /status of 4\d\d/ },
    ),
  );
}

/** Brings a dropped file in from the page that shows what it is. */
export async function bringIn(page: Page): Promise<void> {
  await page.waitForURL(/\/sources\/bring-in\/[0-9a-f-]{36}$/);
  await page.getByRole("button", { name: "Bring in", exact: true }).click();
}

/** Drops a file on the page that adds a source. */
export async function drop(page: Page, file: { name: string; text: string }): Promise<void> {
  const transfer = await page.evaluateHandle(({ name, text }) => {
    const data = new DataTransfer();
    data.items.add(new File([text], name, { type: "application/json" }));
    return data;
  }, file);
  const zone = page.getByText("Drop an export here, a file or a folder, or").locator("..");
  await zone.dispatchEvent("dragover", { dataTransfer: transfer });
  await zone.dispatchEvent("drop", { dataTransfer: transfer });
}
