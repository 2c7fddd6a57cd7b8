import { Button, TextInput } from "@mantine/core";
import { Form, Link, useNavigation } from "react-router";
import { runtimeContext } from "#app/runtime-context.ts";
import { acceptInvitation, type InvitationRefusal, passwordMinLength, readInvitation, signIn } from "#features/access/index.ts";
import { callerOf } from "../caller.server.ts";
import { PasswordField } from "../ui/password-field.tsx";
import type { Route } from "./+types/invite.ts";
import classes from "./door.module.css";
import { type DoorAnswer, describeProblem, goWith, readForm } from "./door.server.ts";
import { Door } from "./door.tsx";

const refusals: Record<InvitationRefusal, string> = {
  unknown: "There is no such invitation. Check that the whole link was copied.",
  expired: "This invitation has expired. Ask for a new one.",
  used: "This invitation has been used. Each works once; ask for another.",
  revoked: "This invitation was taken back. Ask whoever sent it.",
};

export async function loader({ request, params, context }: Route.LoaderArgs) {
  const runtime = context.get(runtimeContext);
  const [invitation, { account }] = await Promise.all([readInvitation(runtime, params.token), callerOf(request, context)]);
  return {
    passwordMinLength,
    account: account ? { name: account.name, email: account.email } : null,
    invitation: invitation.ok ? { community: invitation.community.name, role: invitation.role } : null,
    refusal: invitation.ok ? null : refusals[invitation.reason],
  };
}

export async function action({ request, params, context }: Route.ActionArgs) {
  const runtime = context.get(runtimeContext);
  try {
    const fields = await readForm(request);
    const { account } = await callerOf(request, context);
    const newAccount = { name: fields.name ?? "", email: fields.email ?? "", password: fields.password ?? "" };
    const outcome = await acceptInvitation(runtime, { token: params.token, ...(account ? { accountId: account.id } : { newAccount }) });
    if (!outcome.ok) return { problem: refusals[outcome.reason] } satisfies DoorAnswer;
    const home = outcome.role === "developer" ? `/c/${outcome.community.slug}` : `/studio/${outcome.community.slug}`;
    if (account) return goWith(home, []);
    const signedIn = await signIn(runtime.auth, request, newAccount);
    return goWith(signedIn.ok ? home : `/sign-in?next=${encodeURIComponent(home)}`, signedIn.ok ? signedIn.cookies : []);
  } catch (error) {
    return describeProblem(error);
  }
}

export const meta: Route.MetaFunction = () => [{ title: "Invitation · Causeway" }];

export default function Invite({ loaderData, actionData, params }: Route.ComponentProps) {
  const busy = useNavigation().state !== "idle";
  const answer: DoorAnswer = actionData ?? {};
  const { invitation, account } = loaderData;
  if (!invitation) return <Door title="This invitation does not work" problem={loaderData.refusal} />;
  return (
    <Door title={`Join ${invitation.community}`} lead={`You are invited as ${invitation.role}.`} problem={answer.problem}>
      <Form method="post" className={classes.form}>
        {account ? (
          <p>
            You are signed in as <b>{account.name}</b> ({account.email}).
          </p>
        ) : (
          <>
            <TextInput label="Your name" name="name" autoComplete="name" error={answer.fields?.name} autoFocus required />
            <TextInput label="E-mail" name="email" type="email" autoComplete="username" error={answer.fields?.email} required />
            <PasswordField
              label="Password"
              description={`At least ${loaderData.passwordMinLength} characters.`}
              name="password"
              autoComplete="new-password"
              error={answer.fields?.password}
              required
            />
          </>
        )}
        <Button type="submit" loading={busy}>
          {account ? "Accept" : "Create account and join"}
        </Button>
        {account ? null : (
          <Link className="link" to={`/sign-in?next=${encodeURIComponent(`/invite/${params.token}`)}`}>
            I have an account: sign in first
          </Link>
        )}
      </Form>
    </Door>
  );
}
