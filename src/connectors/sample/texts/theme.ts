import type { Sdk } from "../slots.ts";

/** What the opener of a thread is after. */
export const intents = ["ask", "bug", "want", "pain", "love"] as const;
export type Intent = (typeof intents)[number];

export type ReleaseName = "3.0" | "3.1" | "3.2";

/** What many threads are about, and how people speak of it. Texts are templates of grammar.ts. */
export interface ThemeSource {
  /** Names the theme in the known truth. */
  id: string;
  /** The theme in a product manager's words. */
  title: string;
  /** The component label on GitHub. */
  area: string;
  sdk?: Sdk;
  framework?: string;
  /** The release that brought it about, or after which it faded. */
  since?: ReleaseName;
  until?: ReleaseName;
  /** How often it comes up, against the others. */
  weight: number;
  /**
   * Titles by what the opener is after; an intent without titles does not occur. `1:` before a title ties it to the
   * story, code and answer of that place, so that a thread stays with one matter.
   */
  titles: Partial<Record<Intent, readonly string[]>>;
  /** What happens, in a paragraph. */
  story: readonly string[];
  /** Code, commands or output that go with it. */
  code: readonly string[];
  /** The question itself, the reasons for a wish, the cost of a friction, the praise. */
  ask?: readonly string[];
  want?: readonly string[];
  pain?: readonly string[];
  love?: readonly string[];
  answers: readonly string[];
  /** Things anybody in the thread may add. */
  points: readonly string[];
  /** How a chat message begins on it. */
  short: readonly string[];
  /** What a pull request or commit on it does. */
  fixes: readonly string[];
}
