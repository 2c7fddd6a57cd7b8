import { z } from "zod";
import { deriveSoon } from "#app/background/derive.ts";
import { AppError } from "#core/errors.ts";
import { editorRoles, teamRoles } from "#features/access/index.ts";
import { listActivities } from "#features/ledger/index.ts";
import {
  acceptLink,
  getMember,
  linkIdentities,
  listAffiliations,
  listMembers,
  listSuggestedLinks,
  rejectLink,
  removeLink,
  setIdentityKind,
} from "#features/members/index.ts";
import { type Api, communityEndpoint } from "./kit/endpoint.ts";
import { answerPage, pageOf, pageQuery } from "./kit/list.ts";
import { at, flag, id, moment } from "./kit/schemas.ts";
import { activity } from "./threads.ts";

const kind = z.enum(["human", "team", "bot"]);

const member = z
  .object({
    id,
    displayName: z.string(),
    avatarUrl: z.string().nullable(),
    kind,
    mixed: z.boolean().describe("Holds a bot's and a person's identity: somebody should look."),
    activityCount: z.int(),
    firstActivityAt: at.nullable(),
    lastActivityAt: at.nullable(),
    identityCount: z.int(),
    platforms: z.array(z.string()),
  })
  .meta({ id: "Member" });

const linkState = z.enum(["accepted", "suggested", "never"]);
const link = z
  .object({
    id,
    identityA: id,
    identityB: id,
    other: z.object({ memberId: id, identityId: id, name: z.string(), platform: z.string() }).nullable(),
    state: linkState,
    heldBack: z.boolean(),
    rule: z.string(),
    evidence: z.string(),
    strength: z.number(),
    author: z.string(),
    createdAt: at,
    changedAt: at,
  })
  .meta({ id: "IdentityLink" });

const identity = z
  .object({
    id,
    platform: z.string(),
    externalId: z.string(),
    displayName: z.string().nullable(),
    login: z.string().nullable(),
    email: z.string().nullable(),
    emailVerified: z.boolean(),
    avatarUrl: z.string().nullable(),
    url: z.string().nullable(),
    kind,
    kindReason: z.string().nullable(),
    kindLocked: z.boolean(),
    activityCount: z.int(),
    labels: z.array(z.object({ kind: z.string(), value: z.string(), firstSeenAt: at.nullable(), replacedAt: at.nullable() })),
  })
  .meta({ id: "Identity" });

const affiliation = z
  .object({
    id,
    identityId: id.describe("Whose it is: it follows the identity when members are joined or taken apart."),
    organization: z.string().describe("The name it goes by, where a source says that what is written is another name for it."),
    writtenAs: z.string(),
    from: at.nullable().describe("Null where the source does not say since when."),
    to: at.nullable().describe("Null where it lasts, or the source does not say."),
    evidence: z.string(),
    source: z.object({ id, name: z.string() }),
  })
  .meta({ id: "Affiliation" });

const detail = member
  .extend({
    identities: z.array(identity),
    links: z.array(link),
    affiliations: z.array(affiliation),
    counts: z.array(z.object({ kind: z.string(), sourceId: id, sourceName: z.string(), count: z.int() })),
    days: z.array(z.object({ day: z.string(), count: z.int() })),
  })
  .meta({ id: "MemberDetail" });

const end = z.object({ identityId: id, memberId: id, name: z.string(), platform: z.string(), handle: z.string(), avatarUrl: z.string().nullable() });
const suggestedLink = z
  .object({ id, a: end, b: end, rule: z.string(), evidence: z.string(), strength: z.number(), createdAt: at })
  .meta({ id: "SuggestedLink" });
const outcome = z.object({ linkId: id, state: linkState, joined: z.boolean(), memberIds: z.tuple([id, id]) }).meta({ id: "LinkOutcome" });

const memberParams = z.object({ member: id });
const noMember = () => new AppError("not_found", { public: "There is no such member." });

