import { z } from "zod";
import type { Auth, OauthProvider } from "./auth.ts";

/** What a form of the sign-in pages leads to. The cookies go into the page's answer as `Set-Cookie`. */
export type AuthOutcome<Extra = unknown> =
  | ({ ok: true; cookies: string[] } & Extra)
  | { ok: false; reason: "wrong" | "weak_password" | "rate_limited" | "bad_origin" | "unavailable"; message: string; retryAfterSeconds?: number };

const bodySchema = z
  .object({
    code: z.string(),
    message: z.string(),
    twoFactorRedirect: z.boolean(),
    url: z.string(),
    totpURI: z.string(),
    backupCodes: z.array(z.string()),
  })
  .partial();
type Body = z.output<typeof bodySchema>;

/** Signs in with a password. `secondFactor` asks for a code by `verifySecondFactor` before there is a session. */
export async function signIn(
  auth: Auth,
  request: Request,
  input: { email: string; password: string; remember?: boolean },
): Promise<AuthOutcome<{ secondFactor: boolean }>> {
  return submit(auth, request, {
    path: "/sign-in/email",
    body: { email: input.email.trim().toLowerCase(), password: input.password, rememberMe: input.remember ?? true },
    wrong: "The address or the password is not right.",
    read: (answer) => ({ secondFactor: answer.twoFactorRedirect === true }),
  });
}

/** Completes a sign-in, or the set-up of the second factor, with a code of the app or one of the backup codes. */
export async function verifySecondFactor(
  auth: Auth,
  request: Request,
  input: { code: string; isBackupCode?: boolean; trustDevice?: boolean },
): Promise<AuthOutcome> {
  return submit(auth, request, {
    path: input.isBackupCode ? "/two-factor/verify-backup-code" : "/two-factor/verify-totp",
    body: { code: input.code.replace(/\s/g, ""), trustDevice: input.trustDevice ?? false },
    wrong: "This code is not right, or no longer.",
    read: () => ({}),
  });
}

/** Begins the set-up of a second factor: the URI for the app, and codes for the day it is lost. Ends with `verifySecondFactor`. */
export async function enableSecondFactor(
  auth: Auth,
  request: Request,
  input: { password: string },
): Promise<AuthOutcome<{ uri: string; backupCodes: string[] }>> {
  return submit(auth, request, {
    path: "/two-factor/enable",
    body: input,
    wrong: "The password is not right.",
    read: (answer) => ({ uri: answer.totpURI ?? "", backupCodes: answer.backupCodes ?? [] }),
  });
}

/** Takes the second factor off again. */
export async function disableSecondFactor(auth: Auth, request: Request, input: { password: string }): Promise<AuthOutcome> {
  return submit(auth, request, { path: "/two-factor/disable", body: input, wrong: "The password is not right.", read: () => ({}) });
}

/** Ends the session of this browser. */
export async function signOut(auth: Auth, request: Request): Promise<AuthOutcome> {
  return submit(auth, request, { path: "/sign-out", body: {}, wrong: "You are signed out.", read: () => ({}) });
}

/** Mails a link that signs in. The outcome is the same whether or not there is an account. */
export async function requestMagicLink(auth: Auth, request: Request, input: { email: string; returnTo?: string }): Promise<AuthOutcome> {
  return submit(auth, request, {
    path: "/sign-in/magic-link",
    body: { email: input.email.trim().toLowerCase(), callbackURL: input.returnTo ?? "/" },
    wrong: "The link could not be sent.",
    read: () => ({}),
  });
}

/** Mails a link to set a new password. The outcome is the same whether or not there is an account. */
export async function requestPasswordReset(auth: Auth, request: Request, input: { email: string; returnTo: string }): Promise<AuthOutcome> {
  return submit(auth, request, {
    path: "/request-password-reset",
    body: { email: input.email.trim().toLowerCase(), redirectTo: input.returnTo },
    wrong: "The link could not be sent.",
    read: () => ({}),
  });
}

/** Sets a new password with the mailed token; every session of the account ends. */
export async function resetPassword(auth: Auth, request: Request, input: { token: string; newPassword: string }): Promise<AuthOutcome> {
  return submit(auth, request, {
    path: "/reset-password",
    body: input,
    wrong: "This link does not work any more. Ask for a new one.",
    read: () => ({}),
  });
}

/** Changes the password of who is signed in, and ends the account's other sessions. */
export async function changePassword(auth: Auth, request: Request, input: { currentPassword: string; newPassword: string }): Promise<AuthOutcome> {
  return submit(auth, request, {
    path: "/change-password",
    body: { ...input, revokeOtherSessions: true },
    wrong: "The current password is not right.",
    read: () => ({}),
  });
}

/** Begins a sign-in at a provider: send the browser to `url`. */
export async function startProviderSignIn(
  auth: Auth,
  request: Request,
  input: { provider: OauthProvider; returnTo?: string },
): Promise<AuthOutcome<{ url: string }>> {
  return submit(auth, request, {
    path: "/sign-in/social",
    body: { provider: input.provider, callbackURL: input.returnTo ?? "/", disableRedirect: true },
    wrong: "This provider does not answer.",
    read: (answer) => ({ url: answer.url ?? "/" }),
  });
}

interface Submission<Extra> {
  path: string;
  body: Record<string, unknown>;
  /** What to say when it is refused for its content. */
  wrong: string;
  read: (answer: Body) => Extra;
}

async function submit<Extra>(auth: Auth, request: Request, { path, body, wrong, read }: Submission<Extra>): Promise<AuthOutcome<Extra>> {
  const response = await auth.post(request, path, body);
  const parsed = bodySchema.safeParse(await response.json().catch(() => null));
  const answer = parsed.success ? parsed.data : {};
  if (response.ok) return { ok: true, cookies: response.headers.getSetCookie(), ...read(answer) };
  if (response.status === 429) {
    const seconds = Number(response.headers.get("x-retry-after") ?? 900);
    const wait = seconds > 90 ? `${Math.ceil(seconds / 60)} minutes` : `${seconds} seconds`;
    return { ok: false, reason: "rate_limited", message: `Too many attempts. Try again in ${wait}.`, retryAfterSeconds: seconds };
  }
  if (answer.code === "WEAK_PASSWORD" || answer.code === "PASSWORD_TOO_SHORT" || answer.code === "PASSWORD_TOO_LONG") {
    return { ok: false, reason: "weak_password", message: answer.message ?? "Choose a longer password." };
  }
  if (answer.code && originCodes.has(answer.code)) return { ok: false, reason: "bad_origin", message: originMessage };
  if (response.status === 404) return { ok: false, reason: "unavailable", message: "This way of signing in is not set up here." };
  if (response.status >= 500) return { ok: false, reason: "unavailable", message: "Something went wrong on our side. Please try again." };
  return { ok: false, reason: "wrong", message: wrong };
}

const originCodes = new Set(["INVALID_ORIGIN", "MISSING_OR_NULL_ORIGIN", "CROSS_SITE_NAVIGATION_LOGIN_BLOCKED"]);
const originMessage = "This page was reached by another address than the site's own. Open it by its public address, or set PUBLIC_URL to this one.";
