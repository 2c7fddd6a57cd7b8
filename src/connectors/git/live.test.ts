import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { NormalizedBatch } from "#features/ledger/index.ts";
import { createLocalHttp, foldBatches, offlineContext, pullWith, readFileWith } from "../testing.ts";
import { git } from "./index.ts";
import { type GitServer, makeScratchRepository, type ScratchRepository, serveByDaemon, serveRepository } from "./testing-remote.ts";

let repository: ScratchRepository;
let server: GitServer;
let workDir: string;
const http = createLocalHttp();

beforeEach(async () => {
  repository = await makeScratchRepository();
  server = await serveRepository(repository);
  workDir = await mkdtemp(join(tmpdir(), "causeway-work-"));
});
afterEach(async () => {
  await server.close();
  await rm(workDir, { recursive: true, force: true });
});

const settings = (more: object = {}) => ({ remote: `${server.url}/tide.git`, ...more });
const pull = (cursor?: unknown, more: object = {}) => pullWith(git, { stream: "commits", settings: settings(more), cursor, http, workDir });
const connect = (more: object = {}) =>
  git.connect?.(offlineContext(), { settings: git.settings.parse(settings(more)), http, signal: new AbortController().signal });
const ids = (reading: { records: { externalId: string }[] }) => reading.records.map((record) => record.externalId).sort();
const normalize = (records: Parameters<typeof git.normalize>[0][]) => records.map((record) => git.normalize(record, git.settings.parse({})));
/** All but what a copy on this machine is called. */
const nameless = (batch: NormalizedBatch): NormalizedBatch => ({
  ...batch,
  channels: [],
  ...(batch.links && { links: batch.links.map((link) => ({ ...link, evidence: "" })) }),
});

