import { data } from "react-router";
import { runtimeContext } from "#app/runtime-context.ts";
import { hasOwner, listOpenCommunities } from "#features/access/index.ts";
import { guarded } from "../request-context.server.ts";
import { capitalize, inWords } from "../ui/format.ts";
import { Row, Rows } from "../ui/rows.tsx";
import { Sheet } from "../ui/sheet.tsx";
import type { Route } from "./+types/front.ts";
import { loadCommunityPage } from "./community-page.server.ts";
import { CommunityPage } from "./community-page.tsx";
import { Frame } from "./frame.tsx";
import { cacheHeadersFor, openPortal, personalPage, publicPage } from "./portal.server.ts";

/** `/`: the only community's front page, or the list of those whose portal is open. */
export const loader = guarded(async ({ request, context }: Route.LoaderArgs) => {
  const runtime = context.get(runtimeContext);
  const open = await listOpenCommunities(runtime);
  const [only] = open;
  if (only && open.length === 1) {
    const portal = await openPortal({ request, context, slug: only.slug });
    return data({ kind: "community" as const, page: await loadCommunityPage(portal) }, { headers: cacheHeadersFor(portal.ctx) });
  }
  if (open.length > 1) {
    return data({ kind: "list" as const, communities: open.map(({ slug, name, tagline }) => ({ slug, name, tagline })) }, { headers: publicPage });
  }
  return data({ kind: "none" as const, owned: await hasOwner(runtime) }, { headers: personalPage });
});

export const headers: Route.HeadersFunction = ({ loaderHeaders }) => loaderHeaders;

export default function Front({ loaderData }: Route.ComponentProps) {
  if (loaderData.kind === "community") {
    return (
      <>
        <title>{loaderData.page.name}</title>
        <CommunityPage data={loaderData.page} home="/" />
      </>
    );
  }
  if (loaderData.kind === "list") {
    return (
      <Frame title="Communities" home="/">
        <title>Communities</title>
        <h1 style={{ marginBottom: 18 }}>{capitalize(inWords(loaderData.communities.length))} communities live here</h1>
        <Sheet>
          <Rows label="Communities">
            {loaderData.communities.map((community) => (
              <Row key={community.slug} title={community.name} to={`/c/${community.slug}`} meta={community.tagline} />
            ))}
          </Rows>
        </Sheet>
      </Frame>
    );
  }
  return (
    <Frame title="Causeway" home="/">
      <title>Causeway</title>
      <h1 style={{ marginBottom: 14 }}>{loaderData.owned ? "No community has opened its doors yet" : "This Causeway waits for its owner"}</h1>
      <p style={{ fontSize: 16, lineHeight: 1.6, color: "var(--ink-2)", maxWidth: "58ch" }}>
        {loaderData.owned
          ? "If you are on a community's team, sign in to reach its Studio."
          : "Whoever started it finds a one-time set-up link in the terminal, printed when the server came up. Open that link to create the owner's account and the first community."}
      </p>
    </Frame>
  );
}
