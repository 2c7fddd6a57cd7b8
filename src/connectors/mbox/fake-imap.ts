import type { AddressInfo } from "node:net";
import { createServer, type Server, type Socket } from "node:net";

/** A mail on the server: its number, its bytes, and what the server knows of it. */
export interface FakeMail {
  uid: number;
  source: string;
  flags?: string[];
  internalDate?: string;
}

/** A small IMAP server (RFC 3501) on this machine, which speaks what a reader of a folder needs and notes what it is told. */
export interface FakeImap {
  port: number;
  folders: Record<string, { uidValidity: number; mails: FakeMail[] }>;
  /** Commands as they came, without their tags; passwords included. */
  commands: string[];
  /** The password or token that signs in. */
  secret: string;
  startTls: boolean;
  /** Hangs up once this many mails were sent. */
  hangUpAfter: number;
  close(): Promise<void>;
}

/** Starts it. */
export async function startFakeImap(folders: FakeImap["folders"]): Promise<FakeImap> {
  const sockets = new Set<Socket>();
  const fake: FakeImap = {
    port: 0,
    folders,
    commands: [],
    secret: "secret",
    startTls: false,
    hangUpAfter: Number.POSITIVE_INFINITY,
    close: () => {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket)).on("error", () => undefined);
    serve(fake, socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  fake.port = (server.address() as AddressInfo).port;
  return fake;
}

function serve(fake: FakeImap, socket: Socket): void {
  let rest = "";
  let folder: FakeImap["folders"][string] | undefined;
  let asked: { tag: string; command: string } | undefined;
  const send = (line: string) => socket.write(`${line}\r\n`, "latin1");
  send("* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN AUTH=XOAUTH2 SASL-IR ID] ready");
  const answer = (tag: string, command: string) => {
    fake.commands.push(command);
    const word = /^(?:UID )?\S+/i.exec(command)?.[0]?.toUpperCase() ?? "";
    const ok = (text = "done") => send(`${tag} OK ${text}`);
    if (word === "CAPABILITY") {
      send(`* CAPABILITY IMAP4rev1 AUTH=PLAIN AUTH=XOAUTH2 SASL-IR ID${fake.startTls ? " STARTTLS" : ""}`);
      ok();
    } else if (/^AUTHENTICATE \S+$/i.test(command)) {
      // Without an initial response the client waits to be asked for it.
      asked = { tag, command };
      send("+ ");
    } else if (word === "AUTHENTICATE" || word === "LOGIN") {
      const given = word === "LOGIN" ? command : Buffer.from(command.split(" ").at(-1) ?? "", "base64").toString("utf8");
      if (given.includes(fake.secret)) ok("[CAPABILITY IMAP4rev1 ID NAMESPACE] signed in");
      else send(`${tag} NO [AUTHENTICATIONFAILED] Invalid credentials`);
    } else if (word === "ID") {
      send('* ID ("name" "fake")');
      ok();
    } else if (word === "NAMESPACE") {
      send('* NAMESPACE (("" "/")) NIL NIL');
      ok();
    } else if (word === "LIST" || word === "LSUB") {
      for (const name of Object.keys(fake.folders)) send(`* ${word} () "/" "${name}"`);
      ok();
    } else if (word === "EXAMINE" || word === "SELECT") {
      folder = fake.folders[/^\S+ "?([^"]+?)"?$/.exec(command)?.[1] ?? ""];
      if (!folder) return send(`${tag} NO [NONEXISTENT] Unknown mailbox`);
      send(`* ${folder.mails.length} EXISTS`);
      send("* 0 RECENT");
      send("* FLAGS (\\Seen \\Draft \\Deleted)");
      send(`* OK [UIDVALIDITY ${folder.uidValidity}] valid`);
      send(`* OK [UIDNEXT ${Math.max(0, ...folder.mails.map(({ uid }) => uid)) + 1}] next`);
      ok(`[${word === "EXAMINE" ? "READ-ONLY" : "READ-WRITE"}] open`);
    } else if (word === "UID SEARCH") {
      const set = /UID (\S+)/.exec(command.slice(4))?.[1] ?? "1:*";
      send(
        `* SEARCH ${select(folder?.mails ?? [], set, "uid")
          .map(({ mail }) => mail.uid)
          .join(" ")}`.trimEnd(),
      );
      ok();
    } else if (word === "FETCH" || word === "UID FETCH") {
      const [, set = "", items = ""] = /FETCH (\S+) \(?(.*?)\)?$/i.exec(command) ?? [];
      for (const { mail, number } of select(folder?.mails ?? [], set, word === "FETCH" ? "number" : "uid")) {
        if (/BODY\.PEEK\[\]/i.test(items) && fake.hangUpAfter-- <= 0) return void socket.destroy();
        send(`* ${number} FETCH (${describe(mail, items).join(" ")})`);
      }
      ok();
    } else if (word === "LOGOUT") {
      send("* BYE");
      ok();
      socket.end();
    } else if (word === "NOOP") ok();
    else send(`${tag} BAD unknown command`);
  };
  socket.on("data", (data) => {
    rest += data.toString("latin1");
    for (let end = rest.indexOf("\r\n"); end !== -1; end = rest.indexOf("\r\n")) {
      const line = rest.slice(0, end);
      rest = rest.slice(end + 2);
      const [, tag = "", command = ""] = /^(\S+) ?(.*)$/.exec(asked ? `${asked.tag} ${asked.command} ${line}` : line) ?? [];
      asked = undefined;
      answer(tag, command);
    }
  });
}

/** The mails of a set such as `3:5,9` or `4:*`; as in the standard, `n:*` always has the last one. */
function select(mails: readonly FakeMail[], set: string, by: "uid" | "number"): { mail: FakeMail; number: number }[] {
  const numbered = mails.map((mail, i) => ({ mail, number: i + 1 }));
  const keyOf = (one: (typeof numbered)[number]) => (by === "uid" ? one.mail.uid : one.number);
  const last = Math.max(0, ...numbered.map(keyOf));
  const ranges = set.split(",").map((part) => {
    const [from = 0, to = from] = part.split(":").map((edge) => (edge === "*" ? last : Number(edge)));
    return [Math.min(from, to), Math.max(from, to)] as const;
  });
  return numbered.filter((one) => ranges.some(([from, to]) => keyOf(one) >= from && keyOf(one) <= to));
}

function describe(mail: FakeMail, items: string): string[] {
  const found = [`UID ${mail.uid}`];
  if (/\bFLAGS\b/i.test(items)) found.push(`FLAGS (${(mail.flags ?? []).join(" ")})`);
  if (/INTERNALDATE/i.test(items)) found.push(`INTERNALDATE "${mail.internalDate ?? "05-Jan-2026 10:00:00 +0000"}"`);
  if (/RFC822\.SIZE/i.test(items)) found.push(`RFC822.SIZE ${mail.source.length}`);
  const fields = /BODY\.PEEK\[(HEADER\.FIELDS \([^)]*\))\]/i.exec(items)?.[1];
  if (fields) {
    const lines = `${/^list-id:.*$/im.exec(mail.source.split("\n\n")[0] ?? "")?.[0] ?? ""}\r\n\r\n`;
    found.push(`BODY[${fields}] {${lines.length}}\r\n${lines}`);
  }
  const body = /BODY\.PEEK\[\](<[\d.]+>)?/i.exec(items);
  if (body) found.push(`BODY[]${body[1] ? "<0>" : ""} {${mail.source.length}}\r\n${mail.source}`);
  return found;
}
