import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseEnv } from "node:util";
import { z } from "zod";
import { AppError } from "./errors.ts";

/** What people read about a setting: its variable, what it is for and what it accepts. */
export interface SettingDoc {
  env: string;
  section: string;
  description: string;
  accepts: string;
  /** Never repeated in a message or a page. */
  secret?: boolean;
  /** Shown in `.env.example` where there is no default. */
  example?: string;
}

const docs = z.registry<SettingDoc>();

const list = z
  .string()
  .transform((text) => text.split(/[\s,]+/).filter((part) => part !== ""))
  .pipe(z.array(z.string()));
const whole = (min: number, max: number) => z.coerce.number<string | number>().int().min(min).max(max);
const webUrl = z.url({ protocol: /^https?$/ }).transform((url) => url.replace(/\/+$/, ""));

/** Every setting of the product. Nothing else reads the environment. */
export const configSchema = z.object({
  dataDir: z.string().default("./data").register(docs, {
    env: "CAUSEWAY_DATA_DIR",
    section: "Where things are",
    description: "The folder that holds the embedded database, the secrets and uploaded files.",
    accepts: "the path of a folder that this user may write",
  }),
  databaseUrl: z
    .url({ protocol: /^postgres(ql)?$/ })
    .optional()
    .register(docs, {
      env: "DATABASE_URL",
      section: "Where things are",
      description:
        "A PostgreSQL server to use instead of the embedded database (recommended above a few million activities or below 1 GB of memory).",
      accepts: "a URL such as postgres://user:password@host:5432/name",
      example: "postgres://causeway:secret@localhost:5432/causeway",
      secret: true,
    }),
  host: z.string().default("127.0.0.1").register(docs, {
    env: "HOST",
    section: "Where things are",
    description: "The address to listen on. 127.0.0.1 is reachable from this machine alone; 0.0.0.0 from everywhere.",
    accepts: "an IP address or a host name",
  }),
  port: whole(0, 65_535).default(4400).register(docs, {
    env: "PORT",
    section: "Where things are",
    description: "The port to listen on; 0 picks a free one.",
    accepts: "a whole number from 0 to 65535",
  }),
  publicUrl: webUrl.optional().register(docs, {
    env: "PUBLIC_URL",
    section: "Where things are",
    description: "The address under which people reach the site; it stands in links and mails. By default http://localhost:PORT.",
    accepts: "a URL that begins with http:// or https://",
    example: "https://community.example.org",
  }),
  trustedProxies: list.default([]).register(docs, {
    env: "CAUSEWAY_TRUSTED_PROXIES",
    section: "Where things are",
    description: "Reverse proxies whose X-Forwarded-For is believed.",
    accepts: "IP addresses or networks such as 10.0.0.0/8, separated by commas",
    example: "127.0.0.1,10.0.0.0/8",
  }),
  secretsFile: z.string().optional().register(docs, {
    env: "CAUSEWAY_SECRETS_FILE",
    section: "Where things are",
    description:
      "Where the installation's keys are kept; several processes on one database need the same file. By default secrets.json in the data folder.",
    accepts: "the path of a file that only its owner may read",
    example: "/run/secrets/causeway.json",
  }),

  role: z.enum(["all", "web", "worker"]).default("all").register(docs, {
    env: "CAUSEWAY_ROLE",
    section: "Running",
    description: "What this process does: serve pages, run jobs, or both.",
    accepts: "all, web or worker",
  }),
  logLevel: z.enum(["trace", "debug", "info", "warn", "error", "silent"]).default("info").register(docs, {
    env: "CAUSEWAY_LOG_LEVEL",
    section: "Running",
    description: "How much is written to the log (standard error).",
    accepts: "trace, debug, info, warn, error or silent",
  }),
  shutdownSeconds: whole(1, 600).default(20).register(docs, {
    env: "CAUSEWAY_SHUTDOWN_SECONDS",
    section: "Running",
    description: "How long requests and jobs under way may take to finish when the process is told to stop.",
    accepts: "a whole number of seconds from 1 to 600",
  }),
  jobPollSeconds: z.coerce.number<string | number>().min(0.5).max(60).default(2).register(docs, {
    env: "CAUSEWAY_JOB_POLL_SECONDS",
    section: "Running",
    description: "How often each job queue is looked at for work that another process put there.",
    accepts: "a number of seconds from 0.5 to 60",
  }),
  metricsToken: z.string().min(16).optional().register(docs, {
    env: "CAUSEWAY_METRICS_TOKEN",
    section: "Running",
    description: "Lets a Prometheus server on another machine read /metrics with `Authorization: Bearer …`. Without it only this machine may.",
    accepts: "a text of at least 16 characters",
    secret: true,
    example: "a-long-random-text",
  }),

  databaseConnections: whole(2, 200).default(10).register(docs, {
    env: "CAUSEWAY_DATABASE_CONNECTIONS",
    section: "Database",
    description: "Connections kept to the database at most.",
    accepts: "a whole number from 2 to 200",
  }),
  slowQueryMs: whole(1, 3_600_000).default(1000).register(docs, {
    env: "CAUSEWAY_SLOW_QUERY_MS",
    section: "Database",
    description: "Statements that take longer are logged.",
    accepts: "a whole number of milliseconds",
  }),
  statementTimeoutMs: whole(0, 3_600_000).default(60_000).register(docs, {
    env: "CAUSEWAY_STATEMENT_TIMEOUT_MS",
    section: "Database",
    description: "Statements of the web server that take longer are cancelled (PostgreSQL servers only); 0 for never.",
    accepts: "a whole number of milliseconds, or 0",
  }),

  smtpUrl: z
    .url({ protocol: /^smtps?$/ })
    .optional()
    .register(docs, {
      env: "CAUSEWAY_SMTP_URL",
      section: "Mail",
      description: "The mail server. Without it mails wait in the outbox, where the Studio shows them.",
      accepts: "a URL such as smtp://user:password@mail.example.org:587 or smtps://…:465",
      example: "smtp://user:password@mail.example.org:587",
      secret: true,
    }),
  mailFrom: z.string().min(3).default("Causeway <causeway@localhost>").register(docs, {
    env: "CAUSEWAY_MAIL_FROM",
    section: "Mail",
    description: "The sender of every mail.",
    accepts: "an address, with or without a name: Community <hello@example.org>",
  }),

  outboundAllow: list.default([]).register(docs, {
    env: "CAUSEWAY_OUTBOUND_ALLOW",
    section: "Requests to other servers",
    description: "Hosts and networks inside your own network that sources and webhooks may reach. All private addresses are refused otherwise.",
    accepts: "host names, host:port, IP addresses or networks, separated by commas",
    example: "gitlab.internal,10.1.0.0/16",
  }),
  outboundTimeoutMs: whole(100, 600_000).default(30_000).register(docs, {
    env: "CAUSEWAY_OUTBOUND_TIMEOUT_MS",
    section: "Requests to other servers",
    description: "How long an answer may take.",
    accepts: "a whole number of milliseconds from 100 to 600000",
  }),
  outboundMaxBytes: whole(1024, 4_000_000_000).default(50_000_000).register(docs, {
    env: "CAUSEWAY_OUTBOUND_MAX_BYTES",
    section: "Requests to other servers",
    description: "How large an answer may be.",
    accepts: "a whole number of bytes",
  }),

  signInAttempts: whole(1, 1000).default(10).register(docs, {
    env: "CAUSEWAY_SIGN_IN_ATTEMPTS",
    section: "Limits",
    description: "Attempts to sign in per minute from one address.",
    accepts: "a whole number from 1 to 1000",
  }),
  apiRequests: whole(1, 1_000_000).default(600).register(docs, {
    env: "CAUSEWAY_API_REQUESTS",
    section: "Limits",
    description: "Requests to the API per minute from one address or key.",
    accepts: "a whole number from 1 to 1000000",
  }),
  pageCacheSeconds: whole(0, 3600).default(60).register(docs, {
    env: "CAUSEWAY_PAGE_CACHE_SECONDS",
    section: "Limits",
    description: "How old a public page served to visitors who are not signed in may be; 0 turns the cache off.",
    accepts: "a whole number of seconds from 0 to 3600",
  }),
  pageCacheEntries: whole(1, 100_000).default(500).register(docs, {
    env: "CAUSEWAY_PAGE_CACHE_ENTRIES",
    section: "Limits",
    description: "How many public pages are kept.",
    accepts: "a whole number from 1 to 100000",
  }),
});

