/** One kind of real files: which they are, who reads them, and how their records are counted without our code. */
export interface VerifyCase {
  kind: string;
  /** Where they were published. */
  origin: string;
  connector: string;
  settings?: Record<string, unknown>;
  /** Globs below the folder of real files; each match is brought in by itself, be it a file or a folder. */
  paths: string[];
  except?: RegExp[];
  /** What one record is, in words. */
  counts: string;
  /** A Python program that prints the number of records of the path in `sys.argv[1]`. */
  count: string;
  /** Files that are broken or foreign where they come from, with what their refusal must say. */
  refused?: { path: RegExp; reason: RegExp }[];
  /** Of `place: reason` of what was set aside: it is a field of an entry that is held for the rest, and no entry by itself. */
  within?: RegExp;
}

/** Where the answers of many services were published. */
export const perceval = "chaoss/grimoirelab-perceval";
