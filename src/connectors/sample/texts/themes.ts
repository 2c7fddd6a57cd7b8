import { type Template, templates } from "../grammar.ts";
import { type Intent, intents, type ThemeSource } from "./theme.ts";
import { clientThemes } from "./themes-clients.ts";
import { platformThemes } from "./themes-platform.ts";
import { productThemes } from "./themes-product.ts";
import { webhookThemes } from "./themes-webhooks.ts";

type Texts = readonly Template[];

/** A theme with its texts read. */
export interface Theme extends Pick<ThemeSource, "id" | "title" | "area" | "sdk" | "framework" | "since" | "until" | "weight"> {
  titles: Partial<Record<Intent, Texts>>;
  /** The intents that occur, for drawing one. */
  intents: readonly Intent[];
  story: Texts;
  code: Texts;
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
    titles: Object.fromEntries(known.map((intent) => [intent, templates(source.titles[intent] ?? [])])),
    intents: known.flatMap((intent) => Array<Intent>(intentWeight[intent]).fill(intent)),
    story: templates(source.story),
    code: templates(source.code),
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
