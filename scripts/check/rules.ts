/**
 * One boundary of the house. Paths are relative to the project's root; besides files, an import may lead to `node:fs`,
 * `npm:zod`, `npm-dev:vitest` (a devDependency), `npm-unlisted:left-pad` (in no list of package.json) or `nowhere:./x.ts`.
 * All patterns are regular expressions; `$room` in a target stands for what `(?<room>…)` caught in `from`.
 */
export interface Rule {
  name: string;
  /** What to do instead. */
  instead: string;
  from: string;
  fromNot?: string;
  to: string;
  toNot?: string[];
  /** An import of types alone is gone at run time, and then harmless to this rule. */
  typesAllowed?: boolean;
}

const tests = "(\\.test\\.tsx?$|/(testing|fake)(-[\\w-]+)?\\.ts$|^tests/)";
const transport = "^npm:(hono|@hono/[^/]+|react|react-dom|react-router|@react-router/[^/]+|@mantine/[^/]+|commander|recharts)(/|$)";
// Backup and restore are whole acts of the floor that a command offers; they hand out no SQL.
const database = "^(src/core/database/(?!(backup|restore)\\.ts$)|npm:(drizzle-orm|pg|pg-boss|@electric-sql/[^/]+)(/|$))";
// Only the packages' front doors: nodemailer/lib/addressparser and its like send nothing.
const network = "^(npm:(undici|nodemailer)|node:(http|https|http2|net|tls|dgram))$";

/** The name of the one rule that is not about a pair of files. */
export const noCycles = {
  name: "no-cycles",
  instead:
    "Files that import each other in a ring are one idea in several places. Move what they share into a file below them, or pass it as an argument.",
};

/** `web | api | cli → features → core`; `connectors → core + features/ledger`; `metrics → core + features`. */
export const rules: readonly Rule[] = [
  {
    name: "core-is-the-floor",
    instead:
      "src/core holds no business word and imports nothing above it. Move the code to the feature that owns the word, or let the caller pass in what core needs.",
    from: "^src/core/",
    fromNot: tests,
    to: "^src/",
    toNot: ["^src/core/"],
  },
  {
    name: "features-know-only-core-and-features",
    instead:
      "A feature works alike in server, worker, CLI and test, so it knows nothing above it. Take what it needs as an argument, or let the upper room call the feature.",
    from: "^src/features/",
    fromNot: tests,
    to: "^src/",
    toNot: ["^src/(core|features)/"],
  },
  {
    name: "features-know-no-transport",
    instead: "A feature takes (ctx, input) and returns values. Routes belong in src/api, pages in src/web, commands in src/cli.",
    from: "^src/(core|features|metrics|connectors)/",
    fromNot: tests,
    to: transport,
  },
  {
    name: "feature-front-door",
    instead:
      "Features meet only through index.ts: export there what the other one needs, or move the code to the feature that owns it. (Only a schema.ts may import another schema.ts, for foreign keys.)",
    from: "^src/features/(?<room>[^/]+)/",
    fromNot: "/schema\\.ts$",
    to: "^src/features/[^/]+/",
    toNot: ["^src/features/$room/", "^src/features/[^/]+/index\\.ts$"],
  },
  {
    name: "schemas-meet-only-schemas",
    instead: "A schema.ts imports of another feature its schema.ts, for foreign keys, or its index.ts; nothing else.",
    from: "^src/(features/(?<room>[^/]+)|metrics)/schema\\.ts$",
    to: "^src/features/[^/]+/",
    toNot: ["^src/features/$room/", "^src/features/[^/]+/(index|schema)\\.ts$"],
  },
  {
    name: "front-door-from-outside",
    instead: "Seen from outside src/features, a feature is its index.ts. Import from there; when something is missing, export it there.",
    from: "^(src|bench)/(?!features/)",
    fromNot: `${tests}|^src/metrics/schema\\.ts$`,
    to: "^src/features/",
    toNot: ["^src/features/[^/]+/index\\.ts$"],
  },
  {
    name: "connectors-are-islands",
    instead:
      "Connectors never import each other. What two of them need belongs beside them in src/connectors/, in src/core, or in the kit (src/features/ledger).",
    from: "^src/connectors/(?<room>[^/]+)/",
    to: "^src/connectors/[^/]+/",
    toNot: ["^src/connectors/$room/"],
  },
  {
    name: "connectors-know-only-core-and-ledger",
    instead:
      "A connector turns a source's records into the ledger's: it needs src/core and #features/ledger/index.ts and nothing else of src but types.",
    from: "^src/connectors/[^/]+/",
    fromNot: tests,
    typesAllowed: true,
    to: "^src/",
    toNot: ["^src/(core|connectors)/", "^src/features/ledger/index\\.ts$"],
  },
  {
    name: "connectors-know-no-database",
    instead: "Yield records and let the ledger store them: there is one ingest path. A connector holds no SQL and opens no connection.",
    from: "^src/connectors/",
    fromNot: tests,
    to: database,
  },
  {
    name: "metrics-know-only-core-and-features",
    instead: "A metric is a definition and its SQL. Pages, routes and commands read metrics through src/metrics/index.ts, not the other way round.",
    from: "^src/metrics/",
    fromNot: tests,
    to: "^src/",
    toNot: ["^src/(core|features|metrics)/"],
  },
  {
    name: "faces-hold-no-sql",
    instead:
      "SQL lives in src/features and src/metrics. A page, route or command calls a feature's function: write it there and export it by its index.ts.",
    from: "^src/(web|api|cli)/",
    fromNot: tests,
    to: database,
    typesAllowed: true,
  },
  {
    name: "faces-do-not-meet",
    instead: "Pages, API and CLI do not import each other. What two of them need is a feature's function.",
    from: "^src/(?<room>web|api|cli)/",
    fromNot: tests,
    to: "^src/(web|api|cli)/",
    toNot: ["^src/$room/"],
  },
  {
    name: "one-way-to-the-network",
    instead:
      "Requests and mails go out through the HTTP client and the mailer of src/core: time limits, retries, rate limits and the guard on private addresses live there.",
    from: "^src/(features|connectors|metrics|web|api|cli)/",
    fromNot: tests,
    to: network,
    typesAllowed: true,
  },
  {
    name: "product-knows-no-test",
    instead: "Code that ships imports no test, test factory, bench or script. Move the shared part to the room that owns it.",
    from: "^src/",
    fromNot: tests,
    to: "^(tests|bench|scripts)/|\\.test\\.tsx?$",
  },
  {
    name: "product-needs-its-dependencies",
    instead: "This package is not among `dependencies` and would be missing in production: npm install --save-exact NAME.",
    from: "^src/",
    // The build alone reads the routes, and `npm run dev` alone the pages from source.
    fromNot: `${tests}|^src/(web/routes|host/dev-pages)\\.ts$`,
    to: "^npm-(dev|unlisted):",
    typesAllowed: true,
  },
  {
    name: "packages-are-listed",
    instead:
      "Import only packages that package.json names; this one is there by the grace of another: npm install --save-exact NAME (with -D for tests and scripts).",
    from: "^(tests|bench|scripts)/|\\.test\\.tsx?$|^[^/]+$",
    to: "^npm-unlisted:",
    typesAllowed: true,
  },
  {
    name: "imports-resolve",
    instead: "The import leads nowhere. Write the path with its .ts extension, or with one of the #aliases of package.json.",
    from: "",
    to: "^nowhere:",
  },
];
