import { Links, Meta, Outlet, Scripts, ScrollRestoration, useMatches } from "react-router";
import type { Route } from "./+types/root.ts";
import "./ui/base.css";
import { ErrorPage } from "./ui/error-page.tsx";
import favicon from "./ui/favicon.svg?url";
import { LogoMark } from "./ui/logo.tsx";
import schemeScript from "./ui/scheme.js?url";

export const meta: Route.MetaFunction = () => [{ title: "Causeway" }, { name: "description", content: "Developer relations, self-hosted." }];

/** A route with `handle.plain` is sent as HTML and CSS alone: nothing in it needs a script. */
interface RouteHandle {
  plain?: boolean;
}

function isPlain(handle: unknown): boolean {
  return typeof handle === "object" && handle !== null && "plain" in handle && (handle as RouteHandle).plain === true;
}

export function Layout({ children }: { children: React.ReactNode }) {
  const matches = useMatches();
  const plain = matches.some((match) => isPlain(match.handle));
  return (
    <html lang="en" suppressHydrationWarning>
      <head>
        <meta charSet="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <script src={schemeScript} />
        <link rel="icon" href={favicon} type="image/svg+xml" />
        <Meta />
        <Links />
      </head>
      <body>
        {children}
        {plain ? null : (
          <>
            <ScrollRestoration />
            <Scripts />
          </>
        )}
      </body>
    </html>
  );
}

export default function Root() {
  return <Outlet />;
}

export function ErrorBoundary({ error }: Route.ErrorBoundaryProps) {
  return (
    <main style={{ maxWidth: 620, margin: "12vh auto", padding: "0 20px" }}>
      <p style={{ color: "var(--teal)", marginBottom: 26 }}>
        <LogoMark />
      </p>
      <ErrorPage error={error} home={{ to: "/", label: "the front page" }} />
    </main>
  );
}