/** The settings, complete: paths absolute, the public address decided. */
export type Config = Omit<z.output<typeof configSchema>, "publicUrl" | "secretsFile"> & {
  publicUrl: string;
  /** Whether somebody set the public address; the default is a guess. */
  publicUrlSet: boolean;
  secretsFile: string;
};
type SettingName = keyof typeof configSchema.shape;

/** Settings as the command line gives them. */
export type ConfigOverrides = Partial<Record<SettingName, string | number>>;

/** Environment variables as Node has them. */
export type Environment = Record<string, string | undefined>;

/** Every setting with its documentation, in the schema's order. */
export function listSettings(): (SettingDoc & { name: SettingName; default: unknown })[] {
  return (Object.keys(configSchema.shape) as SettingName[]).map((name) => {
    const schema = configSchema.shape[name];
    const doc = docs.get(schema);
    if (!doc) throw new Error(`the setting ${name} has no documentation`);
    const unset = schema.safeParse(undefined);
    return { ...doc, name, default: unset.success ? unset.data : undefined };
  });
}

/**
 * Reads the settings from the environment and, where it exists, a `.env` file in the working folder;
 * the environment wins. An empty value counts as unset.
 * @param options.overrides settings given on the command line, which win over both
 * @param options.defaults what this kind of process uses where nobody said anything
 * @throws AppError `invalid_input` that names every problem at once: the variable, what it got, what it accepts
 */
