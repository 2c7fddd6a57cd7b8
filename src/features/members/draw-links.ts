import { array, type SQL, sql } from "#core/database/database.ts";
import { newId } from "#core/ids.ts";
import type { Ctx } from "../access/index.ts";
import { addressWorth, parseGithubNoReply } from "./address.ts";
import {
  accountNumber,
  type ComparedIdentity,
  type DrawnLink,
  linkByAddress,
  linkByLogin,
  linkByNoReply,
  loginOf,
  vouchedAddress,
} from "./link-rules.ts";

/**
 * Draws the links that the rules see for these identities. What a person decided stays: a pair that somebody took
 * apart is at most suggested again, and a `never` stays one.
 * @param identityIds those that are new or changed
 * @returns the identities whose accepted links changed
 */
export async function drawLinks(ctx: Ctx, identityIds: readonly string[]): Promise<string[]> {
  const changed = await loadIdentities(ctx, sql`i.id = ANY(${array(identityIds, "uuid")})`);
  const links = [...(await addressLinks(ctx, changed)), ...(await noReplyLinks(ctx, changed)), ...(await loginLinks(ctx, changed))];
  return [...(await storeLinks(ctx, links)), ...(await respectDecisions(ctx, identityIds))];
}

async function addressLinks(ctx: Ctx, changed: readonly ComparedIdentity[]): Promise<DrawnLink[]> {
  const addresses = distinct(changed.map(vouchedAddress)).filter((address) => addressWorth(address) !== "placeholder");
  if (addresses.length === 0) return [];
  // Addresses without a vouching account are met most (mail, commits): those need no block.
  const spellings = distinct([...addresses, ...changed.map(({ email }) => email ?? undefined)]);
  const vouching = await loadIdentities(ctx, sql`i.email = ANY(${array(spellings, "text")}) AND i.email_verified AND i.platform <> 'email'`);
  if (vouching.length === 0) return [];
  const shared = distinct(vouching.map(vouchedAddress));
  const plain = await loadIdentities(ctx, sql`i.platform = 'email' AND i.external_id = ANY(${array(shared, "text")})`);
  const blocks = Map.groupBy([...plain, ...vouching], (identity) => vouchedAddress(identity) ?? "");
  return [...blocks].flatMap(([address, block]) => linkByAddress(address, block));
}

async function noReplyLinks(ctx: Ctx, changed: readonly ComparedIdentity[]): Promise<DrawnLink[]> {
  const addresses = changed.filter((identity) => identity.platform === "email" && parseGithubNoReply(identity.externalId));
  const accounts = changed.filter((identity) => identity.platform === "github" && loginOf(identity));
  const parsed = addresses.map((identity) => parseGithubNoReply(identity.externalId));
  const accountIds = distinct(
    parsed.flatMap((p) => (p?.accountId ? [p.accountId, `id:${p.accountId}`] : [])).concat(parsed.map((p) => `login:${p?.login}`)),
  );
  const candidates = distinct(
    accounts.flatMap((account) => {
      const [number, login] = [accountNumber(account), loginOf(account)];
      return [`${login}@users.noreply.github.com`, ...(number ? [`${number}+${login}@users.noreply.github.com`] : [])];
    }),
  );
  const foundAccounts =
    accountIds.length === 0 ? [] : await loadIdentities(ctx, sql`i.platform = 'github' AND i.external_id = ANY(${array(accountIds, "text")})`);
  const foundAddresses =
    candidates.length === 0 ? [] : await loadIdentities(ctx, sql`i.platform = 'email' AND i.external_id = ANY(${array(candidates, "text")})`);
  const byKey = indexBy([...foundAccounts, ...accounts], (account) => distinct([loginOf(account), accountNumber(account)]));
  return [...addresses, ...foundAddresses].flatMap((address) => {
    const { accountId, login } = parseGithubNoReply(address.externalId) ?? { accountId: null, login: "" };
    return linkByNoReply(address, [...(byKey.get(login) ?? []), ...(accountId === null ? [] : (byKey.get(accountId) ?? []))]);
  });
}

async function loginLinks(ctx: Ctx, changed: readonly ComparedIdentity[]): Promise<DrawnLink[]> {
  const byLogin = changed.filter(({ externalId }) => externalId.startsWith("login:"));
  const byNumber = changed.filter((identity) => !identity.externalId.startsWith("login:") && identity.platform !== "email" && loginOf(identity));
  const wantedIds = distinct(byNumber.map((identity) => `login:${loginOf(identity)}`));
  const wantedLogins = distinct(byLogin.map(loginOf));
  const platforms = distinct(byLogin.map(({ platform }) => platform));
  const foundByLogin =
    wantedIds.length === 0 ? [] : await loadIdentities(ctx, sql`i.external_id = ANY(${array(wantedIds, "text")}) AND i.platform <> 'email'`);
  const foundByNumber =
    wantedLogins.length === 0
      ? []
      : await loadIdentities(
          ctx,
          sql`i.platform = ANY(${array(platforms, "text")}) AND lower(i.login) = ANY(${array(wantedLogins, "text")}) AND NOT starts_with(i.external_id, 'login:')`,
        );
  const byKey = indexBy([...byNumber, ...foundByNumber], (account) => distinct([loginOf(account)]));
  return [...byLogin, ...foundByLogin].flatMap((identity) => linkByLogin(identity, byKey.get(loginOf(identity) ?? "") ?? []));
}

