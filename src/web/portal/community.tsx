import { data } from "react-router";
import { guarded } from "../request-context.server.ts";
import type { Route } from "./+types/community.ts";
import { loadCommunityPage } from "./community-page.server.ts";
import { CommunityPage } from "./community-page.tsx";
import { cacheHeadersFor, openPortal } from "./portal.server.ts";

export const loader = guarded(async ({ request, params, context }: Route.LoaderArgs) => {
  const portal = await openPortal({ request, context, slug: params.community });
  return data(await loadCommunityPage(portal), { headers: cacheHeadersFor(portal.ctx) });
});

export const headers: Route.HeadersFunction = ({ loaderHeaders }) => loaderHeaders;

export default function Community({ loaderData }: Route.ComponentProps) {
  return (
    <>
      <title>{loaderData.name}</title>
      <CommunityPage data={loaderData} home={`/c/${loaderData.slug}`} />
    </>
  );
}
