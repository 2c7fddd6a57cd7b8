import { Button, Group, Modal, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useEffect } from "react";
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

/** A button that says in words what will happen before it does it; what came of it, or why not, is said as a toast. */
export function ConfirmAct(props: {
  intent: string;
  fields: Record<string, string>;
  label: string;
  /** The label with its object, for those who hear one button after the other. */
  describedAs?: string;
  title: string;
  confirm: string;
  children: React.ReactNode;
}) {
  const [opened, { open, close }] = useDisclosure(false);
  const act = useAct(props.intent);
  const { data } = act.fetcher;
  useEffect(() => {
    if (data) close();
  }, [data, close]);
  return (
    <>
      <Button variant="default" size="xs" onClick={open} loading={act.busy} aria-label={props.describedAs}>
        {props.label}
      </Button>
      <Modal opened={opened} onClose={close} title={props.title}>
        <Text size="md">{props.children}</Text>
        <ActForm act={act} fields={props.fields} className="">
          <Group justify="flex-end" mt="lg">
            <Button variant="default" onClick={close} data-autofocus>
              Keep it as it is
            </Button>
            <Button type="submit" color="red" loading={act.busy}>
              {props.confirm}
            </Button>
          </Group>
        </ActForm>
      </Modal>
    </>
  );
}
