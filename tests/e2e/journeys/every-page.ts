import { readFileSync } from "node:fs";
import { join } from "node:path";
import { AxeBuilder } from "@axe-core/playwright";
import type { BrowserContext, Page } from "playwright-core";
import { expect, test } from "vitest";
import { metrics } from "#metrics/index.ts";
import routes from "#web/routes.ts";
import { phone, untilAlive } from "../browser.ts";
import { root } from "../harness.ts";
import { community, readApi, studio, visitAs, type World } from "../world.ts";

const rules = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];

interface PageUnderTest {
  name: string;
  address: string | ((context: BrowserContext) => Promise<string>);
  /** Whose visit; the owner's when absent. */
  who?: "stranger" | "viewer";
  /** Pages without scripts have nothing to wait for. */
  plain?: boolean;
  status?: number;
}

const idIn = (list: string, path: string) => async (context: BrowserContext) => {
  const { data } = await readApi<{ data: { id: string }[] }>(context, list);
  return studio(`${path}/${data[0]?.id}`);
};

/** Sends a file that waits to be brought in. */
async function upload(context: BrowserContext, fileName: string, text: string): Promise<string> {
  const { origin } = new URL((await context.request.get("/")).url());
  const answer = await context.request.post(`/api/v1/communities/${community.slug}/uploads?fileName=${fileName}`, {
    data: text,
    headers: { origin },
  });
  return ((await answer.json()) as { id: string }).id;
}

/** Every page there is, named by its file: what routes.ts gains and this list lacks fails a test below. */
const pages: readonly PageUnderTest[] = [
  { name: "portal/front", address: "/", who: "stranger", plain: true },
  { name: "portal/community", address: `/c/${community.slug}`, who: "stranger", plain: true },
  {
    name: "portal/thread",
    address: async (context) => {
      await context.request.get("/");
      const html = await (await context.request.get("/")).text();
      return new RegExp(`/c/${community.slug}/threads/[0-9a-f-]{36}`).exec(html)?.[0] ?? "no thread on the front page";
    },
    who: "stranger",
    plain: true,
  },
  { name: "doors/sign-in", address: "/sign-in", who: "stranger" },
  { name: "doors/sign-in, the code", address: "/sign-in?step=code", who: "stranger" },
  { name: "doors/forgot-password", address: "/forgot-password", who: "stranger" },
  { name: "doors/forgot-password, with a link", address: "/forgot-password?token=x", who: "stranger" },
  { name: "doors/setup", address: "/setup/used", who: "stranger" },
  { name: "doors/invite", address: "/invite/unknown", who: "stranger" },
  { name: "studio/choose", address: "/studio" },
  { name: "studio/today", address: studio() },
  { name: "studio/search", address: studio("search") },
  { name: "studio/search, with hits", address: `${studio("search")}?q=webhook` },
  { name: "studio/search, without", address: `${studio("search")}?q=xylophonequartz` },
  { name: "studio/threads", address: studio("threads") },
  { name: "studio/thread", address: idIn("threads?limit=1&question=unanswered", "threads") },
  { name: "studio/thread, solved", address: idIn("threads?limit=1&question=solved", "threads") },
  { name: "studio/thread, not there", address: studio("threads/019a0000-0000-7000-8000-000000000000"), status: 404 },
  { name: "studio/members", address: studio("members") },
  { name: "studio/member", address: idIn("members?limit=1&sort=activities", "members") },
  { name: "studio/signals", address: studio("signals") },
  { name: "studio/signals, all", address: `${studio("signals")}?state=all` },
  { name: "studio/sources/list", address: studio("sources") },
  { name: "studio/sources/new", address: studio("sources/new") },
  {
    name: "studio/sources/bring-in",
    address: async (context) => {
      const lines = [
        "id,when,who,words",
        "1,03/04/2024,Ann Reed,The gate is stuck",
        "2,soon,,",
        ...Array.from({ length: 30 }, (_, n) => `a${n},05/06/2024,,x`),
      ];
      return studio(`sources/bring-in/${await upload(context, "every.csv", lines.join("\n"))}`);
    },
  },
  {
    name: "studio/sources/bring-in, an export",
    address: async (context) => {
      const archive = readFileSync(join(root, "src", "connectors", "github", "fixtures", "archive.json"), "utf8");
      return studio(`sources/bring-in/${await upload(context, "archive.json", archive)}`);
    },
  },
  {
    name: "studio/sources/mapping",
    address: async (context) => {
      const { data } = await readApi<{ data: { id: string; connector: string }[] }>(context, "sources");
      return studio(`sources/${data.find(({ connector }) => connector === "table")?.id}/mapping`);
    },
  },
  { name: "studio/sources/connect", address: studio("sources/connect/incoming") },
  { name: "studio/sources/source", address: idIn("sources", "sources") },
  { name: "studio/metrics", address: studio("metrics") },
  ...metrics.map(({ id }) => ({ name: `studio/metric, ${id}`, address: studio(`metrics/${id}`) })),
  { name: "studio/settings/account", address: studio("settings") },
  { name: "studio/settings/community", address: studio("settings/community") },
  { name: "studio/settings/team", address: studio("settings/team") },
  { name: "studio/settings/team, to a viewer", address: studio("settings/team"), who: "viewer" },
  { name: "studio/settings/keys", address: studio("settings/keys") },
  { name: "studio/settings/mail", address: studio("settings/mail") },
  { name: "studio/settings/jobs", address: studio("settings/jobs") },
  { name: "studio/settings/audit", address: studio("settings/audit") },
  { name: "api/docs", address: "/api/v1/docs", who: "stranger", plain: true },
];

