import { Button, type ButtonProps, Group, Modal, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useFetcher, useFormAction } from "react-router";
import { useToast } from "./toast.ts";

/**
 * A button for what cannot be taken back lightly: it says in words what will happen before it does it. The act is
 * a form post with `fields`; what came of it, or why not, is said as a toast.
 */
export function ConfirmButton(props: {
  label: string;
  /** The label with its object, for those who hear one button after the other. */
  describedAs?: string;
  title: string;
  children: React.ReactNode;
  confirm: string;
  fields: Record<string, string>;
  danger?: boolean;
  size?: ButtonProps["size"];
}) {
  const [opened, { open, close }] = useDisclosure(false);
  const fetcher = useFetcher<unknown>();
  const action = useFormAction();
  useToast(fetcher.data);
  return (
    <>
      <Button variant="default" size={props.size} onClick={open} loading={fetcher.state !== "idle"} aria-label={props.describedAs}>
        {props.label}
      </Button>
      <Modal opened={opened} onClose={close} title={props.title}>
        <Text size="md">{props.children}</Text>
        <Group justify="flex-end" mt="lg">
          <Button variant="default" onClick={close} data-autofocus>
            Keep it as it is
          </Button>
          <Button
            color={props.danger ? "red" : "teal"}
            onClick={() => {
              close();
              void fetcher.submit(props.fields, { method: "post", action });
            }}
          >
            {props.confirm}
          </Button>
        </Group>
      </Modal>
    </>
  );
}
