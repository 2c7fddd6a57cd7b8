import { gzipSync } from "node:zlib";
import { afterEach, describe, expect, it } from "vitest";
import { fixedClock } from "#core/clock.ts";
import type { RecordChunk } from "#features/ledger/index.ts";
import { createLocalHttp, type LocalServer, offlineContext, readFileWith, startLocalServer } from "../testing.ts";
import { mbox } from "./index.ts";
import { type MadeMail, scratch, writeInMailbox } from "./testing-mail.ts";

const http = createLocalHttp();
let server: LocalServer | undefined;

afterEach(async () => {
  await server?.close();
  server = undefined;
});

const base = () => server?.url ?? "";
const box = (...mails: MadeMail[]) => mails.map(writeInMailbox).join("");
const settingsFor = (given: Record<string, unknown>) => mbox.settings.parse(given);
const connect = (given: Record<string, unknown>) =>
  mbox.connect?.(offlineContext(), { settings: settingsFor(given), http, signal: new AbortController().signal });

async function pull(given: Record<string, unknown>, cursor?: unknown, now = "2026-11-25T12:00:00Z") {
  const chunks: RecordChunk[] = [];
  const ctx = { ...offlineContext(), clock: fixedClock(now) };
  const signal = new AbortController().signal;
  for await (const chunk of mbox.pull?.(ctx, { settings: settingsFor(given), stream: "mails", cursor, signal, workDir: "", http }) ?? []) {
    chunks.push(JSON.parse(JSON.stringify(chunk)) as RecordChunk);
  }
  return {
    chunks,
    ids: chunks.flatMap((chunk) => chunk.records.map(({ externalId }) => externalId.split("#")[0])),
    records: chunks.flatMap((chunk) => chunk.records),
    warnings: chunks.flatMap((chunk) => chunk.warnings ?? []),
    parts: Object.assign({}, ...chunks.map((chunk) => chunk.reportedParts ?? {})) as Record<string, unknown>,
    cursor: chunks.findLast((chunk) => chunk.cursor !== undefined)?.cursor ?? cursor,
  };
}

/** A Pipermail archive as Mailman 2 writes it: a table of months, newest first, with links to packed text. */
interface Volume {
  text: string | Buffer;
  etag?: string;
  size?: string;
  status?: number;
}

async function startPipermail(volumes: Record<string, Volume>) {
  server = await startLocalServer(({ url, headers }, response) => {
    if (url.pathname === "/pipermail/tide/") {
      const rows = Object.entries(volumes)
        .reverse()
        .map(
          ([name, { size }]) =>
            `<tr><td>${name}:</td><td><A href="${name.replace(".txt.gz", "")}/thread.html">[ Thread ]</a></td>\n<td><A href="${name}">[ Gzip'd Text ${size ?? "1 KB"} ]</a></td></tr>`,
        );
      return void response.end(
        `<html><a href="../../tide.mbox/tide.mbox">full raw archive</a><a href="https://elsewhere.example/2026-January.txt.gz">x</a><table>${rows.join("")}</table></html>`,
      );
    }
    const volume = volumes[decodeURIComponent(url.pathname.replace("/pipermail/tide/", ""))];
    if (!volume || volume.status) return void response.writeHead(volume?.status ?? 404).end();
    if (volume.etag && headers["if-none-match"] === volume.etag) return void response.writeHead(304).end();
    response.writeHead(200, { ...(volume.etag && { etag: volume.etag }), "last-modified": "Mon, 05 Jan 2026 10:00:00 GMT" });
    response.end(url.pathname.endsWith(".gz") && typeof volume.text === "string" ? gzipSync(volume.text) : volume.text);
  });
  return { kind: "pipermail", url: `${server.url}/pipermail/tide/` };
}

const asked = (what: RegExp) => server?.requests.filter(({ path }) => what.test(path)).map(({ path }) => path.split("/").at(-1)) ?? [];

