import {
  type IdentityRef,
  type NormalizedActivity,
  type NormalizedBatch,
  type NormalizedIdentity,
  type NormalizedIdentityLink,
  type RawRecord,
  RecordError,
} from "#features/ledger/index.ts";
import { type Account, type Entry, type Payload, payloadSchema } from "./payload.ts";

/**
 * Reads one record of the sample into what it says.
 * @throws RecordError for a payload that this generator did not write
 */
export function normalizeSample(record: RawRecord): NormalizedBatch {
  const parsed = payloadSchema.safeParse(record.payload);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new RecordError({
      reason: issue?.message ?? "The record is not one of the sample community.",
      place: issue?.path.join(".") || record.externalId,
      remedy: "Load the sample community again.",
    });
  }
  const payload = parsed.data;
  const { thread, channel } = payload;
  const opening = payload.entries[0] as Entry;
  const opener = typeof opening.by === "number" ? refOf(payload.accounts[opening.by]) : undefined;
  return {
    identities: payload.accounts.flatMap((account, place) => identitiesOf(account, payload.entries, place)),
    channels: [
      {
        externalId: channel.id,
        kind: channel.kind,
        name: channel.name,
        ...(channel.url ? { url: channel.url } : {}),
        visibility: channel.visibility,
      },
    ],
    threads: thread
      ? [
          {
            externalId: thread.id,
            channel: channel.id,
            kind: thread.kind,
            title: thread.title,
            ...(thread.ref ? { ref: thread.ref } : {}),
            ...(thread.url ? { url: thread.url } : {}),
            state: thread.state,
            ...(thread.reason ? { stateReason: thread.reason } : {}),
            labels: thread.labels ?? [],
            openedAt: new Date(opening.at),
            ...(thread.closed ? { closedAt: new Date(thread.closed) } : {}),
            ...(opener ? { opener } : {}),
            ...(thread.answerable ? { attributes: { answerable: true } } : {}),
          },
        ]
      : [],
    activities: payload.entries.map((entry, place) => activityOf(payload, entry, place)),
    links: payload.accounts.flatMap(linksOf),
  };
}

function refOf(account: Account | undefined): IdentityRef | undefined {
  return account && { platform: account.platform, externalId: account.id };
}

function identitiesOf(account: Account, entries: readonly Entry[], place: number): NormalizedIdentity[] {
  const labels = labelsOf(account, entries, place);
  const identity: NormalizedIdentity = {
    platform: account.platform,
    externalId: account.id,
    ...(account.name ? { displayName: account.name } : {}),
    ...(account.login ? { login: account.login } : {}),
    ...(account.email ? { email: account.email, emailVerified: account.verified ?? false } : {}),
    ...(account.role === "staff" ? { kind: { value: "team", reason: "The platform marks the account as staff." } } : {}),
    ...(account.role === "app" ? { kind: { value: "bot", reason: "The platform marks the account as an app." } } : {}),
    ...(labels.length > 0 ? { labels } : {}),
  };
  if (account.mailmap === undefined) return [identity];
  return [
    identity,
    { platform: account.platform, externalId: account.mailmap, email: account.mailmap, ...(account.name ? { displayName: account.name } : {}) },
  ];
}

/** Logins with the dates at which they were seen in use, for accounts that changed theirs. */
function labelsOf(account: Account, entries: readonly Entry[], place: number): NonNullable<NormalizedIdentity["labels"]> {
  if (!account.formerly) return [];
  return entries
    .filter((entry) => entry.by === place)
    .map((entry) => {
      const then = account.formerly?.find((name) => entry.at < name.until);
      return { kind: "login" as const, value: then?.login ?? account.login ?? account.id, at: new Date(entry.at) };
    });
}

function linksOf(account: Account): NormalizedIdentityLink[] {
  if (account.mailmap === undefined) return [];
  return [
    {
      a: { platform: account.platform, externalId: account.id },
      b: { platform: account.platform, externalId: account.mailmap },
      rule: "mailmap",
      evidence: `.mailmap: ${account.name ?? ""} <${account.mailmap}> <${account.id}>`,
      strength: 1,
    },
  ];
}

function activityOf(payload: Payload, entry: Entry, place: number): NormalizedActivity {
  const author = typeof entry.by === "number" ? refOf(payload.accounts[entry.by]) : undefined;
  return {
    externalId: entry.id,
    kind: entry.kind,
    channel: payload.channel.id,
    ...(payload.thread ? { thread: payload.thread.id } : {}),
    ...(entry.replyTo ? { replyTo: entry.replyTo } : {}),
    ...(author ? { author } : { unattributed: String(entry.by) }),
    occurredAt: new Date(entry.at),
    ...(entry.edited ? { editedAt: new Date(entry.edited) } : {}),
    ...(place === 0 && payload.thread ? { title: payload.thread.title } : {}),
    ...(entry.body ? { body: entry.body } : {}),
    ...(entry.url ? { url: entry.url } : {}),
    ...(entry.accepted ? { attributes: { accepted: true } } : {}),
  };
}
