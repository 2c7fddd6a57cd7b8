import { array, sql } from "#core/database/database.ts";
import type { Ctx } from "../access/index.ts";
import { botReason, botSuspicion } from "./bot-marks.ts";
import type { PlacedIdentity } from "./rebuild-members.ts";

/** Why an identity counts as team without a mark of its own. */
const inheritedReason = "Belongs to somebody who is marked as team.";

/**
 * Applies the rules for kinds: certain bots are marked, the identities of a team member count as team too (and stop
 * doing so when the link goes), and what only looks like a bot is put before people. Marks set by hand stay.
 * Changes the given identities in place.
 * @returns the ids of identities whose kind changed
 */
export async function settleKinds(ctx: Ctx, members: ReadonlyMap<string, PlacedIdentity[]>): Promise<string[]> {
  const changed: PlacedIdentity[] = [];
  const suspected: { identityId: string; reason: string }[] = [];
  for (const identities of members.values()) {
    const team = identities.some((identity) => identity.kind === "team" && identity.kindReason !== inheritedReason);
    for (const identity of identities) {
      const next = nextKind(identity, team);
      if (next.kind !== identity.kind || next.reason !== identity.kindReason) {
        if (next.kind !== identity.kind) changed.push(identity);
        identity.kind = next.kind;
        identity.kindReason = next.reason;
      }
      const suspicion = identity.kind === "human" && !identity.kindLocked ? botSuspicion(identity) : undefined;
      if (suspicion) suspected.push({ identityId: identity.id, reason: suspicion });
    }
  }
  if (changed.length > 0) {
    await ctx.db.execute(sql`
      UPDATE identity i SET kind = n.kind, kind_reason = n.reason
      FROM unnest(${array(
        changed.map((c) => c.id),
        "uuid",
      )}, ${array(
        changed.map((c) => c.kind),
        "text",
      )}, ${array(
        changed.map((c) => c.kindReason),
        "text",
      )})
        AS n(id, kind, reason)
      WHERE i.community_id = ${ctx.community.id} AND i.id = n.id`);
  }
  if (suspected.length > 0) {
    await ctx.db.execute(sql`
      INSERT INTO kind_suggestion (community_id, identity_id, kind, reason, created_at)
      SELECT ${ctx.community.id}, n.identity_id, 'bot', n.reason, ${ctx.clock.now()}
      FROM unnest(${array(
        suspected.map((s) => s.identityId),
        "uuid",
      )}, ${array(
        suspected.map((s) => s.reason),
        "text",
      )}) AS n(identity_id, reason)
      ON CONFLICT (community_id, identity_id, kind) DO NOTHING`);
  }
  return changed.map(({ id }) => id);
}

function nextKind(identity: PlacedIdentity, team: boolean): { kind: string; reason: string | null } {
  const asIs = { kind: identity.kind, reason: identity.kindReason };
  if (identity.kindLocked) return asIs;
  const inherited = identity.kind === "team" && identity.kindReason === inheritedReason;
  if (identity.kind === "human" || inherited) {
    const bot = botReason(identity);
    if (bot) return { kind: "bot", reason: bot };
    if (team) return { kind: "team", reason: inheritedReason };
    if (inherited) return { kind: "human", reason: null };
  }
  return asIs;
}
