import { z } from "zod";
import { AppError } from "#core/errors.ts";
import { readPieces } from "../export-files.ts";
import { identifyAccount } from "./account.ts";
import { readSpan } from "./dates.ts";
import { type Entry, type Format, isObject, type Problem, problemsOf, text, type Understood } from "./entry.ts";
import { placeOf } from "./sortinghat.ts";
import { type Belonging, stateOrganization, statePerson } from "./state-person.ts";

const committerSchema = z.looseObject({
  id: z.string().min(1),
  first: z.string().nullish(),
  last: z.string().nullish(),
  primary: z.string().nullish(),
  email: z.array(z.string()),
});
const affiliationSchema = z.looseObject({ name: z.string().min(1), active: z.string(), inactive: z.string().nullable() });
const organizationSchema = z.looseObject({ name: z.string().trim().min(1) });

/** The Eclipse Foundation's list of committers with their employers over time. */
export const eclipse: Format = {
  title: "Eclipse committers",
  recognizes: ({ text: head }) => (/^\s*\{/.test(head) && /"committers"\s*:\s*\{/.test(head) ? 1 : 0),
  async *read({ file, signal, onRead }) {
    let entries = 0;
    for await (const { piece, cutter } of readPieces(file, signal, { inside: ["committers", "organizations"], onRead })) {
      if (piece.member === undefined) continue;
      entries++;
      const value = cutter.parse(piece);
      const place = placeOf(file.name, piece.line, `${piece.key}.${piece.member}`);
      const stream: "people" | "organizations" = piece.key === "committers" ? "people" : "organizations";
      yield { stream, externalId: piece.member.toLowerCase(), value: { type: stream, value }, place } satisfies Entry;
    }
    if (entries === 0)
      throw new AppError("unreadable_file", { public: `${file.name} names no committers and no organizations. Nothing was stored.` });
  },
  understand(value, { registry }): Understood {
    if (!isObject(value)) return { problems: [{ field: "", reason: "It is no object." }] };
    if (value.type === "organizations") {
      const parsed = organizationSchema.safeParse(value.value);
      if (!parsed.success) return { problems: problemsOf(parsed.error) };
      return { batch: stateOrganization({ name: parsed.data.name }), problems: [] };
    }
    const parsed = committerSchema.safeParse(value.value);
    if (!parsed.success) return { problems: problemsOf(parsed.error) };
    const { id, first, last, primary, email, affiliations } = parsed.data;
    const name = [text(first), text(last)].filter((part) => part !== undefined).join(" ");
    const addresses = [...new Set([...(text(primary) ? [String(primary)] : []), ...email].map((one) => one.trim().toLowerCase()))];
    const problems: Problem[] = [];
    return statePerson(
      {
        identities: [
          { platform: "eclipse", externalId: `login:${id.toLowerCase()}`, login: id, ...(name && { displayName: name }) },
          ...addresses.flatMap((address) => identifyAccount({ source: "email", email: address, name }, registry)),
        ],
        rule: "eclipse-committer",
        evidence: `The Eclipse Foundation lists both under the committer ${id}.`,
        strength: 1,
        belongings: readAffiliations(affiliations, id, problems),
      },
      problems,
    );
  },
};

function readAffiliations(affiliations: unknown, id: string, problems: Problem[]): Belonging[] {
  if (!isObject(affiliations)) return [];
  return Object.entries(affiliations).flatMap(([key, item]) => {
    const field = `affiliations.${key}`;
    const parsed = affiliationSchema.safeParse(item);
    if (!parsed.success) {
      problems.push(...problemsOf(parsed.error, field));
      return [];
    }
    const read = readSpan({ from: parsed.data.active, to: parsed.data.inactive }, { from: `${field}.active`, to: `${field}.inactive` });
    if ("span" in read) return [{ organization: parsed.data.name, ...read.span, evidence: `The Eclipse Foundation has the committer ${id} there.` }];
    problems.push(read);
    return [];
  });
}
