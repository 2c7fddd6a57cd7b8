import { inject } from "vitest";
import { fixedClock } from "#core/clock.ts";
import type { CoreContext } from "#core/context.ts";
import { openDatabase, sql } from "#core/database/database.ts";
import { startInMemory } from "#core/database/embedded.ts";
import { migrate } from "#core/database/migrate.ts";
import { newId } from "#core/ids.ts";
import { createLogger } from "#core/log.ts";
import type { Ctx, Role } from "#features/access/index.ts";
import { testNow } from "./factories.ts";

/** An account with a role in the context's community, without a password: cheap, for whatever is not about signing in. */
export async function createTeamMember(ctx: Ctx, role: Role): Promise<{ accountId: string; ctx: Ctx }> {
  const accountId = newId();
  await ctx.db.execute(
    sql`INSERT INTO auth_user (id, name, email) VALUES (${accountId}, ${`${role} of ${ctx.community.slug}`}, ${`${accountId}@example.org`})`,
  );
  await ctx.db.execute(sql`INSERT INTO membership (community_id, account_id, role) VALUES (${ctx.community.id}, ${accountId}, ${role})`);
  return { accountId, ctx: { ...ctx, viewer: { kind: "account", accountId, role } } };
}

/**
 * A migrated database that no other test sees, for what holds of the installation as a whole, such as
 * "there is no owner yet".
 */
export async function openOwnDatabase(): Promise<{ core: CoreContext & { clock: ReturnType<typeof fixedClock> }; close(): Promise<void> }> {
  const log = createLogger({ level: "silent" });
  const clock = fixedClock(testNow);
  const { connection } = inject("database");
  if (connection.connectionString === undefined) {
    const server = await startInMemory();
    const db = openDatabase({ connection: server.connection, embedded: true, log });
    await migrate(db);
    return {
      core: { db, clock, log },
      close: async () => {
        await db.close();
        await server.close();
      },
    };
  }
  const admin = openDatabase({ connection, embedded: false, log });
  const name = `causeway_own_${newId().replaceAll("-", "")}`;
  await admin.execute(sql.raw(`CREATE DATABASE ${name}`));
  const url = new URL(connection.connectionString);
  url.pathname = `/${name}`;
  const db = openDatabase({ connection: { connectionString: url.href }, embedded: false, log });
  await migrate(db);
  return {
    core: { db, clock, log },
    close: async () => {
      await db.close();
      await admin.execute(sql.raw(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`));
      await admin.close();
    },
  };
}

/** Everything in the audit log of the context's community, oldest first. */
export async function auditOf(ctx: Ctx): Promise<{ actor: string; action: string; objectId: string; detail: Record<string, unknown> }[]> {
  return ctx.db.rows(sql`
    SELECT actor, action, object_id AS "objectId", detail FROM audit_entry WHERE community_id = ${ctx.community.id} ORDER BY id`);
}
