import { z } from "zod";
import type { Ctx } from "#features/access/index.ts";
import { listActivities } from "#features/ledger/index.ts";
import type { MetricParams } from "#metrics/index.ts";
import { addDays, dayIn } from "../ui/format.ts";
import { param, readQuery } from "./list-params.server.ts";

export const usualDays = 90;

/** Days that figures are about. `anchored`: the data ends long ago, so the span ends where the data does. */
export interface Span {
  from: string;
  to: string;
  anchored: boolean;
  today: string;
  /** The day of the newest activity; null while there is none. */
  newest: string | null;
}

/** The last `days` days, or, where nothing came in during them, the `days` days up to the newest activity. */
export async function usualSpan(ctx: Ctx, days: number = usualDays): Promise<Span> {
  const today = dayIn(ctx.community.timeZone, ctx.clock.now());
  const [latest] = (await listActivities(ctx, { limit: 1 })).rows;
  const newest = latest ? dayIn(ctx.community.timeZone, latest.occurredAt) : null;
  const anchored = newest !== null && newest < addDays(today, -days);
  const to = anchored && newest ? newest : today;
  return { from: addDays(to, 1 - days), to, anchored, today, newest };
}

const query = z.object({ from: param.day, to: param.day, source: param.id, after: param.cursor });

/** The span and source that an address asks for; what it leaves open is the usual span. */
export async function readSpan(ctx: Ctx, request: Request): Promise<{ params: MetricParams; span: Span; after: string | undefined }> {
  const given = readQuery(request, query);
  const span = await usualSpan(ctx);
  const to = given.to ?? span.to;
  const from = given.from ?? (given.to ? addDays(to, 1 - usualDays) : span.from);
  return { params: { from, to, ...(given.source && { sourceId: given.source }) }, span, after: given.after };
}
