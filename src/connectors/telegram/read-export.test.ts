import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { openFile } from "#features/ledger/index.ts";
import { countKinds } from "../testing.ts";
import { ChatCutter } from "./cut-chats.ts";
import { telegram } from "./index.ts";
import { account, chat, forum, key, message, read, scratch, write } from "./testing.ts";

const real = join(import.meta.dirname, "../../../../shared/data");

describe("telegram: the file", () => {
  it("reads folders, zips and packed files as the file itself, and parts of one chat as one", async () => {
    const { folded } = await read(forum);
    const text = await readFile(forum, "utf8");
    const path = await scratch(text, "ChatExport_2026-01-09/result.json");
    const folder = join(path, "..");
    await writeFile(join(folder, "photo.jpg"), "x");
    expect((await read(folder)).folded).toEqual(folded);
    const zip = join(folder, "../export.zip");
    execFileSync("python3", ["-m", "zipfile", "-c", zip, folder]);
    expect((await read(zip)).folded).toEqual(folded);
    await writeFile(join(folder, "result.json"), gzipSync(text));
    expect((await read(join(folder, "result.json"))).folded).toEqual(folded);
    await writeFile(join(folder, "result2.json"), text);
    expect((await read(folder)).identity).toEqual({ origin: `telegram:${key}`, name: "Tide Tools" });
    await writeFile(join(folder, "result3.json"), write([message(1)]));
    await expect(read(folder)).rejects.toThrow(/exports of 2 chats or accounts: Tide Tools, Crew\. Bring them in one after the other/);
  });

  it("is refused wherever it is cut off, saying where", async () => {
    for (const path of [forum, account]) {
      const bytes = await readFile(path);
      await fc.assert(
        fc.asyncProperty(fc.integer({ min: 1, max: bytes.length - 2 }), async (at) => {
          await expect(read(await scratch(bytes.subarray(0, at)))).rejects.toThrow(/is cut off: it ends at byte [\d,]+ \(line \d+\)/);
        }),
        { numRuns: 25 },
      );
    }
    await expect(read(await scratch('{"name":"Crew","type":"private_group","id":5,"messages":[{"id":1},{"id":2,"te'))).rejects.toThrow(
      /line 1\), inside messages\[1\], before it is closed\. Wait until Telegram Desktop says/,
    );
  });

  it("is refused where it is broken, saying where", async () => {
    const broken = write([message(1), message(2)]).replace('"words 2"', "words 2");
    await expect(read(await scratch(broken))).rejects.toThrow(/not valid JSON at line 1 \(byte \d+\), in messages\[1\]\./);
    await expect(read(await scratch('{"name":"x" "type":"y"}'))).rejects.toThrow(/at line 1 \(byte 12\), at name: a "," or "}" was expected/);
    await expect(read(await scratch(`${write([])}]`))).rejects.toThrow(/the end of the file was expected/);
    await expect(read(await scratch(JSON.stringify({ messages: [message(1)], ...chat })))).rejects.toThrow(
      /before messages\[0\] \(line 1\) its chat has no "id" and no "type"\. Another program has changed the file/,
    );
  });

  it("is cut into the same messages whatever the pieces in which it is read", async () => {
    for (const path of [forum, account]) {
      const bytes = await readFile(path);
      const cut = (sizes: number[]) => {
        const cutter = new ChatCutter("x");
        const pieces = [];
        for (let at = 0, n = 0; at < bytes.length; n++) {
          const size = sizes[n % sizes.length] ?? 1;
          pieces.push(...cutter.push(bytes.subarray(at, at + size)));
          at += size;
        }
        cutter.end();
        return pieces;
      };
      const whole = cut([bytes.length]);
      fc.assert(
        fc.property(fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 9 }), (sizes) => {
          expect(cut(sizes)).toEqual(whole);
        }),
        { numRuns: 30 },
      );
    }
  });

  it("is recognised by what it begins with, and other files are not", async () => {
    const sure = async (path: string) => telegram.recognizes?.(await openFile(path));
    expect(await sure(forum)).toBe(1);
    expect(await sure(account)).toBe(0.95);
    expect(await sure(await scratch(gzipSync(await readFile(forum)), "result.json.gz"))).toBe(1);
    const folder = join(await scratch("x", "ChatExport_2026-01-09/result.json"), "..");
    expect(await sure(folder)).toBe(0.95);
    expect(await sure(await scratch('{"messages":[{"id":1,"type":"stream","sender_id":2}]}'))).toBe(0);
    expect(await sure(await scratch('{"guild":{"id":"1"},"channel":{"id":"2","type":"GuildTextChat"},"messages":[]}'))).toBe(0);
  });

  it("says of other files what they are and what to do", async () => {
    await expect(read(await scratch("<!DOCTYPE html>", "messages.html"))).rejects.toThrow(
      /a web page\. In Telegram Desktop .* «Machine-readable JSON»/,
    );
    const pages = join(await scratch("<html>", "ChatExport_2026-01-09/messages.html"), "..");
    expect(telegram.recognizes?.(await openFile(pages))).toBe(0.6);
    await expect(read(pages)).rejects.toThrow(/was exported as HTML/);
    await expect(read(await scratch('{"ok":true,"result":[]}'))).rejects.toThrow(/answer of Telegram's Bot API/);
    await expect(read(await scratch('{"issues":[]}'))).rejects.toThrow(/neither "messages"/);
    await expect(read(await scratch(""))).rejects.toThrow(/empty/);
  });
});

describe("telegram: real files (skipped where ../shared/data is absent)", () => {
  it("reads every message of chat-analytics' samples, twice alike", async (test) => {
    const folder = join(real, "telegram-export/chat-analytics");
    if (!existsSync(folder)) test.skip("needs ../shared/data");
    for (const name of readdirSync(folder)) {
      const path = join(folder, name);
      const given = JSON.parse(readFileSync(path, "utf8")) as { messages: { type: string; from_id: unknown }[] };
      const messages = given.messages.filter(({ type }) => type === "message");
      const first = await read(path);
      expect(first.identity.reported).toEqual({ message: messages.length });
      expect(countKinds(first.batches)).toEqual({ message: messages.length });
      expect([first.rejected, first.faults]).toEqual([[], []]);
      expect(first.folded.identities).toHaveLength(new Set(messages.map((m) => m.from_id)).size);
      expect(telegram.recognizes?.(await openFile(path))).toBe(1);
      expect((await read(path)).records).toEqual(first.records);
    }
  });

  it("says of the Bot API's answers that they are no export", async (test) => {
    const folder = join(real, "telegram-bot-api/chaoss-perceval");
    if (!existsSync(folder)) test.skip("needs ../shared/data");
    for (const name of readdirSync(folder)) {
      expect(telegram.recognizes?.(await openFile(join(folder, name)))).toBe(0);
      await expect(read(join(folder, name))).rejects.toThrow(/Bot API/);
    }
  });
});
