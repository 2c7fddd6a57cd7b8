import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { NormalizedActivity, RawRecord } from "#features/ledger/index.ts";
import { foldBatches, readFileWith } from "../testing.ts";
import { git } from "./index.ts";
import { readTrailers } from "./trailers.ts";

const settings = git.settings.parse({});

/** A repository of its own in a fresh folder, whose clock and people do not depend on the machine. */
async function makeRepository(...options: string[]) {
  const folder = join(await mkdtemp(join(tmpdir(), "causeway-git-")), "tide");
  await mkdir(folder);
  let seconds = 1_767_600_000;
  const run = (args: string[], input?: string | Buffer, env: Record<string, string> = {}) =>
    execFileSync("git", ["-C", folder, ...args], {
      input: input ?? "",
      encoding: "utf8",
      stdio: ["pipe", "pipe", "pipe"],
      env: {
        PATH: process.env.PATH,
        GIT_CONFIG_NOSYSTEM: "1",
        GIT_CONFIG_GLOBAL: "/dev/null",
        GIT_AUTHOR_NAME: "Mara",
        GIT_AUTHOR_EMAIL: "mara@example.org",
        GIT_COMMITTER_NAME: "Mara",
        GIT_COMMITTER_EMAIL: "mara@example.org",
        GIT_AUTHOR_DATE: `${seconds} +0100`,
        GIT_COMMITTER_DATE: `${seconds} +0100`,
        ...env,
      },
    }).trim();
  run(["init", "-q", "-b", "main", ...options]);
  const commit = (message: string, author?: { name: string; email: string }, ...parents: string[]) => {
    seconds += 60;
    const tree = run(["mktree"]);
    const hash = run(
      ["commit-tree", tree, ...parents.flatMap((p) => ["-p", p])],
      message,
      author && { GIT_AUTHOR_NAME: author.name, GIT_AUTHOR_EMAIL: author.email },
    );
    run(["update-ref", "refs/heads/main", hash]);
    return hash;
  };
  /** A commit byte for byte, as only broken tools write it. */
  const raw = (headers: Buffer | string, message: Buffer | string) => {
    const hash = run(
      ["hash-object", "-t", "commit", "-w", "--stdin", "--literally"],
      Buffer.concat([Buffer.from(`tree ${run(["mktree"])}\n`), Buffer.from(headers), Buffer.from("\n\n"), Buffer.from(message)]),
    );
    run(["update-ref", `refs/heads/raw-${hash}`, hash]);
    return hash;
  };
  return { folder, run, commit, raw };
}

async function readCommits(folder: string) {
  const { identity, records, rejected } = await readFileWith(git, folder);
  const batches = records.map((record) => git.normalize(record, settings));
  const activities = batches.flatMap((batch) => batch.activities);
  const commits = activities.filter((a) => a.kind === "commit");
  return { identity, rejected, batches, activities, commits, of: (hash: string) => commits.find((c) => c.externalId === hash) as NormalizedActivity };
}

/** The two figures by which git itself counts. */
async function expectGitsOwnCounts(folder: string) {
  const ask = (...args: string[]) =>
    execFileSync("git", ["-C", folder, ...args], { encoding: "utf8", env: { PATH: process.env.PATH, GIT_CONFIG_GLOBAL: "/dev/null" } });
  const { identity, commits, batches } = await readCommits(folder);
  const count = Number(ask("rev-list", "--all", "--count"));
  const authors = ask("shortlog", "-sne", "--all")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => line.slice(line.indexOf("\t") + 1))
    .sort();
  expect(identity.reported).toEqual({ commit: count, authors: authors.length });
  expect(new Set(commits.map((c) => c.externalId)).size).toBe(count);
  expect([...new Set(commits.map((c) => c.attributes?.signature))].sort()).toEqual(authors);
  const labels = batches
    .flatMap((b) => b.identities.flatMap((i) => i.labels ?? []))
    .filter((l) => l.kind === "signature")
    .map((l) => l.value);
  expect([...new Set(labels)].sort()).toEqual(authors);
}

