import { z } from "zod";
import { visibilities } from "#features/access/index.ts";

export const id = z.uuid();
export const at = z.iso.datetime({ offset: true });
export const day = z.iso.date();
/** A moment in a query: a date or a date with time. */
export const moment = z
  .union([z.iso.datetime({ offset: true }), z.iso.date()])
  .transform((text) => new Date(text))
  .meta({ type: "string", format: "date-time", description: "A date, or a date with time and zone." });
export const flag = z.enum(["true", "false"]).transform((text) => text === "true");
export const visibility = z.enum(visibilities).meta({ id: "Visibility" });
export const named = z.object({ id, name: z.string() });
/** Somebody behind a handle; `memberId` is the person. */
export const person = z
  .object({
    memberId: id,
    identityId: id,
    name: z.string(),
    login: z.string().nullable(),
    avatarUrl: z.string().nullable(),
    kind: z.enum(["human", "bot", "team"]),
  })
  .meta({ id: "Person" });
/** Somebody in short. */
export const speaker = person.omit({ login: true, kind: true }).meta({ id: "Speaker" });
export const counts = z.object({ threads: z.int(), activities: z.int(), identities: z.int() });
