import { z } from "zod";
import { readJsonItems } from "../json-items.ts";
import { excerptOf } from "../words.ts";
import { identifyAccount } from "./account.ts";
import { type About, type Entry, type Format, isObject, problemsOf, type ReadInput, text, type Understood } from "./entry.ts";
import { type OrbitActivity, stateOrbitActivity } from "./orbit-activity.ts";
import { stateOrbitMember } from "./orbit-member.ts";

const resource = z.looseObject({
  id: z.string().min(1),
  type: z.string(),
  attributes: z.looseObject({}).nullish(),
  relationships: z.looseObject({}).nullish(),
});
type Resource = z.output<typeof resource>;

/** Where somebody lives, when they were born and what they wear is nobody's business here. */
const leftOut = ["shipping_address", "birthday", "tshirt", "pronouns"];

/** Saved answers of Orbit's API (JSON:API): members with their identities, and activities; pages, lists of pages, or lines. */
export const orbit: Format = {
  title: "Orbit",
  recognizes({ text: head }) {
    if (!/^\s*[[{]/.test(head) || !/"attributes"\s*:/.test(head)) return 0;
    const isMembers = /"type"\s*:\s*"member"/.test(head) && /"(?:orbit_level|orbit_url|merged_at)"/.test(head);
    return isMembers || (/"type"\s*:\s*"\w+_activity"/.test(head) && head.includes('"occurred_at"')) ? 1 : 0;
  },
  origin(head) {
    const found = /"orbit_url"\s*:\s*"[^"]*\/\/[^/"]+\/([^/"]+)\/(?:members|activities)\//.exec(head.replaceAll("\\/", "/"));
    return found?.[1] ? { origin: `orbit:${found[1].toLowerCase()}`, name: found[1] } : undefined;
  },
  read: readOrbit,
  understand(value, about): Understood {
    if (!isObject(value)) return { problems: [{ field: "", reason: "It is no object." }] };
    return value.type === "activity" ? understandActivity(value, about) : understandMember(value, about);
  },
};

async function* readOrbit(input: ReadInput): AsyncGenerator<Entry> {
  const { file } = input;
  // What pages include stands behind what refers to it, so the file is read twice.
  const included = new Map<string, Record<string, unknown>>();
  const whole = new Set<string>();
  for await (const one of readResources(input, () => undefined)) {
    if ("problem" in one) continue;
    if (one.isIncluded && one.value.type !== "member")
      included.set(`${one.value.type}:${one.value.id}`, { type: one.value.type, ...one.value.attributes });
    if (!one.isIncluded && one.value.type === "member") whole.add(one.value.id);
  }
  for await (const one of readResources(input, input.onRead)) {
    if ("problem" in one) {
      yield one;
      continue;
    }
    const { value, place } = one;
    const related = (name: string): Record<string, unknown>[] =>
      idsOf(value.relationships?.[name]).flatMap((key) => {
        const found = included.get(key);
        return found ? [found] : [];
      });
    const attributes = Object.fromEntries(Object.entries(value.attributes ?? {}).filter(([name]) => !leftOut.includes(name)));
    const asOf = text(attributes.updated_at);
    const dated = asOf !== undefined && !Number.isNaN(Date.parse(asOf)) ? { asOf: new Date(asOf).toISOString() } : {};
    if (value.type === "member" && !(one.isIncluded && whole.has(value.id))) {
      const record = {
        type: "member",
        id: value.id,
        attributes,
        identities: related("identities"),
        organizations: related("organizations").map(slim),
      };
      // A member that a page of activities includes lacks its identities: it is a record of its own.
      yield {
        stream: "people",
        externalId: one.isIncluded ? `${value.id}/included` : value.id,
        value: record,
        place: `${file.name}, ${place}`,
        ...dated,
      };
    } else if (value.type.endsWith("_activity")) {
      const [kind] = related("activity_type");
      const member = idsOf(value.relationships?.member)[0]?.replace(/^\w+:/, "");
      const record = { type: "activity", id: value.id, resource: value.type, attributes, ...(kind && { kind }), ...(member && { member }) };
      yield { stream: "activities", externalId: value.id, value: record, place: `${file.name}, ${place}`, ...dated };
    }
  }
}

const slim = ({ name, website }: Record<string, unknown>) => ({ name, website });

type Found = { value: Resource; isIncluded: boolean; place: string } | Extract<Entry, { problem: unknown }>;

