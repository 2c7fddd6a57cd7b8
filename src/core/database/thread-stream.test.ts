import { once } from "node:events";
import { MessageChannel } from "node:worker_threads";
import { expect, test } from "vitest";
import { ThreadStream } from "./thread-stream.ts";

function pair(): [ThreadStream, ThreadStream] {
  const { port1, port2 } = new MessageChannel();
  return [new ThreadStream(port1), new ThreadStream(port2)];
}

test("what is written arrives in its order and as it was, whatever happens to the writer's memory afterwards", async () => {
  const [near, far] = pair();
  const large = Buffer.alloc(3_000_000, "a");
  near.cork();
  near.write("one ");
  near.write(large);
  process.nextTick(() => near.uncork());
  near.write(" two");
  near.end();
  const got: Buffer[] = [];
  far.on("data", (part: Buffer) => {
    large.fill("z");
    got.push(part);
  });
  await once(far, "end");
  expect(Buffer.concat(got).equals(Buffer.concat([Buffer.from("one "), Buffer.alloc(3_000_000, "a"), Buffer.from(" two")]))).toBe(true);
});

test("an end on one side ends the other, after what was said before it", async () => {
  const [near, far] = pair();
  const closed = Promise.all([once(near, "close"), once(far, "close")]);
  let said = "";
  far.on("data", (part: Buffer) => {
    said += part.toString();
  });
  near.resume();
  near.end("goodbye");
  await closed;
  expect(said).toBe("goodbye");
});

test("a side that is torn down takes the other with it", async () => {
  const [near, far] = pair();
  far.resume();
  const closed = once(far, "close");
  near.destroy();
  await closed;
  expect(far.destroyed).toBe(true);
});
