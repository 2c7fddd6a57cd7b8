import { afterAll, inject } from "vitest";
import { fixedClock } from "#core/clock.ts";
import { type OwnedDatabase, openDatabase, sql } from "#core/database/database.ts";
import { newId } from "#core/ids.ts";
import { createLogger } from "#core/log.ts";
import type { Ctx, Role, Viewer } from "#features/access/index.ts";

let shared: OwnedDatabase | undefined;

/** The run's database; closed when the file's tests have ended. */
export function testDatabase(): OwnedDatabase {
  if (!shared) {
    const { embedded, connection } = inject("database");
    shared = openDatabase({ connection, embedded, log: createLogger({ level: "silent" }), maxConnections: 4 });
  }
  return shared;
}

afterAll(async () => {
  await shared?.close();
  shared = undefined;
});

/** Time in tests: a Wednesday noon. */
export const testNow = "2026-11-25T12:00:00Z";

/**
 * A context in a new community of its own, so that tests never meet each other's rows.
 * @param options.viewer by default the system
 */
export async function createCtx(
  options: { viewer?: Viewer; now?: string; timeZone?: string } = {},
): Promise<Ctx & { clock: ReturnType<typeof fixedClock> }> {
  const db = testDatabase();
  const id = newId();
  const slug = `c-${id.slice(-12)}`;
  const timeZone = options.timeZone ?? "UTC";
  await db.execute(sql`INSERT INTO community (id, slug, name, time_zone) VALUES (${id}, ${slug}, ${slug}, ${timeZone})`);
  return {
    db,
    clock: fixedClock(options.now ?? testNow),
    log: createLogger({ level: "silent" }),
    community: { id, slug, name: slug, timeZone },
    viewer: options.viewer ?? { kind: "system" },
  };
}

/** The same context through the eyes of a role. */
export function as(ctx: Ctx, role: Role | "anonymous"): Ctx {
  return { ...ctx, viewer: role === "anonymous" ? { kind: "anonymous" } : { kind: "account", accountId: `test-${role}`, role } };
}
