import { index, layout, prefix, type RouteConfig, route } from "@react-router/dev/routes";

export default [
  // The Portal: plain pages, no script needed.
  layout("portal/layout.tsx", [
    index("portal/front.tsx"),
    route("c/:community", "portal/community.tsx"),
    route("c/:community/threads/:threadId", "portal/thread.tsx"),
  ]),

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
      route("metrics", "studio/metrics.tsx"),
      route("metrics/:metricId", "studio/metric.tsx"),
      route("metrics/:metricId/csv", "studio/metric-csv.ts"),
    ]),
  ]),
] satisfies RouteConfig;