describe("a Pipermail archive on the web", () => {
  it("says what it lists, and is one source with the list's files", async () => {
    const settings = await startPipermail({ "2025-December.txt.gz": { text: box({ id: "a@x" }) }, "2026-January.txt": { text: box({ id: "b@x" }) } });
    expect(await connect(settings)).toEqual({
      origin: "mbox:tide",
      name: "tide",
      says: expect.stringMatching(/lists 2 months \(or weeks\), from 2025-December\.txt\.gz to 2026-January\.txt\./),
    });
    expect((await connect({ ...settings, url: `${settings.url}index.html` }))?.origin).toBe("mbox:tide");
    const file = await readFileWith(mbox, await scratch("2026-January.txt", box({ id: "b@x" })), { list: "tide" });
    expect(file.identity.origin).toBe("mbox:tide");
  });

  it("reads the months from the oldest on, each as its file would be, and counts them as parts", async () => {
    const january = box({ id: "b@x", answers: "a@x" }, { id: "c@x" });
    const settings = await startPipermail({
      "2025-November.txt.gz": { text: "" },
      "2025-December.txt.gz": { text: box({ id: "a@x" }) },
      "2026-January.txt.gz": { text: january },
    });
    const found = await pull(settings);
    expect([found.ids, found.warnings]).toEqual([["a@x", "b@x", "c@x"], []]);
    expect(found.parts).toEqual({ "2025-November.txt": { mail: 0 }, "2025-December.txt": { mail: 1 }, "2026-January.txt": { mail: 2 } });
    const file = await readFileWith(mbox, await scratch("2026-January.txt", january), { list: "tide" });
    expect(found.records.slice(1)).toEqual(file.records);
    expect(file.identity.reportedParts).toEqual({ "2026-January.txt": { mail: 2 } });
  });

  it("asks only for new months, changed ones and the newest two, by their ETag, and for all once a week", async () => {
    const volumes: Record<string, Volume> = Object.fromEntries(
      ["2025-October", "2025-November", "2025-December", "2026-January"].map((name, i) => [
        `${name}.txt.gz`,
        { text: box({ id: `m${i}@x` }), etag: `"${name}"` },
      ]),
    );
    const settings = await startPipermail(volumes);
    const first = await pull(settings);
    const since = () => server?.requests.splice(0);
    since();
    const idle = await pull(settings, first.cursor);
    expect([idle.ids, asked(/\.gz$/)]).toEqual([[], ["2025-December.txt.gz", "2026-January.txt.gz"]]);
    expect(since()?.at(-1)?.headers["if-none-match"]).toBe('"2026-January"');
    volumes["2025-October.txt.gz"] = { text: box({ id: "m0@x" }, { id: "late@x" }), etag: '"changed"', size: "2 KB" };
    volumes["2026-February.txt.gz"] = { text: box({ id: "new@x" }), etag: '"feb"' };
    const next = await pull(settings, idle.cursor);
    expect(next.ids).toEqual(["m0@x", "late@x", "new@x"]);
    expect(asked(/\.gz$/)).toEqual(["2025-October.txt.gz", "2026-January.txt.gz", "2026-February.txt.gz"]);
    since();
    await pull(settings, next.cursor, "2026-12-10T12:00:00Z");
    expect(asked(/\.gz$/)).toHaveLength(5);
  });

  it("goes past a month that is missing or cut off, says so, and asks for it again", async () => {
    const whole = gzipSync(box({ id: "b@x" }, { id: "c@x" }));
    const volumes: Record<string, Volume> = {
      "2025-November.txt.gz": { text: "", status: 404 },
      "2025-December.txt.gz": { text: whole.subarray(0, -20) },
      "2026-January.txt.gz": { text: "<html>moved</html>" },
      "2026-February.txt.gz": { text: box({ id: "d@x" }) },
    };
    const settings = await startPipermail(volumes);
    const found = await pull(settings);
    expect(found.ids).toEqual(["d@x"]);
    expect(found.warnings).toEqual([
      expect.stringMatching(/no month 2025-November\.txt\.gz at .*\(status 404\).*asked for again/),
      expect.stringMatching(/2025-December\.txt\.gz arrived cut off or broken/),
      expect.stringMatching(/2026-January\.txt\.gz is no mailbox and no mail: it looks like a web page/),
    ]);
    volumes["2025-December.txt.gz"] = { text: whole };
    expect((await pull(settings, found.cursor)).ids).toEqual(["b@x", "c@x", "d@x"]);
  });

  it("can go on after each month", async () => {
    const settings = await startPipermail({
      "2025-October.txt": { text: box({ id: "a@x" }) },
      "2025-November.txt": { text: box({ id: "b@x" }) },
      "2025-December.txt": { text: box({ id: "c@x" }) },
    });
    const { chunks } = await pull(settings);
    const cursors = chunks.flatMap((chunk) => (chunk.cursor ? [chunk.cursor as { months: object }] : []));
    expect(cursors.map(({ months }) => Object.keys(months).length)).toEqual([1, 2, 3]);
    expect((await pull(settings, cursors[0])).ids).toEqual(["b@x", "c@x"]);
  });

  it.each([
    [401, "forbidden", /archive is private.*bring in its files/],
    [403, "forbidden", /archive is private/],
    [404, "not_found", /no archive's page at .*page that lists the months/],
  ])("says of status %i of the page what to do", async (status, code, message) => {
    server = await startLocalServer((_, response) => void response.writeHead(status).end());
    await expect(connect({ kind: "pipermail", url: `${server.url}/pipermail/tide/` })).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    });
  });

  it("takes no time on a hostile page", async () => {
    const page = `${"<a ".repeat(100_000)}${'<a href="x'.repeat(100_000)}<A HREF='2026-January.txt'>[ Text 1 KB ]`;
    server = await startLocalServer((_, response) => void response.end(page));
    const started = performance.now();
    expect((await connect({ kind: "pipermail", url: `${server.url}/pipermail/tide/` }))?.says).toContain("lists 1 months");
    expect(performance.now() - started).toBeLessThan(3_000);
  });

  it("says when a page lists no months, and when the address is none or missing", async () => {
    server = await startLocalServer((_, response) => void response.end("<html><a href='2026-January/thread.html'>x</a></html>"));
    await expect(connect({ kind: "pipermail", url: `${server.url}/x/` })).rejects.toThrow(/lists no months to download/);
    await expect(connect({ kind: "pipermail", url: "http://" })).rejects.toMatchObject({ code: "invalid_input" });
    await expect(connect({ kind: "pipermail" })).rejects.toMatchObject({ issues: [{ path: "url" }] });
  });
});

