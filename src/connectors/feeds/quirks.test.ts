import { describe, expect, it } from "vitest";
import { decodeFeed } from "./decode-feed.ts";
import { feeds } from "./index.ts";
import { parseFeedDate } from "./parse-feed-date.ts";
import { readFeed } from "./read-feed.ts";
import { toRecords } from "./records.ts";

const settings = feeds.settings.parse({});
const date = "<pubDate>Mon, 02 Mar 2026 09:00:00 GMT</pubDate>";
const rss = (items: string, head = "<title>T</title><link>https://tide.example/</link>") =>
  `<?xml version="1.0"?><rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd"><channel>${head}${items}</channel></rss>`;
const atom = (entries: string, head = '<id>tag:tide.example,2026:blog</id><title>T</title><link href="https://tide.example/"/>', attributes = "") =>
  `<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom" ${attributes}>${head}${entries}</feed>`;
const entry = (inner: string) => `<entry><id>tag:tide.example,2026:1</id><updated>2026-03-02T09:00:00Z</updated>${inner}</entry>`;

function read(text: string | Buffer, input: { address?: string } = {}) {
  const feed = readFeed(Buffer.from(text), { name: "feed.xml", ...input });
  const { records, rejected } = toRecords(feed.items);
  const batches = records.map((record) => feeds.normalize(record, settings));
  return { feed, rejected, batches, posts: batches.flatMap((batch) => batch.activities), people: batches.flatMap((batch) => batch.identities) };
}

describe("feeds: by what an item is known", () => {
  it.each([
    ["the guid, whatever the scheme", `<guid>http://tide.example/a/</guid><link>https://other.example</link>`, "tide.example/a"],
    ["a guid that is no link", `<guid isPermaLink="false">x-1</guid><link>https://tide.example/a</link>`, "x-1"],
    ["the link where there is no guid", `<link>http://Tide.Example/a</link>`, "tide.example/a"],
  ])("%s", (_, inner, id) => {
    expect(read(rss(`<item><title>a</title>${date}${inner}</item>`)).posts[0]?.externalId).toBe(id);
  });

  it("title and date where there is neither, so that changed words change no key", () => {
    const [before, after] = ["one", "two"].map(
      (words) => read(rss(`<item><title>a</title>${date}<description>${words}</description></item>`)).posts[0],
    );
    expect(after?.externalId).toBe(before?.externalId);
    expect(after?.body).not.toBe(before?.body);
  });

  it("takes a permalink as the address, and a guid that is none (isPermaLink) not", () => {
    const url = (guid: string) => read(rss(`<item><title>a</title>${date}${guid}</item>`)).posts[0]?.url;
    expect(url("<guid>https://tide.example/a</guid>")).toBe("https://tide.example/a");
    expect(url('<guid isPermaLink="false">https://tide.example/a</guid>')).toBeUndefined();
  });
});

describe("feeds: by what a feed is known", () => {
  it("its id for good, its own address, else the site and its title; the same live and from a file", () => {
    const keys = (text: string) => [read(text).feed.key, read(text, { address: "https://tide.example/somewhere.xml" }).feed.key];
    expect(keys(atom(""))).toEqual(Array(2).fill("tag:tide.example,2026:blog"));
    const own =
      '<title>T</title><link>https://tide.example/</link><a:link xmlns:a="http://www.w3.org/2005/Atom" rel="self" href="http://tide.example/feed.xml"/>';
    expect(keys(rss("", own))).toEqual(Array(2).fill("tide.example/feed.xml"));
    expect(read(rss("", own), { address: "http://tide.example/feed.xml" }).feed.key).toBe("tide.example/feed.xml");
    expect(keys(rss(""))).toEqual(Array(2).fill("tide.example t"));
  });

  it("not the example's id of the specification, which many copied", () => {
    const copied = '<id>urn:uuid:60a76c80-d399-11d9-b93C-0003939e0af6</id><title>T</title><link href="https://tide.example/"/>';
    expect(read(atom("", copied)).feed.key).toBe("tide.example t");
  });
});

