import { z } from "zod";
import { hostOf } from "../words.ts";
import { identifyAccount } from "./account.ts";
import { type Fields, readColumns, readContacts, rowKey } from "./contact-csv.ts";
import { type Format, problemsOf, text, type Understood } from "./entry.ts";
import { handleOf } from "./orbit-member.ts";
import { statePerson } from "./state-person.ts";

const leftOut = ["phone", "phone_number", "phone_numbers", "city", "region", "country", "location", "bio", "description"];

/** Whose handle a column holds, by its name. */
const handleColumns: readonly [RegExp, string][] = [
  [/^github(?:_|$)/, "github"],
  [/^(?:twitter|x)(?:_|$)/, "twitter"],
  [/^linked_?in(?:_|$)/, "linkedin"],
  [/^discord(?:_|$)/, "discord"],
  [/^reddit(?:_|$)/, "reddit"],
  [/^stack_?overflow(?:_|$)/, "stackoverflow"],
  [/^gitlab(?:_|$)/, "gitlab"],
];
const handleEndings = /_(?:username|user_name|handle|url|profile|profile_url|link|login|name)$/;

/** Common Room's CSV export of contacts. */
export const commonRoom: Format = {
  title: "Common Room (CSV)",
  recognizes({ name, text: head }) {
    if (/^\s*[[{<]/.test(head)) return 0;
    const columns = readColumns(head);
    const has = (pattern: RegExp) => columns.some((column) => pattern.test(column));
    const isContacts = has(/e?_?mail/) && has(/^(?:full_)?name$|^first_name$|^contact/);
    if (!isContacts) return 0;
    if (has(/^common_room/) || /common[-_ ]?room/i.test(name)) return 1;
    return columns.includes("primary_email") && handleColumns.filter(([pattern]) => has(pattern)).length > 0 ? 0.75 : 0;
  },
  read: (input) =>
    readContacts(input, {
      leftOut,
      toEntry: (fields, place) => ({
        stream: "people",
        externalId: contactId(fields) ?? rowKey(accountsOf(fields, undefined, "csv"), fields),
        value: fields,
        place,
      }),
    }),
  understand(value, { registry }): Understood {
    const parsed = z.record(z.string(), z.string()).safeParse(value);
    if (!parsed.success) return { problems: problemsOf(parsed.error) };
    const fields = parsed.data;
    const name = fields.full_name ?? fields.name ?? text([fields.first_name, fields.last_name].filter(Boolean).join(" "));
    const id = contactId(fields);
    const own = id === undefined ? [] : [{ platform: registry, externalId: id, ...(name && { displayName: name }) }];
    const company = fields.company_name ?? fields.company ?? fields.organization ?? fields.organization_name ?? fields.account_name;
    const understood = statePerson({
      identities: [...own, ...accountsOf(fields, name, registry)],
      rule: "common-room-contact",
      evidence: `Common Room keeps both under the contact ${name ?? id ?? "of this row"}.`,
      strength: 0.9,
      belongings: company ? [{ organization: company, evidence: `Common Room has it as the company of ${name ?? "this contact"}.` }] : [],
    });
    if (!understood.batch) return { problems: [{ field: "", reason: "The row names nobody: no address, no account, no id." }] };
    const site = fields.company_domain ?? fields.organization_domain ?? fields.company_website ?? fields.domain;
    const domain = hostOf(site ?? "")?.replace(/^www\./, "");
    if (company && domain) understood.batch.organizations = [{ name: company, domains: [domain] }];
    return understood;
  },
};

function contactId(fields: Fields): string | undefined {
  return fields.contact_id ?? fields.common_room_id ?? fields.member_id ?? (/^c_\w+$/.test(fields.id ?? "") ? fields.id : undefined);
}

function accountsOf(fields: Fields, name: string | undefined, scope: string) {
  return Object.entries(fields).flatMap(([column, value]) => {
    if (/(?:^|_)e?_?mails?(?:_address(?:es)?)?$/.test(column)) {
      return value.split(/[,;\s]+/).flatMap((email) => (email.includes("@") ? identifyAccount({ source: "email", email, name }, scope) : []));
    }
    const [, source] = handleColumns.find(([pattern]) => pattern.test(column)) ?? [];
    // `twitter_followers` is no handle.
    if (!source || !(handleColumns.some(([, one]) => one === column) || handleEndings.test(column))) return [];
    return identifyAccount({ source, username: handleOf(value), name }, scope);
  });
}
