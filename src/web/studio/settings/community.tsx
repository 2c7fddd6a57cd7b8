import { Alert, Button, Switch, TextInput } from "@mantine/core";
import { useSearchParams } from "react-router";
import { z } from "zod";
import { adminRoles, changeCommunity, listCommunitiesOf, requireRole } from "#features/access/index.ts";
import { accountContext, ctxContext, found, goTo, guarded } from "../../request-context.server.ts";
import { PageHead } from "../../ui/page-head.tsx";
import { Sheet } from "../../ui/sheet.tsx";
import type { Route } from "./+types/community.ts";
import { ActForm, useAct } from "./act-form.tsx";
import { answerForm } from "./answer.server.ts";
import classes from "./settings.module.css";
import { siteAddress } from "./viewer.server.ts";

export const loader = guarded(async ({ request, context }: Route.LoaderArgs) => {
  const ctx = context.get(ctxContext);
  requireRole(ctx, adminRoles, { scope: "read" });
  const { account } = found(context.get(accountContext), "Sign in to see this.");
  const mine = await listCommunitiesOf(ctx, { accountId: account.id });
  const community = found(
    mine.find(({ id }) => id === ctx.community.id),
    "This community is gone.",
  );
  const { name, slug, tagline, timeZone, portalOpen } = community;
  return {
    community: { name, slug, tagline, timeZone, portalOpen },
    site: siteAddress(request, context),
    timeZones: [...new Set(["UTC", ...Intl.supportedValuesOf("timeZone")])],
  };
});

// What a name, a short name and a zone must be is the feature's to say; it answers by field.
const form = z.object({
  intent: z.literal("change"),
  name: z.string(),
  tagline: z.string(),
  slug: z.string(),
  timeZone: z.string().trim(),
  portalOpen: z
    .literal("on")
    .optional()
    .transform((value) => value === "on"),
});

export const action = guarded(async ({ request, context }: Route.ActionArgs) =>
  answerForm(request, form, async ({ intent: _, ...change }) => {
    const ctx = context.get(ctxContext);
    const after = await changeCommunity(ctx, change);
    if (after.slug !== ctx.community.slug) goTo(`/studio/${after.slug}/settings/community?moved=${encodeURIComponent(ctx.community.slug)}`);
    return { ok: true, message: "Saved." };
  }),
);

export default function CommunitySettings({ loaderData }: Route.ComponentProps) {
  const { community, site, timeZones } = loaderData;
  const act = useAct("change");
  const moved = useSearchParams()[0].get("moved");
  return (
    <>
      <title>Community · Causeway</title>
      <PageHead
        over="Settings · Community"
        title={community.portalOpen ? `${community.name} is open for everybody to read` : `${community.name} is closed to visitors`}
        actions={<span />}
      >
        <a className="link" href={`/c/${community.slug}`}>
          {`${site}/c/${community.slug}`}
        </a>
      </PageHead>
      {moved ? (
        <Alert color="teal" variant="light" role="status" mb="md">
          Moved from {moved} to {community.slug}. Links and API calls to the old address do not work any more.
        </Alert>
      ) : null}
      <Sheet title="What it is called and where it is" id="community">
        {/* Anew after a save, so that the form shows what was stored. */}
        <ActForm act={act} key={JSON.stringify(community)}>
          <TextInput label="Name" name="name" defaultValue={community.name} maxLength={80} error={act.error("name")} required />
          <TextInput
            label="Tagline"
            description="One line below the name in the portal."
            name="tagline"
            defaultValue={community.tagline}
            maxLength={200}
            error={act.error("tagline")}
          />
          <TextInput
            label="Short name"
            description="Stands in addresses. When it changes, links to the old address stop working."
            name="slug"
            defaultValue={community.slug}
            maxLength={48}
            spellCheck={false}
            autoCapitalize="none"
            error={act.error("slug")}
            required
          />
          <TextInput
            label="Time zone"
            description="Where a day begins and ends in figures and calendars."
            name="timeZone"
            list="time-zones"
            defaultValue={community.timeZone}
            autoComplete="off"
            error={act.error("timeZone")}
            required
          />
          <datalist id="time-zones">
            {timeZones.map((zone) => (
              <option key={zone} value={zone} />
            ))}
          </datalist>
          <Switch
            name="portalOpen"
            label="Anybody may read the portal"
            description="What sources hold as public is then shown to visitors and search engines. Closed, people sign in and need a role here."
            defaultChecked={community.portalOpen}
          />
          <div className={classes.buttons}>
            <Button type="submit" loading={act.busy}>
              Save
            </Button>
          </div>
        </ActForm>
      </Sheet>
    </>
  );
}
