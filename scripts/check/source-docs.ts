import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import type { Connector } from "../../src/features/ledger/index.ts";

const folder = "docs/sources";
const note = "<!-- Written by `npm run check -- --fix` from src/connectors. Change the connector, not this file. -->";

const schemaShape = z.looseObject({
  required: z.array(z.string()).default([]),
  properties: z
    .record(
      z.string(),
      z.looseObject({
        title: z.string().default(""),
        description: z.string().default(""),
        enum: z.array(z.string()).optional(),
        type: z.string().optional(),
        default: z.unknown().optional(),
        secret: z.boolean().default(false),
        hidden: z.boolean().default(false),
        for: z.enum(["file", "live"]).optional(),
      }),
    )
    .default({}),
});

/** The pages of the sources, by path: one each, and a table of all. */
export function writeSourceDocs(connectors: readonly Connector[]): Map<string, string> {
  const pages = new Map(connectors.map((connector) => [`${folder}/${connector.id}.md`, pageOf(connector)]));
  pages.set(`${folder}/README.md`, tableOf(connectors));
  return pages;
}

function pageOf(connector: Connector): string {
  const { docs } = connector;
  const section = (title: string, text: string | undefined) => (text ? `## ${title}\n\n${text.trim()}\n` : "");
  const streams = Object.entries(connector.streams).map(
    ([name, { title, everyMinutes }]) =>
      `| ${title} | \`${name}\` | ${everyMinutes === undefined ? "from files, webhooks or the API" : describeSchedule(everyMinutes)} |`,
  );
  return [
    note,
    `# ${connector.title}\n\n${connector.summary}\n`,
    section("What is collected", docs.collects),
    `## Streams\n\n| stream | name | fetched |\n|---|---|---|\n${streams.join("\n")}\n`,
    connector.importFile
      ? `## From a file\n\n${docs.gettingTheFile ? `${docs.gettingTheFile.trim()}\n\n` : ""}Drop it in the Studio (Sources, Add a source), or:\n\n\`\`\`\nnpm run -s causeway -- import ${connector.id} <path> --community <community>\n\`\`\`\n\nAdd \`--dry-run\` to see what would come in. Bringing it in again changes nothing.\n`
      : "",
    connector.connect ? section("Connect it live", docs.connecting ?? "Add it in the Studio: Sources, Add a source.") : "",
    connector.webhook
      ? "## Webhook\n\nThe source's page shows its address (`/hooks/<source id>`). What arrives there and what is fetched is one; a request whose signature is wrong is refused.\n"
      : "",
    connector.listen
      ? "## Over a connection\n\nWhere the settings ask for it, the worker keeps a connection open to the source, and what is new arrives at once; no address of this server need be reachable. An event is acknowledged once it is kept. What is missed while there is no connection comes with the next run. The source's page says how the connection is.\n"
      : "",
    settingsOf(connector),
    section("Who is who", docs.identityKey),
    section("Limits", docs.limits),
    section("Privacy", docs.privacy),
  ]
    .filter((part) => part !== "")
    .join("\n");
}

function settingsOf(connector: Connector): string {
  const { properties, required } = schemaShape.parse(z.toJSONSchema(connector.settings, { io: "input", unrepresentable: "any" }));
  const shown = Object.entries(properties).filter(([, one]) => !one.hidden);
  const rows = shown.map(([name, one]) => {
    const isSaid = /\b(?:read|reading) live\b|\bevents\b|\bOnly for\b/i.test(one.description);
    const about = [
      one.description,
      one.for === "live" && connector.importFile && !isSaid ? "Only for reading live." : "",
      one.for === "file" && connector.connect && !isSaid ? "Only for files." : "",
      one.enum ? `One of ${one.enum.map((value) => `\`${value}\``).join(", ")}.` : "",
      one.secret ? "A secret: encrypted, never shown again." : "",
      one.default !== undefined && one.default !== "" && typeof one.default !== "object" ? `\`${String(one.default)}\` when not set.` : "",
      required.includes(name) ? "Required." : "",
    ];
    return `| ${one.title} | \`${name}\` | ${about.filter(Boolean).join(" ").replaceAll("\n", " ").replaceAll("|", "\\|")} |`;
  });
  return rows.length === 0 ? "" : `## Settings\n\n| setting | name | |\n|---|---|---|\n${rows.join("\n")}\n`;
}

function describeSchedule(minutes: number): string {
  if (minutes % 1440 === 0) return minutes === 1440 ? "every day" : `every ${minutes / 1440} days`;
  if (minutes % 60 === 0) return minutes === 60 ? "every hour" : `every ${minutes / 60} hours`;
  return `every ${minutes} minutes`;
}

function tableOf(connectors: readonly Connector[]): string {
  const tick = (has: unknown) => (has ? "yes" : "–");
  const rows = connectors.map(
    (one) =>
      `| [${one.title}](${one.id}.md) | ${one.summary} | ${tick(one.importFile)} | ${tick(one.pull)} | ${tick(one.webhook)} | ${tick(one.listen)} |`,
  );
  return `${note}
# Sources

Where developers talk, and how it comes in. What was tried on real files stands in [sources-verified.md](../sources-verified.md).

| source | what | files | live | webhook | connection |
|---|---|---|---|---|---|
${rows.join("\n")}

Every source can be closed further than it is at home, kept from storing fields, told to leave private channels out, and given
an end to what it keeps: on its page in the Studio, or by \`PUT /api/v1/communities/{community}/sources/{source}/privacy\`.
`;
}

/** What differs between the pages as they are and as they should be, in words; nothing when all is well. */
export function compareSourceDocs(root: string, pages: ReadonlyMap<string, string>): string[] {
  const held = readdirSync(join(root, folder)).map((name) => `${folder}/${name}`);
  const read = (path: string) => (held.includes(path) ? readFileSync(join(root, path), "utf8") : undefined);
  return [
    ...[...pages].filter(([path, text]) => read(path) !== text).map(([path]) => `${path} does not say what its connector says`),
    ...held.filter((path) => !pages.has(path)).map((path) => `${path} is the page of no connector`),
  ];
}

/** Writes the pages anew. */
export function storeSourceDocs(root: string, pages: ReadonlyMap<string, string>): void {
  rmSync(join(root, folder), { recursive: true, force: true });
  mkdirSync(join(root, folder), { recursive: true });
  for (const [path, text] of pages) writeFileSync(join(root, path), text);
}
