import { Button, type ButtonProps, Group, Modal, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useFetcher } from "react-router";

/**
 * A button for what cannot be taken back lightly: it says in words what will happen before it does it. The act is
 * a form post with `fields`.
 */
export function ConfirmButton(props: {
  label: string;
  title: string;
  children: React.ReactNode;
  confirm: string;
  fields: Record<string, string>;
  action?: string;
  danger?: boolean;
  size?: ButtonProps["size"];
}) {
  const [opened, { open, close }] = useDisclosure(false);
  const fetcher = useFetcher();
  return (
    <>
      <Button variant="default" size={props.size} onClick={open} loading={fetcher.state !== "idle"}>
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
              void fetcher.submit(props.fields, { method: "post", action: props.action });
            }}
          >
            {props.confirm}
          </Button>
        </Group>
      </Modal>
    </>
  );
}
