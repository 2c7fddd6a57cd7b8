import { AppError } from "#core/errors.ts";
import { type Ctx, editorRoles, requireRole } from "../access/index.ts";
import type { Connector, ListenState } from "./connector.ts";
import { parseSettings } from "./import-file.ts";
import { receiveRecords } from "./inbox.ts";
import { noteReceived } from "./listeners.ts";
import { openWorkDir } from "./run-pull.ts";
import { maskSettings, openSettings, type PullServices } from "./source-settings.ts";
import { requireSource } from "./sources.ts";

/** Whether a source is to be listened to: it is not paused, and its settings ask for it. */
export function isListenedTo(connector: Connector, source: { settings: unknown; paused: boolean }): boolean {
  if (!connector.listen || source.paused) return false;
  const settings = connector.settings.safeParse(maskSettings(connector, source.settings));
  return settings.success && connector.listen.isOn(settings.data);
}

/**
 * Listens to a live source until the signal aborts. What comes is kept in the inbox before it is acknowledged.
 * @param input.onReceived is awaited after records were kept, and before the event is acknowledged: has them taken in
 * @throws AppError as the connector's `listen`
 */
export async function runListener(
  ctx: Ctx,
  input: {
    connector: Connector;
    sourceId: string;
    services: PullServices;
    signal: AbortSignal;
    onState: (state: ListenState) => void;
    onReceived: () => Promise<void>;
  },
): Promise<void> {
  requireRole(ctx, editorRoles, { scope: "import" });
  const { connector, services } = input;
  if (!connector.listen) throw new AppError("invalid_input", { public: `${connector.title} sends nothing by itself.` });
  const source = await requireSource(ctx, input.sourceId);
  const settings = parseSettings(connector, openSettings({ connector, source, services, communityId: ctx.community.id }));
  await connector.listen.run(ctx, {
    settings,
    signal: input.signal,
    http: services.http,
    workDir: await openWorkDir(services.dataDir, source.id),
    async receive(records) {
      if (records.length === 0) return;
      await receiveRecords(ctx, { source, records });
      await noteReceived(ctx, { sourceId: source.id });
      await input.onReceived();
    },
    onState: input.onState,
  });
}
