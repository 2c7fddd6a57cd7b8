import { commonRoom } from "./common-room.ts";
import { eclipse } from "./eclipse.ts";
import type { Format } from "./entry.ts";
import { gitdm } from "./gitdm.ts";
import { grimoirelab } from "./grimoirelab.ts";
import { mailmap } from "./mailmap.ts";
import { mozillians } from "./mozillians.ts";
import { orbit } from "./orbit.ts";
import { orbitCsv } from "./orbit-csv.ts";
import { identityList, sortinghat } from "./sortinghat.ts";
import { stackalytics } from "./stackalytics.ts";

export const formatIds = [
  "sortinghat",
  "identity-list",
  "grimoirelab",
  "gitdm",
  "mailmap",
  "stackalytics",
  "eclipse",
  "mozillians",
  "orbit",
  "orbit-csv",
  "common-room",
] as const;
export type FormatId = (typeof formatIds)[number];

/** Every form in which people are kept. */
export const formats: Readonly<Record<FormatId, Format>> = {
  sortinghat,
  "identity-list": identityList,
  grimoirelab,
  gitdm,
  mailmap,
  stackalytics,
  eclipse,
  mozillians,
  orbit,
  "orbit-csv": orbitCsv,
  "common-room": commonRoom,
};

/** The form that a file most looks like, from its name and its beginning. */
export function recognizeFormat(file: { name: string; text: string }): { id: FormatId; confidence: number } | undefined {
  let best: { id: FormatId; confidence: number } | undefined;
  for (const id of formatIds) {
    const confidence = formats[id].recognizes(file);
    if (confidence > (best?.confidence ?? 0)) best = { id, confidence };
  }
  return best;
}
