import { Button, NativeSelect } from "@mantine/core";
import { useState } from "react";
import { Form, Link, useNavigation } from "react-router";
import { loadSampleJob } from "#app/background/load-sample.ts";
import { runtimeContext } from "#app/runtime-context.ts";
import { connectors } from "#connectors/index.ts";
import { editorRoles, recordAudit, requireRole } from "#features/access/index.ts";
import { listSources } from "#features/ledger/index.ts";
import { ctxContext, goTo, guarded } from "../../request-context.server.ts";
import { PageHead } from "../../ui/page-head.tsx";
import { Columns, Pile, Sheet } from "../../ui/sheet.tsx";
import type { Route } from "./+types/new.ts";
import classes from "./drop-zone.module.css";
import { DropZone } from "./drop-zone.tsx";

export const loader = guarded(async ({ context }: Route.LoaderArgs) => {
  const ctx = context.get(ctxContext);
  requireRole(ctx, editorRoles);
  const sources = await listSources(ctx);
  return {
    first: sources.length === 0,
    hasSample: sources.some(({ connector }) => connector === "sample"),
    // The sample has a button of its own.
    connectors: connectors
      .filter((one) => one.id !== "sample")
      .map(({ id, title, summary, importFile, connect }) => ({
        id,
        title,
        summary,
        isFile: importFile !== undefined,
        isLive: connect !== undefined,
      })),
  };
});

export const action = guarded(async ({ params, context }: Route.ActionArgs) => {
  const ctx = context.get(ctxContext);
  requireRole(ctx, editorRoles);
  await context.get(runtimeContext).jobs.send(loadSampleJob, { communityId: ctx.community.id }, { key: ctx.community.id });
  await recordAudit(ctx, { action: "source.sample_started", objectKind: "community", objectId: ctx.community.id });
  return goTo(`/studio/${params.community}/sources?loading=sample`);
});

export default function NewSource({ loaderData, params }: Route.ComponentProps) {
  const busy = useNavigation().state !== "idle";
  const [connector, setConnector] = useState("");
  const command = `npm run -s causeway -- import ${connector || "<connector>"} <path> --community ${params.community}`;
  return (
    <>
      <title>Add a source · Causeway</title>
      <PageHead
        crumbs={[{ label: "Sources", to: `/studio/${params.community}/sources` }]}
        title={loaderData.first ? "How would you like to begin?" : "What should come in next?"}
        actions={<span />}
      />
      <Columns layout="wide">
        <Pile>
          <Sheet title="Bring in your own" id="own">
            <div className={classes.choice}>
              <p>
                Drop an export: what it is, is read from the file itself. You see what it is and who may see it before it comes in. It is checked as a
                whole first, so a broken file changes nothing; bringing it in twice changes nothing either. Of a table, you say what its columns mean.
              </p>
              <DropZone community={params.community} connector={connector} />
              <NativeSelect
                label="If it is not recognised, say what it is"
                value={connector}
                onChange={(event) => setConnector(event.currentTarget.value)}
                data={[
                  { value: "", label: "recognise it" },
                  ...loaderData.connectors.filter(({ isFile }) => isFile).map(({ id, title }) => ({ value: id, label: title })),
                ]}
              />
              <p className="quiet">
                Very large exports, and a git repository on this server, come in on its own command line:
                <br />
                <code>{command}</code>
              </p>
            </div>
          </Sheet>
          <Sheet title={loaderData.hasSample ? "The sample community is here" : "Or look around first"} id="sample">
            <div className={classes.choice}>
              <p>
                Lantern is a made-up product with a made-up community: eighteen months on GitHub, a forum, chat, a mailing list and git, about 20,000
                activities. It can be removed source by source.
              </p>
              <Form method="post">
                <Button type="submit" variant={loaderData.first ? "filled" : "default"} loading={busy}>
                  {loaderData.hasSample ? "Load what is missing of it" : "Load the sample community"}
                </Button>
              </Form>
            </div>
          </Sheet>
        </Pile>
        <Sheet title="Where developers talk" id="connectors">
          <ul className={classes.list}>
            {loaderData.connectors.map(({ id, title, summary, isFile, isLive }) => (
              <li key={id}>
                {isLive ? (
                  <Link className="link" to={`/studio/${params.community}/sources/connect/${id}`}>
                    {title}
                  </Link>
                ) : (
                  <span>{title}</span>
                )}
                <small className={classes.ways}>{[isLive && "connect live", isFile && "drop a file"].filter(Boolean).join(" · ")}</small>
                <br />
                <small>{summary}</small>
              </li>
            ))}
          </ul>
        </Sheet>
      </Columns>
    </>
  );
}
