import type { Role } from "#features/access/index.ts";

export interface NavItem {
  label: string;
  /** Below `/studio/:community`; empty for Today. */
  path: string;
  /** `g` and then this letter goes there. */
  key: string;
  /** Which of the layout's counts stands beside it: things that need a human. */
  count?: "waiting" | "signals";
  /** Shown to these roles only; to the whole team where absent. */
  roles?: readonly Role[];
}

export interface NavGroup {
  title?: string;
  items: readonly NavItem[];
}

/** The side menu. Only what exists is listed; a new section is one line here and one in routes.ts. */
export const navigation: readonly NavGroup[] = [
  {
    items: [
      { label: "Today", path: "", key: "t" },
      { label: "Search", path: "search", key: "f" },
    ],
  },
  {
    title: "Community",
    items: [
      { label: "Threads", path: "threads", key: "h", count: "waiting" },
      { label: "Members", path: "members", key: "m" },
    ],
  },
  { title: "Loop", items: [{ label: "Signals", path: "signals", key: "s", count: "signals" }] },
  {
    title: "Know",
    items: [
      { label: "Metrics", path: "metrics", key: "k" },
      { label: "Sources", path: "sources", key: "r" },
      { label: "Settings", path: "settings", key: "e" },
    ],
  },
];
