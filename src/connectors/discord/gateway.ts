import { z } from "zod";
import { AppError } from "#core/errors.ts";
import type { HttpClient, OpenSocket } from "#core/http.ts";
import type { ConnectionEnd } from "../keep-connected.ts";
import type { GatewayEvent } from "./from-gateway.ts";

/** What a broken connection is gone on with: Discord sends again what came after `seq`. */
export interface GatewaySession {
  id: string;
  url: string;
  /** The last event that was kept, not only received. */
  seq: number;
}

export interface GatewayInput {
  http: HttpClient;
  signal: AbortSignal;
  token: string;
  /** For a new session. One that is gone on with has an address of its own. */
  url: string;
  /** Which part of a bot's servers, where it is in so many that Discord wants them parted. */
  shard?: [id: number, of: number];
  /** Held from connection to connection. */
  memory: { session?: GatewaySession | undefined };
  onConnected(): void;
  /**
   * Keeps events, in order.
   * @throws AppError `forbidden` to end for good; anything else has them sent again
   */
  keep(events: readonly GatewayEvent[]): Promise<void>;
}

/** Servers and their channels, messages, reactions, and what messages say. The last is a privilege that the portal grants. */
const intents = (1 << 0) | (1 << 9) | (1 << 10) | (1 << 15);
/** Any code but 1000 and 1001 leaves the session alive, so that it can be gone on with. */
const resumeLater = 4000;
const queueMost = 20_000;
const keptAtOnce = 100;

const frameSchema = z.looseObject({ op: z.int(), d: z.unknown().optional(), s: z.int().nullish(), t: z.string().nullish() });
const helloSchema = z.looseObject({ heartbeat_interval: z.number().positive() });
const readySchema = z.looseObject({ session_id: z.string(), resume_gateway_url: z.string() });

/** After these Discord knows the session no more. */
const sessionGone = new Set([1000, 1001, 4003, 4007, 4009]);
const lastingCodes: Record<number, string> = {
  4004: "Discord does not take this bot token. In the Developer Portal open your application, Bot, Reset Token, and give the new one here.",
  4014: "The bot may not read what messages say. In the Developer Portal open your application, Bot, switch on «Message Content Intent», and save these settings again.",
};

/** One connection to the gateway, from its greeting to its end. What has come is kept before this returns. */
export async function runGateway(input: GatewayInput): Promise<ConnectionEnd> {
  const { http, signal, memory } = input;
  if (!http.openSocket) throw new AppError("internal", { public: "This process has no way out to other servers." });
  const ended = Promise.withResolvers<ConnectionEnd | AppError>();
  const inbox = new OrderedKeeper(input, ended.resolve);
  const heart = new Heart(() => ended.resolve({ reason: "Discord did not answer a heartbeat." }));

  const take = (text: string, socket: OpenSocket): void => {
    const frame = readFrame(text);
    if (!frame || signal.aborted) return;
    const { op, d, s, t } = frame;
    if (typeof s === "number") heart.seq = s;
    if (op === 10) {
      heart.start(socket, helloSchema.parse(d).heartbeat_interval);
      socket.send(JSON.stringify(introduce(input)));
    } else if (op === 1) heart.beat(socket);
    else if (op === 11) heart.isAnswered = true;
    else if (op === 7) ended.resolve({ reason: "Discord asks to connect anew.", planned: true });
    else if (op === 9) {
      if (d !== true) memory.session = undefined;
      // As documented: after a random time between one and five seconds.
      ended.resolve({ reason: "Discord has ended the session; a new one is begun.", pauseMs: 1000 + Math.random() * 4000 });
    } else if (op === 0 && typeof s === "number" && typeof t === "string") {
      if (t === "READY") {
        const { session_id, resume_gateway_url } = readySchema.parse(d);
        memory.session = { id: session_id, url: resume_gateway_url, seq: s };
      }
      if (t === "READY" || t === "RESUMED") input.onConnected();
      else inbox.add({ t, d, s });
    }
  };

  const address = new URL(memory.session?.url ?? input.url);
  address.searchParams.set("v", "10");
  address.searchParams.set("encoding", "json");
  const socket = await http.openSocket({ url: address, signal, onMessage: take });
  const stop = () => ended.resolve({ reason: "" });
  signal.addEventListener("abort", stop, { once: true });
  if (signal.aborted) stop();
  void socket.closed.then(({ code, reason }) => {
    if (sessionGone.has(code)) memory.session = undefined;
    const lasting = lastingCodes[code];
    ended.resolve(
      lasting
        ? new AppError("forbidden", { public: lasting })
        : { reason: `The connection to Discord broke off (${code}${reason ? `: ${reason}` : ""}).` },
    );
  });
  const end = await ended.promise;
  signal.removeEventListener("abort", stop);
  heart.stop();
  await inbox.finish();
  socket.close(signal.aborted ? 1000 : resumeLater);
  if (end instanceof AppError) throw end;
  return end;
}

function introduce({ token, memory: { session }, shard }: GatewayInput): object {
  if (session) return { op: 6, d: { token, session_id: session.id, seq: session.seq } };
  return { op: 2, d: { token, intents, properties: { os: process.platform, browser: "causeway", device: "causeway" }, ...(shard && { shard }) } };
}

/** Keeps what comes, some at once and in order, and notes in the session up to where. */
class OrderedKeeper {
  readonly #input: GatewayInput;
  readonly #end: (end: ConnectionEnd | AppError) => void;
  readonly #queue: (GatewayEvent & { s: number })[] = [];
  #working: Promise<void> | undefined;

  constructor(input: GatewayInput, end: (end: ConnectionEnd | AppError) => void) {
    this.#input = input;
    this.#end = end;
  }

  add(event: GatewayEvent & { s: number }): void {
    if (this.#queue.length >= queueMost) return this.#end({ reason: "More came than could be stored in time; it is asked for again." });
    this.#queue.push(event);
    this.#working ??= this.#work().finally(() => {
      this.#working = undefined;
    });
  }

  async finish(): Promise<void> {
    await this.#working;
  }

  async #work(): Promise<void> {
    const { memory, keep } = this.#input;
    while (this.#queue.length > 0) {
      const events = this.#queue.splice(0, keptAtOnce);
      try {
        await keep(events);
      } catch (error) {
        // What follows would leave a gap behind it: all of it comes again.
        this.#queue.length = 0;
        const isLasting = error instanceof AppError && error.code === "forbidden";
        return this.#end(isLasting ? error : { reason: "What came could not be stored; it is asked for again." });
      }
      const last = events.at(-1);
      if (memory.session && last) memory.session.seq = last.s;
    }
  }
}

/** Says at the pace that Discord wants that we are there, and notices when it is not. */
class Heart {
  seq: number | null = null;
  isAnswered = true;
  readonly #onSilence: () => void;
  #first: NodeJS.Timeout | undefined;
  #beats: NodeJS.Timeout | undefined;

  constructor(onSilence: () => void) {
    this.#onSilence = onSilence;
  }

  start(socket: OpenSocket, everyMs: number): void {
    this.stop();
    const next = () => {
      if (!this.isAnswered) return this.#onSilence();
      this.isAnswered = false;
      this.beat(socket);
    };
    this.#first = setTimeout(() => {
      next();
      this.#beats = setInterval(next, everyMs);
    }, everyMs * Math.random());
  }

  beat(socket: OpenSocket): void {
    socket.send(JSON.stringify({ op: 1, d: this.seq }));
  }

  stop(): void {
    clearTimeout(this.#first);
    clearInterval(this.#beats);
  }
}

function readFrame(text: string): z.output<typeof frameSchema> | undefined {
  try {
    return frameSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
