import { type ServedSocket, type SocketServer, startSocketServer } from "../testing-sockets.ts";
import { guildId, token } from "./fake-discord.ts";

/** The gateway after its documentation: hello, heartbeats, identify, ready, resume with a replay of what came after `seq`. */
export interface FakeGateway {
  server: SocketServer;
  /** Sends an event to the connection that is open, or keeps it for a resume. */
  dispatch(t: string, d: object): void;
  /** The connection that was opened last. */
  current(): ServedSocket;
  /** Of each kind, in order: `identify`, `resume <seq>`, `heartbeat <seq>`. */
  said: string[];
  /** Forgets the session: a resume is answered with «invalid session». */
  forgetSession(): void;
  intents: number | undefined;
  shard: unknown;
  heartbeatMs: number;
  answersHeartbeats: boolean;
  /** Closes a session that wants to read what messages say, as for a bot to which it was not granted. */
  mayRead: boolean;
}

type Frame = { op: number; d: { token?: string; seq?: number; session_id?: string; intents?: number; shard?: unknown } & (number | null) };

export async function startFakeGateway(): Promise<FakeGateway> {
  const events: { s: number; t: string; d: object }[] = [];
  let session: string | undefined;
  let seq = 0;
  const dispatch = (socket: ServedSocket | undefined, t: string, d: object) => {
    seq += 1;
    events.push({ s: seq, t, d });
    if (socket?.isOpen()) socket.send({ op: 0, s: seq, t, d });
  };
  const identify = (socket: ServedSocket, { d }: Frame) => {
    fake.said.push("identify");
    fake.intents = d.intents;
    fake.shard = d.shard;
    if (d.token !== token) return socket.close(4004, "Authentication failed.");
    if (!fake.mayRead) return socket.close(4014, "Disallowed intent(s).");
    session = `session ${fake.server.sockets.length}`;
    dispatch(socket, "READY", {
      v: 10,
      session_id: session,
      resume_gateway_url: `${fake.server.url}/resume`,
      guilds: [{ id: guildId, unavailable: true }],
    });
  };
  const resume = (socket: ServedSocket, { d }: Frame) => {
    fake.said.push(`resume ${d.seq}`);
    if (d.session_id !== session) return socket.send({ op: 9, d: false });
    for (const event of events.filter(({ s }) => s > (d.seq ?? 0))) socket.send({ op: 0, ...event });
    dispatch(socket, "RESUMED", {});
  };
  const server = await startSocketServer((socket) => {
    socket.onMessage = (message) => {
      const frame = message as Frame;
      if (frame.op === 2) identify(socket, frame);
      if (frame.op === 6) resume(socket, frame);
      if (frame.op === 1) {
        fake.said.push(`heartbeat ${String(frame.d)}`);
        if (fake.answersHeartbeats) socket.send({ op: 11 });
      }
    };
    socket.send({ op: 10, d: { heartbeat_interval: fake.heartbeatMs } });
  });
  const fake: FakeGateway = {
    server,
    dispatch: (t, d) => dispatch(fake.server.sockets.at(-1), t, d),
    current: () => {
      const socket = fake.server.sockets.at(-1);
      if (!socket) throw new Error("nobody has connected");
      return socket;
    },
    said: [],
    forgetSession: () => {
      session = undefined;
    },
    intents: undefined,
    shard: undefined,
    heartbeatMs: 45_000,
    answersHeartbeats: true,
    mayRead: true,
  };
  return fake;
}
