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
  return call(
    auth,
    request,
    "/sign-in/email",
    { email: input.email.trim().toLowerCase(), password: input.password, rememberMe: input.remember ?? true },
    (body) => ({ secondFactor: body.twoFactorRedirect === true }),
    "The address or the password is not right.",
  );
}

/** Completes a sign-in, or the set-up of the second factor, with a code of the app or one of the backup codes. */
export async function verifySecondFactor(auth: Auth, request: Request, input: { code: string; isBackupCode?: boolean; trustDevice?: boolean }): Promise<AuthOutcome> {
  const path = input.isBackupCode ? "/two-factor/verify-backup-code" : "/two-factor/verify-totp";
  return call(auth, request, path, { code: input.code.replace(/\s/g, ""), trustDevice: input.trustDevice ?? false }, () => ({}), "This code is not right, or no longer.");
}

/** Begins the set-up of a second factor: the URI for the app, and codes for the day it is lost. Ends with `verifySecondFactor`. */
export async function enableSecondFactor(auth: Auth, request: Request, input: { password: string }): Promise<AuthOutcome<{ uri: string; backupCodes: string[] }>> {
  return call(auth, request, "/two-factor/enable", input, (body) => ({ uri: body.totpURI ?? "", backupCodes: body.backupCodes ?? [] }), "The password is not right.");
}

export async function disableSecondFactor(auth: Auth, request: Request, input: { password: string }): Promise<AuthOutcome> {
  return call(auth, request, "/two-factor/disable", input, () => ({}), "The password is not right.");
}

export async function signOut(auth: Auth, request: Request): Promise<AuthOutcome> {
  return call(auth, request, "/sign-out", {}, () => ({}), "You are signed out.");
}

/** Mails a link that signs in. The outcome is the same whether or not there is an account. */
export async function requestMagicLink(auth: Auth, request: Request, input: { email: string; returnTo?: string }): Promise<AuthOutcome> {
  return call(auth, request, "/sign-in/magic-link", { email: input.email.trim().toLowerCase(), callbackURL: input.returnTo ?? "/" }, () => ({}), "The link could not be sent.");
}

/** Mails a link to set a new password. The outcome is the same whether or not there is an account. */
export async function requestPasswordReset(auth: Auth, request: Request, input: { email: string; returnTo: string }): Promise<AuthOutcome> {
  return call(auth, request, "/request-password-reset", { email: input.email.trim().toLowerCase(), redirectTo: input.returnTo }, () => ({}), "The link could not be sent.");
}

/** Sets a new password with the mailed token; every session of the account ends. */
export async function resetPassword(auth: Auth, request: Request, input: { token: string; newPassword: string }): Promise<AuthOutcome> {
  return call(auth, request, "/reset-password", input, () => ({}), "This link does not work any more. Ask for a new one.");
}

/** Changes the password of who is signed in, and ends the account's other sessions. */
export async function changePassword(auth: Auth, request: Request, input: { currentPassword: string; newPassword: string }): Promise<AuthOutcome> {
  return call(auth, request, "/change-password", { ...input, revokeOtherSessions: true }, () => ({}), "The current password is not right.");
}

/** Begins a sign-in at a provider: send the browser to `url`. */
export async function startProviderSignIn(auth: Auth, request: Request, input: { provider: OauthProvider; returnTo?: string }): Promise<AuthOutcome<{ url: string }>> {
  return call(
    auth,
    request,
    "/sign-in/social",
    { provider: input.provider, callbackURL: input.returnTo ?? "/", disableRedirect: true },
    (body) => ({ url: body.url ?? "/" }),
    "This provider does not answer.",
  );
}

async function call<Extra>(
  auth: Auth,
  request: Request,
  path: string,
  body: Record<string, unknown>,
  extra: (answer: Body) => Extra,
  wrong: string,
): Promise<AuthOutcome<Extra>> {
  const response = await auth.post(request, path, body);
  const parsed = bodySchema.safeParse(await response.json().catch(() => null));
  const answer = parsed.success ? parsed.data : {};
  if (response.ok) return { ok: true, cookies: response.headers.getSetCookie(), ...extra(answer) };
  if (response.status === 429) {
    const seconds = Number(response.headers.get("x-retry-after") ?? 900);
    return { ok: false, reason: "rate_limited", message: `Too many attempts. Try again in ${seconds > 90 ? `${Math.ceil(seconds / 60)} minutes` : `${seconds} seconds`}.`, retryAfterSeconds: seconds };
  }
  if (answer.code === "WEAK_PASSWORD" || answer.code === "PASSWORD_TOO_SHORT" || answer.code === "PASSWORD_TOO_LONG") {
    return { ok: false, reason: "weak_password", message: answer.message ?? "Choose a longer password." };
  }
  if (response.status === 403) {
    return { ok: false, reason: "bad_origin", message: "This page was reached by another address than the site's own. Open it by its public address, or set PUBLIC_URL to this one." };
  }
  if (response.status === 404) return { ok: false, reason: "unavailable", message: "This way of signing in is not set up here." };
  return { ok: false, reason: response.status >= 500 ? "unavailable" : "wrong", message: response.status >= 500 ? "Something went wrong on our side. Please try again." : wrong };
}
