import { asNode, type Node, textOf, withoutScheme } from "./nodes.ts";

export interface FeedAuthor {
  name: string;
  address?: string;
  url?: string;
}

const forms: { form: RegExp; name: number; address: number }[] = [
  // RSS writes «a@b (Name)»; others write it as a mail does, or the other way round.
  { form: /^(?:mailto:)?(\S+@[^\s@]+\.[^\s@()]+)\s*\((.*)\)$/i, name: 2, address: 1 },
  { form: /^(.*?)\s*<(?:mailto:)?(\S+@\S+)>$/i, name: 1, address: 2 },
  { form: /^(.*?)\s*\((?:mailto:)?(\S+@\S+)\)$/i, name: 1, address: 2 },
  { form: /^()(?:mailto:)?(\S+@[^\s@]+\.[^\s@]+)$/i, name: 1, address: 2 },
];

/**
 * Who wrote an item.
 * @param input.feedAuthors who stands for the whole feed: in Atom and JSON Feed they wrote what names nobody else
 * @param input.home the feed's own addresses: as an author's they are everybody's and tell nobody
 */
export function readAuthors(node: Node, input: { feedAuthors: unknown; home: readonly string[] }): FeedAuthor[] {
  const dc = asNode(node.dc);
  const candidates = [
    [...listed(node.authors), ...listed(node.author), ...listed(dc.creators), ...listed(dc.creator)],
    listed(asNode(node.itunes).author),
    // A planet's entry says of which feed it is.
    listed(asNode(node.source).authors),
    listed(input.feedAuthors),
  ];
  const given = candidates.find((authors) => authors.length > 0) ?? [];
  const homes = new Set(input.home.map(withoutScheme));
  const authors: FeedAuthor[] = [];
  for (const one of given) {
    const author = readAuthor(one, homes);
    if (!author) continue;
    // A name alone beside the same name with an address is the same person once more.
    const before = authors.find(({ name }) => name.toLowerCase() === author.name.toLowerCase());
    if (!before) authors.push(author);
    else if (!before.address && !before.url) authors[authors.indexOf(before)] = author;
    else if (author.address && author.address !== before.address) authors.push(author);
  }
  return authors;
}

function listed(value: unknown): unknown[] {
  return Array.isArray(value) ? value : value === undefined || value === null ? [] : [value];
}

function readAuthor(one: unknown, homes: ReadonlySet<string>): FeedAuthor | undefined {
  const parts = asNode(one);
  const words = (textOf(one) || textOf(parts.name)).replace(/\s+/g, " ");
  const found = forms.map(({ form, name, address }) => ({ m: form.exec(words), name, address })).find(({ m }) => m !== null);
  const name = (found ? found.m?.[found.name] : words)?.trim().replace(/^"(.*)"$/, "$1") ?? "";
  const address = (textOf(parts.email).replace(/^mailto:/i, "") || found?.m?.[found.address]) ?? "";
  const given = textOf(parts.uri) || textOf(parts.url);
  const url = URL.parse(given);
  const isOwn = url && /^https?:$/.test(url.protocol) && !homes.has(withoutScheme(url.href)) && !homes.has(withoutScheme(given));
  if (!name && !address && !isOwn) return undefined;
  return { name, ...(address && { address }), ...(isOwn && { url: url.href }) };
}
