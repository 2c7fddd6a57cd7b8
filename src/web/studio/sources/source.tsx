import { Button, NativeSelect, TextInput } from "@mantine/core";
import { Form, Link, useFetcher } from "react-router";
import { z } from "zod";
import { runtimeContext } from "#app/runtime-context.ts";
import { findConnector } from "#connectors/index.ts";
import { table } from "#connectors/table/index.ts";
import { adminRoles, editorRoles } from "#features/access/index.ts";
import { findOverlaps, getSource, listConsumerLag, listRejected, listSyncLog, listSyncs } from "#features/ledger/index.ts";
import { ctxContext, found, goTo, guarded } from "../../request-context.server.ts";
import { ConfirmButton } from "../../ui/confirm-button.tsx";
import { EmptyState } from "../../ui/empty-state.tsx";
import { countOf, formatDay, formatNumber, kindInWords } from "../../ui/format.ts";
import { PageHead } from "../../ui/page-head.tsx";
import { Pager } from "../../ui/pager.tsx";
import { Dotted, Row, Rows } from "../../ui/rows.tsx";
import { Columns, Pile, Sheet } from "../../ui/sheet.tsx";
import { DataTable } from "../../ui/table.tsx";
import { Tag } from "../../ui/tag.tsx";
import { TimeAgo } from "../../ui/time.tsx";
import { useToast } from "../../ui/toast.ts";
import { param, readQuery } from "../list-params.server.ts";
import { mayEdit } from "../member-actions.server.ts";
import type { Route } from "./+types/source.ts";
import { ListenerSheet } from "./listener-sheet.tsx";
import { handleSourceAction } from "./source-actions.server.ts";
import { PrivacyForm, SourceHealth, WebhookAddress } from "./source-health.tsx";
import { isUnderWay, SyncLine } from "./source-state.tsx";
import { useWatch } from "./use-watch.ts";

export const loader = guarded(async ({ request, params, context }: Route.LoaderArgs) => {
  const ctx = context.get(ctxContext);
  const { after } = readQuery(request, z.object({ after: param.cursor }));
  const {
    settings: _,
    privacy,
    ...source
  } = found(await getSource(ctx, { sourceId: params.sourceId }), "There is no such source. It may have been removed.");
  const { viewer } = ctx;
  const seesRecords = viewer.kind === "account" && editorRoles.some((role) => role === viewer.role);
  const [runs, rejected, log, lag, overlaps] = await Promise.all([
    listSyncs(ctx, { sourceId: source.id, limit: 10 }),
    // What was set aside may quote private words: only those who may read them see it.
    seesRecords ? listRejected(ctx, { sourceId: source.id, after, limit: 20 }) : { rows: [], next: null },
    source.lastSync ? listSyncLog(ctx, { syncId: source.lastSync.id, limit: 100 }) : [],
    listConsumerLag(ctx),
    findOverlaps(ctx, { sourceId: source.id }),
  ]);
  const connector = findConnector(source.connector);
  const { publicUrl } = context.get(runtimeContext).config;
  return {
    source,
    runs,
    rejected,
    log,
    title: connector?.title ?? source.connector,
    connectorId: connector?.id ?? source.connector,
    isLive: connector?.connect !== undefined,
    isTable: connector?.id === table.id,
    canPull: connector?.pull !== undefined && source.streams.some(({ nextRunAt }) => nextRunAt !== null),
    hook: connector?.webhook ? `${publicUrl}/hooks/${source.id}` : null,
    privacy: viewer.kind === "account" && adminRoles.some((role) => role === viewer.role) ? privacy : null,
    streams: source.streams.map((stream) => ({
      ...stream,
      title: connector?.streams[stream.name]?.title ?? (stream.name === "file" ? "Files" : stream.name === "inbox" ? "Received" : stream.name),
      everyMinutes: stream.nextRunAt === null ? null : (connector?.streams[stream.name]?.everyMinutes ?? null),
    })),
    lags: lag.length > 0,
    overlaps,
    mayEdit: mayEdit(ctx),
  };
});

export const action = guarded(async ({ request, params, context }: Route.ActionArgs) => {
  const said = await handleSourceAction(context.get(ctxContext), {
    runtime: context.get(runtimeContext),
    sourceId: params.sourceId,
    fields: Object.fromEntries(await request.formData()),
  });
  if (said.gone) goTo(`/studio/${params.community}/sources`);
  return said;
});

