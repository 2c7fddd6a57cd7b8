/** Which activity a commit's trailer is, by its key in lower case. */
const kinds: Record<string, string> = {
  "co-authored-by": "co_authored",
  "co-developed-by": "co_authored",
  "reviewed-by": "reviewed",
  "tested-by": "tested",
  "reported-by": "reported",
  "acked-by": "acked",
  "suggested-by": "suggested",
  "helped-by": "helped",
  "mentored-by": "mentored",
  "signed-off-by": "signed_off",
};

const verbs: Record<string, string> = { reviewed: "reviewed", tested: "tested", reported: "reported", acked: "acked", suggested: "suggested" };

const maxLineChars = 2_000;

/** One person that a trailer names for one thing. */
export interface Credit {
  kind: string;
  name: string;
  email: string;
}

/**
 * The people whom a commit's trailers name.
 * @param trailers what git's `%(trailers:only,unfold)` prints: one `Key: value` a line
 */
export function readTrailers(trailers: string): Credit[] {
  const credits: Credit[] = [];
  for (const given of trailers.split("\n")) {
    // No list of people is that long; a hostile line must not take hours.
    const line = given.slice(0, maxLineChars);
    const colon = line.indexOf(":");
    if (colon === -1) continue;
    for (const kind of kindsOf(line.slice(0, colon).trim().toLowerCase())) {
      for (const person of readPeople(line.slice(colon + 1))) credits.push({ kind, ...person });
    }
  }
  return credits;
}

/** `Reported-and-tested-by` names two things at once. */
function kindsOf(key: string): string[] {
  const kind = kinds[key];
  if (kind) return [kind];
  const several = /^([a-z]+)(?:-([a-z]+))?-and-([a-z]+)-by$/.exec(key);
  return several ? several.slice(1).flatMap((word) => (word ? (verbs[word] ?? []) : [])) : [];
}

/** `Name <address>`, several of them, or a bare address or name. */
function readPeople(value: string): { name: string; email: string }[] {
  const people = [...value.matchAll(/([^<>,]*(?:,[^<>,@]*)?)<([^<>]*)>/g)].map((match) => ({
    name: unquote((match[1] ?? "").replace(/^[\s,;&]+/, "").replace(/^and\s+/, "")),
    email: (match[2] ?? "").trim(),
  }));
  if (people.length > 0) return people;
  const bare = value.replace(/\s+#.*$/, "").trim();
  if (bare === "") return [];
  return /^[^\s@]+@[^\s@]+$/.test(bare) ? [{ name: "", email: bare }] : [{ name: unquote(bare), email: "" }];
}

function unquote(name: string): string {
  return name
    .trim()
    .replace(/^"(.*)"$/, "$1")
    .trim();
}
