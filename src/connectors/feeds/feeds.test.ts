import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, describe, expect, test } from "vitest";
import { openFile, type RawRecord } from "#features/ledger/index.ts";
import { createLocalHttp, foldBatches, type LocalServer, offlineContext, pullWith, readFileWith, scratch, startLocalServer } from "../testing.ts";
import { feeds } from "./index.ts";

const blogPath = join(import.meta.dirname, "fixtures/blog.xml");
const real = join(import.meta.dirname, "../../../../shared/data/feeds");
const settings = feeds.settings.parse({});

function normalizeAll(records: readonly RawRecord[]) {
  const batches = records.map((record) => feeds.normalize(record, settings));
  return { batches, byId: new Map(batches.flatMap((batch) => batch.activities).map((a) => [a.externalId, a])) };
}

describe("feeds: a file", () => {
  test("items stand alone with words, author, categories and what is attached; one without a date is set aside", async () => {
    const { identity, records, rejected } = await readFileWith(feeds, blogPath);
    expect(identity).toEqual({ origin: "feed:tide.example/feed.xml", name: "Tide Notes", reported: { post: 4 } });
    expect(rejected).toMatchObject([{ place: "item 3", reason: "“Undated” bears no date." }]);
    const { byId, batches } = normalizeAll(records);
    expect(byId.get("tide.example/anchors")).toMatchObject({
      kind: "post",
      title: "Anchors & moorings",
      body: "How to `reset` an [anchor](https://tide.example/docs).",
      url: "https://tide.example/anchors",
      occurredAt: new Date("2026-03-02T08:00:00Z"),
      attributes: { media: "article", categories: ["cli"] },
    });
    expect(byId.get("ep-1")).toMatchObject({
      url: "https://tide.example/episodes/1",
      occurredAt: new Date("2026-03-03T10:00:00Z"),
      author: { platform: "email", externalId: "ilo@tide.example" },
      attributes: { media: "episode", attachments: [{ url: "https://cdn.tide.example/1.mp3", type: "audio/mpeg", sizeBytes: 100 }] },
    });
    expect(byId.get("tide.example/ja")).toMatchObject({ title: "日本語の投稿", unattributed: "not named" });
    expect(batches[1]?.identities[0]).toMatchObject({ displayName: "Ilo Brandt" });
  });

  test("says of the fixture what the golden file holds", async () => {
    const { batches } = normalizeAll((await readFileWith(feeds, blogPath)).records);
    await expect(`${JSON.stringify(batches, null, 2)}\n`).toMatchFileSnapshot("fixtures/blog.golden.json");
  });

  test("a move to https doubles nothing", async () => {
    const moved = readFileSync(blogPath, "utf8").replaceAll("http://tide.example", "https://tide.example");
    const keys = async (path: string) => (await readFileWith(feeds, path)).records.map((record) => record.externalId);
    expect(await keys(await scratch("blog.xml", moved))).toEqual(await keys(blogPath));
  });

  test("the encoding is the one that the feed states", async () => {
    const latin = Buffer.from(
      '<?xml version="1.0" encoding="ISO-8859-1"?><rss version="2.0"><channel><title>Größe</title><link>https://a.example</link></channel></rss>',
      "latin1",
    );
    expect((await readFileWith(feeds, await scratch("latin.xml", latin))).identity.name).toBe("Größe");
  });

  test("a web page, an empty file and other XML are refused in words", async () => {
    await expect(readFileWith(feeds, await scratch("a.xml", "<!doctype html><html></html>"))).rejects.toThrow(
      /a web page; look for its link to the feed/,
    );
    await expect(readFileWith(feeds, await scratch("b.xml", "<p>words</p>"))).rejects.toThrow(/XML of another kind/);
    await expect(readFileWith(feeds, await scratch("c.json", "{}"))).rejects.toThrow(/no feed/);
  });

  test("it is recognised by its root, and other XML is not", async () => {
    expect(feeds.recognizes?.(await openFile(blogPath))).toBe(1);
    expect(feeds.recognizes?.(await openFile(await scratch("x.xml", "<bugzilla/>")))).toBe(0);
  });
});

test("feeds: the same items in any order, however often, end in the same rows", async () => {
  const { records } = await readFileWith(feeds, blogPath);
  const fold = (list: RawRecord[]) => foldBatches(list.map((record) => feeds.normalize(record, settings)));
  const expected = fold(records);
  const twice = [...records, ...records];
  fc.assert(
    fc.property(fc.shuffledSubarray(twice, { minLength: twice.length, maxLength: twice.length }), (list) => {
      expect(fold(list)).toEqual(expected);
    }),
  );
});

