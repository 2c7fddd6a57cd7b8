import { createHmac } from "node:crypto";
import { z } from "zod";
import { equalInConstantTime } from "#core/crypto.ts";
import { AppError } from "#core/errors.ts";
import { defineConnector, type RawRecord, type WebhookOutcome, type WebhookRequest } from "#features/ledger/index.ts";
import { secretSetting, visibilitySetting } from "../settings.ts";
import { normalizeIncoming } from "./normalize.ts";
import { incomingActivity } from "./payload.ts";

/** The one stream: what comes by the API and by webhook under one id is one activity. */
const activitiesStream = "activities";
const perRequestMax = 500;
const ageMaxSeconds = 300;

/** What a request may hold: one activity, or several. */
export const incomingBody = z.union([z.object({ activities: z.array(incomingActivity).min(1).max(perRequestMax) }).strict(), incomingActivity]);

/** Where what a program sends belongs: one source per name. */
export const incomingOrigin = (name: string): string => `incoming:${name.trim().toLowerCase()}`;

/** Activities as records: the sender's id is the key, so sending twice does it once. */
export function toIncomingRecords(body: z.output<typeof incomingBody>): RawRecord[] {
  const activities = "activities" in body ? body.activities : [body];
  return activities.map((activity) => ({
    stream: activitiesStream,
    externalId: activity.id,
    payload: activity,
    ...(activity.editedAt || activity.deletedAt ? { asOf: new Date(activity.deletedAt ?? activity.editedAt ?? "").toISOString() } : {}),
  }));
}

export const incoming = defineConnector({
  id: "incoming",
  title: "API and incoming webhook",
  summary: "Whatever your own programs send: one request per activity, or hundreds at once.",
  normalizeVersion: 1,
  settings: z.object({
    program: z
      .string()
      .trim()
      .min(1)
      .max(100)
      .default("api")
      .meta({ title: "Program", description: "Which of your programs sends; ids count within it." }),
    secret: secretSetting("Signing secret", "At least 16 letters. Requests to the webhook's address must be signed with it.").max(500).default(""),
    visibility: visibilitySetting("team"),
  }),
  docs: {
    collects: "Activities with author, thread, channel and words, as your program states them.",
    identityKey: "The author's id within this source; without one, the address.",
    limits: `At most ${perRequestMax} activities a request. What is wrong with one is answered at once; nothing of that request is kept then.`,
    privacy: "Only what you send. Mark a channel as private and it is shown to owners, admins and advocates alone.",
    connecting:
      "1. Add this source and give it a signing secret.\n2. Send `POST /hooks/<source id>` with the JSON body, `X-Causeway-Timestamp` (seconds since 1970) and `X-Causeway-Signature: sha256=<hex>`, the HMAC-SHA-256 of `<timestamp>.<body>` under the secret.\n3. Or send `POST /api/v1/communities/<community>/activities` with an API key of the scope `import`: no source has to be made first.",
  },
  streams: { [activitiesStream]: { title: "Activities" } },
  normalize: normalizeIncoming,
  connect: async (ctx, { settings }) => {
    if (settings.secret !== "" && settings.secret.length < 16) {
      throw new AppError("invalid_input", {
        public: "The signing secret is shorter than 16 letters; make a longer one.",
        issues: [{ path: "secret", message: "is shorter than 16 letters" }],
      });
    }
    ctx.log.debug("nothing to connect to: this source is sent to");
    return {
      origin: incomingOrigin(settings.program),
      name: settings.program,
      says:
        settings.secret === ""
          ? "Ready for the API. Give it a signing secret to use the webhook too."
          : "Ready. Its address stands on the source's page.",
    };
  },
  webhook: (request, settings) => readWebhook(request, settings.secret),
});

function readWebhook({ headers, body }: WebhookRequest, secret: string): WebhookOutcome {
  if (secret === "") throw new AppError("forbidden", { public: "This source has no signing secret yet: set one in its settings." });
  const timestamp = headers.get("x-causeway-timestamp") ?? "";
  const signature = headers.get("x-causeway-signature") ?? "";
  const expected = `sha256=${createHmac("sha256", secret).update(`${timestamp}.${body}`).digest("hex")}`;
  if (!equalInConstantTime(signature, expected)) {
    throw new AppError("forbidden", {
      public: "The signature is missing or wrong. Sign «timestamp.body» with the source's secret (HMAC-SHA-256, hex).",
    });
  }
  if (!(Math.abs(Date.now() / 1000 - Number(timestamp)) <= ageMaxSeconds)) {
    throw new AppError("forbidden", { public: "The timestamp is more than five minutes off. Set the sender's clock, and sign each request anew." });
  }
  let given: unknown;
  try {
    given = JSON.parse(body);
  } catch (error) {
    throw new AppError("invalid_input", { public: "The body is no JSON.", cause: error });
  }
  const parsed = incomingBody.safeParse(given);
  if (!parsed.success) {
    throw new AppError("invalid_input", {
      public: `The activities are not right: ${z.prettifyError(parsed.error)}`,
      issues: parsed.error.issues.map((issue) => ({ path: issue.path.join("."), message: issue.message })),
    });
  }
  return { records: toIncomingRecords(parsed.data) };
}
