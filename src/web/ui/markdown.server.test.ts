import * as fc from "fast-check";
import { expect, test } from "vitest";
import { renderMarkdown, renderPlain } from "./markdown.server.ts";

test("a stranger's markdown brings no script, no raw HTML, no picture and no followed link", () => {
  const html = renderMarkdown(
    [
      "<script>alert(1)</script><img src=x onerror=alert(1)>",
      "[run](javascript:alert(1)) [site](https://example.org) ![diagram](https://tracker.example/p.png)",
      '<a href="https://example.org" onclick="alert(1)">raw</a>',
    ].join("\n\n"),
  );
  expect(html).not.toMatch(/<script|<img|onerror|onclick|javascript:/);
  expect(html).toContain('<a href="https://example.org" rel="nofollow noopener">site</a>');
  expect(html).toContain('<a href="https://tracker.example/p.png" rel="nofollow noopener">picture: diagram</a>');
});

test("code, tables and task lists come through", () => {
  const html = renderMarkdown("```js\nlet a = 1 < 2;\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n- [x] done");
  expect(html).toContain('<code class="language-js">let a = 1 &#x3C; 2;\n</code>');
  expect(html).toContain("<td>1</td>");
  expect(html).toContain('type="checkbox"');
});

test("a passage is marked where it stands, across emphasis, and nowhere else", () => {
  const text = "It waits two seconds **even when the 429 says so**, every time.";
  const start = text.indexOf("seconds");
  const end = text.indexOf(" says so");
  expect(renderMarkdown(text, [{ start, end }])).toBe(
    "<p>It waits two <mark>seconds </mark><strong><mark>even when the 429</mark> says so</strong>, every time.</p>",
  );
});

test("plain text keeps its lines, sets quoted lines back and links addresses without their punctuation", () => {
  expect(renderPlain("> was it?\nSee https://example.org/a(b).\n<b>no</b>")).toBe(
    '<pre data-plain=""><span data-quoted="">> was it?</span>\nSee <a href="https://example.org/a(b" rel="nofollow noopener">https://example.org/a(b</a>).\n&#x3C;b>no&#x3C;/b>\n</pre>',
  );
});

test("what looks like a tag is read as a word, formatting tags and comments go, and nothing of it becomes an element", () => {
  expect(renderMarkdown("why does <Suspense> not work with <my-part/>?")).toBe("<p>why does &#x3C;Suspense> not work with &#x3C;my-part/>?</p>");
  expect(renderMarkdown("**no <Suspense> here**")).toBe("<p><strong>no &#x3C;Suspense> here</strong></p>");
  expect(renderMarkdown("press <kbd>Esc</kbd> **now**")).toBe("<p>press Esc <strong>now</strong></p>");
  expect(renderMarkdown("<!-- describe the bug -->\n\nIt hangs.")).toBe("<p>It hangs.</p>");
  expect(renderMarkdown("<details>\n<summary>Log</summary>\nline one\n</details>")).toMatch(/Log\s+line one/);
  expect(renderMarkdown("before <script>alert(1)</script> after")).toBe("<p>before &#x3C;script>alert(1)&#x3C;/script> after</p>");
});

test("a passage in a word that looks like a tag is marked where it stands", () => {
  const text = "why does <Suspense> hang";
  const start = text.indexOf("<Suspense>");
  expect(renderMarkdown(text, [{ start, end: start + 10 }])).toBe("<p>why does <mark>&#x3C;Suspense></mark> hang</p>");
});

test("no text whatever renders to anything that runs", async () => {
  const nasty = fc.stringMatching(/^[<>/"'= a-z&;:()![\]*_`#\n-]{0,120}$/);
  await fc.assert(
    fc.property(nasty, fc.constantFrom("<script>", "<svg onload=1>", "[x](javascript:1)", '<iframe src="x">', ""), (text, seed) => {
      const html = renderMarkdown(text + seed + text) + renderPlain(text + seed + text);
      expect(html).not.toMatch(/<(script|svg|iframe|object|style|form)\b|<[^>]*\son\w+=|href="javascript:/i);
    }),
  );
});
