import { compile, type FormatCallback } from "html-to-text";

/** Code keeps its fences, so that nobody takes it for prose. */
const fence: FormatCallback = (element, walk, builder) => {
  builder.openBlock({ isPre: true, leadingLineBreaks: 2 });
  builder.addLiteral("```\n");
  walk(element.children, builder);
  builder.addLiteral("\n```");
  builder.closeBlock({ trailingLineBreaks: 2 });
};

const inlineCode: FormatCallback = (element, walk, builder) => {
  // Within a block of code it is the block that has the fences.
  if (element.parent?.name === "pre") return walk(element.children, builder);
  builder.addInline("`", { noWordTransform: true });
  walk(element.children, builder);
  builder.addInline("`", { noWordTransform: true });
};

const link: FormatCallback = (element, walk, builder) => {
  const href = String(element.attribs?.href ?? "");
  // A picture that links to itself says nothing.
  if (element.children.every((child: { type: string; name?: string }) => child.type === "tag" && child.name !== "code")) {
    return walk(element.children, builder);
  }
  const isPlain = !/^https?:\/\//i.test(href) || textOf(element) === href || /\bmention\b/.test(String(element.attribs?.class ?? ""));
  if (isPlain) return walk(element.children, builder);
  builder.addInline("[", { noWordTransform: true });
  walk(element.children, builder);
  builder.addInline(`](${href})`, { noWordTransform: true });
};

const emoji: FormatCallback = (element, _walk, builder) => builder.addInline(String(element.attribs?.alt ?? ""));

/** A preview of another page is that page's words, not the author's: the link alone stays. */
const preview: FormatCallback = (element, _walk, builder) => {
  builder.openBlock({ leadingLineBreaks: 2 });
  builder.addInline(String(element.attribs?.["data-onebox-src"] ?? ""));
  builder.closeBlock({ trailingLineBreaks: 2 });
};

function textOf(element: Parameters<FormatCallback>[0]): string {
  return element.children.map((child: { data?: string }) => child.data ?? "").join("");
}

const convert = compile({
  wordwrap: false,
  formatters: { fence, inlineCode, link, emoji, preview },
  selectors: [
    { selector: "img", format: "skip" },
    { selector: "img.emoji", format: "emoji" },
    { selector: "pre", format: "fence" },
    { selector: "code", format: "inlineCode" },
    { selector: "a", format: "link" },
    { selector: "div.title", format: "skip" },
    { selector: "aside.onebox", format: "preview" },
    { selector: "div.meta", format: "skip" },
    { selector: "h1", options: { uppercase: false } },
    { selector: "h2", options: { uppercase: false } },
    { selector: "h3", options: { uppercase: false } },
    { selector: "h4", options: { uppercase: false } },
  ],
});

/**
 * The words of a post that is given as HTML, as Markdown so far as it matters: code in fences and backticks, quotes
 * marked, links kept. Pictures and previews of other pages are left out.
 */
export function htmlToMarkdown(html: string): string {
  try {
    return convert(html)
      .replace(/\n{3,}/g, "\n\n")
      .trim();
  } catch {
    return html.replace(/<[^<>]*>/g, " ").trim();
  }
}