/** Members and the identities they are made of. */
export function addMembers(api: Api): void {
  communityEndpoint(api, {
    method: "get",
    path: "/members",
    tag: "Members",
    summary: "List members",
    access: teamRoles,
    scope: "read",
    query: pageQuery.extend({
      q: z.string().max(200).optional().describe("A part of a name, login or address."),
      kind: kind.optional(),
      activeSince: moment.optional(),
      newSince: moment.optional(),
      includeSilent: flag.optional().describe("Also those without any activity."),
      sort: z.enum(["recent", "first", "activities", "name"]).default("recent"),
    }),
    answer: pageOf(member),
    handle: async (ctx, { query, c }) => answerPage(c, await listMembers(ctx, query)),
  });

  communityEndpoint(api, {
    method: "get",
    path: "/members/{member}",
    tag: "Members",
    summary: "Read a member with its identities and the links between them",
    description: "The id of any of its identities leads to it too.",
    access: teamRoles,
    scope: "read",
    params: memberParams,
    answer: detail,
    async handle(ctx, { params }) {
      const found = await getMember(ctx, { memberId: params.member });
      if (!found) throw noMember();
      return { ...found, affiliations: await listAffiliations(ctx, { memberId: found.id }) };
    },
  });

  communityEndpoint(api, {
    method: "get",
    path: "/members/{member}/activities",
    tag: "Members",
    summary: "List a member's activities, newest first",
    access: teamRoles,
    scope: "read",
    params: memberParams,
    query: pageQuery,
    answer: pageOf(activity),
    async handle(ctx, { params, query, c }) {
      const found = await getMember(ctx, { memberId: params.member });
      if (!found) throw noMember();
      return answerPage(c, await listActivities(ctx, { identityIds: found.identities.map((one) => one.id), ...query }));
    },
  });

  communityEndpoint(api, {
    method: "put",
    path: "/members/{member}/kind",
    tag: "Members",
    summary: "Mark all identities of a member as a person, team or a bot",
    access: editorRoles,
    scope: "write",
    params: memberParams,
    body: z.object({ kind, reason: z.string().trim().min(1).max(500).describe("Shown beside the mark.") }).strict(),
    answer: z.object({ changed: z.int().describe("How many identities changed.") }),
    async handle(ctx, { params, body, runtime }) {
      const result = await setIdentityKind(ctx, { memberId: params.member, ...body });
      await deriveSoon(runtime.jobs, ctx.community.id);
      return result;
    },
  });

  addLinks(api);
}

function addLinks(api: Api): void {
  communityEndpoint(api, {
    method: "get",
    path: "/links/suggested",
    tag: "Members",
    summary: "List pairs that a rule holds for one person, the strongest first",
    access: teamRoles,
    scope: "read",
    query: pageQuery,
    answer: pageOf(suggestedLink),
    handle: async (ctx, { query, c }) => answerPage(c, await listSuggestedLinks(ctx, query)),
  });

  communityEndpoint(api, {
    method: "post",
    path: "/links",
    tag: "Members",
    summary: "Say that two identities are one person",
    access: editorRoles,
    scope: "write",
    body: z.object({ identityIds: z.tuple([id, id]), reason: z.string().trim().min(1).max(1000) }).strict(),
    status: 201,
    answer: outcome,
    async handle(ctx, { body, runtime }) {
      const result = await linkIdentities(ctx, body);
      await deriveSoon(runtime.jobs, ctx.community.id);
      return result;
    },
  });

  const decisions = [
    { verb: "accept", summary: "Accept a link: its identities are one person", run: acceptLink },
    { verb: "reject", summary: "Reject a link: its identities are different people, and no rule joins them again", run: rejectLink },
    { verb: "remove", summary: "Take a link back: the members are exactly those without it", run: removeLink },
  ] as const;
  for (const { verb, summary, run } of decisions) {
    communityEndpoint(api, {
      method: "post",
      path: `/links/{link}/${verb}`,
      tag: "Members",
      summary,
      access: editorRoles,
      scope: "write",
      params: z.object({ link: id }),
      answer: outcome,
      async handle(ctx, { params, runtime }) {
        const result = await run(ctx, { linkId: params.link });
        await deriveSoon(runtime.jobs, ctx.community.id);
        return result;
      },
    });
  }
}
