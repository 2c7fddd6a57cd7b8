import type { SignalKind } from "#features/feedback/index.ts";
import { formatNumber } from "../ui/format.ts";

const plural: Record<SignalKind, string> = { bug: "bugs", request: "requests", friction: "friction", question: "questions", praise: "praise" };

/** «3 bugs», «1 request», «5 friction». */
export function signalsOf(kind: SignalKind, n: number): string {
  return `${formatNumber(n)} ${n === 1 ? kind : plural[kind]}`;
}
