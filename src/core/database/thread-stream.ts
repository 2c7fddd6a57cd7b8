import { Duplex } from "node:stream";
import type { MessagePort } from "node:worker_threads";

/**
 * A connection between two threads of one process, which behaves as a socket does to who writes to it and reads from it. What is
 * written goes over as a whole: through a socket, megabytes go in small pieces, for each of which both threads must find the time.
 */
export class ThreadStream extends Duplex {
  readonly #port: MessagePort;

  constructor(port: MessagePort) {
    super({ allowHalfOpen: false });
    this.#port = port;
    port.on("message", (data: Uint8Array | null) => this.push(data && Buffer.from(data.buffer, data.byteOffset, data.byteLength)));
    port.on("close", () => this.destroy());
  }

  override _read(): void {
    // What comes is handed on as it comes.
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#send([chunk]);
    done();
  }

  override _writev(chunks: { chunk: Buffer }[], done: (error?: Error | null) => void): void {
    this.#send(chunks.map(({ chunk }) => chunk));
    done();
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#port.postMessage(null);
    done();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#port.close();
    done(error);
  }

  /** Copied once, into memory that changes hands: whose the chunks are is not known here. */
  #send(chunks: readonly Buffer[]): void {
    const bytes = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
    let at = 0;
    for (const chunk of chunks) {
      bytes.set(chunk, at);
      at += chunk.length;
    }
    this.#port.postMessage(bytes, [bytes.buffer]);
  }

  // What PostgreSQL's driver asks of a socket.

  connect(): this {
    process.nextTick(() => this.emit("connect"));
    return this;
  }

  setNoDelay(): this {
    return this;
  }

  setKeepAlive(): this {
    return this;
  }

  ref(): this {
    this.#port.ref();
    return this;
  }

  unref(): this {
    this.#port.unref();
    return this;
  }
}
