import fc from "fast-check";
import { expect, test } from "vitest";
import { sql } from "#core/database/database.ts";
import { createCtx } from "#tests/factories.ts";
import { addToBatch, emptyBatch, identityKey, type SeenIdentity } from "./merge-batch.ts";
import { SeenPeople } from "./seen-people.ts";
import { addIdentities, describeIdentities, findIdentities } from "./store-identities.ts";

interface Sighting {
  who: string;
  name?: string;
  avatar?: string;
  bot: boolean;
  verified: boolean;
  day?: number;
}

/** What one group of records says of the people in it. */
function seen(group: readonly Sighting[]): SeenIdentity[] {
  const batch = emptyBatch();
  for (const { who, name, avatar, bot, verified, day } of group) {
    const author = { platform: "test", externalId: who };
    const at = day === undefined ? undefined : new Date(Date.UTC(2026, 0, 1 + day));
    addToBatch(batch, {
      identities: [
        {
          ...author,
          ...(name !== undefined && { displayName: name }),
          ...(avatar !== undefined && { avatarUrl: avatar }),
          ...(bot && { kind: { value: "bot" as const, reason: "-" } }),
          ...(verified && { email: `${who}@example.org`, emailVerified: true }),
        },
      ],
      channels: [],
      threads: [],
      activities: at === undefined ? [] : [{ externalId: `${who}${day}`, kind: "message", channel: "c", author, occurredAt: at }],
    });
  }
  return [...batch.identities.values()].sort((a, b) => (identityKey(a) < identityKey(b) ? -1 : 1));
}

/** Stores groups one after the other and returns what is held then. */
async function store(groups: readonly (readonly Sighting[])[], remembering: boolean) {
  const ctx = await createCtx();
  const people = new SeenPeople();
  for (const group of groups) {
    const given = seen(group).filter((identity) => !remembering || people.idOf(identity) === undefined);
    const added = await addIdentities(ctx, { identities: given, held: await findIdentities(ctx, given) });
    await describeIdentities(ctx, { identities: given, added, links: [], ids: added.ids });
    people.add(given, added.ids);
  }
  return ctx.db.rows(sql`
    SELECT i.external_id, i.display_name, i.email, i.email_verified, i.avatar_url, i.kind, i.first_seen_at,
           (SELECT json_agg(json_build_array(l.kind, l.value, l.first_seen_at) ORDER BY l.kind, l.value) FROM identity_label l
            WHERE l.community_id = i.community_id AND l.identity_id = i.id) AS labels
    FROM identity i WHERE i.community_id = ${ctx.community.id} ORDER BY i.external_id`);
}

test("what a run remembers of people changes nothing of what it stores, whatever it meets in whichever order", async () => {
  const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
  const sighting = fc.record({
    who: fc.constantFrom("ann", "ben"),
    name: optional(fc.constantFrom("A", "B")),
    avatar: optional(fc.constantFrom("https://a.example/1.png", "https://a.example/2.png")),
    bot: fc.boolean(),
    verified: fc.boolean(),
    day: optional(fc.integer({ min: 0, max: 4 })),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(sighting, { minLength: 1, maxLength: 3 }), { minLength: 2, maxLength: 6 }), async (groups) => {
      expect(await store(groups, true)).toEqual(await store(groups, false));
    }),
    { numRuns: 40 },
  );
}, 60_000);

test("somebody of whom nothing new is said is not looked up again", () => {
  const people = new SeenPeople();
  const ann: Sighting = { who: "ann", name: "Ann", bot: false, verified: false, day: 3 };
  const [first] = seen([ann]);
  if (!first) throw new Error("nobody was seen");
  expect(people.idOf(first)).toBeUndefined();
  people.add([first], new Map([[identityKey(first), "1"]]));
  const idOf = (sighting: Sighting) => people.idOf(seen([sighting])[0] ?? first);
  expect(idOf({ ...ann, day: 4 })).toBe("1");
  expect(idOf({ ...ann, day: 2 })).toBeUndefined();
  expect(idOf({ ...ann, name: "Anna" })).toBeUndefined();
});