describe("git, live", () => {
  it("brings the history once, then what is new alone, and says what there is", async () => {
    const first = repository.commit("root", { files: { "a.txt": "many words" } });
    const second = repository.commit("two\n\nReviewed-by: Noor <noor@example.org>");
    const reading = await pull();
    expect(ids(reading)).toEqual([first, second].sort());
    expect(reading.chunks.at(-1)).toMatchObject({ reported: { commit: 2, authors: 1 } });
    const third = repository.commit("three", { branch: "next", parents: [first], author: "Noor <noor@example.org>" });
    const again = await pull(reading.cursor);
    expect(ids(again)).toEqual([third]);
    expect(again.chunks.at(-1)).toMatchObject({ reported: { commit: 3, authors: 2 } });
    const nothing = await pull(again.cursor);
    expect(nothing.records).toEqual([]);
    expect(nothing.cursor).toEqual(again.cursor);
  });

  it("keeps commits alone, no files (partial clone, git-rev-list(1) --filter=tree:0)", async () => {
    repository.commit("root", { files: { "secret.txt": "words of a file" } });
    await pull();
    expect(await readObject("HEAD", "commit")).toMatch(/root/);
    await expect(readObject("HEAD:secret.txt")).rejects.toThrow();
  });

  async function readObject(name: string, type = "blob"): Promise<string> {
    return execFileSync("git", ["-C", join(workDir, "mirror.git"), "cat-file", type, name], {
      encoding: "utf8",
      stdio: "pipe",
      env: { PATH: process.env.PATH, GIT_ALLOW_PROTOCOL: "none" },
    });
  }

  it.each([
    ["no folders left out (uploadpackfilter.tree.allow)", ["uploadpackfilter.tree.allow", "false"]],
    ["nothing left out (uploadpack.allowFilter)", ["uploadpack.allowFilter", "false"]],
  ])("reads from a server that has %s", async (_, config) => {
    repository.git(["config", ...config]);
    const hash = repository.commit("root", { files: { ".mailmap": "Mara L <mara@example.org>\n" } });
    const reading = await pull();
    expect(ids(reading)).toEqual([hash]);
    expect(normalize(reading.records)[0]?.activities[0]?.attributes).toMatchObject({ signature: "Mara L <mara@example.org>" });
    const next = repository.commit("two");
    expect(ids(await pull(reading.cursor))).toContain(next);
  });

  it("is one source with a clone and with the whole log's text, and says the same of each commit", async () => {
    const root = repository.commit("root");
    repository.commit("two\n\nTested-by: Noor <noor@example.org>");
    const live = await pull();
    const clone = await readFileWith(git, repository.folder);
    const text = repository.git(["log", "--all", "--parents", "--no-abbrev-commit", "--pretty=fuller", "--date=iso-strict"]);
    const path = join(workDir, "log.txt");
    await writeFile(path, `${text}\n`);
    const log = await readFileWith(git, path);
    const identity = await connect();
    expect([identity?.origin, clone.identity.origin, log.identity.origin]).toEqual(Array(3).fill(`git:${root}`));
    const folded = [live, clone, log].map(({ records }) => foldBatches(normalize(records).map(nameless)));
    expect(folded[1]).toEqual(folded[0]);
    expect(folded[2]).toEqual(folded[0]);
  });

  it("keeps what a forced push took away, and brings what it put there", async () => {
    const root = repository.commit("root");
    repository.commit("to be replaced");
    const before = await pull();
    const instead = repository.commit("instead", { parents: [root] });
    const after = await pull(before.cursor);
    expect(ids(after)).toEqual([instead]);
  });

  it("goes on after a crash where it was, and reads what came meanwhile too", async () => {
    const hashes = Array.from({ length: 7 }, (_, i) => repository.commit(`commit ${i}`));
    const tips = [hashes.at(-1)];
    const interrupted = { origin: `git:${hashes[0]}`, base: [], walk: { tips, done: 5 }, mailmap: "" };
    const meanwhile = repository.commit("meanwhile");
    const resumed = await pull(interrupted);
    // The newest come first: the two oldest were missing.
    expect(ids(resumed)).toEqual([hashes[0], hashes[1], meanwhile].sort());
    expect(resumed.cursor).toEqual({ origin: `git:${hashes[0]}`, base: [meanwhile], mailmap: "" });
  });

  it("makes its copy anew when it is lost or broken, and then brings only what is new", async () => {
    repository.commit("root");
    const first = await pull();
    const second = repository.commit("two");
    await rm(join(workDir, "mirror.git"), { recursive: true });
    const afterLoss = await pull(first.cursor);
    expect(ids(afterLoss)).toEqual([second]);
    const third = repository.commit("three");
    await writeFile(join(workDir, "mirror.git/packed-refs.lock"), "");
    await writeFile(join(workDir, "mirror.git/refs/heads/main.lock"), "");
    expect(ids(await pull(afterLoss.cursor))).toEqual([third]);
  });

  it("reads all anew when a lost copy no longer knows where it stood", async () => {
    const root = repository.commit("root");
    repository.commit("to be replaced");
    const before = await pull();
    const instead = repository.commit("instead", { parents: [root] });
    repository.git(["reflog", "expire", "--expire=now", "--all"]);
    repository.git(["gc", "-q", "--prune=now"]);
    await rm(join(workDir, "mirror.git"), { recursive: true });
    expect(ids(await pull(before.cursor))).toEqual([instead, root].sort());
  });

  it("joins addresses by the .mailmap of the default branch, and again when that changes", async () => {
    const old = repository.commit("root", { author: "Mara <mara@old.example.org>" });
    const first = await pull();
    const changed = repository.commit("who is who", { files: { ".mailmap": "Mara <mara@example.org> <mara@old.example.org>\n" } });
    const second = await pull(first.cursor);
    expect(ids(second)).toEqual([changed, old].sort());
    const links = normalize(second.records).flatMap((batch) => batch.links ?? []);
    expect(links).toMatchObject([{ rule: "mailmap", a: { externalId: "mara@old.example.org" }, b: { externalId: "mara@example.org" } }]);
    expect((await pull(second.cursor)).records).toEqual([]);
  });

  it("joins the packs of many runs, and goes on from there", async () => {
    repository.commit("root");
    let reading = await pull();
    execFileSync("git", ["-C", join(workDir, "mirror.git"), "config", "gc.autoPackLimit", "3"]);
    const hashes: string[] = [];
    for (let i = 0; i < 5; i++) {
      hashes.push(repository.commit(`commit ${i}`, { files: { "a.txt": String(i) } }));
      reading = await pull(reading.cursor);
      expect(ids(reading)).toEqual([hashes[i]]);
    }
    const packs = (await readdir(join(workDir, "mirror.git/objects/pack"))).filter((name) => name.endsWith(".pack"));
    expect(packs.length).toBeLessThan(6);
    expect(reading.chunks.at(-1)).toMatchObject({ reported: { commit: 6 } });
  });

  it("leaves out what only proposals hold", async () => {
    const root = repository.commit("root");
    repository.git(["update-ref", "refs/pull/1/head", repository.commit("a proposal", { branch: "tmp" })]);
    repository.git(["update-ref", "-d", "refs/heads/tmp"]);
    repository.git(["tag", "-a", "v1", root, "-m", "a tag"]);
    repository.git(["tag", "-a", "v1-again", "v1", "-m", "a tag of a tag"]);
    expect(ids(await pull())).toEqual([root]);
  });
});

