import { type FetchMessageObject, ImapFlow } from "imapflow";
import { AppError } from "#core/errors.ts";
import type { HttpClient } from "#core/http.ts";
import type { ConnectInput, LiveIdentity } from "#features/ledger/index.ts";
import { type LiveSettings, requireSettings } from "./live-settings.ts";
import { parseHeaders, readListId } from "./parse-headers.ts";

/** An open, read-only folder on an IMAP server. */
export interface ImapFolder {
  client: ImapFlow;
  mails: number;
  /** With another one, all numbers of mails mean something else. */
  uidValidity: string;
  close(): Promise<void>;
}

/** Which list a folder is of. */
export interface FolderList {
  /** Its List-Id, where the mails name one. */
  list: string | undefined;
  /** Of the newest mails: how many were looked at, and how many name the list. */
  seen: number;
  named: number;
}

const sampleSize = 50;
const timeoutMs = 30_000;

/** Signs in, looks into the folder, and says which list it holds. */
export async function connectImap({ settings, http, signal }: ConnectInput<LiveSettings>): Promise<LiveIdentity> {
  const folder = await openFolder({ settings, http, signal });
  try {
    const found = await findList(folder, settings.list);
    const name = found.list ?? fallbackName(settings);
    const others = found.list !== undefined && found.named > 0 && found.named < found.seen;
    const rest =
      found.named > 0 ? `Only mails that name the list ${found.list} are read.` : "All mails in it are read: none of the newest names a list.";
    return {
      origin: `mbox:${name}`,
      name,
      says: `Signed in as ${settings.user} at ${settings.host}; the folder ${settings.folder} holds ${folder.mails.toLocaleString("en")} mails. ${rest}${others ? ` ${found.seen - found.named} of the newest ${found.seen} do not and stay out.` : ""} Nothing is marked as read.`,
    };
  } finally {
    await folder.close();
  }
}

/** What to call a folder whose mails name no list. */
export function fallbackName(settings: LiveSettings): string {
  return settings.list?.trim().toLowerCase() || `${settings.user}@${settings.host}/${settings.folder}`.toLowerCase();
}

/**
 * Signs in and opens the folder read-only (EXAMINE), so that nothing in it changes.
 * @throws AppError `invalid_input` for what is missing, `forbidden` for a refused sign-in, `not_found` for no such folder,
 *   `upstream_failed`
 */
export async function openFolder(input: { settings: LiveSettings; http: HttpClient; signal: AbortSignal }): Promise<ImapFolder> {
  const { settings, http, signal } = input;
  requireSettings(settings, {
    host: "give the IMAP server's name",
    user: "give the user",
    ...(settings.token ? {} : { password: "give the password or an OAuth access token" }),
  });
  if (!http.resolveHost) throw new AppError("internal", { public: "This run has no way out to other servers." });
  // Connects to the very address that was checked: nothing resolves the name a second time.
  const [target] = await http.resolveHost(settings.host, settings.port);
  if (!target) throw new AppError("upstream_failed", { public: `There is no host ${settings.host}. Check the address.` });
  const client = new ImapFlow({
    host: target.address,
    servername: settings.host,
    port: settings.port,
    secure: settings.security === "tls",
    ...(settings.security !== "tls" && { doSTARTTLS: settings.security === "starttls" }),
    auth: settings.token ? { user: settings.user, accessToken: settings.token } : { user: settings.user, pass: settings.password },
    logger: false,
    disableAutoIdle: true,
    clientInfo: { name: "Causeway" },
    connectionTimeout: timeoutMs,
    greetingTimeout: timeoutMs,
    socketTimeout: 120_000,
  });
  // A lost connection also fails the command at work; without a listener it would end the process.
  client.on("error", () => undefined);
  const stop = () => client.close();
  signal.addEventListener("abort", stop, { once: true });
  const close = async () => {
    signal.removeEventListener("abort", stop);
    await client.logout().catch(() => undefined);
    client.close();
  };
  try {
    await client.connect();
    const mailbox = await client.mailboxOpen(settings.folder, { readOnly: true });
    return { client, mails: mailbox.exists, uidValidity: String(mailbox.uidValidity), close };
  } catch (error) {
    signal.throwIfAborted();
    const failure = await explain(error, client, settings);
    await close();
    throw failure;
  }
}

/** What a failure of the server means for who set it up. */
async function explain(error: unknown, client: ImapFlow, settings: LiveSettings): Promise<AppError> {
  const { authenticationFailed, responseText, responseStatus, code, message } = error as Partial<Record<string, string>> & {
    authenticationFailed?: boolean;
  };
  const said = responseText ?? message ?? String(error);
  const where = `${settings.host}:${settings.port}`;
  if (authenticationFailed) {
    const hint = settings.token
      ? "OAuth access tokens end within hours: get a new one, or use an app password."
      : "Check user and password. Many providers want an app password, or IMAP switched on in their settings.";
    return new AppError("forbidden", { public: `${where} refuses to sign in ${settings.user}: ${said}. ${hint}`, cause: error });
  }
  if (client.usable && responseStatus === "NO") {
    const folders = await client.list().catch(() => []);
    const names = folders.slice(0, 30).map(({ path }) => path);
    return new AppError("not_found", {
      public: `There is no folder «${settings.folder}» at ${where}, or it may not be read: ${said}.${names.length > 0 ? ` It has: ${names.join(", ")}.` : ""}`,
      cause: error,
    });
  }
  const tls =
    settings.security === "starttls"
      ? "Does it offer STARTTLS? Nothing was sent without."
      : "Check server, port and encryption (993 goes with TLS, 143 with STARTTLS).";
  return new AppError("upstream_failed", { public: `${where} cannot be read by IMAP: ${said}${code ? ` (${code})` : ""}. ${tls}`, cause: error });
}

/**
 * Looks at the newest mails for the list that they name.
 * @param wanted the list as its owner says; else the one that at least half of them name
 */
export async function findList(folder: ImapFolder, wanted: string | undefined): Promise<FolderList> {
  if (folder.mails === 0) return { list: wanted?.trim().toLowerCase(), seen: 0, named: 0 };
  const newest = await folder.client.fetchAll(`${Math.max(1, folder.mails - sampleSize + 1)}:*`, { uid: true, headers: ["list-id"] });
  const counts = new Map<string, number>();
  for (const mail of newest) {
    const list = listOf(mail);
    if (list) counts.set(list, (counts.get(list) ?? 0) + 1);
  }
  const given = wanted?.trim().toLowerCase();
  const [top] = [...counts].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1));
  const list = given || (top && top[1] * 2 >= newest.length ? top[0] : undefined);
  return { list, seen: newest.length, named: list === undefined ? 0 : (counts.get(list) ?? 0) };
}

/** The list that a mail names, of which the field List-Id alone was fetched. */
export function listOf(mail: FetchMessageObject): string | undefined {
  return mail.headers && readListId(parseHeaders(mail.headers.toString("latin1")));
}
