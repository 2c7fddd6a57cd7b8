import { z } from "zod";
import { type NormalizedBatch, type RawRecord, RecordError } from "#features/ledger/index.ts";
import { normalizeAddress } from "../person.ts";

/** The stream of who belongs to a group, as Groups.io's API lists them. */
export const subscriptionStream = "subscriptions";

/** Of a subscription only what says who joined which group when; settings and permissions stay out. */
export const subscriptionSchema = z.looseObject({
  id: z.number(),
  user_id: z.number(),
  group_name: z.string(),
  created: z.string(),
  updated: z.string().nullish(),
  email: z.string().nullish(),
  full_name: z.string().nullish(),
  user_name: z.string().nullish(),
  status: z.string().nullish(),
  user_status: z.string().nullish(),
});

/** The id of a group's list: `beta` is `beta.groups.io`, its subgroup `beta+api` is `api.beta.groups.io`. */
export function listOfGroup(group: string): string {
  const [main = "", sub] = group.toLowerCase().split("+");
  return `${sub ? `${sub}.` : ""}${main}.groups.io`;
}

/** Whether it stands; others are pending, banned or bouncing. */
export const hasJoined = ({ status }: { status?: string | null | undefined }): boolean => status == null || status === "sub_status_normal";

/** One subscription: the person, and that they joined. */
export function normalizeSubscription(record: RawRecord): NormalizedBatch {
  const parsed = subscriptionSchema.safeParse(record.payload);
  const at = new Date(parsed.data?.created ?? Number.NaN);
  if (!parsed.success || Number.isNaN(at.getTime())) {
    throw new RecordError({
      place: parsed.error?.issues[0]?.path.join(".") || "created",
      reason: "The subscription lacks its id, person, group or date.",
      remedy: "Fetch the group's subscriptions again.",
    });
  }
  const one = parsed.data;
  const list = listOfGroup(one.group_name);
  const name = one.full_name?.trim() || one.user_name?.trim();
  const email = normalizeAddress(one.email ?? "");
  const person = { platform: "groupsio", externalId: `id:${one.user_id}` };
  const channel = { externalId: list, kind: "list", name: list, visibility: "restricted", partial: true } as const;
  const joined = hasJoined(one);
  return {
    identities: [
      {
        ...person,
        ...(name && { displayName: name }),
        ...(email.includes("@") && { email, emailVerified: one.user_status === "user_status_confirmed" }),
      },
    ],
    channels: joined ? [channel] : [],
    threads: [],
    activities: joined
      ? [
          {
            externalId: `subscription:${one.id}`,
            kind: "joined",
            channel: list,
            author: person,
            occurredAt: at,
            visibility: "restricted",
          },
        ]
      : [],
  };
}
