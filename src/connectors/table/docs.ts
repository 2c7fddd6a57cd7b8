import { z } from "zod";
import type { Connector } from "#features/ledger/index.ts";
import { mappingSchema } from "./mapping.ts";

const field = z.looseObject({ title: z.string().default(""), description: z.string().default(""), default: z.unknown().optional() });
const shape = z.looseObject({ properties: z.record(z.string(), field) });

const example = {
  id: "number",
  time: "created_at",
  timeFormat: "d/M/yyyy H:mm",
  timeZone: "Europe/Berlin",
  authorName: "created_by",
  title: "title",
  body: "description",
};

/** Every field of a mapping, as its schema has it. */
function mappingFields(): string {
  const { properties } = shape.parse(z.toJSONSchema(mappingSchema, { io: "input", unrepresentable: "any" }));
  return Object.entries(properties)
    .map(([name, { title, description, default: fallback }]) => {
      const about = [title + (/[.?!]$/.test(title) ? "" : "."), description, fallback === undefined ? "" : `\`${String(fallback)}\` when not set.`];
      return `- \`${name}\`: ${about.filter(Boolean).join(" ")}`;
    })
    .join("\n");
}

export const docs: Connector["docs"] = {
  collects:
    "Each row as one activity: when, who, in which channel and thread, title, words and link, by the columns that you name. Separator and encoding (UTF-8, UTF-16, Windows-1252) are found out; cells may hold line breaks, headers may have several rows. In JSON, a field inside another is written with dots: `user.name`.",
  identityKey:
    "The person's id where there is a column of them (with the platform that you name, else inside the table), else the address, else the name inside the table. «Anonymous» and its kin become nobody.",
  limits:
    "A row without a time, with a time that cannot be read, without any words, with an id that stood before, or with more or fewer cells than the header is set aside with line and column. Times that may be day first or month first have to be told. A row that is no longer in a later file stays. Without a column of ids a row that was changed is a new one.",
  privacy:
    "Whole rows are kept, with the columns that you did not name: take out of the file what should not be stored, or name those columns in the source's privacy.",
  gettingTheFile: `Save as CSV from a spreadsheet, survey, form or event tool, or export JSON. Drop it in the Studio, say what the columns mean, and look at the first rows, and at those that would be set aside, before it comes in. The next file with the same header comes with what was said of the first. On the source's page, Columns changes it: what is held is read anew.

Elsewhere the same is said as JSON: with \`--mapping @mapping.json\` (or the JSON itself) on the command line; as the setting \`mapping\` of \`POST /api/v1/communities/{community}/uploads/{upload}/import\`, after \`…/preview\` showed the first rows; or as \`settings\` of \`POST …/imports\`.

\`\`\`
cat > mapping.json <<'END'
${JSON.stringify(example, null, 2)}
END
npm run -s causeway -- import table ideas.csv --community <community> --mapping @mapping.json --dry-run
\`\`\`

\`time\` has to be said, all else may be left out. Of these, \`headerRows\`, \`kindValue\`, \`timeFormat\`, \`timeZone\` and \`authorPlatform\` count for all rows; every other one names a column:

${mappingFields()}`,
};
