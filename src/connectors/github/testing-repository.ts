import type { FakeRepository } from "./fake-github.ts";
import type { Row } from "./row.ts";

const site = "https://github.com/harbor/tide-table";
const api = "https://api.github.com/repos/harbor/tide-table";

export const ada = { login: "ada", id: 11, type: "User" };
export const bo = { login: "Bo", id: 12, type: "User" };
export const bot = { login: "dependabot[bot]", id: 49_699_333, type: "Bot" };
export const harborOrg = { login: "harbor", id: 13, type: "Organization" };

const minute = (n: number) => new Date(Date.parse("2026-03-01T10:00:00Z") + n * 60_000).toISOString().replace(".000Z", "Z");

export function makeIssue(number: number, more: Row = {}): Row {
  return {
    id: 1_000 + number,
    number,
    title: `Issue ${number}`,
    body: `Words of ${number}`,
    user: ada,
    state: "open",
    labels: [{ name: "bug" }, { name: "arm" }],
    author_association: "NONE",
    created_at: minute(number),
    updated_at: minute(number),
    closed_at: null,
    html_url: `${site}/issues/${number}`,
    repository_url: api,
    comments_url: `${api}/issues/${number}/comments`,
    reactions: { url: "", total_count: 2, "+1": 1, "-1": 0, heart: 1 },
    ...more,
  };
}

export function makeComment(id: number, issue: number, more: Row = {}): Row {
  return {
    id,
    body: `Comment ${id}`,
    user: bo,
    author_association: "MEMBER",
    created_at: minute(100 + (id % 10_000)),
    updated_at: minute(100 + (id % 10_000)),
    html_url: `${site}/issues/${issue}#issuecomment-${id}`,
    issue_url: `${api}/issues/${issue}`,
    reactions: { total_count: 0, "+1": 0 },
    ...more,
  };
}

export function makePull(number: number, more: Row = {}): Row {
  return {
    id: 2_000 + number,
    number,
    title: `Pull ${number}`,
    body: "Changes",
    user: bot,
    state: "open",
    draft: false,
    labels: [],
    author_association: "CONTRIBUTOR",
    created_at: minute(number),
    updated_at: minute(number),
    closed_at: null,
    merged_at: null,
    html_url: `${site}/pull/${number}`,
    base: { ref: "main", repo: { full_name: "harbor/tide-table", private: false } },
    head: { ref: "fix", repo: null },
    ...more,
  };
}

export function makeReview(id: number, pull: number, more: Row = {}): Row {
  return {
    id,
    body: "Looks right",
    user: ada,
    state: "APPROVED",
    author_association: "OWNER",
    submitted_at: minute(200 + (id % 1_000)),
    html_url: `${site}/pull/${pull}#pullrequestreview-${id}`,
    pull_request_url: `${api}/pulls/${pull}`,
    commit_id: "abc",
    ...more,
  };
}

export function makeReviewComment(id: number, pull: number, more: Row = {}): Row {
  return {
    ...makeComment(id, pull),
    issue_url: undefined,
    html_url: `${site}/pull/${pull}#discussion_r${id}`,
    pull_request_url: `${api}/pulls/${pull}`,
    pull_request_review_id: 501,
    path: "src/tide.ts",
    diff_hunk: "@@ -1 +1 @@",
    ...more,
  };
}

export function makeDiscussion(number: number, more: Row = {}): Row {
  return {
    id: 3_000 + number,
    number,
    title: `How do I ${number}?`,
    body: "I tried.",
    user: ada,
    state: "open",
    state_reason: null,
    labels: [],
    author_association: "NONE",
    created_at: minute(number),
    updated_at: minute(number),
    html_url: `${site}/discussions/${number}`,
    category: { name: "Q&A", slug: "q-a", is_answerable: true },
    answer_html_url: null,
    reactions: { "+1": 0 },
    ...more,
  };
}

export function makeReply(id: number, discussion: number, more: Row = {}): Row {
  return {
    id,
    parent_id: null,
    discussion_id: 3_000 + discussion,
    body: `Reply ${id}`,
    user: bo,
    author_association: "NONE",
    created_at: minute(300 + (id % 1_000)),
    updated_at: minute(300 + (id % 1_000)),
    html_url: `${site}/discussions/${discussion}#discussioncomment-${id}`,
    reactions: { heart: 1 },
    ...more,
  };
}

/** A small repository with one of everything, and the oddities that real ones have. */
export function makeRepository(): FakeRepository {
  const answered = `${site}/discussions/6#discussioncomment-602`;
  return {
    full_name: "harbor/tide-table",
    issues: [
      makeIssue(1),
      makeIssue(2, { user: null, body: null, state: "closed", state_reason: "not_planned", closed_at: minute(50), updated_at: minute(50) }),
      makeIssue(3),
    ],
    pulls: [
      {
        ...makePull(4, { state: "closed", merged_at: minute(60), closed_at: minute(60), updated_at: minute(60) }),
        reviews: [
          makeReview(501, 4),
          makeReview(502, 4, { user: null, state: "COMMENTED", body: "" }),
          makeReview(503, 4),
          makeReview(504, 4, { state: "PENDING", submitted_at: null }),
        ],
      },
      { ...makePull(5, { user: bo, draft: true }), reviews: [] },
    ],
    comments: [
      makeComment(401, 1),
      makeComment(402, 1, { updated_at: minute(2_000) }),
      makeComment(403, 4, { html_url: `${site}/pull/4#issuecomment-403` }),
    ],
    reviewComments: [makeReviewComment(701, 4), makeReviewComment(702, 4, { in_reply_to_id: 701 })],
    discussions: [
      {
        ...makeDiscussion(6, { answer_html_url: answered }),
        replies: [
          makeReply(601, 6),
          makeReply(602, 6),
          makeReply(603, 6, { user: null }),
          makeReply(604, 6, { parent_id: 601 }),
          makeReply(605, 6, { parent_id: 601 }),
        ],
      },
      { ...makeDiscussion(7, { category: { name: "General", slug: "general", is_answerable: false } }), replies: [] },
    ],
    stars: [
      { user: ada, starred_at: minute(1) },
      { user: bo, starred_at: minute(2) },
    ],
    forks: [
      { id: 801, full_name: "Bo/tide-table", html_url: "https://github.com/Bo/tide-table", fork: true, owner: bo, created_at: minute(3) },
      {
        id: 802,
        full_name: "harbor/tide-copy",
        html_url: "https://github.com/harbor/tide-copy",
        fork: true,
        owner: harborOrg,
        created_at: minute(4),
      },
    ],
    releases: [
      {
        id: 901,
        tag_name: "v1.0",
        name: "First",
        body: "It floats.",
        author: ada,
        draft: false,
        prerelease: false,
        created_at: minute(5),
        published_at: minute(6),
        html_url: `${site}/releases/tag/v1.0`,
      },
      {
        id: 902,
        tag_name: "v2.0",
        name: null,
        body: null,
        author: ada,
        draft: true,
        prerelease: false,
        created_at: minute(7),
        published_at: null,
        html_url: `${site}/releases/tag/v2.0`,
      },
    ],
  };
}
