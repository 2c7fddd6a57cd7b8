import { runtimeContext } from "#app/runtime-context.ts";
import { signOut } from "#features/access/index.ts";
import { goTo } from "../request-context.server.ts";
import type { Route } from "./+types/sign-out.ts";
import { goWith } from "./door.server.ts";

/** A visit alone signs nobody out: a picture on another site could make one. */
export function loader() {
  goTo("/studio");
}

export async function action({ request, context }: Route.ActionArgs) {
  const outcome = await signOut(context.get(runtimeContext).auth, request);
  return goWith("/", outcome.ok ? outcome.cookies : []);
}