/** Groups identities by the keys under which they may be met, so that only those that share one are compared. */
function indexBy(identities: readonly ComparedIdentity[], keysOf: (identity: ComparedIdentity) => string[]): Map<string, ComparedIdentity[]> {
  const byKey = new Map<string, ComparedIdentity[]>();
  for (const identity of new Map(identities.map((each) => [each.id, each])).values()) {
    for (const key of keysOf(identity)) byKey.set(key, [...(byKey.get(key) ?? []), identity]);
  }
  return byKey;
}

function loadIdentities(ctx: Ctx, condition: SQL): Promise<ComparedIdentity[]> {
  return ctx.db.rows<ComparedIdentity>(sql`
    SELECT i.id, i.platform, i.external_id AS "externalId", i.login, i.email, i.email_verified AS "emailVerified"
    FROM identity i WHERE i.community_id = ${ctx.community.id} AND ${condition}`);
}

async function storeLinks(ctx: Ctx, drawn: readonly DrawnLink[]): Promise<string[]> {
  const links = [...new Map(drawn.map((link) => [`${link.a}${link.b}${link.rule}`, link])).values()];
  if (links.length === 0) return [];
  const rows = await ctx.db.rows<{ a: string; b: string }>(sql`
    INSERT INTO identity_link AS l (community_id, id, identity_a, identity_b, state, rule, evidence, strength, author, created_at, changed_at)
    SELECT ${ctx.community.id}, n.id, n.a, n.b,
           CASE WHEN EXISTS (SELECT FROM identity_link d WHERE d.community_id = ${ctx.community.id} AND d.identity_a = n.a AND d.identity_b = n.b
                             AND d.author <> 'rule' AND d.state <> 'accepted') THEN 'suggested' ELSE n.state END,
           n.rule, n.evidence, n.strength, 'rule', ${ctx.clock.now()}, ${ctx.clock.now()}
    FROM unnest(${array(
      links.map(() => newId()),
      "uuid",
    )}, ${array(
      links.map((l) => l.a),
      "uuid",
    )}, ${array(
      links.map((l) => l.b),
      "uuid",
    )},
                ${array(
                  links.map((l) => l.state),
                  "text",
                )}, ${array(
                  links.map((l) => l.rule),
                  "text",
                )},
                ${array(
                  links.map((l) => l.evidence),
                  "text",
                )}, ${array(
                  links.map((l) => l.strength),
                  "real",
                )})
      AS n(id, a, b, state, rule, evidence, strength)
    ON CONFLICT (community_id, identity_a, identity_b, rule) DO UPDATE
      SET state = excluded.state, evidence = excluded.evidence, strength = excluded.strength, changed_at = excluded.changed_at
      WHERE l.author = 'rule' AND (l.state <> excluded.state OR l.evidence <> excluded.evidence)
    RETURNING l.identity_a AS a, l.identity_b AS b`);
  return rows.flatMap(({ a, b }) => [a, b]);
}

/** Links that came with an import know nothing of what people decided about the pair: hold them back where they decided. */
async function respectDecisions(ctx: Ctx, identityIds: readonly string[]): Promise<string[]> {
  const rows = await ctx.db.rows<{ a: string; b: string }>(sql`
    WITH decided AS MATERIALIZED (
      SELECT DISTINCT d.identity_a, d.identity_b FROM identity_link d
      WHERE d.community_id = ${ctx.community.id} AND d.author <> 'rule' AND d.state <> 'accepted'
        AND (d.identity_a = ANY(${array(identityIds, "uuid")}) OR d.identity_b = ANY(${array(identityIds, "uuid")}))
    )
    UPDATE identity_link l SET state = 'suggested', changed_at = ${ctx.clock.now()}
    FROM decided d
    WHERE l.community_id = ${ctx.community.id} AND l.identity_a = d.identity_a AND l.identity_b = d.identity_b
      AND l.author = 'rule' AND l.state = 'accepted'
    RETURNING l.identity_a AS a, l.identity_b AS b`);
  return rows.flatMap(({ a, b }) => [a, b]);
}

function distinct(values: readonly (string | undefined)[]): string[] {
  return [...new Set(values.filter((value) => value !== undefined))];
}
