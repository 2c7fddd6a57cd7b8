import { AppError } from "#core/errors.ts";

/** What of the settings the live sources read. */
export interface LiveSettings {
  kind: "file" | "imap" | "pipermail" | "hyperkitty";
  list?: string | undefined;
  url: string;
  since: string;
  host: string;
  port: number;
  security: "tls" | "starttls" | "none";
  user: string;
  password: string;
  token: string;
  folder: string;
}

/**
 * Refuses settings that lack what their kind needs.
 * @throws AppError `invalid_input` naming each field
 */
export function requireSettings(settings: LiveSettings, needed: Partial<Record<keyof LiveSettings, string>>): void {
  const issues = Object.entries(needed).flatMap(([path, message]) => (settings[path as keyof LiveSettings] ? [] : [{ path, message }]));
  if (issues.length > 0)
    throw new AppError("invalid_input", { public: `To read it live, ${issues.map(({ message }) => message).join(", and ")}.`, issues });
}
