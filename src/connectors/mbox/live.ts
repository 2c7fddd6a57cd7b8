import type { CoreContext } from "#core/context.ts";
import { AppError } from "#core/errors.ts";
import type { ConnectInput, LiveIdentity, PullInput, RecordChunk } from "#features/ledger/index.ts";
import { connectHyperkitty, pullHyperkitty } from "./hyperkitty.ts";
import { connectImap } from "./imap.ts";
import type { LiveSettings } from "./live-settings.ts";
import { connectPipermail, pullPipermail } from "./pipermail.ts";
import { pullImap } from "./pull-imap.ts";

/** Tries a live source's settings. */
export function connectMail(ctx: CoreContext, input: ConnectInput<LiveSettings>): Promise<LiveIdentity> {
  switch (input.settings.kind) {
    case "imap":
      return connectImap(input);
    case "pipermail":
      return connectPipermail(input);
    case "hyperkitty":
      return connectHyperkitty(ctx, input);
    default:
      return Promise.reject(readsFiles());
  }
}

/** Fetches what is new from where the settings say. */
export function pullMail(ctx: CoreContext, input: PullInput<LiveSettings>): AsyncIterable<RecordChunk> {
  switch (input.settings.kind) {
    case "imap":
      return pullImap(ctx, input);
    case "pipermail":
      return pullPipermail(ctx, input);
    case "hyperkitty":
      return pullHyperkitty(ctx, input);
    default:
      throw readsFiles();
  }
}

function readsFiles(): AppError {
  return new AppError("invalid_input", {
    public: "It is set to be read from files alone. To read it live, set «Read from» to IMAP, Pipermail or HyperKitty.",
    issues: [{ path: "kind", message: "choose imap, pipermail or hyperkitty" }],
  });
}
