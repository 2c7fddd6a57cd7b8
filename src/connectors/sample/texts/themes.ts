import { type Template, template, templates } from "../grammar.ts";
import type { Sdk } from "../slots.ts";
import { type Intent, intents, type ThemeSource } from "./theme.ts";
import { clientThemes } from "./themes-clients.ts";
import { platformThemes } from "./themes-platform.ts";
import { productThemes } from "./themes-product.ts";
import { webhookThemes } from "./themes-webhooks.ts";

type Texts = readonly Template[];

/** A title, and the place of the story, code and answer that belong to it. */
export interface Title {
  text: Template;
  facet: number | undefined;
}

function readTitle(source: string): Title {
  const match = /^(\d):(.*)$/s.exec(source);
  return match?.[2] === undefined ? { text: template(source), facet: undefined } : { text: template(match[2]), facet: Number(match[1]) };
}

/** A block of code, and the SDK that it is for, where it is one of theirs. */
export interface Code {
  text: Template;
  sdk: Sdk | undefined;
}

const sdkOfFence: Record<string, Sdk> = { ts: "node", python: "python", pytb: "python", go: "go" };

function readCode(source: string): Code {
  return { text: template(source), sdk: sdkOfFence[/^```(\w+)/.exec(source)?.[1] ?? ""] };
}

/** A theme with its texts read. */
export interface Theme extends Pick<ThemeSource, "id" | "title" | "area" | "sdk" | "framework" | "since" | "until" | "weight"> {
  titles: Partial<Record<Intent, readonly Title[]>>;
  /** The intents that occur, for drawing one. */
  intents: readonly Intent[];
  story: Texts;
  code: readonly Code[];
  ask: Texts;
  want: Texts;
  pain: Texts;
  love: Texts;
  answers: Texts;
  points: Texts;
  short: Texts;
  fixes: Texts;
}

/** How often each intent is drawn where a theme knows several. */
const intentWeight: Record<Intent, number> = { ask: 5, bug: 4, want: 2, pain: 2, love: 1 };

function readTheme(source: ThemeSource): Theme {
  const known = intents.filter((intent) => source.titles[intent]);
  return {
    ...source,
    titles: Object.fromEntries(known.map((intent) => [intent, (source.titles[intent] ?? []).map(readTitle)])),
    intents: known.flatMap((intent) => Array<Intent>(intentWeight[intent]).fill(intent)),
    story: templates(source.story),
    code: source.code.map(readCode),
    ask: templates(source.ask ?? []),
    want: templates(source.want ?? []),
    pain: templates(source.pain ?? []),
    love: templates(source.love ?? []),
    answers: templates(source.answers),
    points: templates(source.points),
    short: templates(source.short),
    fixes: templates(source.fixes),
  };
}

export const themes: readonly Theme[] = [...webhookThemes, ...clientThemes, ...platformThemes, ...productThemes].map(readTheme);
