import { Button, TextInput } from "@mantine/core";
import { Form, useActionData, useFetcher, useFormAction, useNavigation } from "react-router";
import { requireConnector } from "#app/background/import-upload.ts";
import { pullServices, syncSoon } from "#app/background/sync-source.ts";
import { runtimeContext } from "#app/runtime-context.ts";
import { AppError } from "#core/errors.ts";
import { editorRoles, recordAudit, requireRole } from "#features/access/index.ts";
import { addLiveSource, changeSettings, readSettings, requireSource, tryConnection } from "#features/ledger/index.ts";
import { ctxContext, goTo, guarded } from "../../request-context.server.ts";
import { renderMarkdown } from "../../ui/markdown.server.ts";
import { PageHead } from "../../ui/page-head.tsx";
import { Prose } from "../../ui/prose.tsx";
import { Columns, Pile, Sheet } from "../../ui/sheet.tsx";
import type { Route } from "./+types/connect.ts";
import { describeSettings, readSettingsForm } from "./settings-fields.server.ts";
import { SettingsFields } from "./settings-fields.tsx";

/** What a try or an attempt to add answers. */
interface Said {
  ok: boolean;
  message: string;
  problems: Record<string, string>;
}

export const loader = guarded(async ({ params, request, context }: Route.LoaderArgs) => {
  const ctx = context.get(ctxContext);
  requireRole(ctx, editorRoles);
  const connector = requireConnector(params.connectorId);
  if (!connector.connect) throw new AppError("not_found", { public: `${connector.title} has no live connection; bring in its files.` });
  const sourceId = new URL(request.url).searchParams.get("source");
  const source = sourceId === null ? null : await requireSource(ctx, sourceId);
  const values = source ? await readSettings(ctx, { connector, sourceId: source.id }) : {};
  return {
    title: connector.title,
    summary: connector.summary,
    fields: describeSettings(connector, "live", values),
    source: source && { id: source.id, name: source.name },
    steps: connector.docs.connecting ? renderMarkdown(connector.docs.connecting) : null,
    collects: renderMarkdown(connector.docs.collects),
    limits: renderMarkdown(connector.docs.limits),
    privacy: renderMarkdown(connector.docs.privacy),
  };
});

export const action = guarded(async ({ params, request, context }: Route.ActionArgs): Promise<Said> => {
  const ctx = context.get(ctxContext);
  requireRole(ctx, editorRoles);
  const runtime = context.get(runtimeContext);
  const connector = requireConnector(params.connectorId);
  const form = await request.formData();
  const settings = readSettingsForm(connector, "live", form);
  const services = pullServices(runtime);
  const sourceId = form.get("source");
  const name = String(form.get("name") ?? "").trim() || undefined;
  let done: string;
  try {
    if (form.get("intent") === "try" && typeof sourceId !== "string") {
      const identity = await tryConnection(ctx, { connector, settings, services });
      return { ok: true, message: `${identity.name}: ${identity.says}`, problems: {} };
    }
    if (typeof sourceId === "string") {
      await changeSettings(ctx, { connector, sourceId, settings, services });
      await recordAudit(ctx, { action: "source.settings_changed", objectKind: "source", objectId: sourceId });
      done = sourceId;
    } else {
      const added = await addLiveSource(ctx, { connector, settings, name, services });
      await recordAudit(ctx, {
        action: "source.added",
        objectKind: "source",
        objectId: added.sourceId,
        detail: { connector: connector.id, origin: added.identity.origin },
      });
      done = added.sourceId;
    }
  } catch (error) {
    if (!(error instanceof AppError) || error.code === "internal") throw error;
    return {
      ok: false,
      message: error.message,
      problems: Object.fromEntries(error.issues.map(({ path, message }) => [path.split(".")[0] ?? "", message])),
    };
  }
  if (connector.pull) await syncSoon(ctx, { jobs: runtime.jobs, sourceId: done, connector: connector.id });
  return goTo(`/studio/${params.community}/sources/${done}`);
});

export default function Connect({ loaderData, params }: Route.ComponentProps) {
  const { title, fields, source, steps } = loaderData;
  const tried = useFetcher<Said>();
  const action = useFormAction();
  const sent = useActionData<Said>();
  const answer = tried.data ?? sent;
  const busy = useNavigation().state !== "idle";
  const base = `/studio/${params.community}/sources`;
  return (
    <>
      <title>{`${title} · Causeway`}</title>
      <PageHead
        crumbs={[
          { label: "Sources", to: base },
          source ? { label: source.name, to: `${base}/${source.id}` } : { label: "Add a source", to: `${base}/new` },
        ]}
        title={source ? `How ${source.name} is reached` : `Connect ${title}`}
        actions={<span />}
      />
      <Columns layout="wide">
        <Sheet title="Settings" id="settings" aside={source ? "a secret shown as dots stays as it is" : "tried before anything is stored"}>
          <Form method="post" style={{ display: "grid", gap: 16 }}>
            {source ? (
              <input type="hidden" name="source" value={source.id} />
            ) : (
              <TextInput name="name" label="Name" description="What to call it here; the source’s own name when empty." />
            )}
            <SettingsFields fields={fields} problems={answer?.problems} />
            <p role="status" style={{ margin: 0, color: answer?.ok ? "var(--good)" : "var(--bad)" }}>
              {answer?.message}
            </p>
            <div style={{ display: "flex", gap: 8, flexWrap: "wrap" }}>
              <Button type="submit" name="intent" value="add" loading={busy}>
                {source ? "Try and keep" : "Add it"}
              </Button>
              {source ? null : (
                <Button
                  variant="default"
                  loading={tried.state !== "idle"}
                  onClick={(event) => {
                    const form = new FormData(event.currentTarget.form ?? undefined);
                    form.set("intent", "try");
                    void tried.submit(form, { method: "post", action });
                  }}
                >
                  Test connection
                </Button>
              )}
            </div>
          </Form>
        </Sheet>
        <Pile>
          {steps ? (
            <Sheet title="Step by step" id="steps">
              <Prose html={steps} />
            </Sheet>
          ) : null}
          <Sheet title="What comes in" id="collects">
            <Prose html={loaderData.collects} />
          </Sheet>
          <Sheet title="Limits" id="limits">
            <Prose html={loaderData.limits} />
          </Sheet>
          <Sheet title="Privacy" id="privacy">
            <Prose html={loaderData.privacy} />
          </Sheet>
        </Pile>
      </Columns>
    </>
  );
}
