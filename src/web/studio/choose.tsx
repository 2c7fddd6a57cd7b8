import { Link } from "react-router";
import { runtimeContext } from "#app/runtime-context.ts";
import { listCommunitiesOf, teamRoles } from "#features/access/index.ts";
import { callerOf } from "../caller.server.ts";
import { goTo } from "../request-context.server.ts";
import { EmptyState } from "../ui/empty-state.tsx";
import { LogoMark } from "../ui/logo.tsx";
import { UiProvider } from "../ui/provider.tsx";
import { Row, Rows } from "../ui/rows.tsx";
import { Sheet } from "../ui/sheet.tsx";
import type { Route } from "./+types/choose.ts";

/** `/studio`: on to the only community, or a choice among several. */
export async function loader({ request, context }: Route.LoaderArgs) {
  const runtime = context.get(runtimeContext);
  const { account } = await callerOf(request, context);
  if (!account) goTo("/sign-in?next=%2Fstudio");
  const all = await listCommunitiesOf(runtime, { accountId: account.id });
  const communities = all.filter((community) => teamRoles.some((role) => role === community.role));
  const [only] = communities;
  if (communities.length === 1 && only) goTo(`/studio/${only.slug}`);
  return { communities: communities.map(({ slug, name, role }) => ({ slug, name, role })) };
}

export const meta: Route.MetaFunction = () => [{ title: "Choose a community · Causeway" }];

export default function Choose({ loaderData }: Route.ComponentProps) {
  return (
    <UiProvider>
      <main style={{ maxWidth: 560, margin: "10vh auto", padding: "0 20px", display: "grid", gap: 18 }}>
        <Link to="/" aria-label="Front page" style={{ color: "var(--teal)" }}>
          <LogoMark width={34} />
        </Link>
        <h1>Where to today?</h1>
        <Sheet>
          {loaderData.communities.length > 0 ? (
            <Rows label="Communities">
              {loaderData.communities.map((community) => (
                <Row key={community.slug} title={community.name} to={`/studio/${community.slug}`} margin={<small>{community.role}</small>} />
              ))}
            </Rows>
          ) : (
            <EmptyState title="You are on no community's team yet" action={{ label: "Go to the front page", to: "/" }}>
              Ask an owner for an invitation link; it opens the Studio of their community to you.
            </EmptyState>
          )}
        </Sheet>
      </main>
    </UiProvider>
  );
}
