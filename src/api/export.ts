import { z } from "zod";
import type { Page } from "#core/page.ts";
import { type Ctx, recordAudit, teamRoles } from "#features/access/index.ts";
import { listSignals } from "#features/feedback/index.ts";
import { listActivities, listThreads } from "#features/ledger/index.ts";
import { listMembers } from "#features/members/index.ts";
import { type Api, communityEndpoint } from "./kit/endpoint.ts";

const kinds = ["threads", "activities", "members", "signals"] as const;
type ExportKind = (typeof kinds)[number];

const rowsPerPage = 200;

const pages: Record<ExportKind, (ctx: Ctx, after: string | undefined) => Promise<Page<unknown>>> = {
  threads: (ctx, after) => listThreads(ctx, { sort: "opened", limit: rowsPerPage, ...(after ? { after } : {}) }),
  activities: (ctx, after) => listActivities(ctx, { limit: rowsPerPage, ...(after ? { after } : {}) }),
  members: (ctx, after) => listMembers(ctx, { sort: "first", limit: rowsPerPage, ...(after ? { after } : {}) }),
  signals: (ctx, after) => listSignals(ctx, { limit: rowsPerPage, ...(after ? { after } : {}) }),
};

/** Everything of one kind that the caller may see, as a stream of JSON lines. */
export function addExport(api: Api): void {
  communityEndpoint(api, {
    method: "get",
    path: "/export/{kind}",
    tag: "Export",
    summary: "Export all rows of a kind as JSON lines",
    description: "One object a line, in the form of the lists, newest first. The stream is as long as the data; memory stays flat on both sides.",
    access: teamRoles,
    scope: "export",
    params: z.object({ kind: z.enum(kinds) }),
    answerType: "application/x-ndjson",
    async handle(ctx, { params: { kind } }) {
      await recordAudit(ctx, { action: "export.started", objectKind: "export", objectId: kind });
      const day = ctx.clock.now().toISOString().slice(0, 10);
      return new Response(streamLines(readAll(ctx, kind)), {
        headers: {
          "content-type": "application/x-ndjson; charset=utf-8",
          "content-disposition": `attachment; filename="${ctx.community.slug}-${kind}-${day}.ndjson"`,
          "cache-control": "private, no-store",
        },
      });
    },
  });
}

async function* readAll(ctx: Ctx, kind: ExportKind): AsyncGenerator<string> {
  let after: string | undefined;
  do {
    const page = await pages[kind](ctx, after);
    if (page.rows.length > 0) yield `${page.rows.map((row) => JSON.stringify(row)).join("\n")}\n`;
    after = page.next ?? undefined;
  } while (after);
}

/** A page is read when the client has taken the one before. */
function streamLines(lines: AsyncGenerator<string>): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  return new ReadableStream(
    {
      async pull(controller) {
        const { done, value } = await lines.next();
        if (done) controller.close();
        else controller.enqueue(encoder.encode(value));
      },
      async cancel() {
        await lines.return(undefined);
      },
    },
    { highWaterMark: 1 },
  );
}
