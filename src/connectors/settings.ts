import { z } from "zod";
import type { NormalizedChannel } from "#features/ledger/index.ts";

// What a setting's `.meta({ … })` may say besides `title` and `description`:
// - `secret: true`  encrypted at rest, never shown again, and only for reading live;
// - `for: "live"`   only for reading live: neither the form nor the command that brings in a file asks for it;
// - `for: "file"`   only for files;
// - `when: { kind: ["imap"] }`  asked only while the setting `kind` is one of these;
// - `hidden: true`  no form asks for it.

const levels = ["public", "members", "team", "restricted"] as const satisfies readonly NormalizedChannel["visibility"][];

/**
 * The setting that says who may see what a source brings in.
 * @param fallback `public` only where the source itself is public beyond doubt; what is not known stays with the team
 */
export function visibilitySetting(fallback: (typeof levels)[number]) {
  return z
    .enum(levels)
    .default(fallback)
    .meta({ title: "Who may see it", description: "Anybody, signed-in developers, the team, or only owners, admins and advocates." });
}

/**
 * A token, key or password: encrypted at rest, never shown again.
 * @param description where it is made and which rights it needs
 */
export function secretSetting(title: string, description: string) {
  return z.string().trim().meta({ title, description, secret: true });
}
