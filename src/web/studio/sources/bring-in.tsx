import { Button, NativeSelect, NumberInput, TextInput } from "@mantine/core";
import { Form, Link, type ShouldRevalidateFunctionArgs, useActionData, useNavigation } from "react-router";
import { z } from "zod";
import { runtimeContext } from "#app/runtime-context.ts";
import { ctxContext, goTo, guarded } from "../../request-context.server.ts";
import { countOf, formatNumber, kindInWords } from "../../ui/format.ts";
import { PageHead } from "../../ui/page-head.tsx";
import { Dotted } from "../../ui/rows.tsx";
import { Columns, Pile, Sheet } from "../../ui/sheet.tsx";
import { param, readQuery } from "../list-params.server.ts";
import type { Route } from "./+types/bring-in.ts";
import { type BringIn as BringInPage, type BringInSaid, handleBringIn, readBringIn } from "./bring-in.server.ts";
import classes from "./mapping.module.css";
import { MappingFields } from "./mapping-fields.tsx";
import { MappingPreview } from "./mapping-preview.tsx";
import { SettingsFields } from "./settings-fields.tsx";
import { useLook } from "./use-look.ts";

export const loader = guarded(async ({ request, params, context }: Route.LoaderArgs) => {
  const { as, header } = readQuery(request, z.object({ as: param.text, header: param.text }));
  const { started, ...page } = await readBringIn(context.get(ctxContext), {
    runtime: context.get(runtimeContext),
    uploadId: params.uploadId,
    as,
    headerRows: z.coerce.number().int().min(1).max(5).safeParse(header).data,
  });
  if (started !== null) goTo(`/studio/${params.community}/sources/${started}`);
  return page;
});

export const action = guarded(async ({ request, params, context }: Route.ActionArgs): Promise<BringInSaid> => {
  const { sourceId, gone, ...said } = await handleBringIn(context.get(ctxContext), {
    runtime: context.get(runtimeContext),
    uploadId: params.uploadId,
    form: await request.formData(),
  });
  if (gone) goTo(`/studio/${params.community}/sources/new`);
  if (sourceId !== undefined) goTo(`/studio/${params.community}/sources/${sourceId}`);
  return said;
});

/** A look changes nothing that the page was loaded with. */
export function shouldRevalidate({ formData, defaultShouldRevalidate }: ShouldRevalidateFunctionArgs): boolean {
  return formData?.get("intent") === "look" ? false : defaultShouldRevalidate;
}

