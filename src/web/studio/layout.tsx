import { Outlet, type ShouldRevalidateFunctionArgs, useParams } from "react-router";
import { listCommunitiesOf } from "#features/access/index.ts";
import { accountContext, ctxContext } from "../request-context.server.ts";
import { ErrorPage } from "../ui/error-page.tsx";
import { UiProvider } from "../ui/provider.tsx";
import { NowProvider } from "../ui/time.tsx";
import type { Route } from "./+types/layout.ts";
import { openStudio } from "./open-studio.server.ts";
import { Shell, type ShellData } from "./shell.tsx";
import { shellCounts } from "./shell-counts.server.ts";

export const middleware: Route.MiddlewareFunction[] = [openStudio];

export async function loader({ context }: Route.LoaderArgs) {
  const ctx = context.get(ctxContext);
  const signedIn = context.get(accountContext);
  const [counts, communities] = await Promise.all([shellCounts(ctx), signedIn ? listCommunitiesOf(ctx, { accountId: signedIn.account.id }) : []]);
  const shell: ShellData = {
    community: { slug: ctx.community.slug, name: ctx.community.name },
    communities: communities.map(({ slug, name }) => ({ slug, name })),
    account: signedIn?.role ? { name: signedIn.account.name, role: signedIn.role } : null,
    counts,
  };
  return { shell, now: ctx.clock.now().toISOString() };
}

/** The menu's counts change by what somebody does, so walking from page to page does not ask for them again. */
export function shouldRevalidate({ formMethod, currentParams, nextParams }: ShouldRevalidateFunctionArgs): boolean {
  return (formMethod !== undefined && formMethod !== "GET") || currentParams.community !== nextParams.community;
}

export const meta: Route.MetaFunction = ({ loaderData }) => [{ title: loaderData ? `${loaderData.shell.community.name} · Causeway` : "Causeway" }];

export default function StudioLayout({ loaderData }: Route.ComponentProps) {
  return (
    <UiProvider>
      <NowProvider now={loaderData.now}>
        <Shell data={loaderData.shell}>
          <Outlet />
        </Shell>
      </NowProvider>
    </UiProvider>
  );
}

export function ErrorBoundary({ error }: Route.ErrorBoundaryProps) {
  const { community } = useParams();
  return (
    <main style={{ maxWidth: 620, margin: "12vh auto", padding: "0 20px" }}>
      <ErrorPage error={error} home={community ? { to: `/studio/${community}`, label: "Today" } : { to: "/studio", label: "the Studio" }} />
    </main>
  );
}
