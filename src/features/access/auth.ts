import { betterAuth } from "better-auth";
import { drizzleAdapter } from "better-auth/adapters/drizzle";
import { APIError, createAuthMiddleware } from "better-auth/api";
import { magicLink, twoFactor } from "better-auth/plugins";
import { type Clock, systemClock } from "#core/clock.ts";
import type { Database } from "#core/database/database.ts";
import { newId } from "#core/ids.ts";
import type { Logger } from "#core/log.ts";
import { type Account, findAccountByEmail } from "./account.ts";
import { passwordMaxLength, passwordMinLength, passwordProblem } from "./password.ts";
import { clearRateLimit, hitRateLimit } from "./rate-limit.ts";
import { authAccount, authRateLimit, authSession, authTwoFactor, authUser, authVerification } from "./schema.ts";
import { hashSecretToken } from "./secret-token.ts";

/**
 * The header in which the server tells the address of the client. The server sets it on every request, over whatever
 * the client sent: limits on sign-in count by it.
 */
export const clientIpHeader = "x-causeway-client-ip";

const minute = 60;
const day = 24 * 60 * minute;
/** Of sign-ins to one account from anywhere, so that many addresses gain nothing. */
const accountLimit = { max: 20, windowSeconds: 15 * minute };
const magicLinkMinutes = 15;

export const oauthProviders = ["github", "gitlab", "google", "discord"] as const;
export type OauthProvider = (typeof oauthProviders)[number];

export interface AuthOptions {
  db: Database;
  log: Logger;
  clock?: Clock;
  /** Where people reach the installation, such as `https://community.example`: cookies and links follow it. */
  publicUrl: string;
  /**
   * Also accept the address a request itself came to as the site's own. For an installation whose public URL nobody
   * has set, which is reached by `localhost`, a LAN name or an IP.
   */
  trustRequestHost?: boolean;
  /** Further origins that pages of this installation are served from. */
  trustedOrigins?: readonly string[];
  /** At least 32 random characters: signs cookies, encrypts second factors and provider tokens. */
  secret: string;
  /** Absent while mail does not work: then there are no magic links and no password resets. */
  sendMail?: (mail: { to: string; subject: string; text: string }) => Promise<unknown>;
  oauth?: Partial<Record<OauthProvider, { clientId: string; clientSecret: string; issuer?: string }>>;
  /**
   * Who may make an account: `invited` people alone (the default), or anybody who proves an address by magic link or
   * a provider. Nobody signs up with an unproven address and a password.
   */
  signUp?: "invited" | "open";
}

/** Signing in and out, as the rest of the code sees it. better-auth is behind it. */
export interface Auth {
  /** Answers `/api/auth/*`. */
  handle(request: Request): Promise<Response>;
  /**
   * Posts to one of better-auth's paths on behalf of a page's request, so that limits and origin checks hold for
   * forms as they do for the API.
   * @param path such as `/sign-in/email`
   */
  post(request: Request, path: string, body: Record<string, unknown>): Promise<Response>;
  /** The session of a cookie. Read from the database each time: a revoked session ends at once. */
  readSession(headers: Headers): Promise<{ account: Account; sessionId: string; cookies: string[] } | undefined>;
  /** What the sign-in page offers. */
  readonly methods: { magicLink: boolean; passwordReset: boolean; providers: readonly OauthProvider[]; signUp: boolean };
  /** Whether a request comes from a page of this installation; anything that changes something must. */
  isSameSite(request: Request): boolean;
}

