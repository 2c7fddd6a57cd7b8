import { index, layout, prefix, type RouteConfig, route } from "@react-router/dev/routes";

export default [
  // The Portal: plain pages, no script needed.
  layout("portal/layout.tsx", [
    index("portal/front.tsx"),
    route("c/:community", "portal/community.tsx"),
    route("c/:community/threads/:threadId", "portal/thread.tsx"),
  ]),
  route("c/:community/feed.atom", "portal/feed.ts"),

  // The doors: coming in and going out.
  route("sign-in", "doors/sign-in.tsx"),
  route("sign-out", "doors/sign-out.ts"),
  route("forgot-password", "doors/forgot-password.tsx"),
  route("setup/:token", "doors/setup.tsx"),
  route("invite/:token", "doors/invite.tsx"),

  // The Studio: the team's workspace.
  route("studio", "studio/choose.tsx"),
  ...prefix("studio/:community", [
    layout("studio/layout.tsx", [
      index("studio/today.tsx"),
      route("search", "studio/search.tsx"),
      route("palette", "studio/palette-hits.ts"),
      route("threads", "studio/threads.tsx"),
      route("threads/:threadId", "studio/thread.tsx"),
      route("members", "studio/members.tsx"),
      route("members/:memberId", "studio/member.tsx"),
      route("signals", "studio/signals.tsx"),
      route("sources", "studio/sources/list.tsx"),
      route("sources/new", "studio/sources/new.tsx"),
      route("sources/connect/:connectorId", "studio/sources/connect.tsx"),
      route("sources/bring-in/:uploadId", "studio/sources/bring-in.tsx"),
      route("sources/:sourceId/mapping", "studio/sources/mapping.tsx"),
      route("sources/:sourceId", "studio/sources/source.tsx"),
      ...prefix("settings", [
        layout("studio/settings/layout.tsx", [
          index("studio/settings/account.tsx"),
          route("community", "studio/settings/community.tsx"),
          route("team", "studio/settings/team.tsx"),
          route("keys", "studio/settings/keys.tsx"),
          route("mail", "studio/settings/mail.tsx"),
          route("jobs", "studio/settings/jobs.tsx"),
          route("audit", "studio/settings/audit.tsx"),
        ]),
      ]),
      route("metrics", "studio/metrics.tsx"),
      route("metrics/:metricId", "studio/metric.tsx"),
      route("metrics/:metricId/csv", "studio/metric-csv.ts"),
    ]),
  ]),
] satisfies RouteConfig;
