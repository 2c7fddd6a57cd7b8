import { hash } from "node:crypto";
import { z } from "zod";
import { type Fields, readColumns, readContacts, rowKey } from "./contact-csv.ts";
import { type About, type Format, problemsOf, text, type Understood } from "./entry.ts";
import { stateOrbitActivity } from "./orbit-activity.ts";
import { handlesOf, stateOrbitMember } from "./orbit-member.ts";

const leftOut = ["shipping_address", "birthday", "tshirt", "t_shirt", "pronouns"];
const handles = ["name", "email", "github", "twitter", "linkedin", "discord"];
/** Columns that Orbit alone has. */
const memberMarks = [
  "orbit_level",
  "love",
  "reach",
  "activities_count",
  "orbit_url",
  "teammate",
  "tshirt",
  "tag_list",
  "shipping_address",
  "slug",
  "pronouns",
];
const activityMarks = ["activity_type", "activity_type_key", "occurred_at", "link_text", "key", "weight"];

/** Orbit's CSV files of members and of activities, as it exported and as it took them in. */
export const orbitCsv: Format = {
  title: "Orbit (CSV)",
  recognizes({ text: head }) {
    if (/^\s*[[{<]/.test(head)) return 0;
    const columns = readColumns(head);
    const has = (names: readonly string[]) => names.filter((name) => columns.includes(name)).length;
    if (has(handles) === 0) return 0;
    if (has(activityMarks) >= 2 && columns.includes("title") && has(["activity_type", "activity_type_key", "link_text"]) >= 1) return 0.9;
    return has(memberMarks) >= 2 ? (columns.includes("orbit_level") || columns.includes("orbit_url") ? 1 : 0.85) : 0;
  },
  origin(head) {
    const found = /https?:\/\/[^/\s,"]*orbit[^/\s,"]*\/([^/\s,"]+)\/(?:members|activities)\//.exec(head);
    return found?.[1] ? { origin: `orbit:${found[1].toLowerCase()}`, name: found[1] } : undefined;
  },
  read: (input) =>
    readContacts(input, {
      leftOut,
      toEntry(fields, place) {
        const value = { type: isActivity(fields) ? "activity" : "member", fields };
        // The scope is of no matter for the key, which counts inside the source anyway.
        const own = handlesOf(fields, fields.name, "csv");
        if (value.type === "member") return { stream: "people", externalId: fields.id ?? fields.slug ?? rowKey(own, fields), value, place };
        const id = fields.id ?? fields.key ?? hash("sha256", JSON.stringify(Object.entries(fields).sort()), "hex").slice(0, 32);
        return { stream: "activities", externalId: id, value, place };
      },
    }),
  understand(value, about): Understood {
    const parsed = z.looseObject({ type: z.string(), fields: z.record(z.string(), z.string()) }).safeParse(value);
    if (!parsed.success) return { problems: problemsOf(parsed.error) };
    const { type, fields } = parsed.data;
    return type === "activity" ? understandActivity(fields, about) : understandMember(fields, about);
  },
};

const isActivity = (fields: Fields): boolean =>
  fields.occurred_at !== undefined || fields.activity_type !== undefined || fields.activity_type_key !== undefined;

function understandMember(fields: Fields, about: About): Understood {
  const understood = stateOrbitMember({ id: fields.id ?? fields.slug, fields, accounts: [], organizations: [] }, about);
  if (understood.batch) return understood;
  return { problems: [{ field: "", reason: `The row names nobody: ${handles.join(", ")} are all empty.` }] };
}

function understandActivity(fields: Fields, about: About): Understood {
  const at = fields.occurred_at ?? fields.created_at;
  const occurredAt = at === undefined ? undefined : readMoment(at);
  if (!occurredAt || Number.isNaN(occurredAt.getTime())) {
    return {
      problems: [
        {
          field: "occurred_at",
          reason: at === undefined ? "It is empty: when this happened is not known." : `${at} is no date and time like 2023-06-21T14:54:04Z.`,
        },
      ],
    };
  }
  const member = fields.member_id;
  const named = text(fields.name);
  const own = handlesOf(fields, named, about.registry);
  const [first] = own;
  const author = member ? { platform: about.registry, externalId: member } : first && { platform: first.platform, externalId: first.externalId };
  const batch = stateOrbitActivity(
    {
      id: fields.id ?? fields.key ?? hash("sha256", JSON.stringify(Object.entries(fields).sort()), "hex").slice(0, 32),
      resource: undefined,
      action: undefined,
      typeKey: fields.activity_type_key ?? fields.activity_type ?? "activity",
      channel: fields.channel,
      occurredAt,
      fields: { ...fields, tags: fields.tags?.split(/\s*,\s*/) },
      author,
      identities: member ? [{ platform: about.registry, externalId: member, ...(named && { displayName: named }) }] : own.slice(0, 1),
    },
    about,
  );
  return { batch, problems: [] };
}

/** Orbit writes UTC; a moment without a zone is that. */
function readMoment(at: string): Date {
  const iso = at.trim().replace(/^(\d{4}-\d{2}-\d{2}) (\d{2}:\d{2}(?::\d{2})?)(?: UTC)?$/, "$1T$2Z");
  return /^\d{4}-\d{2}-\d{2}(?:T[\d:.]+(?:Z|[+-]\d{2}:?\d{2}))?$/.test(iso) ? new Date(iso) : new Date(Number.NaN);
}
