// A process of its own for embedded.test.ts: opens the database of a folder and does what it is told line by line.
import { createInterface } from "node:readline";
import { AppError } from "../errors.ts";
import { createLogger } from "../log.ts";
import { openDatabase, sql } from "./database.ts";
import { startEmbedded } from "./embedded.ts";

const [dataDir = "", mode = ""] = process.argv.slice(2);
const say = (word: string) => process.stdout.write(`${word}\n`);
try {
  const embedded = await startEmbedded({ dataDir, exclusive: mode === "exclusive" });
  const db = openDatabase({
    connection: embedded.connection,
    embedded: true,
    log: createLogger({ level: "silent" }),
  });
  await db.execute(sql`CREATE TABLE IF NOT EXISTS row_of (n int PRIMARY KEY)`);
  say(embedded.owner ? "owner" : "joined");
  const close = async () => {
    await db.close();
    await embedded.close();
    say("closed");
    process.exit(0);
  };
  process.on("SIGINT", () => void close());
  for await (const line of createInterface({ input: process.stdin })) {
    const [word, from = "0", to = "0"] = line.split(" ");
    if (word === "close") await close();
    if (word === "insert") {
      for (let n = Number(from); n < Number(to); n += 1) {
        await db.execute(sql`INSERT INTO row_of VALUES (${n})`);
        say(`stored ${n}`);
      }
    }
    if (word === "hold") {
      await db.transaction(async (tx) => {
        await tx.execute(sql`INSERT INTO row_of VALUES (${Number(from)})`);
        say("holding");
        await new Promise(() => {});
      });
    }
    if (word === "count") say(`count ${(await db.first<{ n: number }>(sql`SELECT count(*) AS n FROM row_of`))?.n}`);
  }
} catch (error) {
  say(error instanceof AppError ? `refused ${error.code} ${error.message}` : `failed ${String(error)}`);
  process.exit(1);
}
