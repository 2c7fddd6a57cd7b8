import { Button, TextInput } from "@mantine/core";
import { useEffect, useState } from "react";
import { Form, useNavigation } from "react-router";
import { runtimeContext } from "#app/runtime-context.ts";
import { completeSetup, passwordMinLength, proposeSlug, readSetup, type SetupRefusal, signIn } from "#features/access/index.ts";
import { PasswordField } from "../ui/password-field.tsx";
import type { Route } from "./+types/setup.ts";
import classes from "./door.module.css";
import { type DoorAnswer, describeProblem, goWith, readForm } from "./door.server.ts";
import { Door } from "./door.tsx";

const refusals: Record<SetupRefusal, string> = {
  unknown: "This set-up link is not the newest one. Each start of the server makes a new link and shows it in the terminal: use that one.",
  expired: "This set-up link has expired. Restart the server; it prints a new one.",
  done: "This Causeway has its owner already. Sign in, or ask the owner for an invitation link.",
};

export async function loader({ params, context }: Route.LoaderArgs) {
  const state = await readSetup(context.get(runtimeContext), params.token);
  return { refusal: state.ok ? null : refusals[state.reason], passwordMinLength };
}

export async function action({ request, params, context }: Route.ActionArgs) {
  const runtime = context.get(runtimeContext);
  try {
    const fields = await readForm(request);
    const name = fields.communityName ?? "";
    const owner = { name: fields.name ?? "", email: fields.email ?? "", password: fields.password ?? "" };
    const outcome = await completeSetup(runtime, {
      token: params.token,
      owner,
      community: { name, slug: fields.slug || proposeSlug(name), timeZone: fields.timeZone || "UTC" },
    });
    if (!outcome.ok) return { problem: refusals[outcome.reason] } satisfies DoorAnswer;
    const signedIn = await signIn(runtime.auth, request, owner);
    // Set-up stands even where signing in at once does not work: the door is then the ordinary one.
    return goWith(signedIn.ok ? `/studio/${outcome.community.slug}/sources/new` : "/sign-in", signedIn.ok ? signedIn.cookies : []);
  } catch (error) {
    return describeProblem(error);
  }
}

export const meta: Route.MetaFunction = () => [{ title: "Set up Causeway" }];

export default function Setup({ loaderData, actionData }: Route.ComponentProps) {
  const busy = useNavigation().state !== "idle";
  const answer: DoorAnswer = actionData ?? {};
  const [timeZone, setTimeZone] = useState("");
  useEffect(() => setTimeZone(Intl.DateTimeFormat().resolvedOptions().timeZone), []);
  if (loaderData.refusal) return <Door title="This link does not work" problem={loaderData.refusal} />;
  const error = (...names: string[]) => names.map((name) => answer.fields?.[name]).find(Boolean);
  return (
    <Door
      title="Two minutes to the first thread"
      lead="You become the owner. Next you choose: load a sample community to look around, or bring in your own."
      problem={answer.problem}
    >
      <Form method="post" className={classes.form}>
        <input type="hidden" name="timeZone" value={timeZone} />
        <TextInput label="Your name" name="name" autoComplete="name" error={error("name", "owner.name")} autoFocus required />
        <TextInput label="E-mail" name="email" type="email" autoComplete="username" error={error("email", "owner.email")} required />
        <PasswordField
          label="Password"
          description={`At least ${loaderData.passwordMinLength} characters.`}
          name="password"
          autoComplete="new-password"
          error={error("password", "owner.password")}
          required
        />
        <div className={classes.two}>
          <TextInput
            label="Community"
            description="What your developers gather around."
            name="communityName"
            error={error("communityName", "community.name")}
            required
          />
          <TextInput
            label="Short name"
            description="In addresses; made from the name if empty."
            name="slug"
            error={error("slug", "community.slug")}
          />
        </div>
        <Button type="submit" loading={busy}>
          Create owner and community
        </Button>
      </Form>
    </Door>
  );
}
