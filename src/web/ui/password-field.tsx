import { PasswordInput, type PasswordInputProps } from "@mantine/core";

/** A password's field. The kit's own shows an error in red alone; this one tells it to screen readers as well. */
export function PasswordField(props: PasswordInputProps) {
  return <PasswordInput aria-invalid={props.error ? true : undefined} {...props} />;
}
