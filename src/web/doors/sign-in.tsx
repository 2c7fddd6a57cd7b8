import { Anchor, Button, Checkbox, TextInput } from "@mantine/core";
import { Form, Link, useNavigation, useSearchParams } from "react-router";
import { z } from "zod";
import { runtimeContext } from "#app/runtime-context.ts";
import { hasOwner, requestMagicLink, signIn, verifySecondFactor } from "#features/access/index.ts";
import { callerOf } from "../caller.server.ts";
import { goTo } from "../request-context.server.ts";
import { PasswordField } from "../ui/password-field.tsx";
import type { Route } from "./+types/sign-in.ts";
import classes from "./door.module.css";
import { type DoorAnswer, describeProblem, goWith, readForm, refuse, safeNext } from "./door.server.ts";
import { Door } from "./door.tsx";

export async function loader({ request, context }: Route.LoaderArgs) {
  const runtime = context.get(runtimeContext);
  const { account } = await callerOf(request, context);
  const next = safeNext(new URL(request.url).searchParams.get("next"));
  if (account) goTo(next);
  return { byMail: runtime.mail.configured, owned: await hasOwner(runtime) };
}

const form = z.discriminatedUnion("intent", [
  z.object({
    intent: z.literal("password"),
    email: z.email("Enter your e-mail address."),
    password: z.string().min(1, "Enter your password."),
    remember: z.literal("on").optional(),
  }),
  z.object({ intent: z.literal("code"), code: z.string().trim().min(6, "Enter the code."), backup: z.literal("on").optional() }),
  z.object({ intent: z.literal("link"), email: z.email("Enter your e-mail address.") }),
]);

export async function action({ request, context }: Route.ActionArgs) {
  const { auth } = context.get(runtimeContext);
  const next = safeNext(new URL(request.url).searchParams.get("next"));
  try {
    const input = form.parse(await readForm(request));
    if (input.intent === "link") {
      const outcome = await requestMagicLink(auth, request, { email: input.email, returnTo: next });
      return outcome.ok
        ? ({ notice: "If there is an account with this address, a link is on its way. It works once, for a few minutes." } satisfies DoorAnswer)
        : refuse(outcome);
    }
    if (input.intent === "code") {
      const outcome = await verifySecondFactor(auth, request, { code: input.code, isBackupCode: input.backup === "on" });
      return outcome.ok ? goWith(next, outcome.cookies) : refuse(outcome);
    }
    const outcome = await signIn(auth, request, { ...input, remember: input.remember === "on" });
    if (!outcome.ok) return refuse(outcome);
    if (!outcome.secondFactor) return goWith(next, outcome.cookies);
    const url = new URL(request.url);
    url.searchParams.set("step", "code");
    return goWith(url.pathname + url.search, outcome.cookies);
  } catch (error) {
    return describeProblem(error);
  }
}

export const meta: Route.MetaFunction = () => [{ title: "Sign in · Causeway" }];

export default function SignIn({ loaderData, actionData }: Route.ComponentProps) {
  const [search] = useSearchParams();
  const busy = useNavigation().state !== "idle";
  const answer: DoorAnswer = actionData ?? {};
  if (search.get("step") === "code") {
    return (
      <Door title="One more step" lead="Enter the code that your authenticator app shows." problem={answer.problem}>
        <Form method="post" className={classes.form}>
          <input type="hidden" name="intent" value="code" />
          <TextInput label="Code" name="code" autoComplete="one-time-code" inputMode="numeric" error={answer.fields?.code} autoFocus required />
          <Checkbox name="backup" label="This is a backup code" />
          <Button type="submit" loading={busy}>
            Sign in
          </Button>
        </Form>
      </Door>
    );
  }
  return (
    <Door
      title="Welcome back"
      lead={loaderData.owned ? undefined : "Nobody owns this Causeway yet. Open the one-time set-up link that its terminal shows."}
      problem={answer.problem}
      notice={answer.notice}
    >
      <Form method="post" className={classes.form}>
        <input type="hidden" name="intent" value="password" />
        <TextInput label="E-mail" name="email" type="email" autoComplete="username" error={answer.fields?.email} autoFocus required />
        <PasswordField label="Password" name="password" autoComplete="current-password" error={answer.fields?.password} required />
        <Checkbox name="remember" label="Keep me signed in on this device" defaultChecked />
        <Button type="submit" loading={busy}>
          Sign in
        </Button>
        {loaderData.byMail ? (
          <Anchor component={Link} to="/forgot-password" size="sm">
            Forgot your password?
          </Anchor>
        ) : null}
      </Form>
      {loaderData.byMail ? (
        <>
          <p className={classes.or}>or</p>
          <Form method="post" className={classes.form}>
            <input type="hidden" name="intent" value="link" />
            <TextInput label="E-mail, for a sign-in link" name="email" type="email" autoComplete="email" required />
            <Button type="submit" variant="default" loading={busy}>
              Mail me a link
            </Button>
          </Form>
        </>
      ) : null}
    </Door>
  );
}
