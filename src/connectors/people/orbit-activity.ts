import type { IdentityRef, NormalizedBatch, NormalizedIdentity } from "#features/ledger/index.ts";
import { type About, text } from "./entry.ts";

/** One activity of Orbit, from its API or a CSV file. */
export interface OrbitActivity {
  id: string;
  /** JSON:API's type, such as `issue_activity`. */
  resource: string | undefined;
  action: string | undefined;
  /** The key of its type: `issues:opened`, or what a workspace made up. */
  typeKey: string | undefined;
  channel: string | undefined;
  occurredAt: Date;
  fields: Record<string, unknown>;
  author: IdentityRef | undefined;
  identities?: NormalizedIdentity[];
}

const kinds: Readonly<Record<string, string>> = {
  "issue_activity opened": "issue_opened",
  issue_activity: "issue_opened",
  "pull_request_activity opened": "pull_request_opened",
  pull_request_activity: "pull_request_opened",
  issue_comment_activity: "comment",
  star_activity: "starred",
  fork_activity: "forked",
  tweet_activity: "post",
  content_activity: "post",
  post_activity: "post",
  "issues:opened": "issue_opened",
  "pull_requests:opened": "pull_request_opened",
  "issue_comment:created": "comment",
  "star:created": "starred",
  "fork:created": "forked",
};

/** What somebody did, as Orbit recorded it. */
export function stateOrbitActivity(activity: OrbitActivity, about: About): NormalizedBatch {
  const { fields, author } = activity;
  const channel = (activity.channel ?? "orbit").toLowerCase();
  const title = text(fields.title) ?? text(fields.g_title);
  const body = text(fields.description) ?? text(fields.g_body);
  const url = [fields.link, fields.activity_link, fields.g_html_url, fields.url]
    .map(text)
    .find((one) => one !== undefined && /^https?:\/\//.test(one));
  const weight = Number(text(fields.weight));
  const tags = Array.isArray(fields.tags) ? (fields.tags as unknown[]).flatMap((tag) => text(tag) ?? []) : [];
  return {
    identities: author ? (activity.identities ?? [{ ...author }]) : [],
    channels: [{ externalId: channel, kind: "stream", name: channel === "orbit" ? "Orbit" : `${channel} (by Orbit)`, visibility: about.visibility }],
    threads: [],
    activities: [
      {
        externalId: activity.id,
        kind: kindOf(activity),
        channel,
        ...(author ? { author } : { unattributed: "no member" }),
        occurredAt: activity.occurredAt,
        ...(title && { title }),
        ...(body && { body }),
        ...(url && { url }),
        attributes: { ...(Number.isFinite(weight) && text(fields.weight) && { weight }), ...(tags.length > 0 && { tags }) },
      },
    ],
  };
}

function kindOf({ resource, action, typeKey }: OrbitActivity): string {
  const known =
    kinds[`${resource} ${action}`] ?? kinds[typeKey ?? ""] ?? (action === undefined || action === "created" ? kinds[resource ?? ""] : undefined);
  if (known) return known;
  const own = typeKey ?? [resource?.replace(/_activity$/, ""), action].filter(Boolean).join("_");
  const snake = own
    .replace(/([a-z])([A-Z])/g, "$1_$2")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "_")
    .replace(/^[^a-z]+|_+$/g, "");
  return snake.slice(0, 48) || "activity";
}
