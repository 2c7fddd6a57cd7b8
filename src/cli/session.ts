import { AppError } from "#core/errors.ts";
import { type Ctx, ensureCommunity, listAllCommunities, openAsSystem } from "#features/access/index.ts";
import { openRuntime, type Runtime } from "../runtime.ts";

/** What a command is given by the shell around it. */
export interface Session {
  /** The folder that paths in arguments start from. */
  cwd: string;
  /** Opened on first use, so that a wrong path or flag costs nothing. Closed when the command ends. */
  runtime(options?: { exclusive: boolean }): Promise<Runtime>;
  /** Aborted by the first Ctrl-C; the second ends the process. */
  signal: AbortSignal;
  /** For what the command is there to say. */
  out(text: string): void;
  /** For progress and remarks. */
  err(text: string): void;
  /** Whether somebody watches standard error. */
  watched: boolean;
  /** Whether standard output is a terminal. */
  terminal: boolean;
}

export interface CommunityOption {
  community?: string;
}

/** Opens a session on this process's streams. */
export function openSession(cwd: string): { session: Session; close(): Promise<void> } {
  const abort = new AbortController();
  let interrupts = 0;
  const interrupt = (signal: NodeJS.Signals) => {
    interrupts += 1;
    if (interrupts > 1) process.exit(130);
    process.stderr.write("\nStopping after what is under way. Once more to force.\n");
    abort.abort(new AppError("conflict", { public: `Stopped by ${signal}. What was stored stays; run the command again to go on.` }));
  };
  process.on("SIGINT", interrupt);
  process.on("SIGTERM", interrupt);
  let opened: Promise<Runtime> | undefined;
  const err = (text: string) => void process.stderr.write(`${text}\n`);
  return {
    session: {
      cwd,
      signal: abort.signal,
      runtime: (options = { exclusive: false }) => {
        // A command is no server: it shares a running one's database, and only what goes wrong is worth a line.
        opened ??= openRuntime({ ...options, unlimitedStatements: true, defaults: { logLevel: "warn", slowQueryMs: 60_000 }, onNotice: err });
        return opened;
      },
      out: (text) => void process.stdout.write(`${text}\n`),
      err,
      watched: process.stderr.isTTY === true,
      terminal: process.stdout.isTTY === true,
    },
    close: async () => {
      const runtime = await opened?.catch(() => undefined);
      await runtime?.close();
    },
  };
}

/**
 * The community that a command is about: the one named, or the only one there is.
 * @throws AppError `not_found` with the slugs there are; `invalid_input` when there are several and none is named
 */
export async function openNamedCommunity(session: Session, { community }: CommunityOption): Promise<Ctx> {
  const runtime = await session.runtime();
  const all = await listAllCommunities(runtime);
  const slugs = all.map(({ slug }) => slug).join(", ");
  if (community === undefined && all.length !== 1) {
    throw all.length === 0
      ? new AppError("not_found", {
          public: "There is no community yet. Bring something in first: causeway import <path> --community <slug>, or: causeway sample",
        })
      : new AppError("invalid_input", { public: `There are several communities: ${slugs}. Say which: --community <slug>` });
  }
  const slug = community ?? all[0]?.slug ?? "";
  const ctx = await openAsSystem(runtime, { slug });
  if (!ctx)
    throw new AppError("not_found", { public: `There is no community “${slug}”. ${all.length > 0 ? `There are: ${slugs}.` : "There is none yet."}` });
  return ctx;
}

/** The community of a slug, founded when it does not exist. */
export async function openOrFoundCommunity(session: Session, { community }: CommunityOption): Promise<Ctx> {
  if (community === undefined) return openNamedCommunity(session, {});
  return ensureCommunity(await session.runtime(), { slug: community });
}