describe("feeds: who wrote", () => {
  it.each([
    ["<author>mara@tide.example (Mara Quill)</author>", { platform: "email", externalId: "mara@tide.example", displayName: "Mara Quill" }],
    ["<author>Mara Quill &lt;Mara@tide.example&gt;</author>", { platform: "email", externalId: "mara@tide.example", displayName: "Mara Quill" }],
    ["<author>Mara Quill (mara@tide.example)</author>", { platform: "email", externalId: "mara@tide.example", displayName: "Mara Quill" }],
    ["<author>mara@tide.example</author>", { platform: "email", externalId: "mara@tide.example" }],
    ["<dc:creator>Mara Quill</dc:creator>", { platform: "feed:tide.example", externalId: "#mara quill", displayName: "Mara Quill" }],
    ["<author>noreply@blogger.com (Mara Quill)</author>", { platform: "feed:tide.example", externalId: "noreply@blogger.com#mara quill" }],
    ["<itunes:author>Mara Quill</itunes:author>", { platform: "feed:tide.example", externalId: "#mara quill" }],
  ])("%s", (inner, person) => {
    const { people, posts } = read(rss(`<item><title>a</title>${date}${inner}</item>`));
    expect(people).toMatchObject([person]);
    expect(posts[0]?.author).toEqual({ platform: person.platform, externalId: person.externalId });
  });

  it("is one person where the feed names them twice, and several are mentioned", () => {
    const once = read(rss(`<item><title>a</title>${date}<author>mara@tide.example (Mara Quill)</author><dc:creator>Mara Quill</dc:creator></item>`));
    expect(once.people).toHaveLength(1);
    const two = read(atom(entry("<title>a</title><author><name>Mara</name></author><author><name>Noor</name></author>")));
    expect(two.posts[0]).toMatchObject({ author: { externalId: "#mara" }, attributes: { mentions: [{ externalId: "#noor" }] } });
  });

  it("by a page of their own, by GitHub's login, and not by the site's page, which is everybody's", () => {
    const by = (uri: string) => read(atom(entry(`<title>a</title><author><name>Mara</name><uri>${uri}</uri></author>`))).people[0];
    expect(by("https://mara.example/me/")).toMatchObject({
      platform: "feed:tide.example",
      externalId: "mara.example/me",
      url: "https://mara.example/me/",
    });
    expect(by("https://github.com/Mara-Q")).toMatchObject({ platform: "github", externalId: "login:mara-q", login: "Mara-Q" });
    expect(by("http://tide.example")).toMatchObject({ externalId: "#mara" });
    expect(by("javascript:alert(1)")).toMatchObject({ externalId: "#mara" });
  });

  it("is the feed's author where the entry names none (RFC 4287, 4.2.1), the source's for a planet, and in JSON Feed alike", () => {
    const head = '<id>tag:tide.example,2026:blog</id><title>T</title><link href="https://tide.example/"/><author><name>Mara</name></author>';
    expect(read(atom(entry("<title>a</title>"), head)).people).toMatchObject([{ externalId: "#mara" }]);
    expect(read(atom(entry("<title>a</title><source><author><name>Noor</name></author></source>"), head)).people).toMatchObject([
      { externalId: "#noor" },
    ]);
    const json = { version: "https://jsonfeed.org/version/1.1", title: "T", home_page_url: "https://tide.example", authors: [{ name: "Mara" }] };
    const items = [{ id: 7, content_text: "1 < 2 & so on", date_published: "2026-03-02T09:00:00Z" }];
    const { people, posts } = read(JSON.stringify({ ...json, items }));
    expect(people).toMatchObject([{ externalId: "#mara" }]);
    expect(posts[0]).toMatchObject({ externalId: "7", body: "1 < 2 & so on" });
    expect(read(rss(`<item><title>a</title>${date}</item>`)).posts[0]).toMatchObject({ unattributed: "not named" });
  });
});

