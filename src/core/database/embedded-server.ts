import { createServer, type Server, type Socket } from "node:net";
import type { PGlite } from "@electric-sql/pglite";

/** Frontend messages of PostgreSQL's protocol 3 that end a unit which must not be interrupted. */
const sync = 0x53; // S
const query = 0x51; // Q
const flush = 0x48; // H
const terminate = 0x58; // X
const sslRequest = 80_877_103;
const gssRequest = 80_877_104;
const cancelRequest = 80_877_102;

interface Unit {
  connection: Connection;
  message: Uint8Array;
  /** Whether the client expects to go on in the same pipeline: nobody else may come between. */
  open: boolean;
}

interface Connection {
  socket: Socket;
  started: boolean;
  chunks: Buffer[];
  buffered: number;
  /** Messages of a pipeline whose end has not arrived. */
  pending: Buffer[];
  closed: boolean;
}

export interface EmbeddedServer {
  /** Clients connected now. */
  connections(): number;
  /** Ends every connection after the unit that runs, rolls back what is open, and stops listening. */
  stop(): Promise<void>;
}

/**
 * Serves one PGlite, which has a single session, to many clients.
 *
 * A client's messages are handed over in whole units: everything up to its Sync, or a simple query. So parse, bind and
 * execute of one statement never mix with another client's, whatever their size and however the socket cut them. While a
 * transaction or an unfinished pipeline is open, only its own client is served; one that then falls silent is
 * disconnected and rolled back, since it would hold up everybody.
 *
 * `SET` and prepared statements with names are shared by all clients; nothing in the product uses them.
 * @param options.idleTransactionMs silence after which an open transaction is rolled back
 * @param options.onIdleTransaction told when that happens
 */
export async function serveEmbedded(options: {
  database: PGlite;
  socketPath: string;
  idleTransactionMs: number;
  onIdleTransaction?: () => void;
}): Promise<EmbeddedServer> {
  const { database } = options;
  const connections = new Set<Connection>();
  const queue: Unit[] = [];
  let holder: Connection | undefined;
  let running = false;
  let idleTimer: NodeJS.Timeout | undefined;

  async function run(): Promise<void> {
    if (running) return;
    running = true;
    clearTimeout(idleTimer);
    try {
      for (;;) {
        if (holder?.closed) {
          await execute(simpleQuery("ROLLBACK"), undefined);
          holder = undefined;
        }
        const unit = takeNext();
        if (!unit) break;
        if (unit.connection.closed) continue;
        await execute(unit.message, unit.connection.socket);
        holder = unit.open || database.isInTransaction() ? unit.connection : undefined;
      }
    } finally {
      running = false;
    }
    const stuck = holder;
    if (stuck) {
      idleTimer = setTimeout(() => {
        options.onIdleTransaction?.();
        stuck.socket.destroy();
      }, options.idleTransactionMs);
    }
  }

  function takeNext(): Unit | undefined {
    if (!holder) return queue.shift();
    const own = queue.findIndex((unit) => unit.connection === holder);
    return own === -1 ? undefined : queue.splice(own, 1)[0];
  }

  async function execute(message: Uint8Array, socket: Socket | undefined): Promise<void> {
    let answered = 0;
    try {
      await database.runExclusive(() =>
        database.execProtocolRawStream(message, {
          onRawData: (data) => {
            answered += data.length;
            // Copied: PGlite reuses the memory for the next answer.
            if (socket?.writable) socket.write(Buffer.from(data));
          },
        }),
      );
      // A slow reader waits with its own next statement, not with its answer in our memory.
      if (socket?.writableNeedDrain) await new Promise<void>((settle) => onceDrainedOrClosed(socket, settle));
    } catch (error) {
      if (answered === 0) socket?.write(errorResponse(error));
      socket?.destroy();
    }
  }

  function receive(connection: Connection, chunk: Buffer): void {
    connection.chunks.push(chunk);
    connection.buffered += chunk.length;
    for (let message = takeMessage(connection); message; message = takeMessage(connection)) {
      if (!connection.started) {
        const code = message.readInt32BE(4);
        if (code === sslRequest || code === gssRequest) connection.socket.write("N");
        else if (code === cancelRequest) connection.socket.end();
        else {
          connection.started = true;
          queue.push({ connection, message, open: false });
        }
        continue;
      }
      const [type] = message;
      if (type === terminate) {
        connection.socket.end();
        return;
      }
      connection.pending.push(message);
      if (type === sync || type === query || type === flush) {
        const [only] = connection.pending;
        const whole = connection.pending.length === 1 && only ? only : Buffer.concat(connection.pending);
        connection.pending = [];
        queue.push({ connection, message: whole, open: type === flush });
      }
    }
    void run();
  }

  const server = createServer((socket) => {
    const connection: Connection = { socket, started: false, chunks: [], buffered: 0, pending: [], closed: false };
    connections.add(connection);
    socket.on("data", (chunk) => receive(connection, chunk));
    socket.on("error", () => socket.destroy());
    socket.on("close", () => {
      connection.closed = true;
      connections.delete(connection);
      void run();
    });
  });
  await listen(server, options.socketPath);

  return {
    connections: () => connections.size,
    async stop() {
      const stopped = new Promise<void>((settle) => server.close(() => settle()));
      for (const { socket } of connections) socket.destroy();
      await stopped;
      while (running || holder) await new Promise((settle) => setImmediate(settle));
      clearTimeout(idleTimer);
    },
  };
}

