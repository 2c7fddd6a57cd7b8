import { defineConfig } from "drizzle-kit";

export default defineConfig({
  dialect: "postgresql",
  schema: [
    "./src/core/schema.ts",
    "./src/features/*/schema.ts",
    "./src/features/ledger/{derived,identity,listener,organization}-schema.ts",
    "./src/metrics/schema.ts",
  ],
  out: "./db/migrations",
});