/** Accessibility in both schemes, and room on a phone, on every page. */
export function everyPageJourney(world: World): void {
  test("no page is left out", () => {
    const tried = new Set(pages.map(({ name }) => name.split(",")[0]));
    const missing = pageFiles(routes).filter((file) => !tried.has(file.replace(/\.tsx$/, "")));
    expect(missing).toEqual([]);
  });

  test.each(pages)(
    "$name: axe finds nothing in light or dark, nothing overflows at 390 px",
    async ({ address, who = "owner", plain = false, status = 200 }) => {
      const visitor = who === "stranger" ? undefined : who;
      const allow = status === 404 ? /status of 404/ : undefined;
      await visitAs(
        world,
        visitor,
        async (page, context) => {
          const url = typeof address === "string" ? address : await address(context);
          const load = async () => {
            const answer = await page.goto(url);
            expect(answer?.status()).toBe(status);
            if (!plain) await untilAlive(page);
          };
          for (const colorScheme of ["light", "dark"] as const) {
            await page.emulateMedia({ colorScheme });
            await load();
            expect(await page.title()).not.toBe("");
            expect(await violationsOn(page), `violations in ${colorScheme}`).toEqual([]);
          }
          await page.setViewportSize(phone);
          await load();
          expect(await overflowOf(page), "what is wider than the screen").toEqual([]);
        },
        { allow },
      );
    },
    240_000,
  );
}

interface RouteNode {
  file: string;
  path?: string;
  index?: boolean;
  children?: RouteNode[];
}

/** The files of routes that show something at an address; those without JSX only act or answer data. */
function pageFiles(nodes: readonly RouteNode[]): string[] {
  return nodes.flatMap(({ file, path, index, children }) => [
    ...(file.endsWith(".tsx") && (index || path !== undefined) ? [file] : []),
    ...pageFiles(children ?? []),
  ]);
}

/** What axe finds, short enough to read in a test's output. */
export async function violationsOn(page: Page): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page }).withTags(rules).analyze();
  return violations.flatMap(({ id, nodes }) =>
    nodes
      .slice(0, 5)
      .map(({ target, html, failureSummary }) => `${id}: ${target.join(" ")}\n  ${html.slice(0, 160)}\n  ${failureSummary?.replace(/\s+/g, " ")}`),
  );
}

/** The elements that make a page scroll sideways, if it does. */
export function overflowOf(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const width = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= innerWidth) return [];
    const wide = [...document.querySelectorAll("body *")].filter((element) => element.getBoundingClientRect().right > width + 1);
    return [`${document.documentElement.scrollWidth} px`, ...wide.slice(0, 6).map((element) => element.outerHTML.slice(0, 160))];
  });
}
