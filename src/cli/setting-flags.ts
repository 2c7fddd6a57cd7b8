import { readFileSync } from "node:fs";
import { Option } from "commander";
import { z } from "zod";
import { AppError } from "#core/errors.ts";
import { type Connector, type SettingUse, secretFields, settingsOfUse } from "#features/ledger/index.ts";

const propertySchema = z.object({
  type: z.string().optional(),
  anyOf: z.array(z.looseObject({ type: z.string().optional() })).optional(),
  enum: z.array(z.string()).optional(),
  description: z.string().optional(),
  title: z.string().optional(),
  default: z.unknown().optional(),
});

/** One setting of a connector as a flag. */
export interface SettingFlag {
  name: string;
  /** Where commander puts what was given. */
  attribute: string;
  secret: boolean;
  /** An object, which may be given as JSON or stand in a file. */
  object: boolean;
  list: boolean;
  option: Option;
}

/** The flags of those settings of a connector that matter for a use, from their schema. */
export function settingFlags(connector: Connector, use: SettingUse): SettingFlag[] {
  const schema = z
    .object({ properties: z.record(z.string(), propertySchema).default({}) })
    .parse(z.toJSONSchema(connector.settings, { io: "input", unrepresentable: "any" }));
  const secrets = new Set(secretFields(connector));
  return settingsOfUse(connector, use, { withHidden: true }).flatMap((name) => {
    const property = schema.properties[name];
    if (!property) return [];
    const secret = secrets.has(name);
    const list = property.type === "array";
    // What is on by itself can only be switched off.
    const isOn = property.type === "boolean" && property.default === true;
    const flag = `--${isOn ? "no-" : ""}${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    const about = `${isOn ? "Switches this off: " : ""}${property.description ?? property.title ?? name}`;
    const object = property.type === "object" || (property.anyOf?.some(({ type }) => type === "object") ?? false);
    const value = secret ? "<@file>" : object ? "<json or @file>" : list ? "<value...>" : "<value>";
    const option = new Option(property.type === "boolean" ? flag : `${flag} ${value}`, secret ? `${about} Read from a file: @path.` : about);
    if (property.enum) option.choices(property.enum);
    if (property.type === "number" || property.type === "integer") option.argParser(Number);
    return [{ name, attribute: option.attributeName(), secret, object, list, option }];
  });
}

/**
 * The settings among what a command was given. A secret is read from its file, so that it stands in no list of processes
 * and no shell's history; an object may stand in a file as well.
 * @throws AppError `invalid_input` for a secret given openly, or a file that cannot be read
 */
export function settingsGiven(flags: readonly SettingFlag[], given: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    flags.flatMap(({ name, attribute, secret, object, option }) => {
      const value = given[attribute];
      if (value === undefined) return [];
      if (secret) return [[name, readSecret(String(value), option.long ?? name)]];
      return [[name, object && String(value).startsWith("@") ? readGiven(String(value).slice(1)) : value]];
    }),
  );
}

function readSecret(value: string, flag: string): string {
  if (!value.startsWith("@")) {
    throw new AppError("invalid_input", { public: `${flag} is a secret: put it into a file that only you can read, and give ${flag} @path.` });
  }
  return readGiven(value.slice(1));
}

function readGiven(path: string): string {
  try {
    return readFileSync(path, "utf8").trim();
  } catch (error) {
    throw new AppError("invalid_input", {
      public: `${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
      cause: error,
    });
  }
}
