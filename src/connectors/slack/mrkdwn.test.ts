import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { findMentions, readMrkdwn } from "./mrkdwn.ts";
import { readBlocks } from "./read-blocks.ts";

describe("Slack's markup as Markdown", () => {
  it.each([
    ["a *b c* and _d_ and ~e~", "a **b c** and _d_ and ~~e~~"],
    ["2*3*4 and * x * and a~b~c", "2*3*4 and * x * and a~b~c"],
    ["(*bold*), *bold*.", "(**bold**), **bold**."],
    ["see <https://x.example/a_(b)|the *page*>", "see [the *page*](https://x.example/a_%28b%29)"],
    ["<https://x.example/?a=1&amp;b=2>", "https://x.example/?a=1&b=2"],
    ["<http://x.example|x.example>", "http://x.example"],
    ["<https://x.example|[1] *a*>", "[\\[1\\] *a*](https://x.example)"],
    ["<mailto:a@x.example|a@x.example> <tel:+123|+1 23>", "a@x.example +1 23"],
    ["<@U012AB|mara> <@U012AB> <@W012AB|@ilan>", "@mara @U012AB @ilan"],
    ["<#C012AB|help> <#C012AB> <#C012AB|>", "#help #C012AB #C012AB"],
    ["<!here> <!channel|@channel> <!everyone> <!subteam^S01|@crew> <!subteam^S01>", "@here @channel @everyone @crew @S01"],
    ["<!date^1767600000^{date_short}|5 Jan> <!date^1767600000^{date}>", "5 Jan 2026-01-05 08:00 UTC"],
    ["a &lt;b&gt; &amp;&amp; c &amp;lt;", "a <b> && c &lt;"],
    ["`x &lt; *y*` and *z*", "`x < *y*` and **z**"],
    ["```a\n*b* <http://x.example|x.example>\n```after", "```\na\n*b* http://x.example\n```\nafter"],
    ["before ```code```", "before \n```\ncode\n```"],
    ["&gt; one\ntwo", "> one\n\ntwo"],
    ["&gt;one\n&gt;two", "> one\n> two"],
    ["a\n&gt;&gt;&gt; b\nc", "a\n> b\n> c"],
    ["• one\n  ◦ two", "- one\n  - two"],
    ["a\r\nb", "a\nb"],
    ["just words", "just words"],
    ["<not a mark> <>", "<not a mark> <>"],
    ["<https://x.example|`code`>", "[`code`](https://x.example)"],
  ])("%j", (given, expected) => {
    expect(readMrkdwn(given)).toBe(expected);
  });

  it("is without marks in a title", () => {
    expect(readMrkdwn("*Big* ~old~ <https://x.example|news> &amp; `code`", "plain")).toBe("Big old news & `code`");
  });

  it("finds each person whom a text names once", () => {
    expect(findMentions("<@U2|b> <@U1> <@U2> <#C1> @U3")).toEqual(["U1", "U2"]);
  });

  it("reads any text at all, in no more time than its length asks for", () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom("*", "~", "`", "```", "<", ">", "|", "&gt;", "&", "@U1", "\n", "a", " ", "\ue000", "0", "\ue001")),
        (parts) => {
          expect(typeof readMrkdwn(parts.join(""))).toBe("string");
        },
      ),
    );
    for (const part of ["*a ", "<", "`", "&gt;", "~", "<@U1|", "*"]) {
      const started = performance.now();
      readMrkdwn(part.repeat(40_000));
      expect(performance.now() - started, part).toBeLessThan(1500);
    }
  });

  it("reads the words of blocks and leaves buttons out", () => {
    const blocks = [
      { type: "header", text: { type: "plain_text", text: "Deploy" } },
      {
        type: "rich_text",
        elements: [
          {
            type: "rich_text_section",
            elements: [
              { type: "text", text: "a < b " },
              { type: "user", user_id: "U1" },
              { type: "emoji", name: "tada" },
            ],
          },
          { type: "rich_text_list", elements: [{ type: "rich_text_section", elements: [{ type: "link", url: "https://x.example", text: "x" }] }] },
          { type: "rich_text_preformatted", elements: [{ type: "text", text: "code" }] },
          { type: "rich_text_quote", elements: [{ type: "text", text: "said" }] },
        ],
      },
      {
        type: "context",
        elements: [
          { type: "mrkdwn", text: "*by* CI" },
          { type: "image", image_url: "https://x.example/i.png" },
        ],
      },
      { type: "actions", elements: [{ type: "button", text: { type: "plain_text", text: "Retry" } }] },
    ];
    expect(readMrkdwn(readBlocks(blocks))).toBe("Deploy\n\na < b @U1:tada:\n- [x](https://x.example)\n```\ncode\n```\n> said\n\n**by** CI");
  });
});
