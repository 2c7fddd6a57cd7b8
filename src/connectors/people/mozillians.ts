import { z } from "zod";
import { readPieces } from "../export-files.ts";
import { identifyAccount } from "./account.ts";
import { type Format, isObject, problemsOf, text, type Understood } from "./entry.ts";
import { placeOf } from "./sortinghat.ts";
import { statePerson } from "./state-person.ts";

const field = z.looseObject({ value: z.string().nullish() }).nullish();
const userSchema = z.looseObject({
  username: z.string().min(1),
  url: z.string().nullish(),
  full_name: field,
  email: field,
  alternate_emails: z.array(z.looseObject({ email: z.string().nullish() })).nullish(),
});

/** Saved answers of the API of mozillians.org: users with their addresses. */
export const mozillians: Format = {
  title: "Mozillians",
  recognizes: ({ text: head }) =>
    /^\s*\{/.test(head) && /"results"\s*:\s*\[/.test(head) && head.includes('"date_mozillian"') && head.includes('"is_vouched"') ? 1 : 0,
  async *read({ file, signal, onRead }) {
    for await (const { piece, cutter } of readPieces(file, signal, { onRead })) {
      if (piece.key !== "results" || piece.index === undefined) continue;
      const value = cutter.parse(piece);
      const id = isObject(value) ? text(value.username) : undefined;
      yield {
        stream: "people",
        externalId: id?.toLowerCase() ?? `${piece.index}`,
        value: slim(value),
        place: placeOf(file.name, piece.line, `results[${piece.index}]`),
      };
    }
  },
  understand(value, { registry }): Understood {
    const parsed = userSchema.safeParse(value);
    if (!parsed.success) return { problems: problemsOf(parsed.error) };
    const { username, url, full_name, email, alternate_emails } = parsed.data;
    const name = text(full_name?.value);
    const addresses = [email?.value, ...(alternate_emails ?? []).map((one) => one.email)].flatMap((one) => text(one) ?? []);
    return statePerson({
      identities: [
        ...identifyAccount({ source: "mozillians", username, name, url: text(url) }, registry),
        ...addresses.flatMap((address) => identifyAccount({ source: "email", email: address, name }, registry)),
      ],
      rule: "mozillians-profile",
      evidence: `mozillians.org has both under the user ${username}.`,
      strength: 1,
    });
  },
};

/** Who somebody is and no more: where they live, what they wear and which languages they speak is left out. */
function slim(value: unknown): unknown {
  if (!isObject(value)) return value;
  const { username, url, full_name, email, alternate_emails, is_public, is_vouched } = value;
  return { username, url, full_name, email, alternate_emails, is_public, is_vouched };
}
