export { scratch } from "../testing.ts";

/** What a made-up mail says; the rest has values that do. */
export interface MadeMail {
  id?: string;
  subject?: string;
  date?: string;
  from?: string;
  refs?: string[];
  answers?: string;
  body?: string;
  headers?: string;
}

/** A mail as it is delivered, without the line that a mailbox puts before it. */
export function writeMail(mail: MadeMail): string {
  return [
    `From: ${mail.from ?? "Mara <mara@example.org>"}`,
    ...(mail.date === "" ? [] : [`Date: ${mail.date ?? "Mon, 05 Jan 2026 10:00:00 +0000"}`]),
    `Subject: ${mail.subject ?? "tides"}`,
    ...(mail.id ? [`Message-ID: <${mail.id}>`] : []),
    ...(mail.refs?.length ? [`References: ${mail.refs.map((id) => `<${id}>`).join("\n\t")}`] : []),
    ...(mail.answers ? [`In-Reply-To: <${mail.answers}>`] : []),
    ...(mail.headers ? [mail.headers] : []),
    "",
    mail.body ?? "Words.",
    "",
  ].join("\n");
}

/** A mail as it stands in a mailbox. */
export function writeInMailbox(mail: MadeMail): string {
  return `From x@example.org Mon Jan  5 10:00:00 2026\n${writeMail(mail)}\n`;
}
