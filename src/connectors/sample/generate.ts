import { layOutCalendar } from "./calendar.ts";
import { gatherCrowd } from "./people.ts";
import { type Plan, planThread, type Stage } from "./plan.ts";
import { type SampleRecord, writeRecord } from "./records.ts";
import type { Part, World } from "./settings.ts";
import { threadCount } from "./sizes.ts";

/** Sets the stage on which a world's threads play. Costs some milliseconds and a few megabytes, whatever the size. */
export function setStage(world: World): Stage {
  const calendar = layOutCalendar(world);
  return { world, calendar, crowd: gatherCrowd(world, calendar) };
}

/** The plans of a platform's threads, from one index on. */
export function* plansOf(stage: Stage, part: Part, from = 0): Generator<Plan> {
  const end = threadCount(stage.world, part);
  for (let index = from; index < end; index += 1) yield planThread(stage, part, index);
}

/** One record, by its platform and index. */
export function recordAt(stage: Stage, part: Part, index: number): SampleRecord {
  return writeRecord(stage, planThread(stage, part, index));
}
