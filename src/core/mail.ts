import nodemailer from "nodemailer";
import { z } from "zod";
import type { Clock } from "./clock.ts";
import type { Config } from "./config.ts";
import { type Database, sql } from "./database/database.ts";
import { AppError } from "./errors.ts";
import { newId } from "./ids.ts";
import { defineJob, type Jobs } from "./jobs.ts";
import type { Logger } from "./log.ts";
import { decodeCursor, type Page, toPage } from "./page.ts";

export interface MailDraft {
  to: string;
  subject: string;
  /** Plain text; always given, since not every reader shows HTML. */
  text: string;
  html?: string;
  /** Whose mail it is, such as a tenant's id; lists show one scope only. */
  scope?: string;
  /** Equal keys are one mail, however often it is asked for. */
  dedupeKey?: string;
}

/** A mail as the Studio's outbox lists it. */
export interface MailRow {
  id: string;
  recipient: string;
  subject: string;
  text: string;
  state: "waiting" | "sent" | "failed";
  attempts: number;
  error: string | null;
  createdAt: Date;
  sentAt: Date | null;
}

export interface TestMailResult {
  ok: boolean;
  /** What was said on the wire, one line each: `>` we, `<` the mail server. Secrets are masked. */
  transcript: string[];
  error: string | null;
}

export interface Mailer {
  /** Whether a mail server is set up; without one mail waits in the outbox. */
  readonly configured: boolean;
  readonly from: string;
  /**
   * Puts a mail into the outbox. With `tx` it exists when, and only when, that transaction commits.
   * @returns the mail's id; of the earlier one when the dedupe key is known
   */
  queue(draft: MailDraft, tx?: Database): Promise<string>;
  /** The outbox of one scope, newest first; `scope: null` is the installation's own. */
  list(input: { scope: string | null; state?: MailRow["state"]; after?: string; limit: number }): Promise<Page<MailRow>>;
  /** Puts a mail that failed back in line. */
  retry(input: { id: string; scope: string | null }): Promise<void>;
  /** Sends what is due. Called by the job; safe to run twice at a time. @returns how many were sent */
  deliver(signal?: AbortSignal): Promise<{ sent: number; failed: number }>;
  /** Sends a test mail at once and says how the mail server answered. */
  sendTest(to: string): Promise<TestMailResult>;
}

export interface MailerOptions {
  config: Pick<Config, "smtpUrl" | "mailFrom">;
  db: Database;
  clock: Clock;
  log: Logger;
  /** Late, since jobs come after the mailer; absent where nothing runs jobs. */
  jobs?: () => Jobs | undefined;
}

const attemptsMax = 8;

/** Sends mail from the outbox. At least once: a crash between the server's yes and our note repeats one mail. */
export const deliverMailJob = defineJob({
  name: "mail-deliver",
  title: "Send waiting mail",
  payload: z.object({}),
  attempts: 3,
  delivery: "At least once: a crash between the mail server's yes and our note of it sends one mail again.",
  cron: "* * * * *",
  singleton: true,
  timeoutSeconds: 300,
  async run(services, _payload, { signal }) {
    await services.mail.deliver(signal);
  },
});

/** Makes the mailer. */
export function createMailer(options: MailerOptions): Mailer {
  const { config, db, clock, log } = options;
  return {
    configured: config.smtpUrl !== undefined,
    from: config.mailFrom,
    async queue(draft, tx) {
      const id = newId();
      const now = clock.now();
      const stored = await (tx ?? db).first<{ id: string }>(sql`
        INSERT INTO mail_message (id, scope, recipient, subject, text, html, dedupe_key, created_at, next_attempt_at)
        VALUES (${id}, ${draft.scope ?? null}, ${oneLine(draft.to)}, ${oneLine(draft.subject)}, ${draft.text}, ${draft.html ?? null}, ${draft.dedupeKey ?? null}, ${now}, ${now})
        ON CONFLICT (dedupe_key) DO UPDATE SET dedupe_key = excluded.dedupe_key
        RETURNING id`);
      if (config.smtpUrl) await options.jobs?.()?.send(deliverMailJob, {}, tx ? { tx } : {});
      return stored?.id ?? id;
    },
    async list({ scope, state, after, limit }) {
      const [afterAt, afterId] = after ? decodeCursor(after, ["time", "id"]) : [null, null];
      const rows = await db.rows<MailRow & { createdKey: string }>(sql`
        SELECT id, recipient, subject, text, state, attempts, error, created_at AS "createdAt", created_at::text AS "createdKey", sent_at AS "sentAt"
        FROM mail_message
        WHERE scope IS NOT DISTINCT FROM ${scope}
          AND (${state ?? null}::text IS NULL OR state = ${state ?? null})
          AND (${afterAt}::timestamptz IS NULL OR (created_at, id) < (${afterAt}::timestamptz, ${afterId}::uuid))
        ORDER BY created_at DESC, id DESC LIMIT ${limit + 1}`);
      const page = toPage(rows, limit, (row) => [row.createdKey, row.id]);
      return { next: page.next, rows: page.rows.map(({ createdKey: _, ...row }) => row) };
    },
    async retry({ id, scope }) {
      const touched = await db.execute(sql`
        UPDATE mail_message SET state = 'waiting', attempts = 0, error = NULL, next_attempt_at = ${clock.now()}
        WHERE id = ${id} AND scope IS NOT DISTINCT FROM ${scope} AND state = 'failed'`);
      if (touched === 0) throw new AppError("not_found", { public: "There is no failed mail with this id." });
      if (config.smtpUrl) await options.jobs?.()?.send(deliverMailJob, {});
    },
    async deliver(signal) {
      const outcome = { sent: 0, failed: 0 };
      if (!config.smtpUrl) return outcome;
      const transport = nodemailer.createTransport(config.smtpUrl);
      try {
        while (!signal?.aborted) {
          const result = await deliverNext({ db, clock, transport, from: config.mailFrom, log, smtpUrl: config.smtpUrl });
          if (result === "none") break;
          outcome[result] += 1;
        }
      } finally {
        transport.close();
      }
      return outcome;
    },
    sendTest: (to) => sendTest(config, to),
  };
}