describe("feeds: words and links", () => {
  it("relative links lead from xml:base, else from the feed's or the item's address", () => {
    const based = entry(
      '<title>a</title><link href="p.html"/><content type="html">&lt;a href="q#x"&gt;see&lt;/a&gt; &lt;a href="#here"&gt;here&lt;/a&gt;</content>',
    );
    const head = '<id>tag:tide.example,2026:blog</id><title>T</title><link href="/home/"/>';
    const [post] = read(atom(based, head, 'xml:base="https://tide.example/blog/"')).posts;
    expect(post).toMatchObject({ url: "https://tide.example/blog/p.html", body: "[see](https://tide.example/blog/q#x) here" });
    const [fetched] = read(atom(based, head), { address: "https://tide.example/feeds/atom.xml" }).posts;
    expect(fetched?.url).toBe("https://tide.example/feeds/p.html");
    const [item] = read(rss(`<item><link>/a/b</link>${date}<content:encoded><![CDATA[<p><a href="c">see</a></p>]]></content:encoded></item>`)).posts;
    expect(item).toMatchObject({ url: "https://tide.example/a/b", body: "[see](https://tide.example/a/c)" });
  });

  it.each([
    ["text in Atom is by the letter", atom(entry('<title type="text">A &lt;b&gt; &amp;amp; C</title>')), "A <b> &amp; C"],
    ["HTML in Atom is read", atom(entry('<title type="html">A &lt;b&gt;bold&lt;/b&gt; &amp;amp; C</title>')), "A bold & C"],
    ["known tags in RSS are read", rss(`<item><title>A &lt;em&gt;word&lt;/em&gt; &amp;amp; C</title>${date}</item>`), "A word & C"],
    ["other angle brackets in RSS are words", rss(`<item><title>Promise&lt;T&gt; and a &lt; b</title>${date}</item>`), "Promise<T> and a < b"],
  ])("a title: %s", (_, text, title) => {
    expect(read(text).posts[0]?.title).toBe(title);
  });

  it("code stays code, scripts say nothing, and links to files lose their tokens", () => {
    const html = "<pre><code>a &amp;&amp; b</code></pre><script>alert(1)</script><p>words</p>";
    const [post] = read(
      rss(
        `<item><title>a</title>${date}<description><![CDATA[${html}]]></description><enclosure url="/a.mp3?t=1" length="0" type="audio/mpeg"/></item>`,
      ),
    ).posts;
    expect(post?.body).toBe("```\na && b\n```\n\nwords");
    expect(post?.attributes).toEqual({ media: "episode", attachments: [{ url: "https://tide.example/a.mp3", type: "audio/mpeg" }] });
  });

  it("tells articles, episodes and videos", () => {
    const media = (inner: string) => read(rss(`<item><title>a</title>${date}${inner}</item>`)).posts[0]?.attributes?.media;
    expect(media("")).toBe("article");
    expect(media('<enclosure url="https://x.example/a.png" type="image/png"/>')).toBe("article");
    expect(media('<enclosure url="https://x.example/a.mp4" type="video/mp4"/>')).toBe("video");
    expect(media('<enclosure url="https://x.example/a.mp4" type="video/mp4"/><itunes:duration>10</itunes:duration>')).toBe("episode");
    const yt = entry('<title>a</title><yt:videoId xmlns:yt="http://www.youtube.com/xml/schemas/2015">x</yt:videoId>');
    expect(read(atom(yt)).posts[0]?.attributes?.media).toBe("video");
  });
});

describe("feeds: dates", () => {
  it.each([
    ["Mon, 02 Mar 2026 09:00:00 +0100", "2026-03-02T08:00:00.000Z"],
    ["Mon, 02 Mar 2026 09:00:00 GMT", "2026-03-02T09:00:00.000Z"],
    ["Mon, 02 Mar 2026 09:00:00 EST", "2026-03-02T14:00:00.000Z"],
    ["Mon, 02 Jun 2026 09:00:00 CEST", "2026-06-02T07:00:00.000Z"],
    ["Mon, 02 Mar 2026 09:00:00 -0000", "2026-03-02T09:00:00.000Z"],
    ["Mon, 2 Mar 26 09:00 UT", "2026-03-02T09:00:00.000Z"],
    ["2 March 2026 09:00:00", "2026-03-02T09:00:00.000Z"],
    ["Mon, 02 Mar 2026", "2026-03-02T00:00:00.000Z"],
    ["March 2, 2026", "2026-03-02T00:00:00.000Z"],
    ["2026-03-02T09:00:00+01:00", "2026-03-02T08:00:00.000Z"],
    ["2026-03-02T09:00:00.123Z", "2026-03-02T09:00:00.000Z"],
    ["2026-03-02 09:00:00", "2026-03-02T09:00:00.000Z"],
    ["2026-03-02T09:00", "2026-03-02T09:00:00.000Z"],
    ["2026-03-02", "2026-03-02T00:00:00.000Z"],
    ["1772442000", "2026-03-02T09:00:00.000Z"],
    ["Lun, 02 Mar 2026 09:00:00 +0100", "2026-03-02T08:00:00.000Z"],
    ["yesterday", undefined],
    ["Mon, 02 Foo 2026 09:00:00 GMT", undefined],
    ["Mon, 02 Mar 2026 09:00:00 XYZ", undefined],
    ["0000-00-00", undefined],
    ["", undefined],
  ])("%j is %s, on whichever machine", (text, iso) => {
    expect(parseFeedDate(text)?.toISOString()).toBe(iso);
  });

  it("an item whose date cannot be read is set aside with it", () => {
    expect(read(rss("<item><title>a</title><pubDate>some day</pubDate></item>")).rejected).toMatchObject([
      { place: "item 1", reason: "The date of “a” cannot be read: some day." },
    ]);
  });

  it("later changes are edits, and Dublin Core's dates count where there are no others", () => {
    const [post] = read(atom(entry("<title>a</title><published>2026-03-01T00:00:00Z</published>"))).posts;
    expect(post).toMatchObject({ occurredAt: new Date("2026-03-01T00:00:00Z"), editedAt: new Date("2026-03-02T09:00:00Z") });
    expect(read(rss("<item><title>a</title><dc:date>2026-03-01T00:00:00Z</dc:date></item>")).posts[0]?.occurredAt).toEqual(
      new Date("2026-03-01T00:00:00Z"),
    );
  });
});

