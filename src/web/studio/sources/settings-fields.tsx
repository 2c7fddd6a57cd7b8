import { NativeSelect, NumberInput, PasswordInput, Switch, Textarea, TextInput } from "@mantine/core";

/** One setting of a connector, as its form asks for it. */
export interface SettingField {
  name: string;
  title: string;
  description: string;
  required: boolean;
  kind: "text" | "secret" | "choice" | "switch" | "number" | "list";
  options: string[];
  value: string;
}

/**
 * The fields of a connector's settings.
 * @param problems what is wrong, by the setting's name
 */
export function SettingsFields({ fields, problems = {} }: { fields: readonly SettingField[]; problems?: Record<string, string> }) {
  return fields.map((field) => {
    const common = {
      name: `setting.${field.name}`,
      label: field.title,
      description: field.description || undefined,
      error: problems[field.name],
    };
    switch (field.kind) {
      case "secret":
        return <PasswordInput key={field.name} {...common} defaultValue={field.value} autoComplete="off" />;
      case "choice":
        return <NativeSelect key={field.name} {...common} defaultValue={field.value} data={field.options} />;
      case "switch":
        return <Switch key={field.name} {...common} defaultChecked={field.value === "true"} />;
      case "number":
        return <NumberInput key={field.name} {...common} defaultValue={field.value} required={field.required} hideControls />;
      case "list":
        return <Textarea key={field.name} {...common} defaultValue={field.value} autosize minRows={2} placeholder="one a line" />;
      default:
        return <TextInput key={field.name} {...common} defaultValue={field.value} required={field.required} />;
    }
  });
}
