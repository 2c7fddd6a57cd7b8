import { setImmediate as nextTurn } from "node:timers/promises";
import type { NormalizedChannel, NormalizedIdentityLink, NormalizedThread } from "./batch.ts";
import type { StatingRecord } from "./link-statements.ts";
import { identityKey, type MergedBatch, type SeenIdentity } from "./merge-batch.ts";
import type { PreparedRecords } from "./prepare-records.ts";
import { type EncodedActivities, encodeActivities } from "./store-activities.ts";
import { type EncodedPayloads, encodePayloads } from "./store-raw-records.ts";

/** Prepared records in the form in which they are sent, as far as it does not depend on what the database answers. */
export interface EncodedRecords extends Pick<PreparedRecords, "same" | "left" | "gone" | "unstated" | "rejected" | "leftOut"> {
  identities: SeenIdentity[];
  channels: NormalizedChannel[];
  threads: NormalizedThread[];
  links: NormalizedIdentityLink[];
  activities: EncodedActivities;
  payloads: EncodedPayloads;
  /** Organizations, and who belonged where. */
  belongings: Pick<MergedBatch, "organizations" | "affiliations">;
  /** Records that state links, or may have stated some before. */
  stating: StatingRecord[];
  /** The keys of the records that could be read. */
  accepted: { stream: string; externalId: string }[];
}

/**
 * Makes a group ready to be sent while the one before is still being stored: then the database need not wait for it, and
 * the words of a group are given free early.
 */
export async function encodeRecords(prepared: PreparedRecords): Promise<EncodedRecords> {
  const { merged, raw, same, left, gone, unstated, rejected, leftOut } = prepared;
  const activities = await encodeActivities([...merged.activities.values()]);
  const payloads = await encodePayloads(raw);
  await nextTurn();
  return {
    // Sorted, so that two imports that share people lock them in one order and never wait for each other in a circle.
    identities: [...merged.identities.values()].sort((a, b) => (identityKey(a) < identityKey(b) ? -1 : 1)),
    channels: [...merged.channels.values()],
    threads: [...merged.threads.values()],
    links: [...merged.links.values()],
    activities,
    payloads,
    belongings: { organizations: merged.organizations, affiliations: merged.affiliations },
    stating: raw.flatMap(({ stream, externalId, linkKeys, replaced }) =>
      linkKeys.length > 0 || replaced ? [{ stream, externalId, linkKeys, replaced }] : [],
    ),
    accepted: raw.flatMap(({ stream, externalId, normalizeVersion }) => (normalizeVersion > 0 ? [{ stream, externalId }] : [])),
    same,
    left,
    gone,
    unstated,
    rejected,
    leftOut,
  };
}
