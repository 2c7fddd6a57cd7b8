import type { Element, ElementContent, Root, RootContent, Text } from "hast";
import rehypeSanitize, { defaultSchema } from "rehype-sanitize";
import rehypeStringify from "rehype-stringify";
import remarkGfm from "remark-gfm";
import remarkParse from "remark-parse";
import remarkRehype from "remark-rehype";
import { unified } from "unified";

/** A passage to mark: where it begins and ends in the source text, in UTF-16 units. */
export interface MarkedPassage {
  start: number;
  end: number;
}

const schema = {
  ...defaultSchema,
  // Pictures become links: fetching them would tell other sites who reads here.
  tagNames: [...(defaultSchema.tagNames ?? []).filter((name) => name !== "img"), "mark"],
  clobberPrefix: "md-",
};

const longestRendered = 200_000;

/** Tags that only format: people write them in Markdown, and their words read well without them. */
const formatting = new Set(
  "a abbr b blockquote br center code dd del details div dl dt em font h1 h2 h3 h4 h5 h6 hr i img ins kbd li ol p picture pre q s samp small source span strike strong sub summary sup table tbody td tfoot th thead tr tt u ul var video".split(
    " ",
  ),
);

/** Where Markdown holds blocks and no running words. */
const blocks = new Set(["root", "blockquote", "listItem", "footnoteDefinition"]);

/**
 * Raw HTML as the words that it is: tags that only format go, comments too, and what looks like a tag but is what the
 * writer talks about («why does <Suspense> …») stays to be read. It becomes text, never an element.
 */
function htmlToText(html: string): string {
  return html
    .replace(/<!--[\s\S]*?(?:-->|$)/g, "")
    .replace(/<\/?([a-z][a-z0-9]*)(?:\s[^<>]*)?\/?>/g, (tag, name: string) => (name === "br" ? "\n" : formatting.has(name) ? "" : tag));
}

const parser = unified()
  .use(remarkParse)
  .use(remarkGfm)
  .use(remarkRehype, {
    handlers: {
      html(state, node: { value: string }, parent) {
        const value = htmlToText(node.value);
        if (value.trim() === "") return undefined;
        const text: Text = { type: "text", value };
        // Where it stands is kept only for words that stand as they were written: passages are marked by it.
        if (value === node.value) state.patch(node as Parameters<typeof state.patch>[0], text);
        const isBlock = parent !== undefined && blocks.has(parent.type);
        return isBlock ? { type: "element", tagName: "p", properties: {}, children: [text] } : text;
      },
    },
  });
const cleaner = unified().use(rehypeSanitize, schema).use(rehypeStringify);

/**
 * Markdown of strangers to safe HTML: no raw HTML, no pictures, no scripts; links are nofollow.
 * @param passages marked where they stand in plain text of the source
 */
export function renderMarkdown(markdown: string, passages: readonly MarkedPassage[] = []): string {
  const tree = parser.runSync(parser.parse(markdown.slice(0, longestRendered)));
  markPassages(tree, passages);
  rewrite(tree);
  const clean = cleaner.runSync(tree);
  nofollow(clean);
  return cleaner.stringify(clean);
}

/**
 * Plain text (mails, commit messages) to safe HTML: line breaks kept, quoted lines set back, addresses linked.
 */
export function renderPlain(text: string, passages: readonly MarkedPassage[] = []): string {
  const source = text.slice(0, longestRendered);
  const children: ElementContent[] = [];
  let offset = 0;
  for (const line of source.split("\n")) {
    const parts = linkAddresses(line, offset);
    if (/^\s*>/.test(line)) children.push({ type: "element", tagName: "span", properties: { dataQuoted: "" }, children: parts }, newline());
    else children.push(...parts, newline());
    offset += line.length + 1;
  }
  const tree: Root = { type: "root", children: [{ type: "element", tagName: "pre", properties: { dataPlain: "" }, children }] };
  markPassages(tree, passages);
  nofollow(tree);
  // Built here from text nodes alone, so there is nothing to sanitise.
  return unified().use(rehypeStringify).stringify(tree);
}

function newline(): Text {
  return { type: "text", value: "\n" };
}

function textAt(value: string, offset: number): Text {
  const point = (at: number) => ({ line: 1, column: 1, offset: at });
  return { type: "text", value, position: { start: point(offset), end: point(offset + value.length) } };
}

function linkAddresses(line: string, lineOffset: number): ElementContent[] {
  const parts: ElementContent[] = [];
  let done = 0;
  for (const match of line.matchAll(/https?:\/\/[^\s<>"]+[^\s<>".,;:!?)\]}']/g)) {
    if (match.index > done) parts.push(textAt(line.slice(done, match.index), lineOffset + done));
    parts.push({ type: "element", tagName: "a", properties: { href: match[0] }, children: [textAt(match[0], lineOffset + match.index)] });
    done = match.index + match[0].length;
  }
  if (done < line.length) parts.push(textAt(line.slice(done), lineOffset + done));
  return parts;
}

type Parent = Root | Element;

function eachParent(node: Parent, visit: (parent: Parent) => void): void {
  for (const child of node.children) if (child.type === "element") eachParent(child, visit);
  visit(node);
}

/** Wraps what of the passages falls into a text node; nodes whose text was unescaped on the way are left alone. */
function markPassages(tree: Root, passages: readonly MarkedPassage[]): void {
  if (passages.length === 0) return;
  eachParent(tree, (parent) => {
    parent.children = (parent.children as RootContent[]).flatMap((child): ElementContent[] => {
      if (child.type !== "text") return [child as ElementContent];
      const from = child.position?.start.offset;
      const to = child.position?.end.offset;
      if (from === undefined || to === undefined || to - from !== child.value.length) return [child];
      return splitAt(child.value, from, passages);
    });
  });
}

function splitAt(value: string, from: number, passages: readonly MarkedPassage[]): ElementContent[] {
  const parts: ElementContent[] = [];
  let done = 0;
  for (const passage of [...passages].sort((a, b) => a.start - b.start)) {
    const start = Math.max(done, passage.start - from);
    const end = Math.min(value.length, passage.end - from);
    if (start >= end) continue;
    if (start > done) parts.push({ type: "text", value: value.slice(done, start) });
    parts.push({ type: "element", tagName: "mark", properties: {}, children: [{ type: "text", value: value.slice(start, end) }] });
    done = end;
  }
  if (done < value.length) parts.push({ type: "text", value: value.slice(done) });
  return parts;
}

function rewrite(tree: Root): void {
  eachParent(tree, (parent) => {
    parent.children = (parent.children as ElementContent[]).map((child): ElementContent => {
      if (child.type !== "element") return child;
      // An empty head cell names nothing; assistive technology would announce a nameless column.
      if (child.tagName === "th" && child.children.length === 0) return { ...child, tagName: "td" };
      if (child.tagName !== "img") return child;
      const { src, alt } = child.properties;
      return {
        type: "element",
        tagName: "a",
        properties: { href: typeof src === "string" ? src : "" },
        children: [{ type: "text", value: `picture: ${typeof alt === "string" && alt ? alt : "no description"}` }],
      };
    });
  });
}

function nofollow(tree: Root): void {
  eachParent(tree, (parent) => {
    for (const child of parent.children) {
      if (child.type === "element" && child.tagName === "a") child.properties.rel = ["nofollow", "noopener"];
    }
  });
}