/** Builds the sign-in of an installation. One per process. */
export function createAuth(options: AuthOptions): Auth {
  const clock = options.clock ?? systemClock;
  const isOpen = options.signUp === "open";
  const { sendMail } = options;
  const providers = oauthProviders.filter((id) => options.oauth?.[id]);
  const origins = [new URL(options.publicUrl).origin, ...loopbackSiblings(options.publicUrl), ...(options.trustedOrigins ?? [])];

  function originsFor(request: Request | undefined): string[] {
    return options.trustRequestHost && request ? [...origins, new URL(request.url).origin] : origins;
  }

  const instance = betterAuth({
    appName: "Causeway",
    baseURL: options.publicUrl,
    basePath: "/api/auth",
    secret: options.secret,
    trustedOrigins: (request) => originsFor(request),
    telemetry: { enabled: false },
    logger: {
      level: "warn",
      log: (level, message) => options.log[level === "error" ? "warn" : level]({ part: "auth" }, message),
    },
    onAPIError: {
      // Refusals are answers, not faults; better-auth would print each to the console.
      onError: (error) => {
        if (!(error instanceof APIError) || error.statusCode >= 500) options.log.error({ part: "auth", err: error }, "sign-in failed");
      },
    },
    database: drizzleAdapter(options.db.orm, {
      provider: "pg",
      schema: {
        user: authUser,
        session: authSession,
        account: authAccount,
        verification: authVerification,
        rateLimit: authRateLimit,
        twoFactor: authTwoFactor,
      },
    }),
    advanced: {
      cookiePrefix: "causeway",
      useSecureCookies: options.publicUrl.startsWith("https:"),
      defaultCookieAttributes: { httpOnly: true, sameSite: "lax" },
      ipAddress: { ipAddressHeaders: [clientIpHeader] },
      database: { generateId: () => newId() },
      // better-auth turns these off under test runners; here they always hold.
      disableCSRFCheck: false,
      disableOriginCheck: false,
    },
    session: { expiresIn: 30 * day, updateAge: day, freshAge: day },
    account: { encryptOAuthTokens: true },
    emailAndPassword: {
      enabled: true,
      disableSignUp: true,
      minPasswordLength: passwordMinLength,
      maxPasswordLength: passwordMaxLength,
      revokeSessionsOnPasswordReset: true,
      resetPasswordTokenExpiresIn: 60 * minute,
      ...(sendMail && {
        sendResetPassword: async ({ user, url }) => {
          await sendMail({
            to: user.email,
            subject: "Set a new password",
            text: `Open this link within an hour to set a new password:\n\n${url}\n\nIf you did not ask for it, ignore this mail; nothing changes.\n`,
          });
        },
      }),
    },
    socialProviders: Object.fromEntries(providers.map((id) => [id, { ...options.oauth?.[id], disableSignUp: !isOpen }])),
    rateLimit: {
      enabled: true,
      storage: "database",
      window: minute,
      max: 300,
      customRules: {
        "/sign-in/email": { window: minute, max: 10 },
        "/change-password": { window: minute, max: 10 },
        "/sign-in/magic-link": { window: 15 * minute, max: 5 },
        "/request-password-reset": { window: 15 * minute, max: 5 },
      },
    },
    hooks: {
      before: createAuthMiddleware(async (call) => {
        if (call.path === "/sign-in/email") await limitAccount(options.db, clock, textOf(call.body, "email"));
        if (passwordPaths.has(call.path)) {
          const problem = passwordProblem(textOf(call.body, "newPassword"));
          if (problem) throw new APIError("BAD_REQUEST", { code: "WEAK_PASSWORD", message: problem });
        }
      }),
      after: createAuthMiddleware(async (call) => {
        if (call.path === "/sign-in/email" && call.context.newSession) {
          await clearRateLimit(options.db, accountKey(call.context.newSession.user.email));
        }
      }),
    },
    plugins: [
      twoFactor({ issuer: "Causeway" }),
      ...(sendMail
        ? [
            magicLink({
              expiresIn: magicLinkMinutes * minute,
              storeToken: "hashed",
              disableSignUp: !isOpen,
              sendMagicLink: async ({ email, url }) => {
                // Nobody gets mail from here who has no business here; the page says the same either way.
                if (!isOpen && !(await findAccountByEmail({ db: options.db, clock, log: options.log }, { email }))) return;
                await sendMail({
                  to: email,
                  subject: "Your link to sign in",
                  text: `Open this link within ${magicLinkMinutes} minutes to sign in:\n\n${url}\n\nIt works once. If you did not ask for it, ignore this mail.\n`,
                });
              },
            }),
          ]
        : []),
    ],
  });

  return {
    handle: (request) => instance.handler(request),
    post: (request, path, body) => {
      const headers = new Headers(request.headers);
      headers.delete("content-length");
      headers.set("content-type", "application/json");
      headers.set("accept", "application/json");
      const url = new URL(`/api/auth${path}`, options.trustRequestHost ? request.url : options.publicUrl);
      return instance.handler(new Request(url, { method: "POST", headers, body: JSON.stringify(body) }));
    },
    readSession: async (headers) => {
      const { response, headers: answer } = await instance.api.getSession({ headers, returnHeaders: true });
      if (!response) return undefined;
      const { id, name, email, emailVerified, image } = response.user;
      return { account: { id, name, email, emailVerified, image: image ?? null }, sessionId: response.session.id, cookies: answer.getSetCookie() };
    },
    methods: {
      magicLink: Boolean(sendMail),
      passwordReset: Boolean(sendMail),
      providers,
      signUp: isOpen && (Boolean(sendMail) || providers.length > 0),
    },
    isSameSite: (request) => {
      const origin = request.headers.get("origin") ?? request.headers.get("referer");
      if (origin === null) return request.headers.get("sec-fetch-site") === "same-origin";
      if (!URL.canParse(origin)) return false;
      return originsFor(request).includes(new URL(origin).origin);
    },
  };
}

const passwordPaths = new Set(["/change-password", "/reset-password", "/set-password"]);

function textOf(body: unknown, field: string): string {
  if (typeof body !== "object" || body === null || !(field in body)) return "";
  const value: unknown = Reflect.get(body, field);
  return typeof value === "string" ? value : "";
}

function accountKey(email: string): string {
  return `sign-in:${hashSecretToken(email.trim().toLowerCase())}`;
}

async function limitAccount(db: Database, clock: Clock, email: string): Promise<void> {
  const { allowed } = await hitRateLimit({ db, clock }, { key: accountKey(email), ...accountLimit });
  if (!allowed) throw new APIError("TOO_MANY_REQUESTS", { message: "Too many attempts for this account. Wait a quarter of an hour." });
}

/** `localhost`, `127.0.0.1` and `[::1]` are one machine, and people type any of them. */
function loopbackSiblings(publicUrl: string): string[] {
  const names = ["localhost", "127.0.0.1", "[::1]"];
  const url = new URL(publicUrl);
  if (!names.includes(url.hostname)) return [];
  return names.map((name) => `${url.protocol}//${name}${url.port && `:${url.port}`}`);
}
