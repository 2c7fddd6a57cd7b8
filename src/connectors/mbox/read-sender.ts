import addressparser from "nodemailer/lib/addressparser";
import type { NormalizedIdentity } from "#features/ledger/index.ts";
import { mailBotReason } from "../known-bots.ts";
import { identifyPerson, type NamedAddress, normalizeAddress } from "../person.ts";
import { decodeWords, type Headers, rawField } from "./parse-headers.ts";

/** Who sent a mail, or what it shows where nobody can be named. */
export type Sender = { identity: NormalizedIdentity; note?: string } | { unattributed: string };

/** As much of a field as is read: nobody writes to more people, and a hostile one must not take hours. */
const maxFieldChars = 5_000;
const via = /^["']?(.+?)["']? via .+$/i;

/**
 * Reads who sent a mail. List software that puts its own address into From («Mara via list») keeps the writer in
 * X-Original-From or Reply-To; where it does not, the name alone remains, inside this source.
 * @param scope names the source
 */
export function readSender(headers: Headers, fromLine: string, scope: string): Sender {
  const from = readAddresses(rawField(headers, "from"))[0];
  if (!from || (from.name === "" && from.address === "")) return fromEnvelope(headers, fromLine, scope);
  const rewritten = via.exec(from.name)?.[1];
  if (rewritten && isListAddress(from.address, headers)) {
    const lists = new Set([normalizeAddress(from.address), ...listAddresses(headers)]);
    for (const field of ["x-original-from", "x-original-sender", "reply-to"]) {
      const original = readAddresses(rawField(headers, field)).find((a) => a.address !== "" && !lists.has(normalizeAddress(a.address)));
      if (!original) continue;
      return identify({ name: original.name || rewritten, address: original.address }, scope, {
        note: `The list wrote ${from.address} as the sender; ${field} names the writer.`,
      });
    }
    return identify({ name: rewritten, address: from.address }, scope, {
      note: `The list wrote ${from.address} as the sender and names the writer nowhere.`,
      shared: true,
    });
  }
  return identify(from, scope, {});
}

function identify(person: NamedAddress, scope: string, options: { note?: string; shared?: boolean }): Sender {
  const identity = identifyPerson(person, { scope, ...(options.shared && { shared: true }) });
  if (!identity) return { unattributed: person.address || person.name || "no sender" };
  const bot = options.shared ? undefined : mailBotReason(normalizeAddress(person.address));
  return {
    identity: bot && !identity.kind ? { ...identity, kind: { value: "bot", reason: bot } } : identity,
    ...(options.note && { note: options.note }),
  };
}

/** Without a From field: the one who handed it in, or the "From " line's address. */
function fromEnvelope(headers: Headers, fromLine: string, scope: string): Sender {
  for (const field of ["sender", "reply-to", "return-path"]) {
    const address = readAddresses(rawField(headers, field))[0];
    if (address?.address && !isListAddress(address.address, headers))
      return identify(address, scope, { note: `It has no From field; ${field} names the sender.` });
  }
  const word = /^From (\S+(?: at \S+)?)\s/.exec(fromLine)?.[1]?.replace(" at ", "@");
  if (word?.includes("@")) return identify({ name: "", address: word }, scope, { note: 'It has no From field; its "From " line names the sender.' });
  return { unattributed: "no sender" };
}

function isListAddress(address: string, headers: Headers): boolean {
  const normalized = normalizeAddress(address);
  if (listAddresses(headers).includes(normalized)) return true;
  const domain = normalized.slice(normalized.lastIndexOf("@") + 1);
  return rawField(headers, "list-id").toLowerCase().includes(domain) || rawField(headers, "x-original-from") !== "";
}

function listAddresses(headers: Headers): string[] {
  const posts = [...rawField(headers, "list-post").matchAll(/mailto:([^?>\s]+)/gi)].map((match) => match[1] ?? "");
  const named = ["to", "cc", "x-beenthere"].flatMap((field) => readAddresses(rawField(headers, field)).map((a) => a.address));
  const id = /<([^<>]+)>/.exec(rawField(headers, "list-id"))?.[1]?.toLowerCase();
  const lists = named.filter((address) => id !== undefined && normalizeAddress(address).replace("@", ".") === id);
  return [...posts, ...lists].map(normalizeAddress);
}

/** Addresses of a field, names decoded; pipermail's «user at host.org» is read as the address it was. */
function readAddresses(raw: string): NamedAddress[] {
  if (raw === "") return [];
  const limited = raw.slice(0, maxFieldChars);
  const text = limited.includes("@") ? limited : limited.replace(/([^\s<>"(),;]+) at ([^\s<>"(),;]+)/, "$1@$2");
  const bytes = /[\u0080-\u00ff]/.test(text) ? decodeWords(text) : text;
  return addressparser(bytes, { flatten: true }).map(({ name, address }) => ({
    name: decodeWords(name).replace(/^'(.*)'$/, "$1"),
    address: decodeWords(address),
  }));
}
