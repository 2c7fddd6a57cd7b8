import type { z } from "zod";

/** The first thing wrong with a value: its path as people write it, and the reason. */
export function firstProblem(error: z.ZodError): { path: string; reason: string } {
  const issue = error.issues[0];
  const path = (issue?.path ?? []).map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`)).join("");
  return { path, reason: issue?.message ?? "cannot be read" };
}
