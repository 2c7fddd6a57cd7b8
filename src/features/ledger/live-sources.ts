import { json, sql } from "#core/database/database.ts";
import { AppError } from "#core/errors.ts";
import { type Ctx, editorRoles, requireRole } from "../access/index.ts";
import { type Connector, isCalled, type LiveIdentity } from "./connector.ts";
import { parseSettings } from "./import-file.ts";
import { asObject, maskSettings, openSettings, type PullServices, sealSettings, secretFields, secretMask, settingsOfUse } from "./source-settings.ts";
import { ensureSource, requireSource } from "./sources.ts";

const tryTimeoutMs = 30_000;

/**
 * Tries the settings of a live source: nothing is stored.
 * @throws AppError `invalid_input` for settings, or what the source answers, in words that say what to change
 */
export async function tryConnection(
  ctx: Ctx,
  input: { connector: Connector; settings: unknown; services: PullServices; signal?: AbortSignal },
): Promise<LiveIdentity> {
  requireRole(ctx, editorRoles, { scope: "import" });
  const { connector, services } = input;
  if (!connector.connect) throw new AppError("invalid_input", { public: `${connector.title} has no live connection; bring in its files.` });
  const settings = parseSettings(connector, input.settings);
  const timeout = AbortSignal.timeout(tryTimeoutMs);
  const signal = input.signal ? AbortSignal.any([input.signal, timeout]) : timeout;
  try {
    return await connector.connect(ctx, { settings, http: services.http, signal });
  } catch (error) {
    if (!timeout.aborted) throw error;
    throw new AppError("upstream_failed", {
      public: `${connector.title} did not answer within ${tryTimeoutMs / 1000} seconds. Check the address, and whether this server can reach it.`,
      cause: error,
    });
  }
}

/**
 * Adds a live source: its settings are tried, its secrets sealed, and its streams are due at once. For a source that is
 * there already (by file or before) the settings are replaced.
 * @throws AppError as `tryConnection`, `conflict` when the thing is held by another connector
 */
export async function addLiveSource(
  ctx: Ctx,
  input: { connector: Connector; settings: unknown; name?: string | undefined; services: PullServices },
): Promise<{ sourceId: string; identity: LiveIdentity }> {
  const { connector, services } = input;
  const identity = await tryConnection(ctx, input);
  const { origin } = identity;
  const parsed = parseSettings(connector, input.settings);
  const settings = sealSettings({ connector, settings: parsed, origin, communityId: ctx.community.id, secrets: services.secrets });
  const source = await ensureSource(ctx, { connector: connector.id, origin, name: input.name ?? identity.name, settings });
  Object.assign(settings, notAskedOf(connector, { held: asObject(source.settings), given: asObject(input.settings) }));
  if (!isCalled(connector, source.connector)) {
    throw new AppError("conflict", {
      public: `«${source.name}» holds this already, brought in as ${source.connector}. Remove that source first, or go on with it.`,
    });
  }
  await ctx.db.transaction(async (tx) => {
    await tx.execute(sql`
      UPDATE source SET settings = ${json(settings)}, connector = ${connector.id}, paused = false
      WHERE community_id = ${ctx.community.id} AND id = ${source.id}`);
    await makeDue({ ...ctx, db: tx }, source.id, connector);
  });
  return { sourceId: source.id, identity };
}

/**
 * Changes a live source's settings after trying them; a secret that comes back masked or empty stays as it is.
 * @throws AppError as `tryConnection`; `conflict` when the new settings lead to another thing
 */
export async function changeSettings(
  ctx: Ctx,
  input: { connector: Connector; sourceId: string; settings: Record<string, unknown>; services: PullServices },
): Promise<LiveIdentity> {
  const { connector, services } = input;
  const source = await requireSource(ctx, input.sourceId);
  const held = openSettings({ connector, source, services, communityId: ctx.community.id }) as Record<string, unknown>;
  const wanted: Record<string, unknown> = { ...input.settings };
  const kept = secretFields(connector).filter((field) => [undefined, "", secretMask].some((blank) => blank === wanted[field]) && held[field]);
  for (const field of secretFields(connector)) if (kept.includes(field) || wanted[field] === secretMask) wanted[field] = held[field];
  Object.assign(wanted, notAskedOf(connector, { held, given: wanted }));
  refuseToCarryAway({ connector, held, wanted, kept });
  const identity = await tryConnection(ctx, { connector, settings: wanted, services });
  if (identity.origin !== source.origin) {
    throw new AppError("conflict", {
      public: `These settings lead to ${identity.name} (${identity.origin}), not to what this source holds (${source.origin}). Add it as a source of its own.`,
    });
  }
  const parsed = parseSettings(connector, wanted);
  const settings = sealSettings({ connector, settings: parsed, origin: source.origin, communityId: ctx.community.id, secrets: services.secrets });
  await ctx.db.transaction(async (tx) => {
    await tx.execute(sql`UPDATE source SET settings = ${json(settings)} WHERE community_id = ${ctx.community.id} AND id = ${source.id}`);
    await makeDue({ ...ctx, db: tx }, source.id, connector);
  });
  return identity;
}

/** Settings that say where requests go, and whether others can read them on the way. */
const leadsElsewhere = /site|url|host|address|server|port|remote|security/i;

/**
 * Who may change the address of a source must not thereby have its token sent there: somebody else may have entered it.
 * @throws AppError `invalid_input` naming the secrets to enter again
 */
function refuseToCarryAway(input: { connector: Connector; held: Record<string, unknown>; wanted: Record<string, unknown>; kept: string[] }): void {
  const { held, wanted, kept } = input;
  const moved = [...new Set([...Object.keys(held), ...Object.keys(wanted)])].filter(
    (name) => leadsElsewhere.test(name) && !kept.includes(name) && String(held[name] ?? "") !== String(wanted[name] ?? ""),
  );
  if (moved.length === 0 || kept.length === 0) return;
  throw new AppError("invalid_input", {
    public: "The address changes: enter the source's secrets again, since they would be sent there.",
    issues: kept.map((path) => ({ path, message: "enter it again for the new address" })),
  });
}

/** What is held of settings that reading live does not ask for, such as those for files: they stay unless they are given. */
function notAskedOf(connector: Connector, { held, given }: Record<"held" | "given", Record<string, unknown>>): Record<string, unknown> {
  const asked = settingsOfUse(connector, "live");
  return Object.fromEntries(Object.entries(held).filter(([name]) => !asked.includes(name) && given[name] === undefined));
}

/** A source's settings as its form shows them: secrets masked. */
export async function readSettings(ctx: Ctx, input: { connector: Connector; sourceId: string }): Promise<Record<string, unknown>> {
  requireRole(ctx, editorRoles, { scope: "import" });
  const source = await requireSource(ctx, input.sourceId);
  return maskSettings(input.connector, source.settings);
}

async function makeDue(ctx: Ctx, sourceId: string, connector: Connector): Promise<void> {
  for (const [name, { everyMinutes }] of Object.entries(connector.streams)) {
    if (everyMinutes === undefined) continue;
    await ctx.db.execute(sql`
      INSERT INTO stream (community_id, source_id, name, next_run_at) VALUES (${ctx.community.id}, ${sourceId}, ${name}, ${ctx.clock.now()})
      ON CONFLICT (community_id, source_id, name) DO UPDATE SET next_run_at = excluded.next_run_at, failures = 0`);
  }
}
