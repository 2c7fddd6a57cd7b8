import { z } from "zod";
import type { CoreContext } from "#core/context.ts";
import { AppError } from "#core/errors.ts";
import type { OpenSocket } from "#core/http.ts";
import type { ListenInput } from "#features/ledger/index.ts";
import { type ConnectionEnd, keepConnected } from "../keep-connected.ts";
import { RereadQueue } from "../reread-queue.ts";
import { askingOf, type LiveSettings, listChannels, namesIn, type Session, signIn } from "./connect.ts";
import { callbackSchema, type EventCallback, eventToRecords, happenedAt } from "./from-event.ts";
import { openConnection, switchedOff } from "./open-connection.ts";
import { openMemory } from "./pull-memory.ts";
import type { Directory } from "./records.ts";
import { type MessagePlace, readerOfMessages } from "./reread-messages.ts";

/** Leaves more than half of Slack's 50 requests a minute to the pull. */
const rereadEveryMs = 3000;
const helloTimeoutMs = 15_000;
/** Slack closes a connection that it has given notice of; should it not, we do. */
const farewellMs = 30_000;

const frameSchema = z.looseObject({
  type: z.string(),
  envelope_id: z.string().optional(),
  reason: z.string().optional(),
  payload: z.unknown().optional(),
});
const reactionSchema = z.looseObject({
  type: z.enum(["reaction_added", "reaction_removed"]),
  item: z.looseObject({ type: z.literal("message"), channel: z.string(), ts: z.string() }),
});

interface Run {
  ctx: CoreContext;
  input: ListenInput<LiveSettings>;
  session: Session;
  /** Names for mentions, as the pull keeps them. */
  people: Directory["people"];
  /** Ids of the channels that the settings name; undefined for all. */
  channels: ReadonlySet<string> | undefined;
  rereads: RereadQueue<MessagePlace>;
  sockets: Set<OpenSocket>;
  /** Events that are being kept. */
  underWay: Set<Promise<void>>;
}

/**
 * Listens by Socket Mode. An event is acknowledged once it is kept: what is not, Slack sends again. Before Slack ends a
 * connection it says so, and the next is opened while the last still brings what was on its way.
 */
export async function listenToSlack(ctx: CoreContext, input: ListenInput<LiveSettings>): Promise<void> {
  const { settings, http, signal } = input;
  const asking = askingOf(settings, { http, signal });
  const session = await signIn(asking, settings);
  const run: Run = {
    ctx,
    input,
    session,
    people: new Map(),
    channels: undefined,
    rereads: new RereadQueue({
      ctx,
      signal,
      read: readerOfMessages({ asking, ctx, team: session.team, people: () => run.people }),
      receive: input.receive,
      spacingMs: rereadEveryMs,
    }),
    sockets: new Set(),
    underWay: new Set(),
  };
  try {
    await keepConnected({
      signal,
      onState: input.onState,
      async connect() {
        run.people = (await openMemory(input.workDir)).people;
        if (namesIn(settings.channels).length > 0) {
          const { readable, closed } = await listChannels(asking, session, settings);
          run.channels = new Set([...readable, ...closed].map(({ id }) => id));
        }
        return connect(run);
      },
    });
  } finally {
    await Promise.all([...run.underWay]);
    for (const socket of run.sockets) socket.close();
    await run.rereads.stop();
  }
}

/** One connection, until it has ended or the next is to be opened. */
async function connect(run: Run): Promise<ConnectionEnd> {
  const { http, signal, settings, onState } = run.input;
  const url = await openConnection(settings, { http, signal });
  const ended = Promise.withResolvers<ConnectionEnd | AppError>();
  let greeted = false;
  const take = (text: string, socket: OpenSocket): void => {
    const frame = readFrame(text);
    if (!frame || signal.aborted) return;
    if (frame.type === "hello") {
      greeted = true;
      onState({ state: "connected" });
    } else if (frame.type === "disconnect") {
      ended.resolve(
        frame.reason === "link_disabled"
          ? new AppError("forbidden", { public: switchedOff() })
          : { reason: "Slack renews the connection.", planned: true },
      );
      setTimeout(() => socket.close(), farewellMs).unref();
    } else if (frame.envelope_id !== undefined) {
      const answer = JSON.stringify({ envelope_id: frame.envelope_id });
      const keeping = keep(run, frame)
        .then(() => void socket.send(answer))
        .catch((error: unknown) => run.ctx.log.warn({ err: error }, "an event of Slack could not be kept; Slack sends it again"))
        .finally(() => run.underWay.delete(keeping));
      run.underWay.add(keeping);
    }
  };
  const socket = await openSocketOf(run)({ url, signal, onMessage: take });
  run.sockets.add(socket);
  const hello = setTimeout(() => {
    if (!greeted) ended.resolve({ reason: "Slack opened a connection and said nothing." });
  }, helloTimeoutMs);
  const stop = () => ended.resolve({ reason: "" });
  signal.addEventListener("abort", stop, { once: true });
  if (signal.aborted) stop();
  void socket.closed.then(({ code, reason }) => {
    run.sockets.delete(socket);
    ended.resolve({ reason: `The connection to Slack broke off (${code}${reason ? `: ${reason}` : ""}).` });
  });
  const end = await ended.promise;
  clearTimeout(hello);
  signal.removeEventListener("abort", stop);
  if (!(end instanceof AppError) && end.planned) return end;
  // What has come is kept and acknowledged first.
  await Promise.all([...run.underWay]);
  socket.close();
  if (end instanceof AppError) throw end;
  return end;
}

function openSocketOf({ input: { http } }: Run): NonNullable<typeof http.openSocket> {
  if (!http.openSocket) throw new AppError("internal", { public: "This process has no way out to other servers." });
  return http.openSocket.bind(http);
}

/** Keeps what an envelope brings; of what is of no interest nothing, and it is acknowledged all the same. */
async function keep(run: Run, frame: z.output<typeof frameSchema>): Promise<void> {
  if (frame.type !== "events_api") return;
  const callback = callbackSchema.safeParse(frame.payload);
  if (!callback.success || !isOurs(run, callback.data)) return;
  const { event } = callback.data;
  const reaction = reactionSchema.safeParse(event);
  const channel = reaction.success ? reaction.data.item.channel : event.channel;
  if (typeof channel === "string" && run.channels?.has(channel) === false) return;
  if (reaction.success) {
    const { channel: id, ts } = reaction.data.item;
    return run.rereads.add(`${id} ${ts}`, { channel: id, ts });
  }
  const outcome = eventToRecords(event, { team: run.session.team, at: happenedAt(callback.data), people: run.people });
  if ("records" in outcome) await run.input.receive(outcome.records);
}

/** An app that is in several workspaces hears of all of them; a source is one. */
function isOurs({ session }: Run, { authorizations, team_id }: EventCallback): boolean {
  const ids = (authorizations ?? []).flatMap((one) => [one.team_id, one.enterprise_id]).filter(Boolean);
  return ids.length > 0 ? ids.includes(session.team) : team_id === session.team;
}

function readFrame(text: string): z.output<typeof frameSchema> | undefined {
  try {
    return frameSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
