import { describe, expect, test } from "vitest";
import { findSignals, type ReadActivity } from "./signal-rules.ts";

const find = (body: string, over: Partial<ReadActivity> = {}) => findSignals({ title: null, labels: [], opens: true, body, ...over });

describe("a telling sentence becomes a signal of its kind, and the reason names the words", () => {
  test.each([
    ["bug", "I moved to 2.1. Since then the server crashes on start. Logs below.", "server crashes", "Since then the server crashes on start."],
    ["request", "We run nine queues. It would be nice to pause one of them.", "It would be nice to", "It would be nice to pause one of them."],
    ["friction", "The page on retries is really confusing. I gave up.", "confusing", "The page on retries is really confusing."],
    ["question", "We run nine queues. How do I pause one of them?", "How do I", "How do I pause one of them?"],
    ["praise", "Moved everything over last week. Fantastic tool.", "Fantastic tool", "Fantastic tool."],
  ])("%s", (kind, body, words, quote) => {
    const signal = find(body).find((one) => one.kind === kind);
    expect(signal?.quote).toBe(quote);
    expect(signal?.reason).toContain(words);
    expect(body.slice(signal?.quoteStart, signal?.quoteEnd)).toBe(quote);
  });
});

test("the quote stands at its place in the original whatever is skipped before it", () => {
  const body =
    "> the server crashes\n\n```\nthe server crashes 🚢\n```\n<!-- the server crashes -->\n🚢 Hello `it crashes`, the worker process crashes too. Bye.";
  const [signal, ...more] = find(body);
  expect(more).toEqual([]);
  expect(signal?.quote).toBe("🚢 Hello `it crashes`, the worker process crashes too.");
  expect(body.slice(signal?.quoteStart, signal?.quoteEnd)).toBe(signal?.quote);
});

test("quoted mail, the mail below a signature and templates say nothing in the author's name", () => {
  expect(find("On Tue, 3 Mar 2026, Ada Byte wrote:\n> the server crashes\n\nI agree.\n-- \nKeep up the good work")).toEqual([]);
  expect(find("### It would be nice to have\n- [x] I searched for: the server crashes\n\nDone.")).toEqual([]);
  expect(find("Done.\n\n-----Original Message-----\nThe server crashes on start.")).toEqual([]);
});

test("in a conversation a question mark alone is no feedback, asking how is", () => {
  expect(find("Which version are you on?", { opens: false })).toEqual([]);
  expect(find("How do I pause it?", { opens: false }).map((one) => one.kind)).toEqual(["question"]);
});

test("wishes and doubts are not taken for praise", () => {
  expect(find("It would be awesome if it were great.").map((one) => one.kind)).toEqual(["request"]);
  expect(find("Isn't it great work?", { opens: false })).toEqual([]);
  expect(find("I am glad that you were not confused by it.")).toEqual([]);
  expect(find("The docs are great, but I could not use them.").map((one) => one.kind)).not.toContain("praise");
});

test("a label outweighs words, keeps the telling sentence as its quote, and quotes the title where there is no text", () => {
  const [labelled] = find("We tried 2.1. The server crashes on start.", { labels: ["type: Bug"], title: "Start" });
  expect(labelled).toMatchObject({
    kind: "bug",
    rule: "label",
    reason: "Labelled “type: Bug” in the source.",
    quote: "The server crashes on start.",
  });
  expect(find("", { labels: ["enhancement"], title: "Pause a queue" })).toMatchObject([
    { kind: "request", quote: "Pause a queue", quoteStart: 0, quoteEnd: 0 },
  ]);
  expect(find("Nothing to see.", { labels: ["good first issue"] })).toEqual([]);
});

test("there is at most one signal of a kind, and long sentences are cut without breaking a letter", () => {
  const kinds = find(`The server crashes. The app crashes. ${"🚢".repeat(300)} the client crashes`).map((one) => one.kind);
  expect(kinds).toEqual(["bug"]);
  const [long] = find(`it crashes ${"🚢".repeat(300)}`);
  expect(long?.quote.length).toBeLessThanOrEqual(500);
  expect(long?.quote.isWellFormed()).toBe(true);
});

test("hostile text costs linear time", () => {
  for (const body of [
    "a ".repeat(10_000),
    "(".repeat(20_000),
    "`".repeat(20_000),
    "<a ".repeat(7000),
    "should ".repeat(3000),
    "no ".repeat(7000),
    "?".repeat(20_000),
    "<!--".repeat(5000),
    "docs ".repeat(4000),
    "\n".repeat(20_000),
    "how to ".repeat(3000),
    "e.g. ".repeat(4000),
  ]) {
    const started = performance.now();
    find(body, { title: body.slice(0, 300) });
    expect(performance.now() - started, body.slice(0, 10)).toBeLessThan(400);
  }
});
