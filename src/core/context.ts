import type { Clock } from "./clock.ts";
import type { Database } from "./database/database.ts";
import type { Logger } from "./log.ts";

/**
 * What every function may need of the process it runs in. Built once by the server, the worker, the CLI and the
 * tests, and passed on explicitly; features widen it with their own words (community, viewer).
 */
export interface CoreContext {
  db: Database;
  clock: Clock;
  log: Logger;
}
