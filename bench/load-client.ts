import { connect, type Socket } from "node:net";
import { summarize } from "./result.ts";

/** Asks one page over and over on kept-alive connections; as little of its own work as can be, as it shares the machine. */
interface LoadInput {
  url: string;
  connections: number;
  seconds: number;
}

const headEnd = Buffer.from("\r\n\r\n");

process.once("message", async (input: LoadInput) => {
  const url = new URL(input.url);
  const request = Buffer.from(
    `GET ${url.pathname} HTTP/1.1\r\nHost: ${url.host}\r\nAccept: text/html\r\nAccept-Encoding: gzip\r\nConnection: keep-alive\r\n\r\n`,
  );
  // A warm-up of one second: the page gets into the cache, the code gets compiled.
  await drive(input, { request, url, milliseconds: 1_000 });
  const { latencies, bytes, elapsedMs } = await drive(input, { request, url, milliseconds: input.seconds * 1_000 });
  const sorted = latencies.sort((a, b) => a - b);
  process.send?.(
    {
      requestsPerSecond: Math.round((latencies.length / elapsedMs) * 1_000),
      p50: summarize(latencies).p50,
      p99: sorted[Math.floor(sorted.length * 0.99)] ?? Number.NaN,
      bytes,
    },
    () => process.disconnect(),
  );
});

async function drive(
  input: LoadInput,
  { request, url, milliseconds }: { request: Buffer; url: URL; milliseconds: number },
): Promise<{ latencies: number[]; bytes: number; elapsedMs: number }> {
  const started = performance.now();
  const latencies: number[] = [];
  let bytes = 0;
  const one = () =>
    new Promise<void>((settle, reject) => {
      const socket = connect(Number(url.port || 80), url.hostname);
      socket.setNoDelay(true);
      socket.once("error", reject);
      const ask = () => {
        if (performance.now() - started > milliseconds) {
          socket.end();
          settle();
          return;
        }
        const sent = performance.now();
        socket.write(request);
        readAnswer(socket, (error, length) => {
          if (error) return reject(error);
          latencies.push(performance.now() - sent);
          bytes = length;
          ask();
        });
      };
      socket.once("connect", ask);
    });
  await Promise.all(Array.from({ length: input.connections }, one));
  return { latencies, bytes, elapsedMs: performance.now() - started };
}

/** Reads one answer: its head, then as many bytes as it announces. */
function readAnswer(socket: Socket, done: (error: Error | undefined, length: number) => void): void {
  let received: Buffer = Buffer.alloc(0);
  let whole = -1;
  const onData = (chunk: Buffer) => {
    received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
    if (whole < 0) {
      const end = received.indexOf(headEnd);
      if (end < 0) return;
      const head = received.subarray(0, end).toString("latin1");
      const length = /\r\ncontent-length: (\d+)/i.exec(head)?.[1];
      if (!head.startsWith("HTTP/1.1 200") || length === undefined) {
        socket.off("data", onData);
        done(new Error(`the portal answered:\n${head}`), 0);
        return;
      }
      whole = end + headEnd.length + Number(length);
    }
    if (received.length < whole) return;
    socket.off("data", onData);
    done(undefined, whole);
  };
  socket.on("data", onData);
}
