import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { chromiumPath, openBrowser, textOf, visit, whySkipped } from "./browser.ts";
import { ensurePagesBuilt, root, type ServerUnderTest, startServerUnderTest } from "./harness.ts";
import { bringIn } from "./journeys/sources.ts";
import { community, readApi, setUp, studio } from "./world.ts";

const archive = join(root, "..", "shared", "data", "github-archive", "tlswg-tls13-spec", "archive.json");
const isThere = existsSync(archive);
const whyNot = isThere ? whySkipped : " (skipped: the real archive is not on this machine)";
const expected = { threads: 1155, activities: 4264 };
const waitMs = 300_000;

// The archive holds 446 issues and 709 pull requests, and 446 + 709 openings, 1,962 comments, 433 reviews and 714 review comments.
describe.skipIf(!isThere || !chromiumPath)(`counts of a real archive${whyNot}`, () => {
  let server: ServerUnderTest;
  let browser: Browser;

  beforeAll(async () => {
    ensurePagesBuilt();
    server = await startServerUnderTest();
    browser = await openBrowser();
  }, 400_000);

  afterAll(async () => {
    await browser?.close();
    await server?.stop();
  }, 120_000);

  test(
    "the Studio, the API, the command line and the export say the same",
    () =>
      visit({ browser, url: server.url }, async (page, context) => {
        await setUp(page, server.setupLink);
        await page.getByLabel("Export file").setInputFiles(archive);
        await bringIn(page);
        await page.waitForURL(/\/sources\/[0-9a-f-]{36}$/, { timeout: waitMs });
        const sourceId = page.url().split("/").at(-1) ?? "";
        await page.getByRole("heading", { level: 1, name: /all that it says it has is here/ }).waitFor({ timeout: waitMs });

        expect(await readStudio(page)).toEqual(expected);
        expect(await readApi(context, `sources/${sourceId}`)).toMatchObject(expected);
        expect({ threads: await countPages(context, "threads"), activities: await countPages(context, "activities") }).toEqual(expected);
        const { sources } = JSON.parse(await server.cli("sources", "--community", community.slug, "--json")) as { sources: unknown[] };
        expect(sources).toEqual([expect.objectContaining(expected)]);
        const status = JSON.parse(await server.cli("status", "--json")) as { communities: unknown[] };
        expect(status.communities).toEqual([expect.objectContaining({ slug: community.slug, ...expected })]);

        const [threads, activities] = [await countExport(context, "threads"), await countExport(context, "activities")];
        expect({ threads, activities }).toEqual(expected);
        const written = join(server.dataDir, "activities.ndjson");
        await server.cli("export", "activities", "--community", community.slug, "--output", written);
        expect(readFileSync(written, "utf8").trimEnd().split("\n")).toHaveLength(expected.activities);

        // Brought in again beside the running server, all of it is known.
        const again = JSON.parse(await server.cli("import", "github-archive", archive, "--community", community.slug, "--json")) as object;
        expect(again).toMatchObject({
          new: { threads: 0, activities: 0, identities: 0 },
          changed: { threads: 0, activities: 0, identities: 0 },
          same: expected,
        });
        await page.goto(studio(`sources/${sourceId}`));
        expect(await readStudio(page)).toEqual(expected);
      }),
    2 * waitMs,
  );
});

async function readStudio(page: Page): Promise<{ threads: number; activities: number }> {
  const line = page.getByText(/[\d,]+ threads · [\d,]+ activities/).first();
  await line.waitFor();
  const [, threads = "", activities = ""] = /([\d,]+) threads · ([\d,]+) activities/.exec(await textOf(line)) ?? [];
  return { threads: Number(threads.replaceAll(",", "")), activities: Number(activities.replaceAll(",", "")) };
}

/** Walks a list of the API to its end. Nothing may come twice. */
async function countPages(context: BrowserContext, list: string): Promise<number> {
  const ids = new Set<string>();
  let rows = 0;
  let after: string | null = "";
  while (after !== null) {
    const page: { data: { id: string }[]; next: string | null } = await readApi(
      context,
      `${list}?limit=200${after && `&after=${encodeURIComponent(after)}`}`,
    );
    for (const { id } of page.data) ids.add(id);
    rows += page.data.length;
    after = page.next;
  }
  expect(ids.size).toBe(rows);
  return rows;
}

async function countExport(context: BrowserContext, kind: string): Promise<number> {
  const answer = await context.request.get(`/api/v1/communities/${community.slug}/export/${kind}`);
  expect(answer.status()).toBe(200);
  const lines = (await answer.text()).trimEnd().split("\n");
  for (const line of lines) JSON.parse(line);
  return lines.length;
}
