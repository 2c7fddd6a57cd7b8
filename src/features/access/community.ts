import { z } from "zod";
import type { CoreContext } from "#core/context.ts";
import { type SQL, sql } from "#core/database/database.ts";
import { AppError } from "#core/errors.ts";
import { newId } from "#core/ids.ts";
import { parseInput } from "./account.ts";
import { recordAudit } from "./audit.ts";
import type { CommunityRef, Ctx } from "./context.ts";
import { adminRoles, requireRole } from "./role.ts";
import type { Role } from "./visibility.ts";

// Words that stand, or may come to stand, in the same place of an address as a community's slug.
const reservedSlugs = new Set(
  "about account admin api app assets auth c community communities docs embed feed feeds health healthz help invite login logout mcp me metrics new null owner portal public readyz search settings setup sign-in sign-out sign-up signin signup static status studio system team undefined user users webhooks www".split(
    " ",
  ),
);

const slugSchema = z
  .string()
  .trim()
  .toLowerCase()
  .regex(/^[a-z0-9](?:[a-z0-9-]{0,46}[a-z0-9])?$/, "Use 1 to 48 letters a to z, digits and hyphens, with a letter or digit at both ends.")
  .refine((slug) => !reservedSlugs.has(slug), "This word is part of Causeway's own addresses. Choose another.");

const timeZoneSchema = z.string().transform((zone, check) => {
  const known = canonicalTimeZone(zone);
  if (known) return known;
  check.addIssue({ code: "custom", message: `“${zone}” is not a time zone. Use a name such as Europe/Berlin or UTC.` });
  return z.NEVER;
});

/** What a new community is made of; forms and CLI flags derive from it. */
export const newCommunitySchema = z.object({
  name: z.string().trim().min(1, "Enter the community's name.").max(80),
  slug: slugSchema,
  timeZone: timeZoneSchema.default("UTC"),
});
export type NewCommunity = z.input<typeof newCommunitySchema>;

const communityChangeSchema = newCommunitySchema
  .extend({ timeZone: timeZoneSchema, tagline: z.string().trim().max(200), portalOpen: z.boolean() })
  .partial();
export type CommunityChange = z.input<typeof communityChangeSchema>;

/** A community with its settings, as the Studio shows it. */
export interface CommunityDetail extends CommunityRef {
  tagline: string;
  portalOpen: boolean;
  createdAt: Date;
}

/** A name of the IANA time zone database in its usual spelling, or undefined. Offsets such as `+02:00` are none. */
export function canonicalTimeZone(zone: string): string | undefined {
  if (!/^[A-Za-z][A-Za-z0-9_+-]*(?:\/[A-Za-z0-9_+-]+)*$/.test(zone)) return undefined;
  try {
    return new Intl.DateTimeFormat("en", { timeZone: zone }).resolvedOptions().timeZone;
  } catch {
    return undefined;
  }
}

/** Makes an address of a name: `Pi-hole & Friends` becomes `pi-hole-friends`. Empty when nothing of it can stay. */
export function proposeSlug(name: string): string {
  return name
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .slice(0, 48)
    .replace(/^-+|-+$/g, "");
}

/** The columns of a community as every read of one selects them. */
export const communityColumns: SQL = sql.raw(
  `c.id, c.slug, c.name, c.tagline, c.time_zone AS "timeZone", c.portal_open AS "portalOpen", c.created_at AS "createdAt"`,
);

/**
 * Founds a community, in the caller's transaction; without audit, since who acts is known only to the caller.
 * @throws AppError `invalid_input` for a bad slug or zone, `conflict` when the slug is taken
 */
export async function insertCommunity(core: CoreContext, input: NewCommunity): Promise<CommunityDetail> {
  const { name, slug, timeZone } = parseInput(newCommunitySchema, input);
  const id = newId();
  const row = await core.db.first<CommunityDetail>(sql`
    INSERT INTO community AS c (id, slug, name, time_zone, created_at)
    VALUES (${id}, ${slug}, ${name}, ${timeZone}, ${core.clock.now().toISOString()})
    ON CONFLICT (slug) DO NOTHING RETURNING ${communityColumns}`);
  if (!row) throw slugTaken(slug);
  return row;
}

