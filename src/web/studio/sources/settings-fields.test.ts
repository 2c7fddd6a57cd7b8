import { expect, test } from "vitest";
import { mbox } from "#connectors/mbox/index.ts";
import { slack } from "#connectors/slack/index.ts";
import { describeSettings, readSettingsForm } from "./settings-fields.server.ts";

test("a form asks for what matters to its use, and for what belongs to a choice only beside it", () => {
  expect(describeSettings(mbox, "file").map(({ name }) => name)).toEqual(["visibility", "list"]);
  const live = new Map(describeSettings(mbox, "live").map((field) => [field.name, field]));
  expect(live.get("kind")?.when).toBeNull();
  expect(live.get("password")).toMatchObject({ kind: "secret", title: "Password", when: { kind: ["imap"] } });
  expect(live.get("url")?.when).toEqual({ kind: ["pipermail", "hyperkitty"] });
  expect(describeSettings(slack, "live").map(({ name }) => name)).not.toContain("baseUrl");
});

test("what a form for a file does not ask for is not read from it either", () => {
  const form = new FormData();
  form.set("setting.list", "users.lists.example.org");
  form.set("setting.password", "sesame");
  expect(readSettingsForm(mbox, "file", form)).toEqual({ list: "users.lists.example.org" });
});
