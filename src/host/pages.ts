import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { createRequestHandler, RouterContextProvider, type ServerBuild } from "react-router";
import type { Runtime } from "../runtime.ts";
import { nonceContext, runtimeContext } from "../runtime-context.ts";

/** Renders pages. */
export interface Pages {
  render(request: Request, input: { runtime: Runtime; nonce: string }): Promise<Response>;
}

const serverBuild = new URL("../../build/server/index.js", import.meta.url);

/** The built pages, or undefined when nobody has built them. */
export async function loadPages(): Promise<Pages | undefined> {
  if (!existsSync(fileURLToPath(serverBuild))) return undefined;
  // The build is React Router's own format, made from this source by `react-router build`.
  const build = (await import(serverBuild.href)) as ServerBuild;
  const handle = createRequestHandler(build, "production");
  return {
    render(request, { runtime, nonce }) {
      const context = new RouterContextProvider();
      context.set(runtimeContext, runtime);
      context.set(nonceContext, nonce);
      return handle(request, context);
    },
  };
}
