import type { Ctx } from "#features/access/index.ts";
import { listThreads, type ThreadRow } from "#features/ledger/index.ts";
import { listMembers } from "#features/members/index.ts";
import { type QuestionCounts, questionCounts } from "#features/support/index.ts";
import type { PortalReader } from "./portal.server.ts";

export interface CommunityPageData {
  slug: string;
  name: string;
  tagline: string;
  now: string;
  questions: QuestionCounts;
  open: ThreadRow[];
  recent: ThreadRow[];
  reader: PortalReader;
  faces: { id: string; name: string }[];
}

/** What the community's front page shows, all of it through the visitor's eyes. */
export async function loadCommunityPage({ ctx, reader }: { ctx: Ctx; reader: PortalReader }): Promise<CommunityPageData> {
  const now = ctx.clock.now();
  const [questions, open, recent, members] = await Promise.all([
    questionCounts(ctx),
    listThreads(ctx, { question: "unanswered", state: "open", sort: "opened", limit: 6 }),
    listThreads(ctx, { sort: "recent", limit: 14 }),
    listMembers(ctx, { kind: "human", sort: "recent", limit: 12 }),
  ]);
  const { community } = ctx;
  return {
    slug: community.slug,
    name: community.name,
    tagline: "tagline" in community && typeof community.tagline === "string" ? community.tagline : "",
    now: now.toISOString(),
    reader,
    questions,
    open: open.rows,
    recent: recent.rows,
    // By name, not by how much they say: nobody is ranked where others see it.
    faces: members.rows.map(({ id, displayName }) => ({ id, name: displayName })).sort((a, b) => a.name.localeCompare(b.name)),
  };
}
