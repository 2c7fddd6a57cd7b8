import { Alert } from "@mantine/core";
import { z } from "zod";
import { runtimeContext } from "#app/runtime-context.ts";
import { listSettings } from "#core/config.ts";
import { AppError } from "#core/errors.ts";
import type { MailRow } from "#core/mail.ts";
import { adminRoles, recordAudit, requireRole, runsInstallation } from "#features/access/index.ts";
import { accountContext, ctxContext, failWith, guarded } from "../../request-context.server.ts";
import { EmptyState } from "../../ui/empty-state.tsx";
import { FilterBar, type FilterField } from "../../ui/filter-bar.tsx";
import { capitalize, inWords } from "../../ui/format.ts";
import { PageHead } from "../../ui/page-head.tsx";
import { Pager } from "../../ui/pager.tsx";
import { Rows } from "../../ui/rows.tsx";
import { Columns, Pile, Sheet } from "../../ui/sheet.tsx";
import { param, readQuery } from "../list-params.server.ts";
import type { Route } from "./+types/mail.ts";
import { answerForm } from "./answer.server.ts";
import { MailLine } from "./mail-line.tsx";
import { MailServer } from "./mail-server.tsx";

const states = ["waiting", "sent", "failed"] as const;
const query = z.object({ state: param.oneOf(states), of: param.oneOf(["installation"]), after: param.cursor });

export const loader = guarded(async ({ request, context }: Route.LoaderArgs) => {
  const ctx = context.get(ctxContext);
  requireRole(ctx, adminRoles, { scope: "admin" });
  const { mail, config } = context.get(runtimeContext);
  const { state, of, after } = readQuery(request, query);
  const runsAll = await runsInstallation(ctx);
  if (of && !runsAll) failWith(403, "Sign-in mail is shown to those who run every community here.");
  const scope = of ? null : ctx.community.id;
  const [page, failed] = await Promise.all([mail.list({ scope, state, after, limit: 30 }), mail.list({ scope, state: "failed", limit: 50 })]);
  return {
    // A mail of the installation holds a link that signs its reader in: nobody else reads it, whatever their role.
    page: { next: page.next, rows: page.rows.map((row): MailRow => (of ? { ...row, text: "" } : row)) },
    failed: { n: failed.rows.length, more: failed.next !== null },
    configured: mail.configured,
    filtered: state !== undefined,
    runsAll,
    server: runsAll
      ? {
          host: config.smtpUrl ? new URL(config.smtpUrl).host : null,
          from: mail.from,
          settings: listSettings().flatMap((one) =>
            one.section === "Mail" ? [{ env: one.env, description: one.description, accepts: one.accepts }] : [],
          ),
        }
      : null,
    me: context.get(accountContext)?.account.email ?? "",
  };
});

const form = z.discriminatedUnion("intent", [
  z.object({ intent: z.literal("retry"), id: z.uuid(), of: z.enum(["community", "installation"]) }),
  z.object({ intent: z.literal("test"), to: z.email("Enter an e-mail address.") }),
]);

export const action = guarded(async ({ request, context }: Route.ActionArgs) =>
  answerForm(request, form, async (input) => {
    const ctx = context.get(ctxContext);
    requireRole(ctx, adminRoles);
    const { mail } = context.get(runtimeContext);
    const installationWide = input.intent === "test" || input.of === "installation";
    if (installationWide && !(await runsInstallation(ctx))) {
      throw new AppError("forbidden", { public: "The mail server is for those who run every community here." });
    }
    if (input.intent === "retry") {
      await mail.retry({ id: input.id, scope: input.of === "installation" ? null : ctx.community.id });
      await recordAudit(ctx, { action: "mail.retried", objectKind: "mail", objectId: input.id });
      return { ok: true, message: "Back in line. It goes out within a minute." };
    }
    const { ok, transcript, error } = await mail.sendTest(input.to);
    await recordAudit(ctx, { action: "mail.tested", objectKind: "mail", objectId: input.to, detail: { ok, error } });
    return { ok, transcript, message: ok ? `The mail server took the mail for ${input.to}.` : (error ?? "The mail server refused.") };
  }),
);

export default function MailSettings({ loaderData, params }: Route.ComponentProps) {
  const { page, failed, configured, server } = loaderData;
  const filters: FilterField[] = [
    { kind: "select", name: "state", label: "State", options: states.map((value) => ({ value, label: value })) },
    ...(loaderData.runsAll
      ? [
          {
            kind: "select" as const,
            name: "of",
            label: "Of",
            any: "this community",
            options: [{ value: "installation", label: "signing in (the whole site)" }],
          },
        ]
      : []),
  ];
  return (
    <>
      <title>Mail · Causeway</title>
      <PageHead
        over="Settings · Mail"
        title={
          !configured
            ? "Mail waits here until there is a mail server"
            : failed.n > 0
              ? `${failed.more ? "More than fifty" : capitalize(inWords(failed.n))} ${failed.n === 1 ? "mail" : "mails"} could not be sent`
              : "Mail goes out"
        }
        actions={<span />}
      />
      {configured || server ? null : (
        <Alert color="gray" variant="light" mb="md">
          Whoever runs this installation sets up the mail server. Nothing is lost until then.
        </Alert>
      )}
      <FilterBar fields={filters} />
      <Columns layout={server ? "wide" : 1}>
        <Sheet title="Outbox" id="outbox" aside="newest first">
          {page.rows.length > 0 ? (
            <Rows label="Mail">
              {page.rows.map((row) => (
                <MailLine key={row.id} mail={row} />
              ))}
            </Rows>
          ) : (
            <EmptyState
              title={loaderData.filtered ? "No mail like this" : "No mail yet"}
              action={loaderData.filtered ? { label: "Show all mail", to: `/studio/${params.community}/settings/mail` } : undefined}
            >
              What Causeway writes to people appears here: waiting, sent, or refused with the mail server’s reason.
            </EmptyState>
          )}
          <Pager next={page.next} />
        </Sheet>
        {server ? (
          <Pile>
            <MailServer {...server} to={loaderData.me} />
          </Pile>
        ) : null}
      </Columns>
    </>
  );
}
