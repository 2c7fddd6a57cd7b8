import { reactRouter } from "@react-router/dev/vite";
import { defineConfig } from "vite";

/** Everything below the pages runs from source: one instance of each module for pages, API, worker and CLI. */
const runsFromSource = /^#(core|features|connectors|metrics|app)\//;

export default defineConfig({
  plugins: [reactRouter()],
  build: {
    target: ["chrome123", "firefox121", "safari17.5"],
    assetsInlineLimit: 0,
  },
  environments: {
    ssr: { build: { rolldownOptions: { external: [runsFromSource] } } },
  },
});
