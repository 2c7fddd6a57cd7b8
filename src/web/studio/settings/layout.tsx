import { NavLink, Outlet } from "react-router";
import { ctxContext, guarded } from "../../request-context.server.ts";
import type { Route } from "./+types/layout.ts";
import classes from "./settings.module.css";
import { isAdmin } from "./viewer.server.ts";

export const loader = guarded(async ({ context }: Route.LoaderArgs) => ({ isAdmin: isAdmin(context.get(ctxContext)) }));

const tabs: readonly { label: string; path: string; admins?: boolean }[] = [
  { label: "Account", path: "" },
  { label: "Community", path: "/community", admins: true },
  { label: "Team", path: "/team" },
  { label: "API keys", path: "/keys" },
  { label: "Mail", path: "/mail", admins: true },
  { label: "Jobs", path: "/jobs", admins: true },
  { label: "Audit log", path: "/audit", admins: true },
];

export default function SettingsLayout({ loaderData, params }: Route.ComponentProps) {
  return (
    <>
      <nav aria-label="Settings">
        <ul className={classes.tabs}>
          {tabs
            .filter((tab) => loaderData.isAdmin || !tab.admins)
            .map((tab) => (
              <li key={tab.label}>
                <NavLink className={classes.tab} to={`/studio/${params.community}/settings${tab.path}`} end prefetch="intent">
                  {tab.label}
                </NavLink>
              </li>
            ))}
        </ul>
      </nav>
      <Outlet />
    </>
  );
}
