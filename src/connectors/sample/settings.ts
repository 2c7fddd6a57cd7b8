import { z } from "zod";

/** The platforms that Lantern's people use. Each is a source of its own, as it would be in a real community. */
export const parts = ["github", "forum", "chat", "mail", "git"] as const;
export type Part = (typeof parts)[number];

/** How many days a history spans when its beginning is not set: eighteen months. */
export const defaultDays = 548;
const dayMs = 86_400_000;

export const sampleSettings = z.object({
  part: z.enum(parts).default("github").meta({ title: "Platform", description: "Which of Lantern's platforms this source holds" }),
  activities: z
    .int()
    .min(1_000)
    .max(50_000_000)
    .default(20_000)
    .meta({ title: "Activities", description: "About how many activities the whole community has, over all its platforms" }),
  seed: z.int().min(0).max(2_147_483_647).default(1).meta({ title: "Seed", description: "The same seed makes the same community" }),
  from: z.iso.datetime().optional().meta({ title: "From", description: "When the history begins; by default eighteen months before its end" }),
  to: z.iso
    .datetime()
    .optional()
    .meta({ title: "To", description: "The «now» of the sample, when its history ends; by default when it is first loaded" }),
});
export type SampleSettings = z.output<typeof sampleSettings>;

/** The settings with nothing left open: what the generator is a function of. */
export interface World {
  seed: number;
  activities: number;
  /** Milliseconds since 1970. */
  from: number;
  to: number;
}

/**
 * @param settings as the source has them
 * @param now what `to` is when the settings leave it open
 */
export function worldOf(settings: Pick<SampleSettings, "seed" | "activities" | "from" | "to">, now: Date): World {
  const to = settings.to ? Date.parse(settings.to) : now.getTime();
  const from = settings.from ? Date.parse(settings.from) : to - defaultDays * dayMs;
  return { seed: settings.seed, activities: settings.activities, from: Math.min(from, to - 30 * dayMs), to };
}
