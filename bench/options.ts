import { parseArgs } from "node:util";

export const databases = ["embedded", "postgres"] as const;
export type DatabaseKind = (typeof databases)[number];

/** What is measured, in the order in which it runs. */
export const stages = ["generate", "ingest", "derive", "reimport", "read", "pages", "portal"] as const;
export type Stage = (typeof stages)[number];

export interface BenchOptions {
  sizes: number[];
  databases: DatabaseKind[];
  stages: Stage[];
  seed: number;
  /** Write CPU profiles of each run beside the results. */
  profile: boolean;
}

export const usage = `Usage: npm run bench -- [options]

  --size N        activities; may be repeated (default 100000 and 1000000)
  --database D    embedded or postgres; may be repeated (default both, PostgreSQL where a server or its programs are found)
  --only S        measure only these: ${stages.join(", ")}; may be repeated. What they need is done without being shown
  --seed N        of the sample community (default 1)
  --profile       write a CPU profile of each run to bench/results
  --help
`;

/**
 * Reads the command line.
 * @throws Error in words for the person who typed it
 */
export function readOptions(args: readonly string[]): BenchOptions | "help" {
  const { values } = parseArgs({
    args: [...args],
    options: {
      size: { type: "string", multiple: true },
      database: { type: "string", multiple: true },
      only: { type: "string", multiple: true },
      seed: { type: "string" },
      profile: { type: "boolean" },
      help: { type: "boolean" },
    },
  });
  if (values.help) return "help";
  return {
    sizes: values.size ? split(values.size).map((text) => wholeNumber("--size", text, 1_000)) : [100_000, 1_000_000],
    databases: values.database ? split(values.database).map((text) => oneOf("--database", text, databases)) : [...databases],
    stages: values.only ? split(values.only).map((text) => oneOf("--only", text, stages)) : [...stages],
    seed: values.seed === undefined ? 1 : wholeNumber("--seed", values.seed, 0),
    profile: values.profile ?? false,
  };
}

function split(values: readonly string[]): string[] {
  return values.flatMap((value) => value.split(",")).filter((value) => value !== "");
}

function wholeNumber(option: string, text: string, min: number): number {
  const value = Number(text.replaceAll("_", ""));
  if (!Number.isInteger(value) || value < min) throw new Error(`${option} must be a whole number from ${min}, not ${text}.`);
  return value;
}

function oneOf<Value extends string>(option: string, text: string, known: readonly Value[]): Value {
  const found = known.find((value) => value === text);
  if (found === undefined) throw new Error(`${option} must be one of ${known.join(", ")}, not ${text}.`);
  return found;
}
