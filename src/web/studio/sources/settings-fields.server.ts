import { z } from "zod";
import { type Connector, type SettingUse, secretFields, settingsOfUse } from "#features/ledger/index.ts";
import type { SettingField } from "./settings-fields.tsx";

const property = z.looseObject({
  type: z.string().optional(),
  title: z.string().optional(),
  description: z.string().optional(),
  enum: z.array(z.string()).optional(),
  anyOf: z.array(z.looseObject({ type: z.string().optional() })).optional(),
  default: z.unknown().optional(),
  when: z.record(z.string(), z.array(z.string())).optional(),
});
const shape = z.looseObject({ properties: z.record(z.string(), property).default({}), required: z.array(z.string()).default([]) });

/**
 * What the form of a connector's settings asks for: derived from their schema, so that the two never differ.
 * @param use for a file or for reading live; some settings matter for one alone
 */
export function describeSettings(connector: Connector, use: SettingUse, values: Record<string, unknown> = {}): SettingField[] {
  const { properties, required } = shape.parse(z.toJSONSchema(connector.settings, { io: "input", unrepresentable: "any" }));
  const secrets = new Set(secretFields(connector));
  return settingsOfUse(connector, use).flatMap((name) => {
    const described = properties[name];
    if (!described) return [];
    const value = values[name] ?? described.default;
    const field: SettingField = {
      name,
      title: described.title ?? name,
      description: described.description ?? "",
      required: required.includes(name),
      kind: kindOf(described, secrets.has(name)),
      options: described.enum ?? [],
      value: inField(value),
      when: described.when ?? null,
    };
    return [field];
  });
}

function inField(value: unknown): string {
  if (value === undefined || value === null) return "";
  if (Array.isArray(value)) return value.join("\n");
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

function kindOf(described: z.output<typeof property>, secret: boolean): SettingField["kind"] {
  const type = described.type ?? described.anyOf?.find((one) => one.type !== "null")?.type;
  if (secret) return "secret";
  if (described.enum) return "choice";
  if (type === "boolean") return "switch";
  if (type === "integer" || type === "number") return "number";
  if (type === "array") return "list";
  return "text";
}

/** Settings as a form sent them, in the types that the schema asks for; what was left empty is left out. */
export function readSettingsForm(connector: Connector, use: SettingUse, form: FormData): Record<string, unknown> {
  const settings: Record<string, unknown> = {};
  for (const field of describeSettings(connector, use)) {
    const given = form.get(`setting.${field.name}`);
    const text = typeof given === "string" ? given.trim() : "";
    if (field.kind === "switch") settings[field.name] = text === "on";
    else if (text === "") continue;
    else if (field.kind === "number") settings[field.name] = Number(text);
    else if (field.kind === "list")
      settings[field.name] = text
        .split("\n")
        .map((line) => line.trim())
        .filter((line) => line !== "");
    else settings[field.name] = text;
  }
  return settings;
}