/** The next whole message of a connection, or undefined while bytes are missing. */
function takeMessage(connection: Connection): Buffer | undefined {
  // Startup messages have a length alone; later ones a type before it.
  const lengthAt = connection.started ? 1 : 0;
  if (connection.buffered < lengthAt + 4) return undefined;
  if ((connection.chunks[0]?.length ?? 0) < lengthAt + 4) join(connection);
  const length = lengthAt + (connection.chunks[0]?.readInt32BE(lengthAt) ?? 0);
  if (connection.buffered < length) return undefined;
  if ((connection.chunks[0]?.length ?? 0) < length) join(connection);
  const [first] = connection.chunks;
  if (!first) return undefined;
  if (first.length === length) connection.chunks.shift();
  else connection.chunks[0] = first.subarray(length);
  connection.buffered -= length;
  return first.subarray(0, length);
}

/** Joins what has arrived, once per message and not once per packet: megabytes come in small pieces. */
function join(connection: Connection): void {
  connection.chunks = [Buffer.concat(connection.chunks)];
}

function simpleQuery(text: string): Uint8Array {
  const body = Buffer.from(`${text}\0`);
  const message = Buffer.alloc(5 + body.length);
  message.writeUInt8(query, 0);
  message.writeInt32BE(4 + body.length, 1);
  body.copy(message, 5);
  return message;
}

/** FATAL with SQLSTATE 57P01, as a server says that is going down: clients drop the connection and dial again. */
function errorResponse(error: unknown): Buffer {
  const text = error instanceof Error ? error.message : String(error);
  const body = Buffer.from(`SFATAL\0VFATAL\0C57P01\0Mthe embedded database could not run this: ${text}\0\0`);
  const head = Buffer.alloc(5);
  head.writeUInt8(0x45, 0);
  head.writeInt32BE(4 + body.length, 1);
  return Buffer.concat([head, body]);
}

function onceDrainedOrClosed(socket: Socket, settle: () => void): void {
  const done = () => {
    socket.off("drain", done);
    socket.off("close", done);
    settle();
  };
  socket.once("drain", done);
  socket.once("close", done);
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((settle, reject) => {
    server.once("error", reject);
    server.listen(path, () => {
      server.off("error", reject);
      settle();
    });
  });
}