interface Delivery {
  db: Database;
  clock: Clock;
  transport: ReturnType<typeof nodemailer.createTransport>;
  from: string;
  log: Logger;
  smtpUrl: string;
}

/** Claims the next mail that is due by moving its next attempt into the future, sends it, notes the outcome. */
async function deliverNext({ db, clock, transport, from, log, smtpUrl }: Delivery): Promise<"sent" | "failed" | "none"> {
  const now = clock.now();
  const claimUntil = new Date(now.getTime() + 10 * 60_000);
  const mail = await db.first<{ id: string; recipient: string; subject: string; text: string; html: string | null; attempts: number }>(sql`
    UPDATE mail_message SET attempts = attempts + 1, next_attempt_at = ${claimUntil}
    WHERE id = (SELECT id FROM mail_message WHERE state = 'waiting' AND next_attempt_at <= ${now} ORDER BY next_attempt_at LIMIT 1 FOR UPDATE SKIP LOCKED)
    RETURNING id, recipient, subject, text, html, attempts`);
  if (!mail) return "none";
  try {
    await transport.sendMail({
      from,
      to: mail.recipient,
      subject: mail.subject,
      text: mail.text,
      ...(mail.html === null ? {} : { html: mail.html }),
      // The same on every attempt, so that a mail server or reader can drop a repeated one.
      messageId: `<${mail.id}@${domainOf(from)}>`,
    });
    await db.execute(sql`UPDATE mail_message SET state = 'sent', sent_at = ${clock.now()}, error = NULL WHERE id = ${mail.id}`);
    return "sent";
  } catch (error) {
    const words = maskSecrets(error instanceof Error ? error.message : String(error), smtpUrl);
    const permanent = (error as { responseCode?: number }).responseCode;
    const over = mail.attempts >= attemptsMax || (permanent !== undefined && permanent >= 550 && permanent < 560);
    const next = new Date(now.getTime() + 60_000 * 2 ** Math.min(mail.attempts, 8));
    await db.execute(
      sql`UPDATE mail_message SET state = ${over ? "failed" : "waiting"}, error = ${words}, next_attempt_at = ${next} WHERE id = ${mail.id}`,
    );
    log.warn(
      { mailId: mail.id, attempts: mail.attempts, error: words },
      over ? "mail could not be sent and will not be tried again" : "mail could not be sent, will be tried again",
    );
    return "failed";
  }
}

async function sendTest(config: MailerOptions["config"], to: string): Promise<TestMailResult> {
  if (!config.smtpUrl) {
    return {
      ok: false,
      transcript: [],
      error: "No mail server is set up. Set CAUSEWAY_SMTP_URL, for example smtp://user:password@mail.example.org:587, and restart.",
    };
  }
  const smtpUrl = config.smtpUrl;
  const transcript: string[] = [];
  const note = (entry: unknown, ...words: unknown[]) => {
    const side = (entry as { tnx?: string } | undefined)?.tnx;
    const mark = side === "client" ? ">" : side === "server" ? "<" : "·";
    for (const line of words.map(String).join(" ").split(/\r?\n/)) if (line !== "") transcript.push(`${mark} ${maskSecrets(line, smtpUrl)}`);
  };
  const logger = { level: () => {}, trace: note, debug: note, info: note, warn: note, error: note, fatal: note };
  const transport = nodemailer.createTransport({
    url: smtpUrl,
    logger,
    debug: true,
    connectionTimeout: 10_000,
    greetingTimeout: 10_000,
    socketTimeout: 20_000,
  });
  try {
    await transport.sendMail({
      from: config.mailFrom,
      to: oneLine(to),
      subject: "Causeway test mail",
      text: "This mail says that Causeway can send mail. Nothing else is needed.",
    });
    return { ok: true, transcript, error: null };
  } catch (error) {
    return { ok: false, transcript, error: maskSecrets(error instanceof Error ? error.message : String(error), smtpUrl) };
  } finally {
    transport.close();
  }
}

/** Takes the mail server's password out of a text, in the clear and as AUTH sends it. */
function maskSecrets(text: string, smtpUrl: string): string {
  const url = URL.parse(smtpUrl);
  const user = decodeURIComponent(url?.username ?? "");
  const password = decodeURIComponent(url?.password ?? "");
  let masked = text.replace(/^(AUTH \S+) .+$/i, "$1 ••••");
  if (password !== "") {
    const plain = Buffer.from(`\0${user}\0${password}`).toString("base64");
    for (const secret of [password, encodeURIComponent(password), Buffer.from(password).toString("base64"), plain])
      masked = masked.replaceAll(secret, "••••");
  }
  return masked;
}

/** Header values hold no line breaks, whatever somebody typed. */
function oneLine(text: string): string {
  return text.replace(/[\r\n]+/g, " ").trim();
}

function domainOf(from: string): string {
  return /@([\w.-]+)/.exec(from)?.[1] ?? "localhost";
}
