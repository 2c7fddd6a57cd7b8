import { z } from "zod";
import { isId } from "#core/ids.ts";

const idParam = z.string().refine(isId).optional().catch(undefined);
const textParam = z.string().trim().min(1).max(200).optional().catch(undefined);

/** Parts for the schemas of list pages: what somebody typed wrong in an address counts as not given. */
export const param = {
  id: idParam,
  text: textParam,
  cursor: z.string().max(500).optional().catch(undefined),
  day: z
    .string()
    .regex(/^\d{4}-\d{2}-\d{2}$/)
    .optional()
    .catch(undefined),
  oneOf: <const Values extends readonly [string, ...string[]]>(values: Values) => z.enum(values).optional().catch(undefined),
};

/** The query of an address, read by a schema. Empty values count as absent. */
export function readQuery<Schema extends z.ZodType>(request: Request, schema: Schema): z.output<Schema> {
  const entries = [...new URL(request.url).searchParams].filter(([, value]) => value !== "");
  return schema.parse(Object.fromEntries(entries));
}
