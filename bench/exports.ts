import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { join } from "node:path";
import { writeDiscordExport } from "./discord-messages.ts";

/** An export that a bench made up. */
export interface MadeExport {
  connector: string;
  path: string;
  records: number;
}

const words = "The tide table says otherwise, and the pier is dry again: why does the client retry after the cache was emptied?";

/** Writes one export of each kind: a Discord channel, a mailbox, a Mattermost server and a Matrix room, each with so many messages. */
export async function writeExports(folder: string, records: number): Promise<MadeExport[]> {
  const at = (name: string) => join(folder, name);
  await writeDiscordExport(at("discord.json"), { messages: records, seed: 1 });
  await writeLines(at("tide.mbox"), mails(records));
  await writeLines(at("mattermost.jsonl"), posts(records));
  await writeMatrixExport(at("matrix.json"), records);
  return [
    { connector: "discord", path: at("discord.json"), records },
    { connector: "mbox", path: at("tide.mbox"), records },
    { connector: "mattermost", path: at("mattermost.jsonl"), records },
    { connector: "matrix", path: at("matrix.json"), records },
  ];
}

/** Writes a made-up room as Element writes one: messages, threads, answers, edits, reactions and redactions. */
export async function writeMatrixExport(path: string, records: number): Promise<void> {
  await writeLines(path, matrixExport(records));
}

async function writeLines(path: string, lines: Iterable<string>): Promise<void> {
  const out = createWriteStream(path, { highWaterMark: 4 * 1024 * 1024 });
  for (const line of lines) if (!out.write(line)) await once(out, "drain");
  out.end();
  await once(out, "close");
}

/** Threads of eight mails, each with the ids of those before it. */
function* mails(count: number): Generator<string> {
  const body = `${words}\n`.repeat(8);
  for (let n = 0; n < count; n++) {
    const root = n - (n % 8);
    const at = new Date(Date.UTC(2010, 0, 1) + n * 600_000).toUTCString();
    const ids = Array.from({ length: n - root }, (_, i) => `<m${root + i}.tide@lists.example.org>`);
    yield [
      `From p${n % 997}@example.org ${at}`,
      `From: Person ${n % 997} <p${n % 997}@example.org>`,
      `Date: ${at}`,
      `Subject: ${n === root ? "" : "Re: "}Tides of week ${root}`,
      `Message-ID: <m${n}.tide@lists.example.org>`,
      ...(n === root ? [] : [`References: ${ids.join("\n\t")}`]),
      "List-Id: <tide.lists.example.org>",
      "",
      body,
      "",
    ].join("\n");
  }
}

function* posts(count: number): Generator<string> {
  const line = (value: object) => `${JSON.stringify(value)}\n`;
  yield line({ type: "version", version: 1 });
  yield line({ type: "team", team: { name: "lantern", display_name: "Lantern", type: "O" } });
  yield line({ type: "channel", channel: { team: "lantern", name: "help", display_name: "Help", type: "O" } });
  for (let n = 0; n < 997; n++) yield line({ type: "user", user: { username: `user${n}`, email: `user${n}@example.org` } });
  const message = `${words} `.repeat(6);
  for (let n = 0; n < count; n += 4) {
    const post = (i: number) => ({
      user: `user${(n + i * 7) % 997}`,
      message: `${message}${n + i}`,
      create_at: Date.UTC(2020, 0, 1) + (n + i) * 60_000,
    });
    const replies = Array.from({ length: Math.min(3, count - n - 1) }, (_, i) => post(i + 1));
    yield line({
      type: "post",
      post: { team: "lantern", channel: "help", ...post(0), replies, reactions: [{ user: "user1", emoji_name: "+1", create_at: 1 }] },
    });
  }
}

function* matrixExport(count: number): Generator<string> {
  yield `{"room_name":"Lantern","room_creator":"@ada:example.org","topic":"","export_date":"1/1/2026","exported_by":"Ada","messages":[`;
  let separator = "";
  const event = (value: object) => {
    const text = `${separator}${JSON.stringify(value)}`;
    separator = ",\n";
    return text;
  };
  const base = (n: number) => ({
    room_id: "!lantern:example.org",
    sender: `@user${n % 997}:example.org`,
    origin_server_ts: Date.UTC(2020, 0, 1) + n * 60_000,
  });
  const id = (n: number) => `$${"x".repeat(30)}${n}`;
  const text = `${words} `.repeat(6);
  for (let n = 0; n < count; n++) {
    const relation =
      n % 10 === 3
        ? { "m.relates_to": { rel_type: "m.thread", event_id: id(n - 3), is_falling_back: true, "m.in_reply_to": { event_id: id(n - 3) } } }
        : {};
    const answer = n % 10 === 7 ? { "m.relates_to": { "m.in_reply_to": { event_id: id(n - 1) } } } : {};
    yield event({ type: "m.room.message", event_id: id(n), ...base(n), content: { msgtype: "m.text", body: `${text}${n}`, ...relation, ...answer } });
    if (n % 12 === 0) {
      const content = {
        msgtype: "m.text",
        body: `* ${text} edited`,
        "m.new_content": { msgtype: "m.text", body: `${text} edited ${n}` },
        "m.relates_to": { rel_type: "m.replace", event_id: id(n) },
      };
      yield event({ type: "m.room.message", event_id: `${id(n)}e`, ...base(n), content });
    }
    if (n % 5 === 0) {
      const content = { "m.relates_to": { rel_type: "m.annotation", event_id: id(n), key: "👍" } };
      yield event({ type: "m.reaction", event_id: `${id(n)}r`, ...base(n + 1), content });
    }
  }
  yield "]}";
}
