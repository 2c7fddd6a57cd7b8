import { z } from "zod";
import { AppError } from "#core/errors.ts";
import type { HttpClient } from "#core/http.ts";
import { addressOf, readAnswer } from "./client.ts";

const method = "apps.connections.open";
const where = "On api.slack.com/apps open your app, Basic Information, App-Level Tokens";
const remedies: Record<string, string> = {
  missing_scope: `The app-level token lacks the scope connections:write. ${where}, generate one with it, and give it here.`,
  not_allowed_token_type: `This is no app-level token. ${where}, generate one with the scope connections:write (xapp-…), and give it here.`,
  socket_mode_not_enabled: switchedOff(),
};

/** For an app that does not have Socket Mode on. */
export function switchedOff(): string {
  return "Socket Mode is switched off. On api.slack.com/apps open your app, Socket Mode, switch it on, and save these settings again.";
}

/**
 * Asks for a connection of Socket Mode: each address is good once, for a short time.
 * @throws AppError `invalid_input` or `forbidden` for a token that is no good, in words that say what to do; `rate_limited`, `upstream_failed`
 */
export async function openConnection(
  settings: { appToken: string; baseUrl: string },
  { http, signal }: { http: HttpClient; signal: AbortSignal },
): Promise<string> {
  const { appToken, baseUrl } = settings;
  if (!appToken.startsWith("xapp-")) {
    throw new AppError("invalid_input", { public: `App-level tokens begin with xapp-. ${where}, generate one with the scope connections:write.` });
  }
  const response = await http.request({
    url: addressOf({ baseUrl }, method),
    method: "POST",
    headers: { authorization: `Bearer ${appToken}`, "content-type": "application/x-www-form-urlencoded" },
    // What is opened and not used is forgotten.
    idempotent: true,
    signal,
  });
  const answer = readAnswer(response, method);
  if (!answer.ok) {
    const { error = "" } = answer;
    throw new AppError("forbidden", {
      public: `${remedies[error] ?? `Slack does not take the app-level token. ${where}, generate a new one with the scope connections:write, and give it here.`} (Slack said: ${error})`,
    });
  }
  const { url } = z.looseObject({ url: z.string() }).parse(answer);
  const { protocol, hostname } = new URL(url);
  if (protocol !== "wss:" && hostname !== new URL(baseUrl).hostname) {
    throw new AppError("upstream_failed", { public: "Slack named an address for events that is not encrypted; it is not used." });
  }
  return url;
}