export default function Source({ loaderData, params }: Route.ComponentProps) {
  const { source, runs, rejected, log } = loaderData;
  const underWay = isUnderWay(source.lastSync);
  const counting = source.coverage.some(({ gap }) => gap.startsWith("Still"));
  // Counts are derived after a run is done; the page looks again until they are.
  useWatch(underWay || counting || loaderData.lags || source.listener?.state === "connecting");
  const gaps = source.coverage.filter(({ gap }) => gap !== "");
  const title = underWay
    ? `${source.name} is being brought in`
    : gaps.length === 0
      ? source.coverage.some(({ reported }) => reported !== null)
        ? `${source.name}: all that it says it has is here`
        : `${source.name} feeds the record`
      : counting
        ? `${source.name} is being counted`
        : `${source.name}: something is missing`;
  return (
    <>
      <title>{`${source.name} · Causeway`}</title>
      <PageHead
        crumbs={[{ label: "Sources", to: `/studio/${params.community}/sources` }]}
        title={title}
        actions={
          loaderData.mayEdit ? (
            <SourceButtons
              name={source.name}
              paused={source.paused}
              canPull={loaderData.canPull}
              mapping={loaderData.isTable ? `/studio/${params.community}/sources/${source.id}/mapping` : null}
              settings={loaderData.isLive ? `/studio/${params.community}/sources/connect/${loaderData.connectorId}?source=${source.id}` : null}
            />
          ) : (
            <span />
          )
        }
      >
        <span>
          <Dotted
            parts={[
              loaderData.title,
              <code key="o">{source.origin}</code>,
              countOf(source.threads, "thread"),
              countOf(source.activities, "activity", "activities"),
              source.oldestAt && source.newestAt ? `${formatDay(source.oldestAt, "withYear")} to ${formatDay(source.newestAt, "withYear")}` : null,
            ]}
          />
        </span>
      </PageHead>
      <Columns layout="wide">
        <Pile>
          {source.lastSync && (underWay || source.lastSync.state === "failed") ? (
            <Sheet title={underWay ? "Under way" : "The last run failed"} id="run">
              <SyncLine sync={source.lastSync} />
            </Sheet>
          ) : null}
          {loaderData.overlaps.length > 0 ? (
            <Sheet title="The same is held twice" id="overlaps">
              <Rows label="Overlapping sources">
                {loaderData.overlaps.map((overlap) => (
                  <Row
                    key={overlap.sourceId}
                    to={`/studio/${params.community}/sources/${overlap.sourceId}`}
                    title={overlap.name}
                    meta={`holds about ${formatNumber(Math.round(overlap.share * 100))} % of this source’s activities under the same ids, so they are counted twice. Remove one of the two.`}
                  />
                ))}
              </Rows>
            </Sheet>
          ) : null}
          {source.listener ? <ListenerSheet listener={source.listener} /> : null}
          <SourceHealth streams={loaderData.streams} paused={source.paused} inbox={source.inbox} />
          <Sheet title="Coverage" id="coverage" aside="what the source says it has, against what is held">
            <DataTable
              label="Coverage"
              head={[{ label: "What" }, { label: "Reported", number: true }, { label: "Held", number: true }, { label: "Gap" }]}
            >
              {source.coverage.map((row) => (
                <tr key={row.unit}>
                  <td>{kindInWords(row.unit)}</td>
                  <td data-number>{row.reported === null ? <span className="quiet">not said</span> : formatNumber(row.reported)}</td>
                  <td data-number>{formatNumber(row.held)}</td>
                  <td>{row.gap || (row.reported === null ? "" : <Tag tone="good">none</Tag>)}</td>
                </tr>
              ))}
            </DataTable>
            {source.coverage.length === 0 ? <p className="quiet">Nothing is held yet.</p> : null}
          </Sheet>
          <Sheet title="Set aside" id="rejected" aside={source.rejected > 0 ? countOf(source.rejected, "record") : undefined}>
            {rejected.rows.length > 0 ? (
              <Rows label="Records set aside">
                {rejected.rows.map((record) => (
                  <Row
                    key={record.stream + record.key}
                    title={record.reason}
                    margin={
                      <small>
                        <TimeAgo at={record.at} />
                      </small>
                    }
                    meta={<Dotted parts={[<code key="p">{record.place}</code>, record.remedy]} />}
                  >
                    {record.excerpt ? (
                      <details>
                        <summary className="quiet">What was read</summary>
                        <pre style={{ whiteSpace: "pre-wrap", overflowWrap: "anywhere", fontSize: 12.5 }}>{record.excerpt}</pre>
                      </details>
                    ) : null}
                  </Row>
                ))}
              </Rows>
            ) : source.rejected > 0 ? (
              <p className="quiet">{countOf(source.rejected, "record")} could not be used. Advocates and admins see which.</p>
            ) : (
              <EmptyState title="Every record could be used" good>
                A record that cannot be read is kept here with its place, its reason and what to do; the others come in all the same.
              </EmptyState>
            )}
            <Pager next={rejected.next} />
          </Sheet>
        </Pile>
        <Pile>
          {loaderData.hook && loaderData.mayEdit ? <WebhookAddress url={loaderData.hook} /> : null}
          {loaderData.mayEdit ? <SourceSettings name={source.name} visibility={source.visibility} /> : null}
          {loaderData.privacy ? <PrivacyForm privacy={loaderData.privacy} /> : null}
          <Sheet title="Runs" id="runs">
            <Rows label="Runs">
              {runs.rows.map((run) => (
                <Row key={run.id} strong={false} title={<SyncLine sync={run} />} />
              ))}
            </Rows>
            {runs.rows.length === 0 ? <p className="quiet">It has not run yet.</p> : null}
          </Sheet>
          {log.length > 0 ? (
            <Sheet title="Log of the last run" id="log">
              <ol style={{ margin: 0, paddingLeft: 18, fontSize: 13, display: "grid", gap: 4 }}>
                {log.map((line) => (
                  <li key={`${line.at.toISOString()}${line.message}`} style={line.level === "error" ? { color: "var(--bad)" } : undefined}>
                    {line.message}
                  </li>
                ))}
              </ol>
            </Sheet>
          ) : null}
        </Pile>
      </Columns>
    </>
  );
}

