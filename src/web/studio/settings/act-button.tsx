import { Button } from "@mantine/core";
import { ActForm, useAct } from "./act-form.tsx";
import classes from "./settings.module.css";

/** A button that does one thing at once. */
export function ActButton(props: { intent: string; fields: Record<string, string>; label: string; describedAs?: string }) {
  const act = useAct(props.intent);
  return (
    <ActForm act={act} fields={props.fields} className={classes.buttons}>
      <Button type="submit" size="xs" variant="default" loading={act.busy} aria-label={props.describedAs}>
        {props.label}
      </Button>
    </ActForm>
  );
}
