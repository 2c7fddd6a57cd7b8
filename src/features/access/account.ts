import { hashPassword } from "better-auth/crypto";
import { z } from "zod";
import type { CoreContext } from "#core/context.ts";
import { sql } from "#core/database/database.ts";
import { AppError } from "#core/errors.ts";
import { newId } from "#core/ids.ts";
import { checkPassword, passwordMaxLength } from "./password.ts";

/** Somebody who signs in. */
export interface Account {
  id: string;
  name: string;
  email: string;
  /** Whether the address was proven to be theirs. */
  emailVerified: boolean;
  image: string | null;
}

/** What a new account is made of; the form of set-up and invitations derives from it. */
export const newAccountSchema = z.object({
  name: z.string().trim().min(1, "Enter your name.").max(120),
  email: z
    .email("Enter an e-mail address.")
    .max(254)
    .transform((email) => email.toLowerCase()),
  password: z.string().max(passwordMaxLength),
});
export type NewAccount = z.input<typeof newAccountSchema>;

/**
 * Parses an input, turning what is wrong with it into the product's error.
 * @throws AppError `invalid_input` with one issue per field
 */
export function parseInput<Schema extends z.ZodType>(schema: Schema, input: unknown): z.output<Schema> {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.map((issue) => ({ path: issue.path.join("."), message: issue.message }));
  throw new AppError("invalid_input", { public: issues[0]?.message ?? "Some fields are not right.", issues });
}

/**
 * Makes an account with a password, in the caller's transaction. The rows are those that better-auth itself writes,
 * so that it signs the account in; it cannot join a transaction of ours.
 * @throws AppError `invalid_input` for a weak password, `conflict` when the address has an account
 */
export async function insertAccount(core: CoreContext, input: NewAccount): Promise<Account> {
  const { name, email, password } = parseInput(newAccountSchema, input);
  checkPassword(password, [name, email]);
  const id = newId();
  const now = core.clock.now().toISOString();
  const hash = await hashPassword(password);
  const inserted = await core.db.execute(sql`
    INSERT INTO auth_user (id, name, email, created_at, updated_at) VALUES (${id}, ${name}, ${email}, ${now}, ${now})
    ON CONFLICT (email) DO NOTHING`);
  if (inserted === 0) {
    const message = "There is an account with this address. Sign in with it instead.";
    throw new AppError("conflict", { public: message, issues: [{ path: "email", message }] });
  }
  await core.db.execute(sql`
    INSERT INTO auth_account (id, user_id, account_id, provider_id, password, created_at, updated_at)
    VALUES (${newId()}, ${id}, ${id}, 'credential', ${hash}, ${now}, ${now})`);
  return { id, name, email, emailVerified: false, image: null };
}

/** The account of an address, for commands on the machine itself. */
export async function findAccountByEmail(core: CoreContext, input: { email: string }): Promise<Account | undefined> {
  return core.db.first<Account>(sql`
    SELECT id, name, email, email_verified AS "emailVerified", image FROM auth_user WHERE email = ${input.email.trim().toLowerCase()}`);
}

/** The account of an id. */
export async function findAccount(core: CoreContext, input: { accountId: string }): Promise<Account | undefined> {
  return core.db.first<Account>(sql`
    SELECT id, name, email, email_verified AS "emailVerified", image FROM auth_user WHERE id = ${input.accountId}`);
}

/** Changes the name that the team reads. */
export async function renameAccount(core: CoreContext, input: { accountId: string; name: string }): Promise<void> {
  const name = parseInput(newAccountSchema.shape.name, input.name);
  await core.db.execute(sql`UPDATE auth_user SET name = ${name}, updated_at = ${core.clock.now().toISOString()} WHERE id = ${input.accountId}`);
}
