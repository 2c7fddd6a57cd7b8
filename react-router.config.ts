import type { Config } from "@react-router/dev/config";

export default {
  appDirectory: "src/web",
  buildDirectory: "build",
  ssr: true,
  // All routes are known to the client at once: the Studio is walked through by keyboard, and a lookup per link would be felt.
  routeDiscovery: { mode: "initial" },
} satisfies Config;
