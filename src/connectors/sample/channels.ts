import type { NormalizedChannel } from "#features/ledger/index.ts";
import { cumulative } from "./random.ts";
import type { Part } from "./settings.ts";

/** How much of everything happens on a platform, and how its threads are drawn. */
export interface Platform {
  /** What the source is called. */
  name: string;
  /** Namespace of its accounts; mail and commits know people by their address. */
  accounts: string;
  /** What the source shows where an account is gone. */
  gone: string;
  share: number;
  channels: readonly Channel[];
  /** Running weights of the channels. */
  weights: Float64Array;
}

export interface Channel extends NormalizedChannel {
  weight: number;
  /** The language that is spoken there. */
  language?: string;
  /** Only threads on no theme, or only our team. */
  purpose?: "misc" | "news" | "private";
}

const site = (part: string, path: string) => `https://${part}.lantern.example/${path}`;

function platform(input: Omit<Platform, "weights">): Platform {
  return { ...input, weights: cumulative(input.channels.map((channel) => channel.weight)) };
}

const repository = (name: string, weight: number): Channel => ({
  externalId: `lantern/${name}`,
  kind: "repository",
  name: `lantern/${name}`,
  url: site("code", `lantern/${name}`),
  visibility: "public",
  weight,
});
const category = (id: string, name: string, weight: number, rest: Partial<Channel> = {}): Channel => ({
  externalId: `category-${id}`,
  kind: "category",
  name,
  url: site("forum", `c/${id}`),
  visibility: "public",
  weight,
  ...rest,
});
const room = (id: string, weight: number, rest: Partial<Channel> = {}): Channel => ({
  externalId: `C0${id.toUpperCase().replace(/-/g, "")}`,
  kind: "chat",
  name: `#${id}`,
  visibility: "members",
  weight,
  ...rest,
});

export const platforms: Record<Part, Platform> = {
  github: platform({
    name: "Lantern on GitHub",
    accounts: "sample-github",
    gone: "ghost",
    share: 0.4,
    channels: [
      repository("lantern", 30),
      repository("lantern-node", 22),
      repository("lantern-python", 20),
      repository("lantern-go", 10),
      repository("lantern-cli", 12),
      repository("docs", 10),
    ],
  }),
  forum: platform({
    name: "Lantern Forum",
    accounts: "sample-forum",
    gone: "[deleted]",
    share: 0.24,
    channels: [
      category("help", "Help", 46),
      category("ideas", "Ideas", 16),
      category("show", "Show and tell", 8, { purpose: "misc" }),
      category("news", "Announcements", 0, { purpose: "news" }),
      category("beta", "Beta programme", 6, { visibility: "members" }),
      category("japanese", "日本語", 7, { language: "ja" }),
      category("chinese", "中文", 5, { language: "zh" }),
      category("espanol", "Español", 5, { language: "es" }),
      category("portugues", "Português", 4, { language: "pt" }),
    ],
  }),
  chat: platform({
    name: "Lantern Chat",
    accounts: "sample-chat",
    gone: "Deleted User",
    share: 0.23,
    channels: [
      room("help", 38),
      room("sdk", 20),
      room("webhooks", 16),
      room("lounge", 10, { purpose: "misc" }),
      room("introductions", 7, { purpose: "misc" }),
      room("design-partners", 6, { visibility: "restricted", purpose: "private" }),
      room("deutsch", 5, { language: "de" }),
    ],
  }),
  mail: platform({
    name: "lantern-users mailing list",
    accounts: "email",
    gone: "(address removed)",
    share: 0.07,
    channels: [
      { externalId: "lantern-users", kind: "list", name: "lantern-users", url: site("lists", "lantern-users"), visibility: "public", weight: 1 },
    ],
  }),
  git: platform({
    name: "Lantern repositories",
    accounts: "email",
    gone: "(unknown)",
    share: 0.06,
    channels: [
      repository("lantern", 40),
      repository("lantern-node", 20),
      repository("lantern-python", 18),
      repository("lantern-go", 10),
      repository("lantern-cli", 12),
    ],
  }),
};

/** Accounts of machines. Those without a mark do not say what they are: somebody has to notice. */
export const botAccounts: readonly { login: string; name: string; part: Part; marked: boolean }[] = [
  { login: "lantern-triage[bot]", name: "lantern-triage[bot]", part: "github", marked: true },
  { login: "depwatch[bot]", name: "depwatch[bot]", part: "github", marked: true },
  { login: "docs-preview-svc", name: "docs-preview-svc", part: "github", marked: false },
  { login: "status-relay", name: "Status Relay", part: "chat", marked: false },
  { login: "builds", name: "Lantern Builds", part: "mail", marked: false },
];
