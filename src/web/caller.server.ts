import type { RouterContextProvider } from "react-router";
import { runtimeContext } from "#app/runtime-context.ts";
import { type Caller, findViewer } from "#features/access/index.ts";

/** Who sent a page's request: the signed-in account, or nobody. */
export function callerOf(request: Request, context: Readonly<RouterContextProvider>): Promise<Caller> {
  const runtime = context.get(runtimeContext);
  return findViewer(runtime, { headers: request.headers, auth: runtime.auth });
}
