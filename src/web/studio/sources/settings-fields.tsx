import { NativeSelect, NumberInput, PasswordInput, Switch, Textarea, TextInput } from "@mantine/core";
import { useState } from "react";

/** One setting of a connector, as its form asks for it. */
export interface SettingField {
  name: string;
  title: string;
  description: string;
  required: boolean;
  kind: "text" | "secret" | "choice" | "switch" | "number" | "list";
  options: string[];
  value: string;
  /** Asked only while other choices have one of these values. */
  when: Record<string, string[]> | null;
}

/**
 * The fields of a connector's settings.
 * @param problems what is wrong, by the setting's name
 */
export function SettingsFields({ fields, problems = {} }: { fields: readonly SettingField[]; problems?: Record<string, string> }) {
  const [chosen, setChosen] = useState(() => Object.fromEntries(fields.map(({ name, value }) => [name, value])));
  const isAsked = ({ name, when }: SettingField) =>
    problems[name] !== undefined || !when || Object.entries(when).every(([other, values]) => values.includes(chosen[other] ?? ""));
  return fields.map((field) => (
    // What was typed stays while it is not asked for.
    <div key={field.name} hidden={!isAsked(field)}>
      <Field field={field} problem={problems[field.name]} onChoose={(value) => setChosen((before) => ({ ...before, [field.name]: value }))} />
    </div>
  ));
}

function Field({ field, problem, onChoose }: { field: SettingField; problem: string | undefined; onChoose: (value: string) => void }) {
  const common = {
    name: `setting.${field.name}`,
    label: field.title,
    description: field.description || undefined,
    error: problem,
  };
  switch (field.kind) {
    case "secret":
      return <PasswordInput {...common} defaultValue={field.value} autoComplete="off" />;
    case "choice":
      return <NativeSelect {...common} defaultValue={field.value} data={field.options} onChange={(event) => onChoose(event.currentTarget.value)} />;
    case "switch":
      return <Switch {...common} defaultChecked={field.value === "true"} />;
    case "number":
      return <NumberInput {...common} defaultValue={field.value} required={field.required} hideControls />;
    case "list":
      return <Textarea {...common} defaultValue={field.value} autosize minRows={2} placeholder="one a line" />;
    default:
      return <TextInput {...common} defaultValue={field.value} required={field.required} />;
  }
}
