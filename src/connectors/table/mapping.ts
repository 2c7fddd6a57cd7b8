import { z } from "zod";

const column = z.string().trim().min(1).max(500);

/** Which column (or, in JSON, which path) says what. What is left out is not known of a row. */
export const mappingSchema = z
  .object({
    headerRows: z.int().min(1).max(5).default(1).meta({ title: "Rows of the header", description: "Surveys often have two or three." }),
    id: column.optional().meta({ title: "Id", description: "What a row is known by when it comes again. Without it, all that the row says." }),
    kind: column.optional().meta({ title: "Kind", description: "What the person did." }),
    kindValue: z
      .string()
      .regex(/^[a-z][a-z0-9_]{1,48}$/, "write it in lower case with underscores, such as feedback or check_in")
      .default("post")
      .meta({ title: "Kind of every row", description: "Where no column says it." }),
    time: column.meta({ title: "Time" }),
    timeFormat: z.string().trim().min(1).max(60).default("auto").meta({
      title: "How times are written",
      description:
        "auto: 2018-03-23T19:33:22Z and its kin, mail dates, seconds since 1970. excel: days since 1900. Else letters such as dd.MM.yyyy HH:mm.",
    }),
    timeZone: z.string().trim().refine(isZone, "is no zone such as Europe/Berlin").default("UTC").meta({ title: "Zone of times that name none" }),
    edited: column.optional().meta({ title: "Changed at" }),
    authorId: column.optional().meta({ title: "Person: id" }),
    authorPlatform: z
      .string()
      .trim()
      .max(100)
      .optional()
      .meta({ title: "Whose ids these are", description: "Such as github. Left empty, they count inside this table alone." }),
    authorName: column.optional().meta({ title: "Person: name" }),
    authorEmail: column.optional().meta({ title: "Person: address" }),
    organization: column.optional().meta({ title: "Person: organization" }),
    channel: column.optional().meta({ title: "Channel" }),
    thread: column.optional().meta({ title: "Thread", description: "Rows with the same value belong together." }),
    title: column.optional().meta({ title: "Title" }),
    body: column.optional().meta({ title: "Words" }),
    url: column.optional().meta({ title: "Link" }),
    visibility: column.optional().meta({ title: "Who may see it", description: "public, members, team or restricted; private is restricted." }),
  })
  .strict();

export type Mapping = z.output<typeof mappingSchema>;

/** The fields of a mapping that name a column. */
export const columnFields = [
  "id",
  "kind",
  "time",
  "edited",
  "authorId",
  "authorName",
  "authorEmail",
  "organization",
  "channel",
  "thread",
  "title",
  "body",
  "url",
  "visibility",
] as const satisfies readonly (keyof Mapping)[];
export type ColumnField = (typeof columnFields)[number];

/** A mapping as a form, a flag or the database holds it: an object, or its JSON as text. Nothing where it is left empty. */
export const mappingSetting = z
  .union([
    mappingSchema,
    z
      .string()
      .trim()
      .transform((text, ctx): unknown => {
        if (text === "") return undefined;
        try {
          return JSON.parse(text) as unknown;
        } catch {
          ctx.addIssue({ code: "custom", message: "is no JSON" });
          return z.NEVER;
        }
      })
      .pipe(mappingSchema.optional()),
  ])
  .optional();

function isZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}
