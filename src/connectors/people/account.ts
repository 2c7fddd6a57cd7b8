import type { NormalizedIdentity } from "#features/ledger/index.ts";
import { botReason } from "../known-bots.ts";
import { identifyPerson, namesNobody, normalizeAddress } from "../person.ts";

/** A handle as registries keep it: where, under which number or name, with which address. */
export interface Account {
  source: string;
  /** Where the source is one of many: `forum.example.org`, a Slack workspace. */
  host?: string | undefined;
  /** The immutable id. */
  uid?: string | undefined;
  username?: string | undefined;
  name?: string | undefined;
  email?: string | undefined;
  url?: string | undefined;
  avatarUrl?: string | undefined;
}

/** Sites of which there is one: a name there is the same for everybody. */
const sites: Readonly<Record<string, string>> = {
  "dev.to": "devto",
  devto: "devto",
  discord: "discord",
  github: "github",
  gitlab: "gitlab",
  gitter: "gitter",
  hackernews: "hackernews",
  launchpad: "launchpad",
  linkedin: "linkedin",
  mozillians: "mozillians",
  reddit: "reddit",
  stackoverflow: "stackexchange:stackoverflow.com",
  telegram: "telegram",
  twitter: "twitter",
  x: "twitter",
  youtube: "youtube",
};
/** Software that runs in many places: without its host an id means nothing outside of the file. */
const hosted = new Set(["discourse", "mattermost", "rocketchat", "slack", "zulip", "matrix"]);
const numbered = new Set(["github", "gitlab", "discourse", "gitter"]);

/**
 * The identities that one handle names: the account, and the address beside it where it has one.
 * @param scope names the file: the namespace of what means nothing outside of it
 * @returns none when it names nobody
 */
export function identifyAccount(account: Account, scope: string): NormalizedIdentity[] {
  const name = account.name?.trim();
  const address = account.email === undefined ? "" : normalizeAddress(account.email);
  const own = ownIdentity(account, scope, address !== "");
  const byAddress = address === "" ? undefined : identifyPerson({ name: own ? "" : (name ?? ""), address }, { scope });
  const reason = own && botReason({ login: account.username, name: name ?? "", address });
  const found = [
    ...(own
      ? [
          {
            ...own,
            ...(name && { displayName: name }),
            ...(account.username && { login: account.username }),
            ...(address !== "" && !namesNobody(address) && { email: address }),
            ...(account.url && { url: account.url }),
            ...(account.avatarUrl && { avatarUrl: account.avatarUrl }),
            ...(reason && { kind: { value: "bot" as const, reason } }),
          },
        ]
      : []),
    ...(byAddress ? [byAddress] : []),
  ];
  if (found.length > 0) return found;
  const byName = name ? identifyPerson({ name, address: "" }, { scope }) : undefined;
  return byName ? [byName] : [];
}

function ownIdentity(account: Account, scope: string, hasAddress: boolean): NormalizedIdentity | undefined {
  const source = account.source.trim().toLowerCase();
  const site = sites[source];
  const host = account.host?.trim().toLowerCase();
  const uid = account.uid?.trim();
  const username = account.username?.trim().replace(/^@/, "");
  if (!uid && !username) return undefined;
  const isHosted = hosted.has(source) && host;
  // An address names its owner better than a handle whose server is not known.
  if (!site && !isHosted && hasAddress) return undefined;
  const platform = site ?? (isHosted ? `${source}:${host}` : `${scope}/${source}`);
  if (uid) return { platform, externalId: numbered.has(source) && /^\d+$/.test(uid) ? `id:${uid}` : uid };
  return { platform, externalId: `login:${username?.toLowerCase()}` };
}
