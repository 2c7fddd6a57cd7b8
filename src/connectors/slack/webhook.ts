import { createHmac } from "node:crypto";
import { z } from "zod";
import { equalInConstantTime } from "#core/crypto.ts";
import { AppError } from "#core/errors.ts";
import type { WebhookOutcome, WebhookRequest } from "#features/ledger/index.ts";
import { namesIn } from "./connect.ts";
import { callbackSchema, eventToRecords, happenedAt } from "./from-event.ts";

const ageMaxSeconds = 300;

const bodySchema = z.discriminatedUnion("type", [
  z.looseObject({ type: z.literal("url_verification"), challenge: z.string() }),
  callbackSchema,
  z.looseObject({ type: z.literal("app_rate_limited") }),
]);

/**
 * Reads a request of the Events API.
 * @throws AppError `forbidden` for a wrong or old signature, `invalid_input` for what is no event
 */
export function readSlackRequest(request: WebhookRequest, settings: { signingSecret: string; team: string; channels: string }): WebhookOutcome {
  checkSignature(request, settings.signingSecret);
  const parsed = bodySchema.safeParse(readJson(request.body));
  if (!parsed.success) throw new AppError("invalid_input", { public: "The request is no event of Slack's Events API." });
  const body = parsed.data;
  if (body.type === "url_verification") return { answer: body.challenge };
  if (body.type === "app_rate_limited") return { ignored: "Slack holds back events; what is missing comes with the next pull." };
  // In shared channels the event may bear the id of the workspace that it came from.
  const team = settings.team || (body.authorizations?.[0]?.team_id ?? body.team_id);
  const wanted = namesIn(settings.channels);
  const channel = typeof body.event.channel === "string" ? body.event.channel : undefined;
  if (channel !== undefined && wanted.length > 0 && !wanted.includes(channel.toLowerCase())) {
    return { ignored: "The settings name other channels; events know them by their ids alone." };
  }
  return eventToRecords(body.event, { team, at: happenedAt(body) });
}

function checkSignature({ headers, body }: WebhookRequest, secret: string): void {
  if (secret === "") throw new AppError("forbidden", { public: "This source has no signing secret yet: set one in its settings." });
  const timestamp = headers.get("x-slack-request-timestamp") ?? "";
  const expected = `v0=${createHmac("sha256", secret).update(`v0:${timestamp}:${body}`).digest("hex")}`;
  if (!equalInConstantTime(headers.get("x-slack-signature") ?? "", expected)) {
    throw new AppError("forbidden", {
      public: "The signature is missing or wrong. Copy the Signing Secret anew from the app's Basic Information.",
    });
  }
  if (!/^\d+$/.test(timestamp) || !(Math.abs(Date.now() / 1000 - Number(timestamp)) <= ageMaxSeconds)) {
    throw new AppError("forbidden", { public: "The request is more than five minutes old, or this server's clock is off." });
  }
}

function readJson(body: string): unknown {
  try {
    return JSON.parse(body) as unknown;
  } catch (error) {
    throw new AppError("invalid_input", { public: "The body is no JSON.", cause: error });
  }
}
