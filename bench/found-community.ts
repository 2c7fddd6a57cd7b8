import type { CoreContext } from "#core/context.ts";
import { type Ctx, completeSetup, createSetupToken } from "#features/access/index.ts";

/** The community and owner of a run. */
export interface Founded {
  slug: string;
  email: string;
  password: string;
  /** The owner's context on an open runtime. */
  ctxOf(core: CoreContext): Ctx;
}

/** Makes the first owner and community, as the set-up page does. */
export async function foundCommunity(core: CoreContext): Promise<Founded> {
  const owner = { email: "owner@bench.example.org", password: "measure-twice-cut-once-9", name: "Bench Owner" };
  const setup = await createSetupToken(core);
  if (!setup) throw new Error("the database of a run must be empty");
  const made = await completeSetup(core, { token: setup.token, owner, community: { slug: "lantern", name: "Lantern", timeZone: "Europe/Berlin" } });
  if (!made.ok) throw new Error(`the set-up link does not work: ${made.reason}`);
  const { account, community } = made;
  return {
    slug: community.slug,
    email: owner.email,
    password: owner.password,
    ctxOf: ({ db, clock, log }) => ({ db, clock, log, community, viewer: { kind: "account", accountId: account.id, role: "owner" } }),
  };
}
