import { z } from "zod";
import { AppError } from "#core/errors.ts";
import type { Ctx } from "#features/access/index.ts";
import {
  adminRoles,
  changeCommunity,
  createCommunity,
  listCommunitiesOf,
  listOpenCommunities,
  newCommunitySchema,
  roles,
} from "#features/access/index.ts";
import { type Api, communityEndpoint, rootEndpoint } from "./kit/endpoint.ts";
import { at, id } from "./kit/schemas.ts";

const community = z
  .object({ id, slug: z.string(), name: z.string(), tagline: z.string(), timeZone: z.string(), portalOpen: z.boolean(), createdAt: at })
  .meta({ id: "Community" });
const withRole = community.extend({ role: z.enum(roles).nullable().describe("The caller's role; null for a visitor.") });

const changeSchema = z
  .object({
    name: z.string().min(1).max(80),
    slug: z.string(),
    tagline: z.string().max(200),
    timeZone: z.string().describe("An IANA name, such as Europe/Berlin."),
    portalOpen: z.boolean(),
  })
  .partial()
  .strict();

/** Communities: those the caller may enter, one with its settings, founding and changing one. */
export function addCommunities(api: Api): void {
  rootEndpoint(api, {
    method: "get",
    path: "/communities",
    tag: "Communities",
    summary: "List the communities that the caller may enter",
    access: "public",
    answer: z.object({ data: z.array(withRole) }),
    async handle({ runtime, c }) {
      const { account, apiKey } = c.var.caller;
      const own = account ? await listCommunitiesOf(runtime, { accountId: account.id }) : [];
      // A key opens its own community alone.
      if (apiKey) return { data: own.filter((one) => one.id === apiKey.communityId) };
      const open = (await listOpenCommunities(runtime)).filter((one) => !own.some((mine) => mine.id === one.id));
      return { data: [...own, ...open.map((one) => ({ ...one, role: null }))] };
    },
  });

  rootEndpoint(api, {
    method: "post",
    path: "/communities",
    tag: "Communities",
    summary: "Found a community",
    access: "account",
    body: z.object({ name: z.string(), slug: z.string(), timeZone: z.string().default("UTC") }).strict(),
    status: 201,
    answer: community,
    failures: [409],
    async handle({ runtime, body, c }) {
      const { account, apiKey } = c.var.caller;
      refuseKeys(apiKey !== null);
      const made = await createCommunity(runtime, { ...newCommunitySchema.parse(body), accountId: account?.id ?? "" });
      c.header("location", `/api/v1/communities/${made.slug}`);
      return made;
    },
  });

  communityEndpoint(api, {
    method: "get",
    path: "",
    tag: "Communities",
    summary: "Read a community",
    access: "public",
    scope: "read",
    answer: withRole,
    handle: async (ctx) => present(ctx),
  });

  communityEndpoint(api, {
    method: "patch",
    path: "",
    tag: "Communities",
    summary: "Change a community's name, address, tagline, zone or openness",
    description: "Send the ETag of what you read as If-Match, and a change in the meantime is not overwritten.",
    access: adminRoles,
    scope: "admin",
    body: changeSchema,
    answer: withRole,
    failures: [409, 412],
    current: async (ctx) => present(ctx),
    async handle(ctx, { body }) {
      return present({ ...ctx, community: await changeCommunity(ctx, body) });
    },
  });
}

function refuseKeys(isKey: boolean): void {
  if (isKey) throw new AppError("forbidden", { public: "An API key belongs to one community and cannot found another. Sign in for that." });
}

function present(ctx: Ctx) {
  return { ...ctx.community, role: ctx.viewer.kind === "account" ? ctx.viewer.role : null };
}
