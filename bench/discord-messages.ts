import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { finished } from "node:stream/promises";

const words =
  "the a to and how do I you it is not this that with when for in on error server client token build docs release table stream query index cache timeout retry please thanks anybody know works broken version upgrade config example function async await returns null undefined after before install deploy container memory fast slow bug fix issue".split(
    " ",
  );
const names = "ada bo cleo dara enno fay gus hana ivo june kai lena milo nora otis pia quin rosa sven tess uma vito wren xeno yara zeke".split(" ");
const begin = Date.UTC(2024, 0, 1);
const discordEpoch = 1_420_070_400_000;

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
function dice(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/**
 * Writes a made-up channel as DiscordChatExporter writes one: indented, oldest first, with replies, reactions, mentions,
 * files, boxes, apps, deleted accounts and lines of Discord's own.
 * @returns the size in bytes
 */
export async function writeDiscordExport(path: string, input: { messages: number; seed: number }): Promise<number> {
  const roll = dice(input.seed);
  const pick = (count: number) => Math.floor(roll() * count);
  const file = createWriteStream(path, { highWaterMark: 4 * 1024 * 1024 });
  const people = Array.from({ length: 4_000 }, (_, n) => person(n));
  const recent: string[] = [];
  const channel = "700000000000000101";
  const head = {
    guild: { id: "700000000000000001", name: "Lantern", iconUrl: "https://cdn.discordapp.com/embed/avatars/0.png" },
    channel: { id: channel, type: "GuildTextChat", categoryId: "700000000000000100", category: "Help", name: "general", topic: null },
    dateRange: { after: null, before: null },
    exportedAt: "2026-01-01T00:00:00+00:00",
  };
  file.write(`${JSON.stringify(head, null, 2).slice(0, -2)},\n  "messages": [`);
  for (let n = 0; n < input.messages; n++) {
    const at = begin + n * 30_000 + pick(29_000);
    const id = ((BigInt(at - discordEpoch) << 22n) + BigInt(n % 4096)).toString();
    // Few write most.
    const author = people[Math.floor(people.length * roll() ** 3)] ?? person(0);
    const mentioned = roll() < 0.1 ? people[pick(people.length)] : undefined;
    const answered = roll() < 0.25 ? recent[pick(recent.length)] : undefined;
    const joined = roll() < 0.01;
    const message = {
      id,
      type: joined ? "GuildMemberJoin" : answered ? "Reply" : "Default",
      timestamp: new Date(at).toISOString().replace("Z", "+00:00"),
      timestampEdited: roll() < 0.06 ? new Date(at + 60_000).toISOString().replace("Z", "+00:00") : null,
      callEndedTimestamp: null,
      isPinned: roll() < 0.001,
      content: joined ? "Joined the server." : sentence(pick, mentioned?.nickname),
      author,
      attachments:
        roll() < 0.05
          ? [{ id: `${n}`, url: `https://cdn.discordapp.com/attachments/1/${n}/log.txt?ex=1&hm=2`, fileName: "log.txt", fileSizeBytes: 1_000 + n }]
          : [],
      embeds:
        roll() < 0.03
          ? [
              {
                title: "Reading tables",
                url: "https://docs.example.org/tables",
                timestamp: null,
                description: sentence(pick),
                images: [],
                fields: [],
              },
            ]
          : [],
      stickers: [],
      reactions:
        roll() < 0.08
          ? [
              {
                emoji: { id: "", name: "👍", code: "thumbsup", isAnimated: false, imageUrl: "https://cdn.jsdelivr.net/x/1f44d.svg" },
                count: 1 + pick(9),
                users: [],
              },
            ]
          : [],
      mentions: mentioned ? [mentioned] : [],
      ...(answered && !joined && { reference: { type: "Default", messageId: answered, channelId: channel, guildId: head.guild.id } }),
      inlineEmojis: [],
    };
    recent[n % 50] = id;
    const text = `${n === 0 ? "" : ","}\n${JSON.stringify(message, null, 2).replace(/^/gm, "    ")}`;
    if (!file.write(text)) await once(file, "drain");
  }
  file.end(`\n  ],\n  "messageCount": ${input.messages}\n}\n`);
  await finished(file);
  return file.bytesWritten;
}

function person(n: number) {
  const name = `${names[n % names.length]}${n}`;
  const deleted = n % 97 === 96;
  return {
    id: (700_000_000_000_100_000n + BigInt(n)).toString(),
    name: deleted ? `deleted_user_${n.toString(16).padStart(12, "0")}` : name,
    discriminator: "0000",
    nickname: deleted ? "Deleted User" : `${name[0]?.toUpperCase()}${name.slice(1)}`,
    color: null,
    isBot: n % 211 === 210,
    roles: n % 5 === 0 ? [{ id: "700000000000000900", name: "Helper", color: "#00FF00", position: 3 }] : [],
    avatarUrl: `https://cdn.discordapp.com/avatars/${n}/0123456789abcdef0123456789abcdef.png?size=512`,
  };
}

function sentence(pick: (count: number) => number, mentioned?: string): string {
  const said = Array.from({ length: 3 + pick(22) }, () => words[pick(words.length)] ?? "");
  if (mentioned) said.unshift(`@${mentioned}`);
  return `${said.join(" ")}${pick(4) === 0 ? "?" : "."}`;
}
