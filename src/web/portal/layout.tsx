import { Outlet } from "react-router";
import { ErrorPage } from "../ui/error-page.tsx";
import type { Route } from "./+types/layout.ts";
import { Frame } from "./frame.tsx";

/** Portal pages need no script: see root.tsx. */
export const handle = { plain: true };

export default function PortalLayout() {
  return <Outlet />;
}

export function ErrorBoundary({ error }: Route.ErrorBoundaryProps) {
  return (
    <Frame title="Causeway" home="/">
      <ErrorPage error={error} home={{ to: "/", label: "the front page" }} />
    </Frame>
  );
}