/**
 * Founds a community; who founds it owns it.
 * @throws AppError `forbidden` unless the account owns or runs one already; `invalid_input`, `conflict`
 */
export async function createCommunity(core: CoreContext, input: NewCommunity & { accountId: string }): Promise<CommunityDetail> {
  return core.db.transaction(async (tx) => {
    const inTx = { ...core, db: tx };
    const runs = await tx.first(sql`SELECT 1 FROM membership WHERE account_id = ${input.accountId} AND role IN ('owner', 'admin') LIMIT 1`);
    if (!runs) throw new AppError("forbidden", { public: "Only owners and admins of a community may found another one here." });
    const community = await insertCommunity(inTx, input);
    const ctx: Ctx = { ...inTx, community, viewer: { kind: "account", accountId: input.accountId, role: "owner" } };
    await insertMembership(ctx, { accountId: input.accountId, role: "owner" });
    await recordAudit(ctx, { action: "community.created", objectKind: "community", objectId: community.id, detail: { slug: community.slug } });
    return community;
  });
}

/** Gives an account a role, in the caller's transaction. */
export async function insertMembership(ctx: Ctx, input: { accountId: string; role: Role }): Promise<void> {
  await ctx.db.execute(sql`
    INSERT INTO membership (community_id, account_id, role, created_at)
    VALUES (${ctx.community.id}, ${input.accountId}, ${input.role}, ${ctx.clock.now().toISOString()})
    ON CONFLICT (community_id, account_id) DO UPDATE SET role = EXCLUDED.role`);
}

/**
 * Changes the name, address, tagline, zone or openness of a community.
 * @throws AppError `forbidden` for everybody but owners and admins; `invalid_input`, `conflict`
 */
export async function changeCommunity(ctx: Ctx, input: CommunityChange): Promise<CommunityDetail> {
  requireRole(ctx, adminRoles);
  const change = parseInput(communityChangeSchema, input);
  return ctx.db.transaction(async (tx) => {
    const before = await tx.first<CommunityDetail>(
      sql`SELECT ${communityColumns} FROM community c WHERE c.id = ${ctx.community.id} FOR NO KEY UPDATE`,
    );
    if (!before) throw new AppError("not_found", { public: "This community is gone." });
    if (change.slug !== undefined && change.slug !== before.slug) {
      if (await tx.first(sql`SELECT 1 FROM community WHERE slug = ${change.slug}`)) throw slugTaken(change.slug);
    }
    const after: CommunityDetail = { ...before, ...change };
    await tx.execute(sql`
      UPDATE community SET name = ${after.name}, slug = ${after.slug}, tagline = ${after.tagline},
             time_zone = ${after.timeZone}, portal_open = ${after.portalOpen}
      WHERE id = ${ctx.community.id}`);
    await recordAudit(
      { ...ctx, db: tx },
      {
        action: "community.changed",
        objectKind: "community",
        objectId: ctx.community.id,
        detail: { before: pick(before, change), after: change },
      },
    );
    return after;
  });
}

function pick(from: CommunityDetail, like: Partial<CommunityDetail>): Partial<CommunityDetail> {
  return Object.fromEntries(Object.entries(from).filter(([key]) => key in like));
}

/** The communities in which an account has a role, by name. */
export async function listCommunitiesOf(core: CoreContext, input: { accountId: string }): Promise<(CommunityDetail & { role: Role })[]> {
  return core.db.rows(sql`
    SELECT ${communityColumns}, m.role FROM membership m JOIN community c ON c.id = m.community_id
    WHERE m.account_id = ${input.accountId} ORDER BY lower(c.name), c.id`);
}

