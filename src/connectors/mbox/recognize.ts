import { closeSync, openSync, readSync } from "node:fs";
import { join } from "node:path";
import type { GlimpsedFile } from "#features/ledger/index.ts";
import { headBytes, isMailName, tellFormat } from "./tell-format.ts";

const mailboxName = /(?:\.mbox|\.mbx)(?:\.gz)?$/i;
const monthName =
  /(?:^|\/)(?:\d{4}-(?:january|february|march|april|may|june|july|august|september|october|november|december)|\d{4}q[1-4]|week-of-mon-\d{8})\.txt(?:\.gz)?$/i;

/** How sure it is that a file, folder or zip holds mails. */
export function recognizeMails({ path, head, isDirectory, entries }: GlimpsedFile): number {
  if (isDirectory || entries.length > 0) return recognizeMany(path, isDirectory, entries);
  const start = head.toString("latin1", 0, headBytes);
  switch (tellFormat(start, path)) {
    case "subscriptions":
      return 0.95;
    case "mail":
      return isMailName(path) ? 0.9 : countFields(start) >= 3 ? 0.8 : 0.4;
    case "mailbox":
      return /^From \S+.*\d{4}[^\n]*\r?\n/.test(start) ? 0.95 : start.startsWith("From ") ? 0.8 : 0.3;
    default:
      return 0;
  }
}

function recognizeMany(path: string, isDirectory: boolean, entries: GlimpsedFile["entries"]): number {
  const files = entries.filter(({ name, sizeBytes }) => sizeBytes > 0 || mailboxName.test(name));
  if (files.length === 0) return 0;
  const share = (test: (name: string) => boolean) => files.filter(({ name }) => test(name)).length / files.length;
  if (files.some(({ name }) => /(?:^|\/)(?:cur|new)\/\d+\.[^/]+$/.test(name))) return 0.95;
  const mails = share((name) => isMailName(name) || mailboxName.test(name) || monthName.test(name));
  if (mails === 1) return 0.95;
  if (mails >= 0.5) return 0.85;
  return isDirectory && holdsMailbox(path, files) ? 0.7 : mails > 0 ? 0.3 : 0;
}

/** Whether one of a folder's first files is a mailbox by its content, whatever it is called. */
function holdsMailbox(folder: string, files: GlimpsedFile["entries"]): boolean {
  for (const { name } of files.slice(0, 20)) {
    if (name.includes("/")) continue;
    const file = openSync(join(folder, name), "r");
    try {
      const head = Buffer.alloc(1024);
      const start = head.toString("latin1", 0, readSync(file, head));
      if (tellFormat(start, name) === "mailbox" && start.startsWith("From ")) return true;
    } finally {
      closeSync(file);
    }
  }
  return false;
}

const countFields = (start: string) => start.match(/^(?:From|To|Date|Subject|Message-ID|Received|Return-Path|Newsgroups)[ \t]*:/gim)?.length ?? 0;
