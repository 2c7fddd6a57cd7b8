import pino, { type Logger } from "pino";

export type { Logger } from "pino";

/** Field names whose values never reach the log, at any depth of two. */
const secretFields = ["password", "token", "secret", "authorization", "cookie", "apiKey", "smtpUrl", "databaseUrl"];

/**
 * The log: JSON lines on standard error, so that standard output stays free for what a command prints.
 * @param options.level pino's level names; "silent" for tests
 * @param options.pretty for people at a terminal
 */
export function createLogger(options: { level: string; pretty?: boolean }): Logger {
  const paths = secretFields.flatMap((field) => [field, `*.${field}`, `*.*.${field}`]);
  const settings = {
    level: options.level,
    redact: { paths, censor: "[redacted]" },
    base: { pid: process.pid },
  };
  if (options.pretty) {
    return pino({ ...settings, transport: { target: "pino-pretty", options: { destination: 2, ignore: "pid,hostname" } } });
  }
  return pino(settings, pino.destination({ dest: 2, sync: false }));
}
