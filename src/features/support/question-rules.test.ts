import { describe, expect, test } from "vitest";
import { type AskedThread, asksForHelp, closingWord, plainLabel } from "./question-rules.ts";

const thread = (over: Partial<AskedThread>): AskedThread => ({
  kind: "issue",
  title: "Notes",
  labels: [],
  answerable: false,
  channelKind: "repository main",
  opening: "",
  beginsWithReply: false,
  ...over,
});

describe("a thread asks", () => {
  test.each<[string, Partial<AskedThread>, RegExp]>([
    ["by its source", { kind: "question", title: "Retries" }, /source keeps it as a question/],
    ["by being answerable", { kind: "discussion", answerable: true }, /marked as the answer/],
    ["by a label with a family", { labels: ["type: question"] }, /labelled “type: question”/],
    ["by its title's mark", { title: "Retries after a timeout?" }, /title has a question mark/],
    ["by a full-width mark", { title: "重试在哪里设置？" }, /question mark/],
    ["by how its title begins", { title: "How to set the retry count" }, /begins like a question: “How to”/],
    ["by a phrase in the opening", { opening: "Hello.\n\nIs there a way to set retries per queue? The docs do not say." }, /there is a way/],
    ["by its last sentence, thanks aside", { opening: "I set retries to 3. It tries once. Expected?\n\nThanks,\nAda" }, /ends with a question mark/],
    [
      "by an error in a mail",
      { kind: "mail", title: "Pilot on FreeBSD", opening: "After the update I get the following error when it starts." },
      /reports an error/,
    ],
    ["in German", { opening: "Gibt es eine Möglichkeit, die Warteschlange zu leeren" }, /Deutsch/],
    ["in Japanese", { opening: "キューを空にするにはどうすればよいですか。" }, /日本語/],
  ])("%s", (_name, over, reason) => {
    const verdict = asksForHelp(thread(over));
    expect(verdict.reason).toMatch(reason);
    expect(verdict.asks).toBe(true);
  });
});

describe("a thread does not ask", () => {
  test.each<[string, Partial<AskedThread>]>([
    ["when it is a pull request", { kind: "pull_request", title: "Why not retry?" }],
    ["when it announces", { kind: "mail", title: "[ANN] Pilot 2.0: what is new?" }],
    ["when the mark stands in a quoted mail", { opening: "> Is there a way to stop it?\n\nI moved the queue to another host." }],
    ["when the mark stands in code", { opening: "The parser sees\n```\nis there a way?\n```\nand stops." }],
    ["when the mark belongs to an address", { opening: "See https://example.org/?q=why+does" }],
    ["when a template asks", { opening: "<!-- How do I reproduce it? -->\nThe queue stops." }],
    ["when what is held begins with a reply", { kind: "mail", title: "Re: How do I retry?", beginsWithReply: true }],
    ["when the maintainers look for help", { labels: ["help wanted"], opening: "Port the queue to the new driver." }],
    ["when an error is reported to a tracker", { opening: "After the update I get the following error." }],
  ])("%s", (_name, over) => {
    expect(asksForHelp(thread(over)).asks).toBe(false);
  });
});

test("thanks with a confirmation solves, thanks alone ends the waiting, anything else asks on", () => {
  expect(closingWord("Thanks, that works!")?.means).toBe("solved");
  expect(closingWord("Perfect, got it.")?.means).toBe("solved");
  expect(closingWord("Thank you, I will try it tomorrow.")?.means).toBe("thanked");
  expect(closingWord("> that works\n\nThanks")?.means).toBe("thanked");
  expect(closingWord("Thanks, but it still fails.")).toBeUndefined();
  expect(closingWord("Thanks! How do I do that for two queues?")).toBeUndefined();
  expect(closingWord("Here is the log. Thanks in advance.")).toBeUndefined();
  expect(closingWord("Any news")).toBeUndefined();
});

test("labels lose their family and case", () => {
  expect(["type: Bug", "kind/feature", "C-enhancement", "Q&A", "good_first_issue"].map(plainLabel)).toEqual([
    "bug",
    "feature",
    "c-enhancement",
    "q&a",
    "good first issue",
  ]);
});
