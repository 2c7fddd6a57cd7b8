import type { AddressInfo } from "node:net";
import { createServer, type Socket } from "node:net";
import { afterEach, expect, test } from "vitest";
import { createCtx, testDatabase } from "#tests/factories.ts";
import { sql } from "./database/database.ts";
import { newId } from "./ids.ts";
import { createLogger } from "./log.ts";
import { createMailer } from "./mail.ts";

const log = createLogger({ level: "silent" });
const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

/** A mail server that takes everything, or refuses recipients. */
async function startSmtp(options: { refuse?: string } = {}): Promise<{ port: number; received: string[] }> {
  const received: string[] = [];
  const server = createServer((socket: Socket) => {
    let inData = false;
    let message = "";
    socket.write("220 test ready\r\n");
    socket.on("data", (chunk) => {
      for (const line of String(chunk).split("\r\n")) {
        if (inData) {
          if (line === ".") {
            inData = false;
            received.push(message);
            socket.write("250 taken\r\n");
          } else message += `${line}\n`;
        } else if (/^EHLO/i.test(line)) socket.write("250-test\r\n250 AUTH PLAIN\r\n");
        else if (/^AUTH/i.test(line)) socket.write("235 welcome\r\n");
        else if (/^RCPT/i.test(line)) socket.write(options.refuse ? `${options.refuse}\r\n` : "250 ok\r\n");
        else if (/^DATA/i.test(line)) {
          inData = true;
          message = "";
          socket.write("354 go on\r\n");
        } else if (/^QUIT/i.test(line)) socket.end("221 bye\r\n");
        else if (line !== "") socket.write("250 ok\r\n");
      }
    });
    socket.on("error", () => {});
  });
  await new Promise<void>((settle) => server.listen(0, "127.0.0.1", settle));
  closers.push(() => server.close());
  return { port: (server.address() as AddressInfo).port, received };
}

async function mailer(smtpUrl?: string) {
  const ctx = await createCtx();
  return { ctx, mail: createMailer({ config: { smtpUrl, mailFrom: "Team <team@example.org>" }, db: testDatabase(), clock: ctx.clock, log }) };
}

test("without a mail server mail waits in the outbox, each scope seeing its own", async () => {
  const { ctx, mail } = await mailer();
  expect(mail.configured).toBe(false);
  await mail.queue({ to: "ada@example.org", subject: "Hello\r\nBcc: everybody@example.org", text: "Hi", scope: ctx.community.id });
  expect(await mail.deliver()).toEqual({ sent: 0, failed: 0 });
  const { rows } = await mail.list({ scope: ctx.community.id, limit: 10 });
  expect(rows).toMatchObject([{ recipient: "ada@example.org", subject: "Hello Bcc: everybody@example.org", state: "waiting", attempts: 0 }]);
  expect((await mail.list({ scope: newId(), limit: 10 })).rows).toEqual([]);
});

test("mail goes out once with its dedupe key, and a rolled back transaction sends nothing", async () => {
  const smtp = await startSmtp();
  const { ctx, mail } = await mailer(`smtp://user:hunter2@127.0.0.1:${smtp.port}`);
  await testDatabase().execute(sql`UPDATE mail_message SET state = 'failed' WHERE state = 'waiting'`);
  const key = newId();
  const first = await mail.queue({ to: "ada@example.org", subject: "Once", text: "Grüße", dedupeKey: key, scope: ctx.community.id });
  expect(await mail.queue({ to: "ada@example.org", subject: "Once", text: "Grüße", dedupeKey: key, scope: ctx.community.id })).toBe(first);
  await ctx.db
    .transaction(async (tx) => {
      await mail.queue({ to: "bob@example.org", subject: "Never", text: "no" }, tx);
      throw new Error("no");
    })
    .catch(() => undefined);
  expect(await mail.deliver()).toEqual({ sent: 1, failed: 0 });
  expect(smtp.received).toHaveLength(1);
  expect(smtp.received[0]).toContain("Subject: Once");
  expect((await mail.list({ scope: ctx.community.id, limit: 5 })).rows).toMatchObject([{ state: "sent" }]);
});

test("a passing failure is tried again later, a final one is not; the password stays out of the note", async () => {
  const { ctx, mail } = await mailer("smtp://user:hunter2@127.0.0.1:1");
  await testDatabase().execute(sql`UPDATE mail_message SET state = 'failed' WHERE state = 'waiting'`);
  await mail.queue({ to: "ada@example.org", subject: "Later", text: "x", scope: ctx.community.id });
  expect(await mail.deliver()).toEqual({ sent: 0, failed: 1 });
  const [row] = (await mail.list({ scope: ctx.community.id, limit: 5 })).rows;
  expect(row).toMatchObject({ state: "waiting", attempts: 1 });
  expect(row?.error).not.toContain("hunter2");
  expect(await mail.deliver()).toEqual({ sent: 0, failed: 0 });

  const refusing = await startSmtp({ refuse: "550 no such person" });
  const other = createMailer({
    config: { smtpUrl: `smtp://127.0.0.1:${refusing.port}`, mailFrom: "team@example.org" },
    db: testDatabase(),
    clock: ctx.clock,
    log,
  });
  ctx.clock.set(new Date(ctx.clock.now().getTime() + 3_600_000));
  await other.deliver();
  const [failed] = (await mail.list({ scope: ctx.community.id, limit: 5 })).rows;
  expect(failed).toMatchObject({ state: "failed" });
  expect(failed?.error).toContain("no such person");
  await other.retry({ id: failed?.id ?? "", scope: ctx.community.id });
  expect((await mail.list({ scope: ctx.community.id, limit: 5 })).rows).toMatchObject([{ state: "waiting", attempts: 0 }]);
  await testDatabase().execute(sql`DELETE FROM mail_message WHERE scope = ${ctx.community.id}`);
});

test("a test mail shows the dialogue with the mail server, without the password", async () => {
  const smtp = await startSmtp();
  const { mail } = await mailer(`smtp://user:hunter2@127.0.0.1:${smtp.port}`);
  const result = await mail.sendTest("ada@example.org");
  expect(result).toMatchObject({ ok: true, error: null });
  const text = result.transcript.join("\n");
  expect(text).toMatch(/< 220 test ready/);
  expect(text).toMatch(/> RCPT TO:<ada@example.org>/);
  expect(text).toMatch(/AUTH PLAIN ••••|AUTH PLAIN \/\* secret \*\//);
  expect(text).not.toContain("hunter2");
  expect(text).not.toContain(Buffer.from("\0user\0hunter2").toString("base64"));
  const unset = await (await mailer()).mail.sendTest("ada@example.org");
  expect(unset).toMatchObject({ ok: false, error: expect.stringContaining("CAUSEWAY_SMTP_URL") });
});
