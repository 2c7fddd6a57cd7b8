import { beforeAll, describe, expect, test } from "vitest";
import { AppError } from "#core/errors.ts";
import { type Ctx, roles, type Viewer, type Visibility, viewerLevel, visibilities, visibilityRank } from "#features/access/index.ts";
import { readTree } from "../scripts/check/tree.ts";
import { findBypasses, findWaysOut } from "../scripts/check/visibility.ts";
import * as exemptions from "../scripts/check/visibility-exempt.ts";
import { marksIn, type Seeded, seedShelves } from "./visibility-fixture.ts";
import { teamOnly, waysOut } from "./visibility-ways.ts";

const tree = readTree(process.cwd());
let home: Seeded;
let foreign: Seeded;
beforeAll(async () => {
  home = await seedShelves("kelp");
  foreign = await seedShelves("fjord");
});

const viewers: Record<string, Viewer> = {
  ...Object.fromEntries(roles.map((role) => [role, { kind: "account", accountId: `test-${role}`, role }])),
  anonymous: { kind: "anonymous" },
  system: { kind: "system" },
  "a viewer's key to read": { kind: "account", accountId: "test-viewer", role: "viewer", apiKeyId: "k1", scopes: ["read"] },
  "an owner's key to import": { kind: "account", accountId: "test-owner", role: "owner", apiKeyId: "k2", scopes: ["import"] },
};

const through = (viewer: Viewer): Ctx => ({ ...home.ctx, viewer });
const sees = (viewer: Viewer): Visibility[] => visibilities.filter((level) => visibilityRank(level) <= visibilityRank(viewerLevel(viewer)));

const givenAway = (answer: unknown) => marksIn(answer, { home, foreign });

/** A refusal is an answer that gives nothing away; anything else that is thrown is a fault. */
async function ask(call: () => Promise<unknown>): Promise<{ refused: AppError["code"] | undefined; answer: unknown }> {
  try {
    return { refused: undefined, answer: await call() };
  } catch (error) {
    if (error instanceof AppError && ["forbidden", "unauthenticated", "not_found"].includes(error.code))
      return { refused: error.code, answer: error.message };
    throw error;
  }
}

test("every read of the code stands under the one rule", () => {
  expect(findBypasses(tree, exemptions).map(({ path, line, problem }) => `${path}:${line} ${problem}`)).toEqual([]);
});

test("every way out of the code is asked below, and nothing is asked that is gone", () => {
  const found = findWaysOut(tree, exemptions).map((way) => way.name);
  expect(
    found.filter((name) => !(name in waysOut)),
    "add these to tests/visibility-ways.ts",
  ).toEqual([]);
  expect(
    Object.keys(waysOut).filter((name) => !found.includes(name)),
    "remove these from tests/visibility-ways.ts",
  ).toEqual([]);
});

describe.each(Object.entries(viewers))("%s", (_, viewer) => {
  const levels = sees(viewer);
  const mayEnter = !["anonymous", "developer"].includes(viewer.kind === "account" ? viewer.role : viewer.kind) && levels.includes("team");

  test.each(Object.entries(waysOut))("%s", async (name, way) => {
    const ctx = through(viewer);
    const isRefused = teamOnly.has(name) && !mayEnter;
    if (way.lists) {
      const { refused, answer } = await ask(async () => way.lists?.(ctx, home));
      expect(refused !== undefined).toBe(isRefused);
      expect(givenAway(answer)).toEqual(refused ? [] : levels);
    }
    if (way.counts) {
      const { refused, answer } = await ask(async () => way.counts?.(ctx, home));
      expect(refused !== undefined).toBe(isRefused);
      if (!refused) expect(answer).toBe(levels.length * (way.perLevel ?? 1));
    }
    for (const level of visibilities) {
      const shelf = home.shelves[level];
      if (way.opens) {
        const { answer } = await ask(async () => way.opens?.(ctx, shelf));
        // Where it leads to is seen and nothing more closed is; the way there may pass what is more open.
        expect(givenAway(answer).filter((seen) => !levels.some((allowed) => allowed === seen))).toEqual([]);
        expect(givenAway(answer).includes(level)).toBe(levels.includes(level));
      }
      if (way.changes && !levels.includes(level)) {
        const { refused, answer } = await ask(async () => way.changes?.(ctx, shelf));
        expect(refused).toBeDefined();
        expect(givenAway(answer)).toEqual([]);
      }
    }
  });
});

test.each(Object.entries(waysOut))("from another community, %s gives nothing away", async (_, way) => {
  const ctx: Ctx = { ...foreign.ctx, viewer: { kind: "account", accountId: "test-owner", role: "owner" } };
  if (way.lists) expect(givenAway(await way.lists(ctx, home)).filter((level) => level !== "foreign")).toEqual([]);
  for (const level of visibilities) {
    const call = way.opens ?? way.changes;
    if (!call) continue;
    const { refused, answer } = await ask(() => call(ctx, home.shelves[level]));
    expect(givenAway(answer)).toEqual([]);
    if (way.changes) expect(refused).toBe("not_found");
  }
});
