import { renderToStaticMarkup } from "react-dom/server";
import { expect, test } from "vitest";
import type { ListenerRow } from "#features/ledger/index.ts";
import { ListenerSheet } from "./listener-sheet.tsx";

const show = (over: Partial<ListenerRow>) =>
  renderToStaticMarkup(
    <ListenerSheet listener={{ state: "connected", since: new Date("2026-11-25T11:00:00Z"), reason: "", lastReceivedAt: null, ...over }} />,
  ).replace(/<[^>]+>/g, " ");

test("a source's page says how its connection is, since when, and what to do where only people can mend it", () => {
  expect(show({ lastReceivedAt: new Date("2026-11-25T11:30:00Z") })).toMatch(/Connected: what is new arrives at once.*since.*last heard/s);
  const failed = show({ state: "failed", reason: "The token is not accepted. Make a new one." });
  expect(failed).toMatch(/tried again once the settings are saved/);
  expect(failed).toContain("The token is not accepted. Make a new one.");
  expect(show({ state: "waiting", reason: "The wire is cut." })).toMatch(/the runs below bring what is missed.*The wire is cut\./s);
  expect(show({ state: "stopped" })).toContain("No server process listens at present");
});
