import { z } from "zod";
import { type AuditRow, listApiKeys, listAudit, listTeam } from "#features/access/index.ts";
import { ctxContext, guarded } from "../../request-context.server.ts";
import { EmptyState } from "../../ui/empty-state.tsx";
import { FilterBar } from "../../ui/filter-bar.tsx";
import { addDays } from "../../ui/format.ts";
import { PageHead } from "../../ui/page-head.tsx";
import { Pager } from "../../ui/pager.tsx";
import { Rows } from "../../ui/rows.tsx";
import { Sheet } from "../../ui/sheet.tsx";
import { param, readQuery } from "../list-params.server.ts";
import type { Route } from "./+types/audit.ts";
import { AuditLine } from "./audit-line.tsx";

const query = z.object({
  actor: param.text,
  action: param.text,
  objectKind: param.text,
  objectId: param.text,
  from: param.day,
  to: param.day,
  after: param.cursor,
});

export const loader = guarded(async ({ request, context }: Route.LoaderArgs) => {
  const ctx = context.get(ctxContext);
  const { action, from, to, ...given } = readQuery(request, query);
  const filter = {
    ...given,
    // A word alone is the first part of an action: `team` is `team.`
    action: action && !action.includes(".") ? `${action}.` : action,
    from: from ? new Date(`${from}T00:00:00Z`) : undefined,
    to: to ? new Date(`${addDays(to, 1)}T00:00:00Z`) : undefined,
  };
  // First the log, which refuses whoever may not read it.
  const page = await listAudit(ctx, { ...filter, limit: 50 });
  const [team, keys] = await Promise.all([listTeam(ctx), listApiKeys(ctx)]);
  return {
    page,
    filtered: new URL(request.url).searchParams.size > 0,
    actors: [
      { value: "system", label: "Causeway itself" },
      ...team.map(({ accountId, name }) => ({ value: accountId, label: name })),
      ...keys.map(({ id, name, prefix }) => ({ value: `key:${id}`, label: `key ${name} (${prefix}…)` })),
    ],
    object: given.objectKind && given.objectId ? { kind: given.objectKind, id: given.objectId } : null,
  };
});

export default function AuditSettings({ loaderData, params }: Route.ComponentProps) {
  const { page, object } = loaderData;
  const here = `/studio/${params.community}/settings/audit`;
  return (
    <>
      <title>Audit log · Causeway</title>
      <PageHead over="Settings · Audit log" title={titleOf(page.rows, object)} actions={<span />}>
        Written in the same transaction as the change itself, and never changed after.
      </PageHead>
      <FilterBar
        fields={[
          { kind: "select", name: "actor", label: "Who", options: loaderData.actors },
          { kind: "text", name: "action", label: "Action, or its beginning", placeholder: "team, api_key.created" },
          { kind: "day", name: "from", label: "From" },
          { kind: "day", name: "to", label: "To" },
        ]}
      />
      <Sheet title="What was done" id="audit" aside="newest first; days are UTC">
        {page.rows.length > 0 ? (
          <Rows label="Audit log">
            {page.rows.map((row) => (
              <AuditLine key={row.id} entry={row} here={here} />
            ))}
          </Rows>
        ) : loaderData.filtered ? (
          <EmptyState title="Nothing like this was done" action={{ label: "Show the whole log", to: here }}>
            Actions are named object and verb, such as team.role_changed; the first part alone finds all of its kind.
          </EmptyState>
        ) : (
          <EmptyState title="Nothing was done yet">
            Invitations, roles, keys, links between people, judgements on signals: each leaves a line here.
          </EmptyState>
        )}
        <Pager next={page.next} />
      </Sheet>
    </>
  );
}

function titleOf(rows: readonly AuditRow[], object: { kind: string; id: string } | null): string {
  if (object) return `What was done to one ${object.kind.replaceAll("_", " ")}`;
  return rows.length > 0 ? "Who did what, and when" : "Nobody did anything that this shows";
}
