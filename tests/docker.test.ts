import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { configSchema, listSettings } from "#core/config.ts";
import nodeFlags from "../scripts/node-flags.json" with { type: "json" };

const root = join(import.meta.dirname, "..");
const read = (path: string) => readFileSync(join(root, path), "utf8");
const dockerfile = read("Dockerfile").replaceAll("\\\n", " ").split("\n");
const compose: Compose = parse(read("compose.yaml"));
const ignored = read(".dockerignore").split("\n");

interface Compose {
  services: Record<string, { environment?: Record<string, string>; ports?: string[]; volumes?: string[]; image?: string }>;
  volumes: Record<string, unknown>;
}

/** The arguments of each line of the Dockerfile that begins with an instruction. */
const instructions = (name: string) => dockerfile.filter((line) => line.startsWith(`${name} `)).map((line) => line.slice(name.length + 1).trim());
const settings = new Set(listSettings().map((setting) => setting.env));
const environment = Object.fromEntries(
  instructions("ENV").flatMap((line) => line.split(/\s+/).map((pair): [string, string] => [pair.split("=")[0] ?? "", pair.split("=")[1] ?? ""])),
);
const port = String(configSchema.shape.port.parse(undefined));

describe("Dockerfile", () => {
  test("copies only what is there and what .dockerignore lets through", () => {
    const sources = instructions("COPY")
      .filter((line) => !line.startsWith("--from="))
      .flatMap((line) => line.split(/\s+/).slice(0, -1));
    expect(sources.length).toBeGreaterThan(5);
    expect(sources.filter((source) => !existsSync(join(root, source)))).toEqual([]);
    expect(sources.filter((source) => !ignored.includes(`!${source}`))).toEqual([]);
  });

  test("stands on the Node that package.json pins", () => {
    const manifest: { dependencies: Record<string, string> } = JSON.parse(read("package.json"));
    const major = manifest.dependencies.node?.split(".")[0];
    expect(instructions("FROM").map((line) => /^node:(\d+)-slim( AS \w+)?$/.exec(line)?.[1])).toEqual([major, major]);
    expect(read(".nvmrc").trim()).toBe(manifest.dependencies.node);
  });

  test("sets only settings that there are", () => {
    expect(Object.keys(environment).filter((name) => name !== "NODE_ENV" && !settings.has(name))).toEqual([]);
  });

  test("serves, exposes and checks the default port, as another user than root", () => {
    expect(environment.PORT).toBe(port);
    expect(instructions("EXPOSE")).toEqual([port]);
    expect(dockerfile.join("\n")).toContain("process.env.PORT}/healthz");
    expect(instructions("USER")).toEqual(["node"]);
  });

  test("keeps its data in the volume", () => {
    expect(instructions("VOLUME")).toEqual([environment.CAUSEWAY_DATA_DIR]);
  });

  test("runs files that there are", () => {
    const programs = [
      ...read("Dockerfile").matchAll(/\bnode ((?:src|scripts)\/[\w./-]+)|"node",(?: "--[\w=-]+",)* "((?:src|scripts)\/[\w./-]+)"/g),
    ].map((match) => match[1] ?? match[2] ?? "");
    expect(programs.length).toBeGreaterThan(0);
    expect(programs.filter((program) => !existsSync(join(root, program)))).toEqual([]);
  });

  test("runs Node as the scripts do", () => {
    expect(JSON.parse(instructions("ENTRYPOINT")[0] ?? "")).toEqual(["node", ...nodeFlags, "src/cli/index.ts"]);
  });
});

describe("compose.yaml", () => {
  test("sets only settings that there are", () => {
    expect(Object.keys(compose.services.causeway?.environment ?? {}).filter((name) => !settings.has(name))).toEqual([]);
  });

  test("reaches the server at its port", () => {
    expect(compose.services.causeway?.ports?.map((line) => line.split(":").at(-1))).toEqual([port]);
  });

  test("holds no secret itself: each comes from the environment and must be given", () => {
    const values = Object.values(compose.services).flatMap((service) => Object.entries(service.environment ?? {}));
    const secrets = values.filter(([name]) => /PASSWORD|SECRET|TOKEN|DATABASE_URL/.test(name));
    expect(secrets.map(([name]) => name)).toEqual(["DATABASE_URL", "POSTGRES_PASSWORD"]);
    for (const [, value] of secrets) expect(value).toMatch(/\$\{POSTGRES_PASSWORD:\?/);
  });

  test("keeps in volumes what must outlive a container", () => {
    const mounts = Object.values(compose.services).flatMap((service) => service.volumes ?? []);
    expect(mounts).toContain(`data:${environment.CAUSEWAY_DATA_DIR}`);
    expect(mounts.map((mount) => mount.split(":")[0]).filter((volume) => !(volume !== undefined && volume in compose.volumes))).toEqual([]);
  });
});
