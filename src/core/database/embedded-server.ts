import { createServer, type Server } from "node:net";
import type { Duplex } from "node:stream";
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
  socket: Duplex;
  started: boolean;
  /** Where what arrives is put together. Used again once all of it has run: megabytes that are new each time keep the collector busy. */
  desk: Buffer;
  /** On the desk: where the unit begins that has not wholly arrived, where its next message does, and where the bytes end. */
  unitAt: number;
  messageAt: number;
  end: number;
  /** Units that lie on the desk and have not run. */
  waiting: number;
  closed: boolean;
}

/** A message's length counts its own four bytes. */
const lengthBytes = 4;
const deskBytes = 256 * 1024;
/** A single large statement must not hold its memory for ever. */
const keptDeskBytes = 8 * 1024 * 1024;
/** Answers are sent on in pieces of this size: the database hands them over row by row. */
const answerBytes = 64 * 1024;

export interface EmbeddedServer {
  /** Clients connected now. */
  connections(): number;
  /** Serves a client of this process, who comes without a socket. */
  accept(socket: Duplex): void;
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
        unit.connection.waiting -= 1;
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

  async function execute(message: Uint8Array, socket: Duplex | undefined): Promise<void> {
    let answered = 0;
    let parts: Buffer[] = [];
    let unsent = 0;
    const send = () => {
      if (unsent > 0 && socket?.writable) socket.write(Buffer.concat(parts, unsent));
      parts = [];
      unsent = 0;
    };
    try {
      await database.runExclusive(() =>
        database.execProtocolRawStream(message, {
          onRawData: (data) => {
            answered += data.length;
            // Copied: PGlite reuses the memory for the next answer.
            parts.push(Buffer.from(data));
            unsent += data.length;
            if (unsent >= answerBytes) send();
          },
        }),
      );
      send();
      // A slow reader waits with its own next statement, not with its answer in our memory.
      if (socket?.writableNeedDrain) await new Promise<void>((settle) => onceDrainedOrClosed(socket, settle));
    } catch (error) {
      if (answered === 0) socket?.write(errorResponse(error));
      socket?.destroy();
    }
  }

  function receive(connection: Connection, chunk: Buffer): void {
    put(connection, chunk);
    for (let message = takeMessage(connection); message; message = takeMessage(connection)) {
      if (!connection.started) {
        const code = message.readInt32BE(4);
        if (code === sslRequest || code === gssRequest) connection.socket.write("N");
        else if (code === cancelRequest) connection.socket.end();
        else {
          connection.started = true;
          enqueue(connection, false);
        }
        connection.unitAt = connection.messageAt;
        continue;
      }
      const [type] = message;
      if (type === terminate) {
        connection.socket.end();
        return;
      }
      if (type === sync || type === query || type === flush) enqueue(connection, type === flush);
    }
    void run();
  }

  /** What has arrived of the unit up to here is to run as it is. */
  function enqueue(connection: Connection, open: boolean): void {
    queue.push({ connection, message: connection.desk.subarray(connection.unitAt, connection.messageAt), open });
    connection.waiting += 1;
    connection.unitAt = connection.messageAt;
  }

  const accept = (socket: Duplex): void => {
    const connection: Connection = {
      socket,
      started: false,
      desk: Buffer.allocUnsafeSlow(deskBytes),
      unitAt: 0,
      messageAt: 0,
      end: 0,
      waiting: 0,
      closed: false,
    };
    connections.add(connection);
    socket.on("data", (chunk) => receive(connection, chunk));
    socket.on("error", () => socket.destroy());
    socket.on("close", () => {
      connection.closed = true;
      connections.delete(connection);
      void run();
    });
  };
  const server = createServer(accept);
  await listen(server, options.socketPath);

  return {
    connections: () => connections.size,
    accept,
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
  const { desk, messageAt, end } = connection;
  // Startup messages have a length alone; later ones a type before it.
  const lengthAt = messageAt + (connection.started ? 1 : 0);
  if (end < lengthAt + lengthBytes) return undefined;
  const length = desk.readInt32BE(lengthAt);
  if (length < lengthBytes) {
    // Whoever this is does not speak the protocol; nothing after it can be told apart.
    connection.socket.destroy();
    return undefined;
  }
  const next = lengthAt + length;
  if (end < next) return undefined;
  connection.messageAt = next;
  return desk.subarray(messageAt, next);
}

/** Puts what arrived behind the rest, on a new desk when the old one is full: what waits to run stays where it lies. */
function put(connection: Connection, chunk: Buffer): void {
  const isClear = connection.unitAt === connection.end && connection.waiting === 0;
  if (isClear && chunk.length > deskBytes) {
    // A thread's whole statement comes in memory of its own.
    connection.desk = chunk;
    connection.unitAt = 0;
    connection.messageAt = 0;
    connection.end = chunk.length;
    return;
  }
  if (isClear && connection.desk.length <= keptDeskBytes) {
    connection.unitAt = 0;
    connection.messageAt = 0;
    connection.end = 0;
  }
  const { desk, unitAt, messageAt, end } = connection;
  if (end + chunk.length > desk.length) {
    const held = end - unitAt;
    const next = Buffer.allocUnsafeSlow(Math.max(deskBytes, 2 * (held + chunk.length)));
    desk.copy(next, 0, unitAt, end);
    connection.desk = next;
    connection.unitAt = 0;
    connection.messageAt = messageAt - unitAt;
    connection.end = held;
  }
  chunk.copy(connection.desk, connection.end);
  connection.end += chunk.length;
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

function onceDrainedOrClosed(socket: Duplex, settle: () => void): void {
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