function SourceButtons(props: { name: string; paused: boolean; canPull: boolean; settings: string | null; mapping: string | null }) {
  const { name, paused, canPull, settings, mapping } = props;
  const fetcher = useFetcher<typeof action>();
  useToast(fetcher.data);
  return (
    <div style={{ display: "flex", gap: 8, flexWrap: "wrap" }}>
      {settings ? (
        <Button component={Link} to={settings} variant="default">
          Connection
        </Button>
      ) : null}
      {mapping ? (
        <Button component={Link} to={mapping} variant="default">
          Columns
        </Button>
      ) : null}
      <fetcher.Form method="post" style={{ display: "flex", gap: 8, flexWrap: "wrap" }}>
        {canPull ? (
          <>
            <Button type="submit" name="intent" value="sync" loading={fetcher.state !== "idle"}>
              Fetch now
            </Button>
            <Button type="submit" name="intent" value={paused ? "resume" : "pause"} variant="default">
              {paused ? "Go on" : "Pause"}
            </Button>
          </>
        ) : null}
        <Button type="submit" name="intent" value="replay" variant="default" loading={fetcher.state !== "idle"}>
          Read anew
        </Button>
      </fetcher.Form>
      <ConfirmButton label="Remove…" title={`Remove ${name}?`} confirm="Remove it with all it brought" fields={{ intent: "delete" }} danger>
        Its threads, activities and stored records go. People whom another source knows stay. Bringing the same export in again restores what it
        holds.
      </ConfirmButton>
    </div>
  );
}

function SourceSettings({ name, visibility }: { name: string; visibility: string | null }) {
  const fetcher = useFetcher<typeof action>();
  useToast(fetcher.data);
  return (
    <Sheet title="Settings" id="settings">
      <div style={{ display: "grid", gap: 16 }}>
        <fetcher.Form method="post" style={{ display: "grid", gap: 8 }}>
          <input type="hidden" name="intent" value="rename" />
          <TextInput label="Name" name="name" defaultValue={name} required maxLength={200} />
          <Button type="submit" variant="default" size="xs" w="fit-content">
            Rename
          </Button>
        </fetcher.Form>
        <Form method="post" style={{ display: "grid", gap: 8 }}>
          <input type="hidden" name="intent" value="close" />
          <NativeSelect
            label="Show it to"
            description="Nothing of it is shown more widely than this. It can be closed further here, not opened again."
            name="visibility"
            defaultValue={visibility ?? "public"}
            data={[
              { value: "public", label: "everybody, as the source has it" },
              { value: "members", label: "signed-in developers and the team" },
              { value: "team", label: "the team" },
              { value: "restricted", label: "owner, admins and advocates" },
            ]}
          />
          <Button type="submit" variant="default" size="xs" w="fit-content">
            Apply
          </Button>
        </Form>
      </div>
    </Sheet>
  );
}
