/** A feed as its parser gives it: each kind of feed and namespace has other fields, so all are looked at as unknown. */
export type Node = Record<string, unknown>;

export function listOf(value: unknown): Node[] {
  return Array.isArray(value) ? value.filter((one): one is Node => typeof one === "object" && one !== null) : [];
}

export function asNode(value: unknown): Node {
  return typeof value === "object" && value !== null ? { ...value } : {};
}

/** The words of a field, be it given alone or with its kind. */
export function textOf(value: unknown): string {
  if (typeof value === "string") return value.trim();
  if (typeof value === "number") return String(value);
  const inner = asNode(value).value;
  return typeof inner === "string" ? inner.trim() : "";
}

/** The first field that says something. */
export function firstOf(...values: unknown[]): string {
  for (const value of values) {
    const text = textOf(Array.isArray(value) ? value[0] : value);
    if (text !== "") return text;
  }
  return "";
}

/** A link made whole; empty for what leads nowhere on the web. */
export function absolute(link: string, base: string): string {
  if (link === "") return "";
  const url = URL.parse(link, base || undefined);
  return url && (url.protocol === "http:" || url.protocol === "https:") ? url.href : "";
}

/** An address by which a thing is known: a site that moves to https gives everything another one, and it is the same. */
export function withoutScheme(id: string): string {
  const web = /^https?:\/\/([^/?#]*)(.*)$/is.exec(id);
  return (web ? `${web[1]?.toLowerCase()}${web[2]}` : id).replace(/\/+$/, "");
}
