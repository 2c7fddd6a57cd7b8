import { z } from "zod";
import { createApiKey, listApiKeys, newApiKeySchema, requireRole, revokeApiKey, scopes, teamRoles } from "#features/access/index.ts";
import { ctxContext, guarded } from "../../request-context.server.ts";
import { capitalize, inWords } from "../../ui/format.ts";
import { PageHead } from "../../ui/page-head.tsx";
import { Rows } from "../../ui/rows.tsx";
import { Columns, Sheet } from "../../ui/sheet.tsx";
import type { Route } from "./+types/keys.ts";
import { answerForm } from "./answer.server.ts";
import { KeyRow } from "./key-row.tsx";
import { NewKey } from "./new-key.tsx";
import classes from "./settings.module.css";
import { siteAddress } from "./viewer.server.ts";

export const loader = guarded(async ({ request, context }: Route.LoaderArgs) => {
  const ctx = context.get(ctxContext);
  requireRole(ctx, teamRoles, { scope: "read" });
  const now = ctx.clock.now();
  const keys = await listApiKeys(ctx);
  const works = (key: (typeof keys)[number]) => !key.revokedAt && (!key.expiresAt || key.expiresAt > now);
  return {
    keys: keys.filter(works),
    ended: keys.filter((key) => !works(key)),
    me: ctx.viewer.kind === "account" ? ctx.viewer.accountId : null,
    scopes,
    api: `${siteAddress(request, context)}/api/v1/communities/${ctx.community.slug}`,
  };
});

const form = z.discriminatedUnion("intent", [
  z.object({
    intent: z.literal("create"),
    name: newApiKeySchema.shape.name,
    scopes: z.preprocess((given) => (given === undefined ? [] : [given].flat()), newApiKeySchema.shape.scopes),
    expiresInDays: z.union([z.literal("never").transform(() => null), z.coerce.number().int().min(1).max(3650)]),
  }),
  z.object({ intent: z.literal("revoke"), apiKeyId: z.string() }),
]);

export const action = guarded(async ({ request, context }: Route.ActionArgs) =>
  answerForm(request, form, async (input) => {
    const ctx = context.get(ctxContext);
    if (input.intent === "revoke") {
      await revokeApiKey(ctx, input);
      return { ok: true, message: "The key is worthless from now on." };
    }
    const { key } = await createApiKey(ctx, input);
    return { ok: true, made: { key, scopes: input.scopes } };
  }),
);

export default function KeySettings({ loaderData }: Route.ComponentProps) {
  const { keys, ended, me } = loaderData;
  return (
    <>
      <title>API keys · Causeway</title>
      <PageHead
        over="Settings · API keys"
        title={
          keys.length === 0
            ? "No program acts for you yet"
            : `${capitalize(inWords(keys.length))} ${keys.length === 1 ? "key opens" : "keys open"} the API`
        }
        actions={<span />}
      >
        <span>
          A key acts for the person who made it: never more than their role, and within its scopes.{" "}
          <a className="link" href="/api/v1/docs">
            What the API can do
          </a>
        </span>
      </PageHead>
      <Columns layout="wide">
        <Sheet title="Keys" id="keys">
          {keys.length > 0 ? (
            <Rows label="API keys">
              {keys.map((key) => (
                <KeyRow key={key.id} apiKey={key} isMine={key.accountId === me} />
              ))}
            </Rows>
          ) : (
            <p className={classes.words}>
              Make one for each program that reads or writes here, named after it. When it leaks or the program goes, revoke that one key.
            </p>
          )}
          {ended.length > 0 ? (
            <details className={classes.more}>
              <summary>{`Revoked and expired (${ended.length})`}</summary>
              <Rows label="Ended API keys">
                {ended.map((key) => (
                  <KeyRow key={key.id} apiKey={key} isMine={key.accountId === me} hasEnded />
                ))}
              </Rows>
            </details>
          ) : null}
        </Sheet>
        <NewKey scopes={loaderData.scopes} api={loaderData.api} />
      </Columns>
    </>
  );
}