describe("git: what a commit says", () => {
  it("says of the fixture what the golden file holds", async () => {
    const records: RawRecord[] = JSON.parse(await readFile(join(import.meta.dirname, "fixtures/commits.json"), "utf8"));
    const batches = records.map((record) => git.normalize(record, settings));
    await expect(`${JSON.stringify(batches, null, 2)}\n`).toMatchFileSnapshot("fixtures/commits.golden.json");
  });

  it("counts as git counts, on this very project", async (test) => {
    const root = join(import.meta.dirname, "../../..");
    try {
      execFileSync("git", ["-C", root, "rev-parse", "--git-dir"], { stdio: "ignore" });
    } catch {
      test.skip("the project is no clone here");
    }
    await expectGitsOwnCounts(root);
  });

  it("joins addresses by .mailmap, naming the line, in a clone, its .git folder and a bare repository", async () => {
    const { folder, run } = await makeRepository();
    await writeFile(
      join(folder, ".mailmap"),
      [
        "# who is who",
        "Mara Lind <mara@example.org> <MARA@old.example.org>",
        "Noor <noor@example.org> noor-laptop <root@localhost>",
        "Jo <jo@example.org> Jo <team@example.org>",
        "Sam <sam@example.org> Sam <team@example.org>",
        "Patricia <pat@example.org>",
      ].join("\n"),
    );
    run(["add", ".mailmap"]);
    run(["commit", "-q", "-m", "mailmap"]);
    let parent = run(["rev-parse", "HEAD"]);
    for (const [name, email] of [
      ["mara", "mara@old.example.org"],
      ["noor-laptop", "root@localhost"],
      ["stranger", "root@localhost"],
      ["Jo", "team@example.org"],
      ["Sam", "team@example.org"],
      ["pat", "pat@example.org"],
    ] as const) {
      const tree = run(["rev-parse", `${parent}^{tree}`]);
      parent = run(["commit-tree", tree, "-p", parent], `by ${name}\n\nTested-by: mara <mara@old.example.org>\n`, {
        GIT_AUTHOR_NAME: name,
        GIT_AUTHOR_EMAIL: email,
      });
    }
    run(["update-ref", "refs/heads/main", parent]);
    const { batches, commits } = await readCommits(folder);
    await expectGitsOwnCounts(folder);
    const links = new Map(batches.flatMap((b) => b.links ?? []).map((l) => [`${l.a.externalId} = ${l.b.externalId}`, l]));
    expect([...links.keys()].sort()).toEqual([
      "mara@old.example.org = mara@example.org",
      "root@localhost#noor-laptop = noor@example.org",
      "team@example.org#jo = jo@example.org",
      "team@example.org#sam = sam@example.org",
    ]);
    expect(links.get("mara@old.example.org = mara@example.org")).toMatchObject({
      rule: "mailmap",
      strength: 1,
      evidence: expect.stringContaining("Mara Lind <mara@example.org> <MARA@old.example.org>"),
    });
    expect(commits.map((c) => c.author?.externalId)).toContain("root@localhost#stranger");

    const bare = join(folder, "../bare.git");
    execFileSync("git", ["clone", "-q", "--bare", folder, bare], { stdio: "ignore" });
    await expectGitsOwnCounts(bare);
    const strip = (batch: ReturnType<typeof git.normalize>) => ({ ...batch, channels: [], links: batch.links?.map((l) => ({ ...l, evidence: "" })) });
    const expected = foldBatches(batches.map(strip));
    expect(foldBatches((await readCommits(bare)).batches.map(strip))).toEqual(expected);
    expect(foldBatches((await readCommits(join(folder, ".git"))).batches.map(strip))).toEqual(expected);
  });

  it("reads SHA-256 repositories, merges, octopus merges, tags without branches and stashes", async () => {
    const { folder, run, commit } = await makeRepository("--object-format=sha256");
    const root = commit("root");
    const [a, b, c] = [commit("a", undefined, root), commit("b", { name: "B", email: "b@x.org" }, root), commit("c", undefined, root)];
    const octopus = commit("octopus", undefined, a, b, c);
    run(["tag", "-a", "v1", octopus, "-m", "tag"]);
    run(["update-ref", "-d", "refs/heads/main"]);
    const { of, identity } = await readCommits(folder);
    expect(identity.origin).toBe(`git:${root}`);
    expect(root).toHaveLength(64);
    expect(of(octopus).attributes?.parents).toBe(3);
    await expectGitsOwnCounts(folder);
  });

  it("takes the oldest root as the repository's name, whichever branch it is on", async () => {
    const { folder, run, commit } = await makeRepository();
    const root = commit("root");
    run(["update-ref", "refs/heads/zz", root]);
    commit("orphan");
    expect((await readCommits(folder)).identity.origin).toBe(`git:${root}`);
  });
});

