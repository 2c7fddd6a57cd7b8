import { Button, TextInput, useMantineColorScheme } from "@mantine/core";
import { useMounted } from "@mantine/hooks";
import { z } from "zod";
import { runtimeContext } from "#app/runtime-context.ts";
import {
  changePassword,
  disableSecondFactor,
  enableSecondFactor,
  listSessions,
  listTeam,
  newAccountSchema,
  passwordMinLength,
  renameAccount,
  revokeOtherSessions,
  revokeSession,
  verifySecondFactor,
} from "#features/access/index.ts";
import { ctxContext, guarded } from "../../request-context.server.ts";
import { countOf } from "../../ui/format.ts";
import { PageHead } from "../../ui/page-head.tsx";
import { PasswordField } from "../../ui/password-field.tsx";
import { Columns, Pile, Sheet } from "../../ui/sheet.tsx";
import type { Route } from "./+types/account.ts";
import { ActForm, useAct } from "./act-form.tsx";
import { answerForm, authProblem, sendCookies } from "./answer.server.ts";
import { SecondFactor } from "./second-factor.tsx";
import { Sessions } from "./sessions.tsx";
import classes from "./settings.module.css";
import { browserSession } from "./viewer.server.ts";

export const loader = guarded(async ({ request, context }: Route.LoaderArgs) => {
  const ctx = context.get(ctxContext);
  const { account, sessionId } = await browserSession(request, context);
  const [sessions, team] = await Promise.all([listSessions(ctx, { accountId: account.id, currentSessionId: sessionId }), listTeam(ctx)]);
  const secondFactor = team.some((member) => member.accountId === account.id && member.twoFactorEnabled);
  return { account: { name: account.name, email: account.email }, sessions, secondFactor, passwordMinLength };
});

const password = z.string().min(1, "Enter your password.");
const form = z.discriminatedUnion("intent", [
  z.object({ intent: z.literal("rename"), name: newAccountSchema.shape.name }),
  z.object({ intent: z.literal("password"), currentPassword: password, newPassword: z.string().min(1, "Enter a new password.") }),
  z.object({ intent: z.literal("factor-begin"), password }),
  z.object({ intent: z.literal("factor-confirm"), code: z.string().trim().min(6, "Enter the six digits that the app shows.") }),
  z.object({ intent: z.literal("factor-end"), password }),
  z.object({ intent: z.literal("session-end"), sessionId: z.string() }),
  z.object({ intent: z.literal("sessions-end") }),
]);

export const action = guarded(async ({ request, context }: Route.ActionArgs) =>
  answerForm(request, form, async (input, headers) => {
    const ctx = context.get(ctxContext);
    const { auth } = context.get(runtimeContext);
    const { account, sessionId } = await browserSession(request, context);
    switch (input.intent) {
      case "rename":
        await renameAccount(ctx, { accountId: account.id, name: input.name });
        return { ok: true, message: `You are ${input.name} now.` };
      case "password": {
        const outcome = await changePassword(auth, request, input);
        if (!outcome.ok) throw authProblem(outcome, "currentPassword", "newPassword");
        sendCookies(headers, outcome.cookies);
        return { ok: true, message: "Your password is changed. Everywhere else you are signed out." };
      }
      case "factor-begin": {
        const outcome = await enableSecondFactor(auth, request, { password: input.password });
        if (!outcome.ok) throw authProblem(outcome, "password");
        sendCookies(headers, outcome.cookies);
        const secret = new URL(outcome.uri).searchParams.get("secret") ?? "";
        return { ok: true, secondFactor: { uri: outcome.uri, secret, backupCodes: outcome.backupCodes } };
      }
      case "factor-confirm": {
        const outcome = await verifySecondFactor(auth, request, { code: input.code });
        if (!outcome.ok) throw authProblem(outcome, "code");
        sendCookies(headers, outcome.cookies);
        return { ok: true, message: "The second factor is on. The next sign-in asks for a code." };
      }
      case "factor-end": {
        const outcome = await disableSecondFactor(auth, request, { password: input.password });
        if (!outcome.ok) throw authProblem(outcome, "password");
        sendCookies(headers, outcome.cookies);
        return { ok: true, message: "The second factor is off. The password alone lets you in." };
      }
      case "session-end":
        await revokeSession(ctx, { accountId: account.id, sessionId: input.sessionId });
        return { ok: true, message: "Signed out there." };
      case "sessions-end": {
        const n = await revokeOtherSessions(ctx, { accountId: account.id, currentSessionId: sessionId });
        return { ok: true, message: n === 0 ? "You were signed in nowhere else." : `Signed out in ${countOf(n, "other place")}.` };
      }
    }
  }),
);

export default function AccountSettings({ loaderData }: Route.ComponentProps) {
  const { account, sessions, secondFactor } = loaderData;
  const rename = useAct("rename");
  return (
    <>
      <title>Your account · Causeway</title>
      <PageHead
        over="Settings · Account"
        title={
          sessions.length > 1 ? `${account.name}, you are signed in in ${countOf(sessions.length, "place")}` : `${account.name}, this is your account`
        }
        actions={
          <form method="post" action="/sign-out">
            <Button type="submit" variant="default">
              Sign out
            </Button>
          </form>
        }
      >
        {account.email}
      </PageHead>
      <Columns layout="wide">
        <Pile>
          <Sessions sessions={sessions} />
          <SecondFactor isOn={secondFactor} />
        </Pile>
        <Pile>
          <Sheet title="Name" id="name">
            <ActForm act={rename}>
              <TextInput
                label="Your name"
                description="The team reads it beside what you do."
                name="name"
                autoComplete="name"
                defaultValue={account.name}
                maxLength={120}
                error={rename.error("name")}
                required
              />
              <Button type="submit" loading={rename.busy}>
                Save
              </Button>
            </ActForm>
          </Sheet>
          <ChangePassword email={account.email} minLength={loaderData.passwordMinLength} />
          <Appearance />
        </Pile>
      </Columns>
    </>
  );
}

function ChangePassword({ email, minLength }: { email: string; minLength: number }) {
  const act = useAct("password");
  return (
    <Sheet title="Password" id="password">
      <ActForm act={act} clears>
        {/* Password managers file the new password under this. */}
        <input type="hidden" name="username" autoComplete="username" value={email} />
        <PasswordField
          label="Current password"
          name="currentPassword"
          autoComplete="current-password"
          error={act.error("currentPassword")}
          required
        />
        <PasswordField
          label="New password"
          description={`At least ${minLength} characters; a few unrelated words are easy to remember.`}
          name="newPassword"
          autoComplete="new-password"
          error={act.error("newPassword")}
          required
        />
        <Button type="submit" loading={act.busy}>
          Change password
        </Button>
        <p className="quiet">You stay signed in here and are signed out everywhere else.</p>
      </ActForm>
    </Sheet>
  );
}

const schemes = [
  ["auto", "As the system"],
  ["light", "Light"],
  ["dark", "Dark"],
] as const;

function Appearance() {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  // The choice lies in the browser: the server cannot know it, so nothing is marked until the page runs.
  const mounted = useMounted();
  return (
    <Sheet title="Light and dark" id="appearance" aside="kept in this browser">
      <fieldset className={classes.plain} aria-label="Light and dark">
        {schemes.map(([value, label]) => {
          const chosen = mounted && colorScheme === value;
          return (
            <Button key={value} size="xs" variant={chosen ? "light" : "default"} aria-pressed={chosen} onClick={() => setColorScheme(value)}>
              {label}
            </Button>
          );
        })}
      </fieldset>
    </Sheet>
  );
}
