import { z } from "zod";
import {
  adminRoles,
  changeRole,
  createApiKey,
  createInvitation,
  listApiKeys,
  listAudit,
  listInvitations,
  listTeam,
  removeFromTeam,
  revokeApiKey,
  revokeInvitation,
  roles,
  scopes,
  teamRoles,
} from "#features/access/index.ts";
import { type Api, communityEndpoint } from "./kit/endpoint.ts";
import { answerPage, pageOf, pageQuery } from "./kit/list.ts";
import { at, flag, id, moment } from "./kit/schemas.ts";

const role = z.enum(roles);
const teamMember = z
  .object({
    accountId: z.string(),
    name: z.string(),
    email: z.string(),
    image: z.string().nullable(),
    role,
    twoFactorEnabled: z.boolean(),
    joinedAt: at,
    lastSeenAt: at.nullable(),
  })
  .meta({ id: "TeamMember" });
const invitation = z
  .object({
    id,
    role,
    note: z.string(),
    createdAt: at,
    expiresAt: at,
    state: z.enum(["open", "accepted", "expired", "revoked"]),
    createdByName: z.string().nullable(),
    acceptedByName: z.string().nullable(),
  })
  .meta({ id: "Invitation" });
const apiKey = z
  .object({
    id,
    name: z.string(),
    prefix: z.string().describe("Its first letters, to know it by."),
    scopes: z.array(z.enum(scopes)),
    accountId: z.string(),
    accountName: z.string().nullable(),
    createdAt: at,
    expiresAt: at.nullable(),
    lastUsedAt: at.nullable(),
    revokedAt: at.nullable(),
  })
  .meta({ id: "ApiKey" });
const auditEntry = z
  .object({
    id,
    at,
    actor: z.string(),
    actorName: z.string().nullable(),
    action: z.string(),
    objectKind: z.string(),
    objectId: z.string(),
    detail: z.record(z.string(), z.unknown()),
  })
  .meta({ id: "AuditEntry" });

const accountParams = z.object({ account: z.string().max(100) });

/** The team: who is in it, with which role, who is invited, which keys there are, and who did what. */
export function addTeam(api: Api): void {
  communityEndpoint(api, {
    method: "get",
    path: "/team",
    tag: "Team",
    summary: "List everybody with a place in the Studio",
    access: teamRoles,
    scope: "read",
    answer: z.object({ data: z.array(teamMember) }),
    handle: async (ctx) => ({ data: await listTeam(ctx) }),
  });
  communityEndpoint(api, {
    method: "put",
    path: "/team/{account}/role",
    tag: "Team",
    summary: "Change somebody's role",
    access: adminRoles,
    scope: "admin",
    params: accountParams,
    body: z.object({ role }).strict(),
    status: 204,
    failures: [409],
    handle: (ctx, { params, body }) => changeRole(ctx, { accountId: params.account, role: body.role }),
  });
  communityEndpoint(api, {
    method: "delete",
    path: "/team/{account}",
    tag: "Team",
    summary: "Take somebody out of the team",
    access: adminRoles,
    scope: "admin",
    params: accountParams,
    status: 204,
    failures: [409],
    handle: (ctx, { params }) => removeFromTeam(ctx, { accountId: params.account }),
  });
  addInvitations(api);
  addKeys(api);
  communityEndpoint(api, {
    method: "get",
    path: "/audit",
    tag: "Audit",
    summary: "List who did what, newest first",
    access: adminRoles,
    scope: "read",
    query: pageQuery.extend({
      actor: z.string().max(200).optional(),
      action: z.string().max(100).optional().describe("The whole action, or its first part with a dot: `team.`"),
      objectKind: z.string().max(100).optional(),
      objectId: z.string().max(200).optional(),
      from: moment.optional(),
      to: moment.optional().describe("Exclusive."),
    }),
    answer: pageOf(auditEntry),
    handle: async (ctx, { query, c }) => answerPage(c, await listAudit(ctx, query)),
  });
}

function addInvitations(api: Api): void {
  communityEndpoint(api, {
    method: "get",
    path: "/invitations",
    tag: "Team",
    summary: "List invitations with what became of each",
    access: adminRoles,
    scope: "read",
    query: pageQuery.extend({ openOnly: flag.optional() }),
    answer: pageOf(invitation),
    handle: async (ctx, { query, c }) => answerPage(c, await listInvitations(ctx, query)),
  });
  communityEndpoint(api, {
    method: "post",
    path: "/invitations",
    tag: "Team",
    summary: "Make a link that lets its holder join with a role",
    description: "The token is in this answer and nowhere else; the link is PUBLIC_URL/invite/{token}.",
    access: adminRoles,
    scope: "admin",
    body: z.object({ role, note: z.string().max(200).optional(), expiresInDays: z.int().min(1).max(90).optional() }).strict(),
    status: 201,
    answer: z.object({ id, token: z.string(), url: z.string(), expiresAt: at }),
    async handle(ctx, { body, runtime }) {
      const made = await createInvitation(ctx, body);
      return { ...made, url: `${runtime.config.publicUrl}/invite/${made.token}` };
    },
  });
  communityEndpoint(api, {
    method: "delete",
    path: "/invitations/{invitation}",
    tag: "Team",
    summary: "Make an open invitation worthless",
    access: adminRoles,
    scope: "admin",
    params: z.object({ invitation: id }),
    status: 204,
    handle: (ctx, { params }) => revokeInvitation(ctx, { invitationId: params.invitation }),
  });
}

function addKeys(api: Api): void {
  communityEndpoint(api, {
    method: "get",
    path: "/api-keys",
    tag: "API keys",
    summary: "List the caller's keys; owners and admins see everybody's",
    access: teamRoles,
    scope: "read",
    answer: z.object({ data: z.array(apiKey) }),
    handle: async (ctx) => ({ data: await listApiKeys(ctx) }),
  });
  communityEndpoint(api, {
    method: "post",
    path: "/api-keys",
    tag: "API keys",
    summary: "Make a key that acts for the caller",
    description: "The key is in this answer and nowhere else. Keys cannot make keys: sign in for it.",
    access: teamRoles,
    scope: "write",
    body: z
      .object({
        name: z.string().max(80),
        scopes: z.array(z.enum(scopes)).min(1),
        expiresInDays: z.int().min(1).max(3650).nullable().optional().describe("90 when absent; null for a key that does not expire."),
      })
      .strict(),
    status: 201,
    answer: z.object({ id, key: z.string(), expiresAt: at.nullable() }),
    handle: (ctx, { body }) => createApiKey(ctx, body),
  });
  communityEndpoint(api, {
    method: "delete",
    path: "/api-keys/{key}",
    tag: "API keys",
    summary: "Make a key worthless at once",
    access: teamRoles,
    scope: "write",
    params: z.object({ key: id }),
    status: 204,
    handle: (ctx, { params }) => revokeApiKey(ctx, { apiKeyId: params.key }),
  });
}
