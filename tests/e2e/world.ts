import type { Browser, BrowserContext, Page } from "playwright-core";
import { type SavedSession, untilAlive, type VisitOptions, visit } from "./browser.ts";
import type { ServerUnderTest } from "./harness.ts";

export const owner = { name: "Ottilie Owner", email: "ottilie@example.org", password: "four plain words together" };
export const community = { name: "Lantern", slug: "lantern" };

/** What the journeys of one run share: server, browser, and who has signed in so far. */
export interface World {
  server: ServerUnderTest;
  browser: Browser;
  sessions: Record<string, SavedSession>;
}

export type Journey = (page: Page, context: BrowserContext) => Promise<void>;

/** A visit by somebody of the run; `who` is a name in `sessions`, or undefined for a stranger. */
export function visitAs(world: World, who: string | undefined, journey: Journey, options: Partial<VisitOptions> = {}): Promise<void> {
  const session = who === undefined ? undefined : world.sessions[who];
  if (who !== undefined && !session) throw new Error(`${who} has not signed in: the journey that does it failed or was not run.`);
  return visit({ browser: world.browser, url: world.server.url, session, ...options }, journey);
}

/** Becomes owner through the one-time link, in the browser. The page that follows is the choice of what to bring in. */
export async function setUp(page: Page, setupLink: string): Promise<void> {
  await page.goto(setupLink);
  await untilAlive(page);
  await page.getByLabel("Your name").fill(owner.name);
  await page.getByLabel("E-mail").fill(owner.email);
  await page.getByRole("textbox", { name: "Password" }).fill(owner.password);
  await page.getByRole("textbox", { name: "Community" }).fill(community.name);
  await page.getByRole("textbox", { name: "Short name" }).fill(community.slug);
  await page.getByRole("button", { name: "Create owner and community" }).click();
  await page.waitForURL(`**/studio/${community.slug}/sources/new`);
}

/** Signs in at the door. */
export async function signIn(page: Page, account: { email: string; password: string }): Promise<void> {
  await page.goto("/sign-in");
  await untilAlive(page);
  await page.getByRole("textbox", { name: "E-mail" }).fill(account.email);
  await page.getByRole("textbox", { name: "Password" }).fill(account.password);
  await page.getByRole("button", { name: "Sign in" }).click();
}

export const studio = (path = ""): string => `/studio/${community.slug}${path && `/${path}`}`;

/** Reads the API as the browser does, with the visitor's cookies. */
export async function readApi<Answer>(context: BrowserContext, path: string): Promise<Answer> {
  const answer = await context.request.get(`/api/v1/communities/${community.slug}/${path}`);
  if (!answer.ok()) throw new Error(`GET ${path} answered ${answer.status()}: ${await answer.text()}`);
  return (await answer.json()) as Answer;
}