async function* readResources({ file, signal }: ReadInput, onRead: (bytes: number) => void): AsyncGenerator<Found> {
  for await (const read of readJsonItems(file, signal, onRead)) {
    if ("fault" in read) {
      yield { place: `${file.name}, line ${read.fault.line}`, problem: { field: "", reason: read.fault.reason }, excerpt: read.fault.excerpt };
      continue;
    }
    const { key, index, line, value } = read.item;
    const at = `line ${line}${key === "" ? "" : `, ${key}`}${index === undefined ? "" : `[${index}]`}`;
    if (key === "links" || key === "meta") continue;
    const isPage = key === "" && isObject(value) && "data" in value && !("attributes" in value);
    const lists = isPage
      ? [...listOf(value.data, "data", false), ...listOf(value.included, "included", true)]
      : [{ item: value, path: "", isIncluded: key === "included" }];
    for (const { item, path, isIncluded } of lists) {
      const parsed = resource.safeParse(item);
      const place = path === "" ? at : `${at}, ${path}`;
      if (parsed.success) yield { value: parsed.data, isIncluded, place };
      else if (!isIncluded) {
        for (const problem of problemsOf(parsed.error)) yield { place: `${file.name}, ${place}`, problem, excerpt: excerptOf(item) };
      }
    }
  }
}

function listOf(value: unknown, name: string, isIncluded: boolean) {
  if (Array.isArray(value)) return (value as unknown[]).map((item, i) => ({ item, path: `${name}[${i}]`, isIncluded }));
  return isObject(value) ? [{ item: value as unknown, path: name, isIncluded }] : [];
}

/** `type:id` of what a relationship points to. */
function idsOf(relationship: unknown): string[] {
  const data = isObject(relationship) ? relationship.data : undefined;
  return (Array.isArray(data) ? (data as unknown[]) : [data]).flatMap((one) => (isObject(one) ? [`${String(one.type)}:${String(one.id)}`] : []));
}

const memberSchema = z.looseObject({
  id: z.string(),
  attributes: z.looseObject({ deleted_at: z.string().nullish(), merged_at: z.string().nullish() }),
  identities: z.array(z.looseObject({})),
  organizations: z.array(z.looseObject({})),
});

function understandMember(value: Record<string, unknown>, about: About): Understood {
  const parsed = memberSchema.safeParse(value);
  if (!parsed.success) return { problems: problemsOf(parsed.error) };
  const { id, attributes, identities, organizations } = parsed.data;
  // Merged into another, or deleted: whoever it was is stated elsewhere or wants to be no more.
  if (attributes.deleted_at || attributes.merged_at) return { batch: { identities: [], channels: [], threads: [], activities: [] }, problems: [] };
  const accounts = identities.flatMap((identity) => {
    const source = text(identity.source) ?? String(identity.type).replace(/_identity$/, "");
    const account = { source, host: text(identity.source_host), uid: text(identity.uid), username: text(identity.username) };
    return identifyAccount({ ...account, name: text(identity.name), email: text(identity.email), url: text(identity.url) }, about.registry);
  });
  return stateOrbitMember({ id, fields: attributes, accounts, organizations }, about);
}

const activitySchema = z.looseObject({
  id: z.string(),
  resource: z.string(),
  member: z.string().optional(),
  kind: z.looseObject({ key: z.string().nullish(), channel: z.string().nullish() }).optional(),
  attributes: z.looseObject({
    occurred_at: z.iso.datetime({ offset: true, error: "is no date and time like 2023-06-21T14:54:04Z" }),
    action: z.string().nullish(),
    key: z.string().nullish(),
  }),
});

function understandActivity(value: Record<string, unknown>, about: About): Understood {
  const parsed = activitySchema.safeParse(value);
  if (!parsed.success) return { problems: problemsOf(parsed.error) };
  const { id, resource: type, member, kind, attributes } = parsed.data;
  const activity: OrbitActivity = {
    id,
    resource: type,
    action: text(attributes.action),
    typeKey: text(kind?.key) ?? text(attributes.activity_type_key) ?? text(attributes.activity_type),
    channel: text(kind?.channel),
    occurredAt: new Date(attributes.occurred_at),
    fields: attributes,
    author: member ? { platform: about.registry, externalId: member } : undefined,
  };
  return { batch: stateOrbitActivity(activity, about), problems: [] };
}
