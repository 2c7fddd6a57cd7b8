import { Button, type ButtonProps } from "@mantine/core";
import { useClipboard } from "@mantine/hooks";

/** Copies a text and says that it did. */
export function CopyButton({ value, label = "Copy", size = "xs" }: { value: string; label?: string; size?: ButtonProps["size"] }) {
  const clipboard = useClipboard({ timeout: 2000 });
  return (
    <Button variant="default" size={size} onClick={() => clipboard.copy(value)} aria-live="polite">
      {clipboard.copied ? "Copied" : label}
    </Button>
  );
}
