import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { Mailmap } from "./mailmap.ts";

const real = join(import.meta.dirname, "../../../../shared/data/identities");
const projects = existsSync(real) ? readdirSync(real).filter((name) => existsSync(join(real, name, ".mailmap"))) : [];

describe("git: .mailmap", () => {
  it("prefers the line that names name and address, and the last of equals", () => {
    const mailmap = new Mailmap("A <a@x> <old@x>\nB <b@x> bob <OLD@x>\nC <c@x> <old@x>\nbroken line\n<d@x> <e@x>");
    expect(mailmap.find({ name: "Bob", email: "old@x" })?.mapped).toEqual({ name: "B", email: "b@x" });
    expect(mailmap.find({ name: "else", email: "old@X" })?.mapped).toEqual({ name: "C", email: "c@x" });
    expect(mailmap.find({ name: "E", email: "e@x" })).toEqual({ mapped: { name: "E", email: "d@x" }, line: "<d@x> <e@x>" });
    expect(mailmap.find({ name: "E", email: "other@x" })).toBeUndefined();
    expect(mailmap.isShared("old@x")).toBe(true);
    expect(mailmap.isShared("e@x")).toBe(false);
  });

  it.skipIf(projects.length === 0).each(projects)("reads the .mailmap of %s as git reads it (skipped where ../shared/data is absent)", (project) => {
    const file = join(real, project, ".mailmap");
    const people = readFileSync(join(real, project, "identities.tsv"), "utf8")
      .split("\n")
      .slice(1)
      .filter((line) => line !== "")
      .map((line) => line.split("\t"));
    const given = people.map(([name, email]) => `${name} <${email}>`).join("\n");
    const answer = execFileSync(
      "git",
      ["-C", join(import.meta.dirname), "-c", "safe.directory=*", "-c", `mailmap.file=${file}`, "check-mailmap", "--stdin"],
      { input: given, encoding: "utf8" },
    );
    const mailmap = new Mailmap(readFileSync(file, "utf8"));
    const found = people.map(([name = "", email = ""]) => {
      const mapped = mailmap.find({ name, email })?.mapped ?? { name, email };
      return `${mapped.name} <${mapped.email}>`;
    });
    expect(found).toEqual(answer.trimEnd().split("\n"));
  });
});