describe("feeds: live", () => {
  let server: LocalServer | undefined;
  afterEach(() => server?.close());
  const http = createLocalHttp();

  test("it is asked only for what is new (RFC 9110, conditional requests): an unchanged feed answers 304 and brings nothing", async () => {
    let body = readFileSync(blogPath, "utf8");
    let etag = '"one"';
    server = await startLocalServer(({ headers }, response) => {
      if (headers["if-none-match"] === etag) response.writeHead(304).end();
      else response.writeHead(200, { "content-type": "application/rss+xml", etag, "last-modified": "Mon, 02 Mar 2026 09:00:00 GMT" }).end(body);
    });
    const live = { stream: "items", settings: { url: `${server.url}/feed.xml` }, http };
    const first = await pullWith(feeds, live);
    expect(first.records).toHaveLength(3);
    const second = await pullWith(feeds, { ...live, cursor: first.cursor });
    expect(second.records).toEqual([]);
    expect(second.cursor).toEqual(first.cursor);
    etag = '"two"';
    body = body.replace(
      "<item>",
      "<item><title>New</title><link>https://tide.example/new</link><pubDate>Wed, 04 Mar 2026 00:00:00 GMT</pubDate></item><item>",
    );
    expect((await pullWith(feeds, { ...live, cursor: second.cursor })).records).toHaveLength(4);
  });

  test("a file of the feed and the live feed are one source", async () => {
    server = await startLocalServer((_request, response) => void response.writeHead(200).end(readFileSync(blogPath)));
    const identity = await feeds.connect?.(offlineContext(), {
      settings: feeds.settings.parse({ url: `${server.url}/feed.xml` }),
      http,
      signal: new AbortController().signal,
    });
    expect(identity?.origin).toBe((await readFileWith(feeds, blogPath)).identity.origin);
  });

  test.each([
    [410, "not_found", /gone for good/],
    [404, "not_found", /no feed at this address/],
    [403, "forbidden", /must be public/],
  ])("an answer of %i is said in words that tell what to do", async (status, code, words) => {
    server = await startLocalServer((_request, response) => void response.writeHead(status).end());
    const pulled = pullWith(feeds, { stream: "items", settings: { url: server.url }, http });
    await expect(pulled).rejects.toMatchObject({ code, message: expect.stringMatching(words) });
  });

  test.each([301, 308])("a feed that moved for good (%i) is read at its new address from then on, and its owner is told once", async (status) => {
    server = await startLocalServer(({ url }, response) => {
      if (url.pathname === "/old") response.writeHead(status, { location: "/new" }).end();
      else response.writeHead(200, { etag: '"one"' }).end(readFileSync(blogPath));
    });
    const live = { stream: "items", settings: { url: `${server.url}/old` }, http };
    const first = await pullWith(feeds, live);
    expect(first.records).toHaveLength(3);
    expect(first.chunks[0]?.warnings).toEqual([expect.stringMatching(/moved for good to .*\/new\. It is read there from now on/)]);
    const second = await pullWith(feeds, { ...live, cursor: first.cursor });
    expect(second.chunks[0]?.warnings).toEqual([]);
    expect(server.requests.map(({ path }) => path)).toEqual(["/old", "/new", "/new"]);
    expect(server.requests[2]?.headers["if-none-match"]).toBe('"one"');
  });

  test.each([302, 303, 307])("a feed that answers from elsewhere for now (%i) is asked at its own address again", async (status) => {
    server = await startLocalServer(({ url }, response) => {
      if (url.pathname === "/feed") response.writeHead(status, { location: "/mirror" }).end();
      else response.writeHead(200).end(readFileSync(blogPath));
    });
    const live = { stream: "items", settings: { url: `${server.url}/feed` }, http };
    const first = await pullWith(feeds, live);
    expect(first.chunks[0]?.warnings).toEqual([]);
    await pullWith(feeds, { ...live, cursor: first.cursor });
    expect(server.requests.map(({ path }) => path)).toEqual(["/feed", "/mirror", "/feed", "/mirror"]);
  });

  test("of a permanent move that leads on for now, the permanent part alone is remembered", async () => {
    server = await startLocalServer(({ url }, response) => {
      if (url.pathname === "/old") response.writeHead(301, { location: "/new" }).end();
      else if (url.pathname === "/new") response.writeHead(302, { location: "/mirror" }).end();
      else response.writeHead(200).end(readFileSync(blogPath));
    });
    const first = await pullWith(feeds, { stream: "items", settings: { url: `${server.url}/old` }, http });
    expect(first.cursor).toMatchObject({ moved: { to: `${server.url}/new` } });
  });

  test("when the new address is gone the old one is asked again, and another address in the settings counts at once", async () => {
    server = await startLocalServer(({ url }, response) => {
      if (url.pathname === "/new") response.writeHead(410).end();
      else response.writeHead(200).end(readFileSync(blogPath));
    });
    const url = `${server.url}/old`;
    const cursor = { moved: { from: url, to: `${server.url}/new` }, etag: '"of the new one"' };
    const back = await pullWith(feeds, { stream: "items", settings: { url }, http, cursor });
    expect(back.records).toHaveLength(3);
    expect(back.cursor).not.toHaveProperty("moved");
    await pullWith(feeds, { stream: "items", settings: { url: `${server.url}/third` }, http, cursor });
    expect(server.requests.map(({ path }) => path)).toEqual(["/new", "/old", "/third"]);
    expect(server.requests.slice(1).map(({ headers }) => headers["if-none-match"])).toEqual([undefined, undefined]);
  });

  test("a podcast that says where it moves (itunes:new-feed-url) is read there next time, under the key that it had", async () => {
    const old = readFileSync(blogPath, "utf8");
    const head = `xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd" xmlns:dc=`;
    server = await startLocalServer(({ url }, response) => {
      const moving = old
        .replace("xmlns:dc=", head)
        .replace("</title><link>", `</title><itunes:new-feed-url>${server?.url}/new</itunes:new-feed-url><link>`);
      response.writeHead(200).end(url.pathname === "/old" ? moving : old.replace("tide.example/feed.xml", "cast.example/feed.xml"));
    });
    const live = { stream: "items", settings: { url: `${server.url}/old` }, http };
    const first = await pullWith(feeds, live);
    expect(first.chunks[0]?.warnings).toEqual([expect.stringContaining("/new")]);
    const second = await pullWith(feeds, { ...live, cursor: first.cursor });
    expect(server.requests.map(({ path }) => path)).toEqual(["/old", "/new"]);
    expect(new Set(second.records.map((record) => feeds.normalize(record, settings).channels[0]?.externalId))).toEqual(
      new Set(["tide.example/feed.xml"]),
    );
  });

  test("the encoding that the server alone states is minded (RFC 7303)", async () => {
    const text = '<rss version="2.0"><channel><title>Größe</title><link>https://a.example</link><item><title>ж</title></item></channel></rss>';
    server = await startLocalServer(({ url }, response) => {
      const type = { "/latin": "text/xml; charset=iso-8859-1", "/wrong": "text/xml; charset=iso-8859-1" }[url.pathname] ?? "text/xml";
      response.writeHead(200, { "content-type": type }).end(Buffer.from(text, url.pathname === "/latin" ? "latin1" : "utf8"));
    });
    const name = async (path: string) =>
      (
        await feeds.connect?.(offlineContext(), {
          settings: feeds.settings.parse({ url: `${server?.url}${path}` }),
          http,
          signal: new AbortController().signal,
        })
      )?.name;
    expect(await name("/latin")).toBe("Größe");
    // Many servers say Latin-1 of what is UTF-8.
    expect(await name("/wrong")).toBe("Größe");
  });

  test("a web page in place of a feed is refused with the feed's address that it names", async () => {
    server = await startLocalServer(
      (_request, response) =>
        void response.writeHead(200).end('<!doctype html><link rel="alternate" type="application/rss+xml" href="/blog/feed.xml?a=1&amp;b=2">'),
    );
    const pulled = pullWith(feeds, { stream: "items", settings: { url: server.url }, http });
    await expect(pulled).rejects.toThrow(new RegExp(`its feed is at ${server.url}/blog/feed.xml\\?a=1&b=2`));
  });
});

const files = existsSync(real)
  ? readdirSync(real, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".xml") || name.endsWith(".json"))
  : [];

test.skipIf(files.length === 0)("feeds: each real feed comes in whole or is refused in words (skipped where ../shared/data is absent)", async () => {
  const refused: string[] = [];
  for (const name of files) {
    const path = join(real, name);
    const text = readFileSync(path, "utf8");
    try {
      const { records, rejected } = await readFileWith(feeds, path);
      const counted = name.endsWith(".json")
        ? (JSON.parse(text) as { items: unknown[] }).items.length
        : (text.match(/<(?:item|entry)[\s>]/g) ?? []).length;
      expect({ name, n: records.length + rejected.length }).toEqual({ name, n: counted });
    } catch (error) {
      if ((error as { code?: string }).code !== "unreadable_file") throw error;
      refused.push(name.split("/").at(-1) ?? name);
    }
  }
  expect(refused.sort()).toEqual([
    "AmazonWebServicesBlogFirstEntryContent.xml",
    "HREFConsideredHarmfulFirstEntry.xml",
    "PaulDixExplainsNothingFirstEntryContent.xml",
    "TenderLovemakingFirstEntry.xml",
  ]);
});
