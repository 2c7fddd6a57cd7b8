import { afterAll, beforeAll, describe } from "vitest";
import { chromiumPath, openBrowser, whySkipped } from "./browser.ts";
import { ensurePagesBuilt, startServerUnderTest } from "./harness.ts";
import { everyPageJourney } from "./journeys/every-page.ts";
import { keyboardJourney } from "./journeys/keyboard.ts";
import { liveSourcesJourney } from "./journeys/live-sources.ts";
import { membersJourney } from "./journeys/members.ts";
import { phoneJourney } from "./journeys/phone.ts";
import { portalJourney } from "./journeys/portal.ts";
import { searchJourney } from "./journeys/search.ts";
import { setUpJourney } from "./journeys/set-up.ts";
import { settingsJourney } from "./journeys/settings.ts";
import { signalsJourney } from "./journeys/signals.ts";
import { sourcesJourney } from "./journeys/sources.ts";
import { tableMappingJourney } from "./journeys/table-mapping.ts";
import type { World } from "./world.ts";

// One server and one loaded sample for all journeys; each visit has a browser context of its own. The order matters:
// what a journey changes is seen by those after it, so those that only look come last.
describe.skipIf(!chromiumPath)(`in a browser${whySkipped}`, () => {
  // Server and browser are there once beforeAll has run.
  const world = { sessions: {} } as World;

  beforeAll(async () => {
    ensurePagesBuilt();
    world.server = await startServerUnderTest();
    world.browser = await openBrowser();
  }, 400_000);

  afterAll(async () => {
    await world.browser?.close();
    await world.server?.stop();
  }, 120_000);

  describe("set-up", () => setUpJourney(world));
  describe("sources", () => sourcesJourney(world));
  describe("live sources", () => liveSourcesJourney(world));
  describe("tables", () => tableMappingJourney(world));
  describe("search", () => searchJourney(world));
  describe("members", () => membersJourney(world));
  describe("signals", () => signalsJourney(world));
  describe("settings", () => settingsJourney(world));
  describe("keyboard", () => keyboardJourney(world));
  describe("portal", () => portalJourney(world));
  describe("on a phone", () => phoneJourney(world));
  describe("every page", () => everyPageJourney(world));
});
