import { requireConnector } from "#app/background/import-upload.ts";
import { takeInboxJob } from "#app/background/sync-source.ts";
import { AppError, toAppError } from "#core/errors.ts";
import { openAsSystem } from "#features/access/index.ts";
import { findWebhookSource, openSettings, parseSettings, receiveRecords } from "#features/ledger/index.ts";
import { pullServices } from "../background/sync-source.ts";
import type { Runtime } from "../runtime.ts";

/** Twenty-five megabytes: GitHub's bound, the largest of those that send to us. */
const bodyMaxBytes = 25 * 1024 ** 2;

/** What taking a webhook in needs of the process. */
export type WebhookRuntime = Pick<Runtime, "db" | "clock" | "log" | "config" | "http" | "secrets" | "jobs">;

/**
 * Answers `POST /hooks/<source id>`: the connector checks the signature and reads the records, which are kept before the
 * answer goes out and taken in by a job. Nothing is told to who cannot sign, not even that the source is paused.
 */
export async function answerWebhook(runtime: WebhookRuntime, request: Request, sourceId: string): Promise<Response> {
  try {
    const found = await findWebhookSource(runtime, sourceId);
    const ctx = found && (await openAsSystem(runtime, { communityId: found.communityId }));
    if (!found || !ctx) throw new AppError("not_found", { public: "Nothing listens here." });
    const connector = requireConnector(found.source.connector);
    if (!connector.webhook) throw new AppError("not_found", { public: "Nothing listens here." });
    const body = await readBody(request);
    const opened = openSettings({ connector, source: found.source, communityId: found.communityId, services: pullServices(runtime) });
    const outcome = await connector.webhook(
      { headers: request.headers, body, query: new URL(request.url).searchParams },
      parseSettings(connector, opened),
    );
    if ("answer" in outcome) return new Response(outcome.answer, { headers: { "content-type": "text/plain; charset=utf-8" } });
    if ("ignored" in outcome) return Response.json({ ignored: outcome.ignored });
    await receiveRecords(ctx, { source: found.source, records: outcome.records });
    const payload = { communityId: found.communityId, sourceId, connector: connector.id };
    await runtime.jobs.send(takeInboxJob, payload, { key: sourceId });
    return Response.json({ received: outcome.records.length }, { status: 202 });
  } catch (error) {
    const failure = toAppError(error);
    if (failure.status >= 500 && failure.code !== "paused") runtime.log.error({ err: error, sourceId }, "a webhook could not be taken");
    const headers = failure.retryAfterSeconds === undefined ? undefined : { "retry-after": String(failure.retryAfterSeconds) };
    return Response.json({ title: failure.message, status: failure.status }, { status: failure.status, headers });
  }
}

async function readBody(request: Request): Promise<string> {
  const tooLarge = new AppError("too_large", { public: `The request is larger than ${bodyMaxBytes / 1024 ** 2} MB.` });
  if (Number(request.headers.get("content-length") ?? 0) > bodyMaxBytes) throw tooLarge;
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of request.body ?? []) {
    size += part.length;
    if (size > bodyMaxBytes) throw tooLarge;
    parts.push(part);
  }
  return Buffer.concat(parts).toString("utf8");
}
