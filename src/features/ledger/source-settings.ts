import { z } from "zod";
import type { SecretBox } from "#core/crypto.ts";
import { AppError } from "#core/errors.ts";
import type { HttpClient } from "#core/http.ts";
import type { Connector } from "./connector.ts";

/** What a run on a live source needs of the process. */
export interface PullServices {
  http: HttpClient;
  secrets: SecretBox;
  /** Where sources keep what is cheaper kept than fetched again. */
  dataDir: string;
}

/** A secret as it lies in the database. */
const sealedSchema = z.object({ $sealed: z.string() });

/** For what settings are asked: to read a file, or to read live. */
export type SettingUse = "file" | "live";

const schemaShape = z.looseObject({
  properties: z
    .record(z.string(), z.looseObject({ secret: z.boolean().optional(), hidden: z.boolean().optional(), for: z.enum(["file", "live"]).optional() }))
    .default({}),
});

/**
 * The settings that matter for a use: all but those whose schema says `.meta({ for: … })` of the other one. Secrets are
 * for reading live.
 * @param options.withHidden also those that no form asks for, by `.meta({ hidden: true })`
 */
export function settingsOfUse(connector: Connector, use: SettingUse, options: { withHidden?: boolean } = {}): string[] {
  const { properties } = schemaShape.parse(z.toJSONSchema(connector.settings, { io: "input", unrepresentable: "any" }));
  return Object.entries(properties)
    .filter(([, property]) => (options.withHidden || !property.hidden) && (property.for ?? (property.secret ? "live" : use)) === use)
    .map(([name]) => name);
}

/** The settings that are secrets: those whose schema says `.meta({ secret: true })`. */
export function secretFields(connector: Connector): string[] {
  const { properties } = schemaShape.parse(z.toJSONSchema(connector.settings, { io: "input", unrepresentable: "any" }));
  return Object.entries(properties)
    .filter(([, property]) => property.secret)
    .map(([name]) => name);
}

const boundTo = (communityId: string, origin: string, field: string) => `source:${communityId}:${origin}:${field}`;

/**
 * Settings as they are stored: each secret encrypted, and worthless in any other row.
 * @param input.settings parsed by the connector's schema
 */
export function sealSettings(input: {
  connector: Connector;
  settings: unknown;
  origin: string;
  communityId: string;
  secrets: SecretBox;
}): Record<string, unknown> {
  const sealed = { ...asObject(input.settings) };
  for (const field of secretFields(input.connector)) {
    const value = sealed[field];
    if (typeof value === "string" && value !== "") {
      sealed[field] = { $sealed: input.secrets.seal(value, boundTo(input.communityId, input.origin, field)) };
    }
  }
  return sealed;
}

/**
 * Settings with their secrets readable, for the run alone: never for a page, an answer or a log.
 * @throws AppError `internal` when a secret does not open, or there is nothing to open it with
 */
export function openSettings(input: {
  connector: Connector;
  source: { origin: string; settings: unknown };
  communityId: string;
  services: PullServices | undefined;
}): unknown {
  const opened = { ...asObject(input.source.settings) };
  for (const field of secretFields(input.connector)) {
    const sealed = sealedSchema.safeParse(opened[field]);
    if (!sealed.success) continue;
    if (!input.services) throw new AppError("internal", { public: "This run cannot open the source's secrets." });
    opened[field] = input.services.secrets.open(sealed.data.$sealed, boundTo(input.communityId, input.source.origin, field));
  }
  return opened;
}

/** Settings without their secrets: a file needs none, and none may lie about unsealed. */
export function dropSecrets(connector: Connector, settings: unknown): Record<string, unknown> {
  const kept = { ...asObject(settings) };
  for (const field of secretFields(connector)) delete kept[field];
  return kept;
}

/** What stands in the place of a secret wherever settings are shown. */
export const secretMask = "••••••••";

/** Settings as they may be shown: of a secret only that it is set. */
export function maskSettings(connector: Connector, settings: unknown): Record<string, unknown> {
  const masked = { ...asObject(settings) };
  for (const field of secretFields(connector)) if (masked[field] !== undefined && masked[field] !== "") masked[field] = secretMask;
  return masked;
}

/** As `maskSettings`, for whoever does not know the connector: what is sealed is a secret. */
export function maskSealed(settings: unknown): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(asObject(settings)).map(([name, value]) => [name, sealedSchema.safeParse(value).success ? secretMask : value]),
  );
}

/** Settings as they lie in the database. */
export function asObject(settings: unknown): Record<string, unknown> {
  return z.record(z.string(), z.unknown()).catch({}).parse(settings);
}