describe("git: broken and unusual repositories", () => {
  it("keeps commits with bad bytes, absurd dates and zones, and empty or bracketed names", async () => {
    const { folder, raw } = await makeRepository();
    const sane = "committer C <c@x.org> 1315339200 +0000";
    const zone = raw(`author A <a@x.org> 1315339200 +51800\n${sane}`, "zone\n");
    const negative = raw(`author B [x] <b@x.org> -100 +0000\n${sane}`, "before 1970\n");
    const absurd = raw("author A <a@x.org> 99999999999999999 +0000\ncommitter C <c@x.org> 1315339200 CEST", "absurd\n");
    const nobody = raw(`author  <> 1315339200 +0000\n${sane}`, "nobody\n");
    const bytes = raw(
      Buffer.concat([Buffer.from("author M"), Buffer.from([0xfc]), Buffer.from(`ller <m@x.org> 1315339200 -0330\n${sane}`)]),
      Buffer.from([0xe9, 0x0a]),
    );
    const declared = raw(
      Buffer.concat([Buffer.from("author M"), Buffer.from([0xfc]), Buffer.from(`ller <m@x.org> 1315339200 -0330\n${sane}\nencoding ISO-8859-1`)]),
      "latin\n",
    );
    const stray = raw(`author A <a@x.org> 1315339200 +0000\n${sane}`, "one\r\n\r\ntwo\rthree\0four\n");
    const { of, rejected } = await readCommits(folder);
    expect(rejected).toEqual([]);
    expect(of(zone).occurredAt.toISOString()).toBe("2011-09-06T20:00:00.000Z");
    expect(of(negative)).toMatchObject({
      occurredAt: new Date(1315339200_000),
      attributes: { signature: "B [x] <b@x.org>", dateDoubt: expect.stringContaining("committer's") },
    });
    expect(of(absurd)).toMatchObject({ occurredAt: new Date(0), attributes: { dateDoubt: expect.stringContaining("Neither") } });
    expect(of(nobody)).toMatchObject({ unattributed: "<>" });
    expect(of(bytes)).toMatchObject({ title: "é", attributes: { signature: "Müller <m@x.org>" } });
    expect(of(declared)).toMatchObject({ title: "latin", attributes: { signature: "Müller <m@x.org>" } });
    expect(of(stray)).toMatchObject({ title: "one", body: "two\nthree" });
  });

  it("finds an empty repository empty, and says what a shallow clone lacks", async () => {
    const { folder, commit } = await makeRepository();
    expect(await readFileWith(git, folder)).toMatchObject({ identity: { reported: { commit: 0, authors: 0 } }, records: [] });
    const root = commit("root");
    commit("tip", undefined, root);
    const shallow = join(folder, "../shallow");
    execFileSync("git", ["clone", "-q", "--depth", "1", `file://${folder}`, shallow], { stdio: "ignore" });
    const { identity, commits, rejected } = await readCommits(shallow);
    expect(identity.name).toMatch(/\(shallow clone\)$/);
    expect(commits).toHaveLength(1);
    expect(rejected).toMatchObject([{ reason: expect.stringContaining("shallow"), remedy: expect.stringContaining("--unshallow") }]);
  });

  it("refuses a broken repository before anything is stored, in git's own words", async () => {
    const { folder, run, commit } = await makeRepository();
    const root = commit("root");
    commit("tip", undefined, root);
    await rm(join(folder, ".git/objects", root.slice(0, 2), root.slice(2)), { force: true });
    await expect(readFileWith(git, folder)).rejects.toMatchObject({
      code: "unreadable_file",
      message: expect.stringMatching(/git cannot read .*(?:Could not read|missing|Failed to traverse|unable to|bad).*git fsck/i),
    });
    run(["update-ref", "-d", "refs/heads/main"]);
  });

  it("refuses a folder that is no repository, even inside one", async () => {
    const { folder } = await makeRepository();
    await mkdir(join(folder, "inner"));
    await expect(readFileWith(git, join(folder, "inner"))).rejects.toThrow(/not a git repository/);
    await writeFile(join(folder, "file"), "x");
    await expect(readFileWith(git, join(folder, "file"))).rejects.toThrow(/no commit that can be read.*give the folder of a clone/);
  });

  it("runs nothing that the repository's own configuration asks for", async () => {
    const { folder, run, commit } = await makeRepository();
    commit("root");
    const trap = join(folder, "trap");
    await writeFile(trap, '#!/bin/sh\ntouch "$(dirname "$0")/sprung"\n', { mode: 0o755 });
    for (const key of ["core.pager", "core.fsmonitor", "gpg.program", "core.sshCommand", "diff.external"]) run(["config", key, trap]);
    run(["config", "log.showSignature", "true"]);
    await readCommits(folder);
    await expect(readFile(join(folder, "sprung"))).rejects.toThrow(/ENOENT/);
  });

  it("reads the same records again from the same repository", async () => {
    const { folder, commit } = await makeRepository();
    const root = commit("root\n\nReviewed-by: A <a@x.org>");
    const before = (await readFileWith(git, folder)).records;
    commit("next", undefined, root);
    const after = (await readFileWith(git, folder)).records;
    expect(after).toHaveLength(2);
    expect(after).toEqual(expect.arrayContaining(before));
  });
});

describe("git: trailers", () => {
  it.each([
    ["Reviewed-by: A <a@x>", [{ kind: "reviewed", name: "A", email: "a@x" }]],
    [
      "reported-and-tested-by: A <a@x>",
      [
        { kind: "reported", name: "A", email: "a@x" },
        { kind: "tested", name: "A", email: "a@x" },
      ],
    ],
    [
      "Tested-by: A <a@x> and B <b@x>",
      [
        { kind: "tested", name: "A", email: "a@x" },
        { kind: "tested", name: "B", email: "b@x" },
      ],
    ],
    ["Acked-by: a@x # for the docs", [{ kind: "acked", name: "", email: "a@x" }]],
    ['Helped-by: "Quay, Jo" <j@x>', [{ kind: "helped", name: "Quay, Jo", email: "j@x" }]],
    ["Mentored-by: Jo", [{ kind: "mentored", name: "Jo", email: "" }]],
    ["Change-Id: I1", []],
    ["Co-authored-by:", []],
  ])("reads %j", (line, people) => {
    expect(readTrailers(line)).toEqual(people);
  });
});
