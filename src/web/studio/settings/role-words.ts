import type { Role } from "#features/access/index.ts";

/** What a role may do, in a few words. */
export const roleWords: Record<Role, string> = {
  owner: "everything, and makes other owners",
  admin: "runs team, keys, mail and settings",
  advocate: "works on the record: sources, links, signals",
  product: "reads all but private, decides on feedback",
  viewer: "reads",
  developer: "the portal only",
};
