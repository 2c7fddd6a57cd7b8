import type { Config } from "./config.ts";
import type { CoreContext } from "./context.ts";
import type { SecretBox } from "./crypto.ts";
import type { HttpClient } from "./http.ts";
import type { Jobs } from "./jobs.ts";
import type { Mailer } from "./mail.ts";
import type { Telemetry } from "./telemetry.ts";

/**
 * The process's services beside the database: what jobs receive, and what a feature asks for that sends mail,
 * fetches from elsewhere or puts off work.
 */
export interface Services extends CoreContext {
  config: Config;
  secrets: SecretBox;
  http: HttpClient;
  mail: Mailer;
  jobs: Jobs;
  telemetry: Telemetry;
  /** Whether the embedded database is in use. */
  embedded: boolean;
}
