import type { RawRecord, RejectedRecord } from "#features/ledger/index.ts";
import type { MailHead } from "./identify-mail.ts";
import type { MailPayload } from "./normalize.ts";
import { rawField } from "./parse-headers.ts";
import { type Placed, setAside } from "./read-mails.ts";

/** The stream of mails, the same from files, IMAP and archives on the web. */
export const mailStream = "mails";

/**
 * A mail as a record.
 * @param input.near a time for mails that bear none
 */
export function makeRecord(placed: Placed, input: { list: string; near?: Date | undefined }): RawRecord {
  const { mail, head, previous, received } = placed;
  const near = head.at || received ? undefined : input.near;
  const payload: MailPayload = {
    list: input.list,
    ...(head.isFragment && previous && { after: { id: previous.id, thread: previous.thread } }),
    ...(!head.at && received && { received: received.toISOString() }),
    ...(near && { near: near.toISOString() }),
    ...(mail.cutBytes > 0 && { cutBytes: mail.cutBytes }),
    fromLine: mail.fromLine,
    mail: mail.content.toString("latin1"),
  };
  const asOf = head.at ? { asOf: new Date(head.at.getTime() + completeness(head) * 1000).toISOString() } : {};
  return { stream: mailStream, externalId: head.key, payload, ...asOf };
}

/**
 * The time for a mail that bears none: right after its neighbour in the file, so that it never passes for the mail that
 * opened their thread.
 */
export function timeNear(placed: Placed, firstAt: Date | undefined): Date | undefined {
  const neighbour = placed.previous?.at ?? firstAt;
  return neighbour && new Date(neighbour.getTime() + 1);
}

/** Nothing says when it was sent: it would stand in 1970. */
export function rejectUndated({ place, mail }: Placed): RejectedRecord {
  return setAside(
    place,
    `${place} bears no date that can be read, in Date, Received or a "From " line.`,
    "Add a Date field and bring it in again, or leave it out.",
    mail.content.toString("latin1", 0, 300),
  );
}

/**
 * How much of the mail as it was sent this copy holds. A fuller copy counts as the newer one, so that it replaces what an
 * archive cut down, whichever came first: 0 with hidden addresses, 1 written anew by an archive, 2 as it was delivered.
 */
function completeness({ headers }: MailHead): number {
  const from = rawField(headers, "from");
  if (!from.includes("@") && / at /.test(from)) return 0;
  return headers.fields.some(({ name }) => name === "received" || name === "list-id" || name === "return-path") ? 2 : 1;
}
