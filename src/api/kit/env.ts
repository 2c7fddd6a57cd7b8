import type { Runtime } from "#app/runtime.ts";
import type { Caller } from "#features/access/index.ts";

/** What the API needs of the running process. */
export type ApiRuntime = Pick<Runtime, "db" | "clock" | "log" | "config" | "auth" | "jobs" | "http" | "secrets">;

/** What middleware leaves for the handlers of one request. */
export interface ApiEnv {
  Variables: {
    runtime: ApiRuntime;
    requestId: string;
    caller: Caller;
  };
}