/** The communities whose portal anybody may enter, for the installation's front page. */
export async function listOpenCommunities(core: CoreContext): Promise<CommunityDetail[]> {
  return core.db.rows(sql`SELECT ${communityColumns} FROM community c WHERE c.portal_open ORDER BY lower(c.name), c.id LIMIT 500`);
}

/** Every community's id and slug: for the worker and the CLI, which act for the whole installation. */
export async function listAllCommunities(core: CoreContext): Promise<CommunityDetail[]> {
  return core.db.rows(sql`SELECT ${communityColumns} FROM community c ORDER BY lower(c.name), c.id`);
}

/**
 * Whether the viewer is owner or admin of every community here. Mail server, sign-in mail and the job queue are the
 * installation's: on one with many tenants they are no single tenant's business. An API key opens its own community
 * alone, so it passes only where there is no other.
 */
export async function runsInstallation(ctx: Ctx): Promise<boolean> {
  const { viewer } = ctx;
  if (viewer.kind !== "account") return viewer.kind === "system";
  const isKey = viewer.apiKeyId !== undefined;
  const other = await ctx.db.first(sql`
    SELECT 1 FROM community c
    WHERE (${isKey} AND c.id <> ${ctx.community.id})
       OR NOT EXISTS (SELECT FROM membership m WHERE m.community_id = c.id AND m.account_id = ${viewer.accountId} AND m.role IN ('owner', 'admin'))
    LIMIT 1`);
  return other === undefined;
}

/**
 * The community of a slug through the eyes of the process itself, founded when it does not exist: what the CLI works on.
 * A community founded here belongs to whoever set the installation up; before set-up, set-up takes it over.
 * @throws AppError `invalid_input` for a bad slug or zone
 */
export async function ensureCommunity(core: CoreContext, input: { slug: string; name?: string; timeZone?: string }): Promise<Ctx> {
  const slug = parseInput(slugSchema, input.slug);
  return (
    (await openAsSystem(core, { slug })) ??
    core.db.transaction(async (tx) => {
      const inTx = { ...core, db: tx };
      // Two commands may start together: the second finds what the first has founded.
      await tx.execute(sql`SELECT pg_advisory_xact_lock(hashtext('causeway:community:' || ${slug}))`);
      const found = await openAsSystem(inTx, { slug });
      if (found) return { ...found, db: core.db };
      const community = await insertCommunity(inTx, { name: input.name ?? slug, slug, timeZone: input.timeZone });
      const ctx: Ctx = { ...inTx, community, viewer: { kind: "system" } };
      await recordAudit(ctx, { action: "community.created", objectKind: "community", objectId: community.id, detail: { slug } });
      const first = await tx.first<{ accountId: string }>(sql`
        SELECT account_id AS "accountId" FROM membership WHERE role = 'owner' ORDER BY created_at, account_id LIMIT 1`);
      if (first) {
        await insertMembership(ctx, { accountId: first.accountId, role: "owner" });
        await recordAudit(ctx, { action: "team.joined", objectKind: "account", objectId: first.accountId, detail: { role: "owner" } });
      }
      return { ...ctx, db: core.db };
    })
  );
}

/** An existing community through the eyes of the process itself: for jobs and the local CLI, never for a request. */
export async function openAsSystem(core: CoreContext, input: { slug: string } | { communityId: string }): Promise<Ctx | undefined> {
  const community = await core.db.first<CommunityDetail>(
    sql`SELECT ${communityColumns} FROM community c WHERE ${"slug" in input ? sql`c.slug = ${input.slug}` : sql`c.id = ${input.communityId}`}`,
  );
  return community && { db: core.db, clock: core.clock, log: core.log, community, viewer: { kind: "system" } };
}

function slugTaken(slug: string): AppError {
  const message = `Another community has the address “${slug}”. Choose another.`;
  return new AppError("conflict", { public: message, issues: [{ path: "slug", message }] });
}
