import { Button } from "@mantine/core";
import { Form, type ShouldRevalidateFunctionArgs, useActionData, useNavigation } from "react-router";
import { runtimeContext } from "#app/runtime-context.ts";
import { ctxContext, goTo, guarded } from "../../request-context.server.ts";
import { EmptyState } from "../../ui/empty-state.tsx";
import { countOf } from "../../ui/format.ts";
import { PageHead } from "../../ui/page-head.tsx";
import { Dotted } from "../../ui/rows.tsx";
import { Columns, Pile, Sheet } from "../../ui/sheet.tsx";
import type { Route } from "./+types/mapping.ts";
import classes from "./mapping.module.css";
import { MappingFields } from "./mapping-fields.tsx";
import { MappingPreview } from "./mapping-preview.tsx";
import { handleMapping, type MappingSaid, readMapping } from "./source-mapping.server.ts";
import { useLook } from "./use-look.ts";

export const loader = guarded(({ params, context }: Route.LoaderArgs) => readMapping(context.get(ctxContext), { sourceId: params.sourceId }));

export const action = guarded(async ({ request, params, context }: Route.ActionArgs): Promise<MappingSaid> => {
  const said = await handleMapping(context.get(ctxContext), {
    runtime: context.get(runtimeContext),
    sourceId: params.sourceId,
    form: await request.formData(),
  });
  if (said.isKept) goTo(`/studio/${params.community}/sources/${params.sourceId}`);
  return said;
});

/** A look changes nothing that the page was loaded with. */
export function shouldRevalidate({ formData, defaultShouldRevalidate }: ShouldRevalidateFunctionArgs): boolean {
  return formData?.get("intent") === "look" ? false : defaultShouldRevalidate;
}

export default function SourceMapping({ loaderData, params }: Route.ComponentProps) {
  const { source, question } = loaderData;
  const said = useActionData<MappingSaid>();
  const look = useLook<MappingSaid>();
  const busy = useNavigation().state !== "idle";
  const base = `/studio/${params.community}/sources`;
  const preview = look.answer?.preview ?? said?.preview ?? loaderData.preview;
  return (
    <>
      <title>{`${source.name} · Causeway`}</title>
      <PageHead
        crumbs={[
          { label: "Sources", to: base },
          { label: source.name, to: `${base}/${source.id}` },
        ]}
        title={`What do the columns of ${source.name} mean?`}
        actions={<span />}
      >
        <span>
          <Dotted parts={[countOf(question.columns.length, "column"), "what is held is read anew when this changes"]} />
        </span>
      </PageHead>
      {question.columns.length === 0 ? (
        <Sheet>
          <EmptyState title="It holds no rows yet" action={{ label: "Bring in a file", to: `${base}/new` }}>
            What its columns mean is asked with the first file.
          </EmptyState>
        </Sheet>
      ) : (
        <Form method="post" className={classes.form} onChange={look.onChange} onSubmit={look.onSubmit}>
          <Columns layout="wide">
            <Pile>
              <input type="hidden" name="headerRows" value={loaderData.headerRows} />
              <MappingFields
                question={said?.question ?? question}
                times={preview.times}
                hasAuthorId={preview.hasAuthorId}
                problems={said?.problems ?? {}}
                aside="as it was said; files to come are read so, too"
              />
            </Pile>
            <div className={classes.side}>
              <Pile>
                <MappingPreview preview={preview} where="held">
                  <div className={classes.go}>
                    {said && !said.ok ? (
                      <p role="alert" className={classes.problem}>
                        {said.message}
                      </p>
                    ) : null}
                    <div className={classes.buttons}>
                      <Button type="submit" name="intent" value="keep" loading={busy}>
                        Keep and read anew
                      </Button>
                      <Button type="submit" name="intent" value="look" variant="default" loading={look.isBusy} formNoValidate>
                        Look again
                      </Button>
                    </div>
                    <p className="quiet">Rows that were set aside are not held: bring their file in again for those.</p>
                  </div>
                </MappingPreview>
              </Pile>
            </div>
          </Columns>
        </Form>
      )}
    </>
  );
}
