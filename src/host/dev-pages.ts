import type { createServer as createHttpServer, RequestListener } from "node:http";
import type { ServerBuild } from "react-router";
import { createServer, type ViteDevServer } from "vite";
import type { Pages } from "./pages.ts";

export interface DevPages {
  pages: Pages;
  /** Wraps the listener: Vite answers for modules and hot reload, everything else goes on. */
  listener(next: RequestListener): RequestListener;
  close(): Promise<void>;
}

/** Pages from source, reloaded as they are edited. For development only. */
export async function startDevPages(server: ReturnType<typeof createHttpServer>): Promise<DevPages> {
  const vite: ViteDevServer = await createServer({ server: { middlewareMode: true, hmr: { server } }, appType: "custom" });
  const load = async <T>(id: string): Promise<T> => (await vite.ssrLoadModule(id)) as T;
  return {
    pages: {
      async render(request, { runtime, nonce }) {
        try {
          // Pages run in Vite's own graph of modules, so the keys of the context must come from there too.
          const build = await load<ServerBuild>("virtual:react-router/server-build");
          const keys = await load<typeof import("../runtime-context.ts")>("/src/runtime-context.ts");
          const router = await load<typeof import("react-router")>("react-router");
          const context = new router.RouterContextProvider();
          context.set(keys.runtimeContext, runtime);
          context.set(keys.nonceContext, nonce);
          return await router.createRequestHandler(build, "development")(request, context);
        } catch (error) {
          if (error instanceof Error) vite.ssrFixStacktrace(error);
          throw error;
        }
      },
    },
    listener: (next) => (incoming, outgoing) => {
      vite.middlewares(incoming, outgoing, () => next(incoming, outgoing));
    },
    close: () => vite.close(),
  };
}