describe("git, live: reaching the remote", () => {
  it("sends the token in a header that no command line shows, to this host alone", async () => {
    repository.commit("root");
    server.intercept = (request, response) => {
      if (request.headers.authorization === `Basic ${Buffer.from("oauth2:glpat-1").toString("base64")}`) return false;
      response.writeHead(401, { "www-authenticate": "Basic" }).end();
      return true;
    };
    const reading = await pull(undefined, { token: "glpat-1", username: "oauth2" });
    expect(reading.records).toHaveLength(1);
    const kept = await readdir(join(workDir, "mirror.git"), { recursive: true });
    expect(await readFile(join(workDir, "mirror.git/config"), "utf8")).not.toMatch(/glpat|Authorization/i);
    expect(kept.filter((name) => /FETCH_HEAD|hooks/.test(name))).toEqual([]);
    await expect(pull(undefined, { token: "wrong" })).rejects.toMatchObject({ code: "forbidden", message: expect.stringMatching(/give a token/) });
    await expect(connect()).rejects.toMatchObject({ code: "forbidden" });
  });

  it.each([
    [404, "not_found", /no repository at this address/],
    [403, "forbidden", /give a token/],
    [500, "upstream_failed", /could not be fetched/],
  ])("says in words what an answer of %i means", async (status, code, words) => {
    server.intercept = (_request, response) => {
      response.writeHead(status).end();
      return true;
    };
    await expect(pull()).rejects.toMatchObject({ code, message: expect.stringMatching(words) });
  });

  it("follows no redirect: it may lead to an address that nobody checked", async () => {
    repository.commit("root");
    let followed = false;
    server.intercept = (request, response) => {
      if (request.url?.startsWith("/elsewhere")) followed = true;
      response.writeHead(301, { location: `${server.url}/elsewhere${request.url}` }).end();
      return true;
    };
    await expect(pull()).rejects.toMatchObject({ code: "not_found", message: expect.stringMatching(/has moved/) });
    expect(followed).toBe(false);
  });

  it.each([
    ["", /missing/],
    ["git@github.com:tide/tide.git", /SSH is not used/],
    ["ssh://git@github.com/tide/tide.git", /SSH is not used/],
    ["file:///srv/git/tide.git", /must begin with https/],
    ["/srv/git/tide.git", /must begin with https/],
    ["ext::sh -c touch% /tmp/pwned", /must begin with https/],
    ["--upload-pack=touch /tmp/pwned", /must begin with https/],
    ["https://user:secret@example.org/tide.git", /token into its own field/],
    ["https://example.org/", /names no repository/],
    ["https://example.org/a b", /names no repository/],
  ])("refuses the address %j before anything is run", async (remote, words) => {
    const pulled = pull(undefined, { remote });
    await expect(pulled).rejects.toMatchObject({ code: "invalid_input", message: expect.stringMatching(words) });
    expect(server.requests).toEqual([]);
  });

  it("sends no token without encryption", async () => {
    await expect(pull(undefined, { remote: "http://example.org/tide.git", token: "t" })).rejects.toThrow(/only sent over https/);
  });

  it.each(["http://10.0.0.1/tide.git", "http://169.254.169.254/latest", "git://[::1]/tide.git"])("refuses the private address %s", async (remote) => {
    await expect(pull(undefined, { remote })).rejects.toMatchObject({ code: "forbidden" });
  });

  it("connects to the very address that was checked, whatever the name says later", async () => {
    repository.commit("root");
    const port = new URL(server.url).port;
    const asked: string[] = [];
    const named = {
      ...http,
      resolveHost: async (host: string) => {
        asked.push(host);
        return [{ address: "127.0.0.1", family: 4 as const }];
      },
    };
    // No resolver knows this name.
    const remote = `http://tide.invalid:${port}/tide.git`;
    const reading = await pullWith(git, { stream: "commits", settings: { remote }, http: named, workDir });
    expect(reading.records).toHaveLength(1);
    expect(asked).toEqual(["tide.invalid"]);
  });

  it("reads by git's own protocol too, from the address that was checked", async () => {
    const hash = repository.commit("root");
    const daemon = await serveByDaemon(repository);
    try {
      const named = { ...http, resolveHost: async () => [{ address: "127.0.0.1", family: 4 as const }] };
      const remote = `${daemon.url.replace("127.0.0.1", "tide.invalid")}/tide.git`;
      expect(ids(await pullWith(git, { stream: "commits", settings: { remote }, http: named, workDir }))).toEqual([hash]);
      const missing = pullWith(git, { stream: "commits", settings: { remote: `${daemon.url}/other.git` }, http, workDir });
      await expect(missing).rejects.toMatchObject({ code: "not_found" });
    } finally {
      await daemon.close();
    }
  });

  it("stops at once when the run is stopped", async () => {
    repository.commit("root");
    const stop = new AbortController();
    server.intercept = () => {
      stop.abort(new Error("stopped"));
      return true;
    };
    await expect(pullWith(git, { stream: "commits", settings: settings(), http, workDir, signal: stop.signal })).rejects.toThrow("stopped");
  });

  it("is tried without leaving anything behind, and checks a first commit that is told", async () => {
    const root = repository.commit("root");
    repository.commit("two");
    expect(await connect()).toEqual({ origin: `git:${root}`, name: "tide", says: "2 commits on 1 branch can be read." });
    expect(await connect({ firstCommit: root.toUpperCase(), repositoryName: "Tide" })).toMatchObject({ origin: `git:${root}`, name: "Tide" });
    await expect(connect({ firstCommit: "0".repeat(40) })).rejects.toMatchObject({ code: "invalid_input" });
    expect(existsSync(join(workDir, "mirror.git"))).toBe(false);
  });

  it("says that an empty repository holds nothing yet", async () => {
    await expect(connect()).rejects.toThrow(/no commit yet/);
  });
});