export function loadConfig(options: { env?: Environment; cwd?: string; overrides?: ConfigOverrides; defaults?: ConfigOverrides } = {}): Config {
  const cwd = options.cwd ?? process.cwd();
  const env = { ...readEnvFile(join(cwd, ".env")), ...withoutEmpty(options.env ?? process.env) };
  const settings = listSettings();
  const given: Record<string, unknown> = {};
  for (const { name, env: variable } of settings) {
    if (env[variable] !== undefined) given[name] = env[variable];
  }
  const parsed = configSchema.safeParse({ ...options.defaults, ...given, ...options.overrides });

  if (!parsed.success) {
    const wrong = new Set(parsed.error.issues.map((issue) => issue.path[0]));
    const issues = settings
      .filter(({ name }) => wrong.has(name))
      .map((setting) => ({
        path: setting.env,
        message: `${setting.env} is ${setting.secret ? "set to something else" : JSON.stringify(options.overrides?.[setting.name] ?? given[setting.name])}; it accepts ${setting.accepts}.`,
      }));
    throw new AppError("invalid_input", {
      public: `${issues.length === 1 ? "A setting is" : `${issues.length} settings are`} not usable:\n${issues.map((issue) => `  ${issue.message}`).join("\n")}`,
      issues,
    });
  }
  const { publicUrl, secretsFile, ...rest } = parsed.data;
  const dataDir = resolve(cwd, rest.dataDir);
  return {
    ...rest,
    dataDir,
    secretsFile: secretsFile ? resolve(cwd, secretsFile) : join(dataDir, "secrets.json"),
    publicUrl: publicUrl ?? `http://localhost:${rest.port}`,
    publicUrlSet: publicUrl !== undefined,
  };
}

/** Variables that begin like ours and are none of ours: most likely mistyped. */
export function unknownVariables(env: Environment = process.env): string[] {
  const known = new Set(listSettings().map((setting) => setting.env));
  return Object.keys(env).filter((name) => name.startsWith("CAUSEWAY_") && !known.has(name));
}

/** The text of `.env.example`: every setting, commented out, with what it is for. */
export function envExample(): string {
  const lines = ["# Every setting of Causeway. None is needed: uncomment what you want to change.", "# Generated from src/core/config.ts."];
  let section = "";
  for (const setting of listSettings()) {
    if (setting.section !== section) {
      section = setting.section;
      lines.push("", `## ${section}`);
    }
    const value =
      setting.default === undefined ? (setting.example ?? "") : Array.isArray(setting.default) ? (setting.example ?? "") : String(setting.default);
    lines.push(
      "",
      `# ${setting.description}`,
      `# Accepts ${setting.accepts}.`,
      `# ${setting.env}=${/[\s<>]/.test(value) ? JSON.stringify(value) : value}`,
    );
  }
  return `${lines.join("\n")}\n`;
}

function readEnvFile(path: string): Environment {
  return existsSync(path) ? withoutEmpty(parseEnv(readFileSync(path, "utf8"))) : {};
}

function withoutEmpty(env: Environment): Environment {
  return Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ""));
}
