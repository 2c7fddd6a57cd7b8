import { index, integer, pgTable, text, timestamp, uuid } from "drizzle-orm/pg-core";

const at = (name: string) => timestamp(name, { withTimezone: true });

/** Mail on its way: written with what causes it, sent by a job, waiting here while there is no mail server. */
export const mailMessage = pgTable(
  "mail_message",
  {
    id: uuid("id").primaryKey(),
    /** Whose mail it is, such as a tenant's id: a list shows one scope only. Null for the installation's own. */
    scope: text("scope"),
    recipient: text("recipient").notNull(),
    subject: text("subject").notNull(),
    text: text("text").notNull(),
    html: text("html"),
    /** `waiting`, `sent`, `failed` */
    state: text("state").notNull().default("waiting"),
    attempts: integer("attempts").notNull().default(0),
    /** The mail server's last words, secrets masked. */
    error: text("error"),
    /** Equal keys are one mail: what a repeated job asks for again is not sent twice. */
    dedupeKey: text("dedupe_key").unique(),
    createdAt: at("created_at").notNull().defaultNow(),
    sentAt: at("sent_at"),
    /** No attempt before this moment. */
    nextAttemptAt: at("next_attempt_at").notNull().defaultNow(),
  },
  (t) => [index("mail_message_waiting").on(t.state, t.nextAttemptAt), index("mail_message_scope").on(t.scope, t.createdAt, t.id)],
);
