import { Button, TextInput } from "@mantine/core";
import { Form, useNavigation, useSearchParams } from "react-router";
import { z } from "zod";
import { runtimeContext } from "#app/runtime-context.ts";
import { passwordMinLength, requestPasswordReset, resetPassword } from "#features/access/index.ts";
import { PasswordField } from "../ui/password-field.tsx";
import type { Route } from "./+types/forgot-password.ts";
import classes from "./door.module.css";
import { type DoorAnswer, describeProblem, goWith, readForm, refuse } from "./door.server.ts";
import { Door } from "./door.tsx";

const form = z.union([
  z.object({ token: z.string().min(1), password: z.string().min(1, "Enter a new password.") }),
  z.object({ email: z.email("Enter your e-mail address.") }),
]);

export function loader() {
  return { passwordMinLength };
}

export async function action({ request, context }: Route.ActionArgs) {
  const { auth } = context.get(runtimeContext);
  try {
    const input = form.parse(await readForm(request));
    if ("token" in input) {
      const outcome = await resetPassword(auth, request, { token: input.token, newPassword: input.password });
      return outcome.ok ? goWith("/sign-in", outcome.cookies) : refuse(outcome);
    }
    const outcome = await requestPasswordReset(auth, request, { email: input.email, returnTo: "/forgot-password" });
    return outcome.ok ? ({ notice: "If there is an account with this address, a link is on its way." } satisfies DoorAnswer) : refuse(outcome);
  } catch (error) {
    return describeProblem(error);
  }
}

export const meta: Route.MetaFunction = () => [{ title: "New password · Causeway" }];

export default function ForgotPassword({ actionData, loaderData }: Route.ComponentProps) {
  const [search] = useSearchParams();
  const busy = useNavigation().state !== "idle";
  const answer: DoorAnswer = actionData ?? {};
  const token = search.get("token");
  return (
    <Door title={token ? "Choose a new password" : "Forgot your password?"} problem={answer.problem} notice={answer.notice}>
      <Form method="post" className={classes.form}>
        {token ? (
          <>
            <input type="hidden" name="token" value={token} />
            <PasswordField
              label="New password"
              description={`At least ${loaderData.passwordMinLength} characters. Every session of the account ends.`}
              name="password"
              autoComplete="new-password"
              error={answer.fields?.password}
              required
            />
          </>
        ) : (
          <TextInput label="E-mail" name="email" type="email" autoComplete="email" error={answer.fields?.email} required />
        )}
        <Button type="submit" loading={busy}>
          {token ? "Set the password" : "Mail me a link"}
        </Button>
      </Form>
    </Door>
  );
}