describe("feeds: bytes", () => {
  const text = '<?xml version="1.0" encoding="windows-1251"?><rss version="2.0"><channel><title>Привет</title></channel></rss>';
  const cyrillic = Buffer.from([...text].map((c) => (c >= "А" && c <= "я" ? c.charCodeAt(0) - 0x350 : c.charCodeAt(0))));

  it.each([
    ["as the document says", cyrillic, undefined],
    [
      "as the server says, where the document is silent",
      Buffer.from(cyrillic.toString("latin1").replace(/ encoding="[^"]*"/, ""), "latin1"),
      "text/xml; charset=windows-1251",
    ],
    ["UTF-8, whatever else is said", Buffer.from(text), "text/xml; charset=iso-8859-1"],
    ["UTF-16 with its mark", Buffer.from(`\ufeff${text}`, "utf16le"), undefined],
    ["UTF-16 without a mark", Buffer.from(text, "utf16le"), undefined],
    ["UTF-16 the other way round", Buffer.from(`\ufeff${text}`, "utf16le").swap16(), undefined],
  ])("%s", (_, bytes, contentType) => {
    expect(decodeFeed(bytes, contentType)).toContain("Привет");
  });

  it("of no known encoding are read as Western", () => {
    expect(decodeFeed(Buffer.from('<?xml version="1.0" encoding="x-none"?><rss>\xfc</rss>', "latin1"))).toContain("ü");
  });
});

describe("feeds: what is refused, and why", () => {
  it.each([
    [
      "cut off in the middle",
      rss(`<item><title>a</title>${date}</item>`).slice(0, -40),
      /is no feed: it is broken or cut off XML, at line 1, column \d+/,
    ],
    ["broken XML", rss("<item><title>a</item>"), /broken or cut off XML, at line 1/],
    ["cut off JSON", '{"version":"https://jsonfeed.org/version/1","items":[{"id":', /broken or cut off JSON \(/],
    ["other JSON", '{"items":[]}', /JSON of another kind/],
    ["other XML", '<?xml version="1.0"?>\n<!-- a -->\n<opml version="2.0"/>', /XML of another kind, beginning with <opml>/],
    ["a page", "<html><body>not found</body></html>", /a web page; look for its link/],
    ["nothing", " \n", /it is empty/],
    ["words", "not found", /neither XML nor a JSON Feed/],
  ])("%s", (_, text, words) => {
    expect(() => read(text)).toThrow(words);
  });

  it("a feed inside a web page is taken out of it, as readers do", () => {
    const page = `<!DOCTYPE html>\n<html><body>${atom(entry("<title>a</title>")).replace(/<\?xml[^>]*>/, "")}</body></html>`;
    expect(read(page).posts).toHaveLength(1);
  });

  it("entities that grow and entities that reach for files stay words", () => {
    const bomb = `<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "${"&a;".repeat(1000)}"><!ENTITY c "${"&b;".repeat(1000)}"><!ENTITY f SYSTEM "file:///etc/passwd">]>${rss(`<item><title>&c; &f;</title>${date}</item>`).replace(/<\?xml[^>]*>/, "")}`;
    let length = 0;
    try {
      length = (read(bomb).posts[0]?.title ?? "").length;
    } catch (error) {
      expect((error as { code?: string }).code).toBe("unreadable_file");
    }
    expect(length).toBeLessThan(20_000);
  });
});