export default function BringIn({ loaderData, params }: Route.ComponentProps) {
  const { fileName, sizeBytes, connector, table, source, name } = loaderData;
  const said = useActionData<BringInSaid>();
  const look = useLook<BringInSaid>();
  const busy = useNavigation().state !== "idle";
  const base = `/studio/${params.community}/sources`;
  const preview = look.answer?.preview ?? said?.preview ?? table?.preview;
  const problem = said && !said.ok ? said.message : loaderData.problem;
  const title = table ? `What do the columns of ${fileName} mean?` : connector ? `Bring in ${name ?? fileName}?` : `What is ${fileName}?`;
  const go = (
    <div className={classes.go}>
      {problem ? (
        <p role="alert" className={classes.problem}>
          {problem}
        </p>
      ) : null}
      <div className={classes.buttons}>
        <Button type="submit" name="intent" value="bring" loading={busy}>
          Bring in
        </Button>
        {table ? (
          <Button type="submit" name="intent" value="look" variant="default" loading={look.isBusy} formNoValidate>
            Look again
          </Button>
        ) : null}
        <Button type="submit" name="intent" value="discard" variant="subtle" formNoValidate>
          Give it up
        </Button>
      </div>
    </div>
  );
  return (
    <>
      <title>{`${fileName} · Causeway`}</title>
      <PageHead
        crumbs={[
          { label: "Sources", to: base },
          { label: "Add a source", to: `${base}/new` },
        ]}
        title={title}
        actions={<span />}
      >
        <span>
          <Dotted
            parts={[
              connector?.title,
              table ? <span key="f">{table.form}</span> : <code key="f">{fileName}</code>,
              formatSize(sizeBytes),
              table ? countOf(table.columns, "column") : null,
              source ? (
                <span key="s">
                  goes on in{" "}
                  <Link className="link" to={`${base}/${source.id}`}>
                    {source.name}
                  </Link>
                </span>
              ) : null,
            ]}
          />
        </span>
      </PageHead>
      {connector && loaderData.isReadable ? (
        // Another reading of the file is another form.
        <Form
          method="post"
          className={classes.form}
          key={`${connector.id} ${table?.headerRows ?? ""}`}
          onChange={table ? look.onChange : undefined}
          onSubmit={look.onSubmit}
        >
          <input type="hidden" name="connector" value={connector.id} />
          {table && preview ? (
            <Columns layout="wide">
              <Pile>
                <input type="hidden" name="headerRows" value={table.headerRows || ""} />
                <MappingFields
                  question={said?.question ?? table.question}
                  times={preview.times}
                  hasAuthorId={preview.hasAuthorId}
                  problems={said?.problems ?? {}}
                  aside={table.isHeld ? "as it was said of the last file with this header" : "as their names and first rows suggest"}
                />
                <FileSettings page={{ ...loaderData, settings: said?.settings ?? loaderData.settings }} problems={said?.problems} />
              </Pile>
              <div className={classes.side}>
                <Pile>
                  <MappingPreview preview={preview} where="file">
                    {go}
                  </MappingPreview>
                </Pile>
              </div>
            </Columns>
          ) : (
            <Columns layout={1}>
              <Sheet title="What it is" id="what">
                <p>
                  {loaderData.reported.length > 0
                    ? `It says that it holds ${loaderData.reported.map(([kind, n]) => `${formatNumber(n)} × ${kindInWords(kind)}`).join(", ")}.`
                    : loaderData.problem
                      ? null
                      : "It was read to its end, and can come in."}{" "}
                  {source ? "What is there already stays as it is; what is new or changed comes in." : null}
                </p>
                {go}
              </Sheet>
              <FileSettings page={loaderData} problems={said?.problems} />
            </Columns>
          )}
        </Form>
      ) : null}
      <Columns layout={1}>
        {problem && !loaderData.isReadable ? (
          <Sheet title={`${connector?.title ?? "Nothing"} cannot read it`} id="unreadable">
            <p role="alert" className={classes.problem}>
              {problem}
            </p>
            <Form method="post">
              <Button type="submit" name="intent" value="discard" variant="default">
                Give it up
              </Button>
            </Form>
          </Sheet>
        ) : null}
        <OtherReading page={loaderData} />
      </Columns>
    </>
  );
}

/** The settings that matter for a file; they are shown when something in them is wrong. */
function FileSettings({ page, problems }: { page: BringInPage; problems: Record<string, string> | undefined }) {
  const isWanted = page.problem !== null || page.settings.some(({ name }) => problems?.[name] !== undefined);
  return (
    <Sheet id="file-settings">
      <details open={isWanted}>
        <summary className={classes.summary}>
          Settings <small>{page.settings.map(({ title }) => title).join(", ")}</small>
        </summary>
        <div className={classes.fields}>
          {page.source ? null : <TextInput name="name" label="Name" description="What to call it here; its own name when empty." />}
          <SettingsFields fields={page.settings} problems={problems} />
        </div>
      </details>
    </Sheet>
  );
}

/** Another connector, or another number of rows in the header: the page is read anew. */
function OtherReading({ page }: { page: BringInPage }) {
  return (
    <Sheet id="reading" title={page.connector ? undefined : "Say what it is"}>
      <details open={!page.isReadable}>
        <summary className={classes.summary}>{page.connector ? "Read it otherwise" : "It could be one of several things"}</summary>
        <Form method="get" className={classes.fields}>
          <NativeSelect
            label="What it is"
            name="as"
            defaultValue={page.connector?.id ?? page.choices[0]?.value}
            data={page.choices}
            description="What fits best stands first."
          />
          {page.table && page.table.headerRows > 0 ? (
            <NumberInput
              label="Rows of the header"
              description="Surveys often have two or three."
              name="header"
              defaultValue={page.table.headerRows}
              min={1}
              max={5}
            />
          ) : null}
          <Button type="submit" variant="default" w="fit-content">
            Read it so
          </Button>
        </Form>
      </details>
    </Sheet>
  );
}

function formatSize(bytes: number): string {
  if (bytes < 1024) return countOf(bytes, "byte");
  const [size, unit] = bytes < 1024 ** 2 ? [bytes / 1024, "KB"] : bytes < 1024 ** 3 ? [bytes / 1024 ** 2, "MB"] : [bytes / 1024 ** 3, "GB"];
  return `${formatNumber(size)} ${unit}`;
}