/** HyperKitty: the page of a list and its download of what was archived from `start` up to `end`. */
async function startHyperkitty(mails: { at: string; mail: MadeMail }[], options: { months?: string[]; exports?: "off" | "login" } = {}) {
  server = await startLocalServer(({ url }, response) => {
    if (url.pathname === "/accounts/login/") return void response.end("<!doctype html><form>");
    if (url.pathname === "/archives/list/tide@lists.example.org/") {
      const links = (options.months ?? []).map((month) => `<a href="/archives/list/tide@lists.example.org/${month}/">x</a>`);
      return void response.end(`<!DOCTYPE html><ul>${links.join("")}</ul>`);
    }
    if (!/^\/archives\/list\/tide@lists\.example\.org\/export\/.*\.mbox\.gz$/.test(decodeURIComponent(url.pathname)) || options.exports === "off")
      return void response.writeHead(404).end();
    if (options.exports === "login") return void response.writeHead(302, { location: "/accounts/login/?next=x" }).end();
    const [start = "", end = ""] = [url.searchParams.get("start") ?? "", url.searchParams.get("end") ?? ""];
    response.end(
      gzipSync(
        mails
          .filter(({ at }) => at >= start && at < end)
          .map(({ mail }) => writeInMailbox(mail))
          .join(""),
      ),
    );
  });
  return { kind: "hyperkitty", url: `${base()}/archives/list/tide@lists.example.org/` };
}

const windows = () =>
  server?.requests.flatMap(({ path }) => {
    const url = new URL(path, "http://x");
    return url.searchParams.has("start") ? [`${url.searchParams.get("start")}..${url.searchParams.get("end")}`] : [];
  });

describe("a HyperKitty archive on the web", () => {
  const mails: { at: string; mail: MadeMail }[] = [
    { at: "2026-09-10", mail: { id: "a@x", from: "Mara <mara at example.org>" } },
    { at: "2026-10-31", mail: { id: "b@x", answers: "a@x" } },
    { at: "2026-11-24", mail: { id: "c@x", answers: "b@x" } },
  ];
  const months = ["2026/9", "2026/11"];

  it("tries a download, and is one source with the list's files", async () => {
    const settings = await startHyperkitty(mails, { months });
    expect(await connect({ ...settings, url: `${settings.url}latest` })).toEqual({
      origin: "mbox:tide.lists.example.org",
      name: "tide.lists.example.org",
      says: expect.stringMatching(/can be downloaded; it goes back to 2026-09/),
    });
  });

  it("reads month by month from the first that its page names, each day once", async () => {
    const settings = await startHyperkitty(mails, { months });
    const found = await pull(settings);
    expect(found.ids).toEqual(["a@x", "b@x", "c@x"]);
    expect(windows()).toEqual(["2026-09-01..2026-10-01", "2026-10-01..2026-11-01", "2026-11-01..2026-11-26"]);
    expect(found.cursor).toMatchObject({ until: "2026-11-25T12:00:00.000Z" });
  });

  it("then reads only what was archived since, with an overlap, and goes on after each month", async () => {
    const settings = await startHyperkitty(mails, { months });
    const first = await pull(settings);
    server?.requests.splice(0);
    mails.push({ at: "2026-11-26", mail: { id: "d@x" } });
    expect((await pull(settings, first.cursor, "2026-11-26T13:00:00Z")).ids).toEqual(["c@x", "d@x"]);
    expect(windows()).toEqual(["2026-11-23..2026-11-27"]);
    const afterOne = first.chunks[0]?.cursor;
    expect((await pull(settings, afterOne)).ids).toEqual(["b@x", "c@x"]);
    mails.pop();
  });

  it("begins with the month that the settings give, and asks for it where the page shows none", async () => {
    const settings = await startHyperkitty(mails);
    await expect(connect(settings)).rejects.toMatchObject({ code: "invalid_input", issues: [{ path: "since" }] });
    expect((await pull({ ...settings, since: "2026-10" })).ids).toEqual(["b@x", "c@x"]);
  });

  it.each([
    ["off", "not_found", /no download at .*switched downloads off/],
    ["login", "forbidden", /closed to us \(status 403\): the archive is private.*bring in its files/],
  ] as const)("says what to do where downloads are %s", async (exports, code, message) => {
    const settings = await startHyperkitty(mails, { months, exports });
    await expect(connect(settings)).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
  });

  it("says what an address of a list looks like", async () => {
    await expect(connect({ kind: "hyperkitty", url: "https://lists.example.org/archives/" })).rejects.toThrow(
      /no list's page .*users@lists\.example\.org/,
    );
  });
});
