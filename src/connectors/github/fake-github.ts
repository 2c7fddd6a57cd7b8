import type { ServerResponse } from "node:http";
import { type LocalServer, startLocalServer } from "../testing.ts";
import { isRow, type Row } from "./row.ts";

const botNumbers = new Set(["dependabot"]);

/** What the made-up repository holds, in the form of the REST API. */
export interface FakeRepository {
  full_name: string;
  private?: boolean;
  has_issues?: boolean;
  has_discussions?: boolean;
  issues: Row[];
  pulls: (Row & { reviews: Row[] })[];
  comments: Row[];
  reviewComments: Row[];
  discussions: (Row & { replies: Row[] })[];
  stars: Row[];
  forks: Row[];
  releases: Row[];
}

/** A server that answers as GitHub's documentation says that GitHub does, from a repository that a test may change as it is read. */
export interface FakeGithub extends LocalServer {
  repository: FakeRepository;
  /** Told of each request before it is answered; an answer given here is the whole answer. */
  before: (request: { method: string; url: URL; body: string; headers: Record<string, unknown> }, response: ServerResponse) => boolean | undefined;
  /** The largest page that is given, whatever is asked for. */
  pageMax: number;
}

export async function startFakeGithub(repository: FakeRepository): Promise<FakeGithub> {
  const state: Pick<FakeGithub, "repository" | "before" | "pageMax"> = { repository, before: () => undefined, pageMax: 100 };
  const server = await startLocalServer((request, response) => {
    if (state.before({ ...request, headers: { ...request.headers } }, response)) return;
    if (request.url.pathname === "/graphql") return sendJson(response, answerQuery(state, JSON.parse(request.body) as Row));
    answerRest(state, request.url, request.headers["if-none-match"], response);
  });
  return Object.assign(state, server);
}

/** An answer as JSON. */
export function sendJson(response: ServerResponse, body: unknown, status = 200, headers: Record<string, string> = {}): void {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(JSON.stringify(body));
}

type State = Pick<FakeGithub, "repository" | "before" | "pageMax">;

function answerRest(state: State, url: URL, etagHeld: string | undefined, response: ServerResponse): void {
  const { repository } = state;
  const { pathname, searchParams } = url;
  const base = `/repos/${repository.full_name}`.toLowerCase();
  const path = pathname.toLowerCase();
  if (path === base) {
    const { full_name, has_issues = true, has_discussions = true } = repository;
    return sendJson(response, {
      id: 1,
      full_name,
      private: repository.private ?? false,
      visibility: repository.private ? "private" : "public",
      has_issues,
      has_discussions,
    });
  }
  const lists: Record<string, Row[]> = {
    [`${base}/issues`]: [...repository.issues, ...repository.pulls.map((pull) => ({ ...pull, pull_request: { merged_at: pull.merged_at } }))],
    [`${base}/issues/comments`]: repository.comments,
    [`${base}/pulls/comments`]: repository.reviewComments,
    [`${base}/releases`]: repository.releases,
  };
  let rows = lists[path];
  if (!rows) return sendJson(response, { message: "Not Found", documentation_url: "https://docs.github.com/rest" }, 404);
  const since = searchParams.get("since");
  // As observed: a moment before GitHub's own calendar brings nothing.
  if (since !== null && since < "1980") rows = [];
  if (since !== null) rows = rows.filter((row) => Date.parse(String(row.updated_at)) >= Date.parse(since));
  if (searchParams.get("sort") === "updated") rows = [...rows].sort((a, b) => (String(a.updated_at) < String(b.updated_at) ? -1 : 1));
  const perPage = Math.min(Number(searchParams.get("per_page") ?? 30), searchParams.get("per_page") === "1" ? 1 : state.pageMax);
  const page = Number(searchParams.get("page") ?? 1);
  const pages = Math.max(1, Math.ceil(rows.length / perPage));
  const link = [...(page < pages ? [[page + 1, "next"]] : []), ...(page < pages ? [[pages, "last"]] : [])]
    .map(([n, rel]) => `<http://localhost${pathname}?per_page=${perPage}&page=${n}>; rel="${rel}"`)
    .join(", ");
  const shown = rows.slice((page - 1) * perPage, page * perPage);
  const etag = `"${shown.map((row) => `${String(row.id)}@${String(row.updated_at ?? row.published_at)}`).join(",").length}-${shown.length}-${String(shown.at(-1)?.updated_at)}"`;
  if (etagHeld === etag) {
    response.writeHead(304, { etag });
    response.end();
    return;
  }
  sendJson(response, shown, 200, { etag, ...(link && { link }) });
}

function answerQuery(state: State, request: Row): unknown {
  const { repository } = state;
  const query = String(request.query);
  const variables = isRow(request.variables) ? request.variables : {};
  if (query.includes("node(id: $id)")) return { data: { node: answerNode(state, query, variables) } };
  const order = /field: (\w+)/.exec(query)?.[1];
  const by: Record<string, string> = { CREATED_AT: "created_at", UPDATED_AT: "updated_at", STARRED_AT: "starred_at" };
  const sorted = (rows: Row[], key = by[order ?? ""] ?? "created_at") => {
    const ascending = [...rows].sort((a, b) => (String(a[key]) < String(b[key]) ? -1 : 1));
    return variables.direction === "DESC" ? ascending.reverse() : ascending;
  };
  if (query.includes("pullRequests(first"))
    return wrap({ pullRequests: pageOf(state, sorted(repository.pulls), variables, (row) => fromPull(row, state)) });
  if (query.includes("discussions(first"))
    return wrap({ discussions: pageOf(state, sorted(repository.discussions), variables, (row) => fromDiscussion(row, state)) });
  if (query.includes("forks(first")) return wrap({ forks: pageOf(state, sorted(repository.forks), variables, fromFork) });
  if (query.includes("stargazers(first")) {
    const { nodes, ...rest } = pageOf(state, sorted(repository.stars), variables, (row) => ({ starredAt: row.starred_at, node: actorOf(row.user) }));
    return wrap({ stargazers: { ...rest, edges: nodes } });
  }
  const total = (rows: Row[]) => ({ totalCount: rows.length });
  return wrap({
    issues: total(repository.issues),
    pullRequests: total(repository.pulls),
    discussions: total(repository.discussions),
    stargazers: total(repository.stars),
    forks: total(repository.forks),
  });
}

const wrap = (repository: Row) => ({ data: { repository } });

/** Page marks name the item that they follow, as GitHub's do: they stay right when others come or go. */
function pageOf(state: State, rows: Row[], variables: Row, convert: (row: Row) => Row) {
  const first = Math.min(Number(variables.first), state.pageMax);
  const mark = (row: Row | undefined) => (row ? `after:${String(row.id ?? (isRow(row.user) ? row.user.id : ""))}` : null);
  const from = variables.cursor ? rows.findIndex((row) => mark(row) === variables.cursor) + 1 : 0;
  const shown = rows.slice(from, from + first);
  return {
    totalCount: rows.length,
    pageInfo: { hasNextPage: from + first < rows.length, endCursor: mark(shown.at(-1)) },
    nodes: shown.map(convert),
  };
}

function answerNode(state: State, query: string, variables: Row): Row {
  const { pulls, discussions } = state.repository;
  const id = String(variables.id);
  const pull = pulls.find((one) => `PR_${one.number}` === id);
  if (pull) return { reviews: pageOf(state, pull.reviews, variables, fromReview) };
  for (const discussion of discussions) {
    const tops = discussion.replies.filter((one) => !one.parent_id);
    if (`D_${discussion.number}` === id && query.includes("on Discussion {"))
      return { comments: pageOf(state, tops, variables, (row) => fromReply(row, discussion, state)) };
    const answers = discussion.replies.filter((one) => `DC_${one.parent_id}` === id);
    if (answers.length > 0) return { replies: pageOf(state, answers, variables, (row) => fromReply(row, discussion, state)) };
  }
  return {};
}

/** GraphQL shows apps without the suffix that REST gives them. */
function actorOf(user: unknown): Row | null {
  if (!isRow(user)) return null;
  const isBot = user.type === "Bot" || botNumbers.has(String(user.login));
  return { login: String(user.login).replace(/\[bot\]$/, ""), __typename: isBot ? "Bot" : (user.type ?? "User"), databaseId: user.id };
}

const contents: Record<string, string> = { "+1": "THUMBS_UP", heart: "HEART", eyes: "EYES" };
const groupsOf = (reactions: unknown) =>
  Object.entries(contents).map(([name, content]) => ({ content, reactors: { totalCount: (isRow(reactions) ? reactions[name] : 0) ?? 0 } }));
const labelsOf = (row: Row) => ({ nodes: Array.isArray(row.labels) ? [...row.labels].reverse() : [] });

function fromPull(row: Row, state: State): Row {
  const ref = (branch: unknown) => (isRow(branch) ? branch.ref : null);
  const reviews = state.repository.pulls.find((one) => one.number === row.number)?.reviews ?? [];
  return {
    id: `PR_${row.number}`,
    number: row.number,
    title: row.title,
    body: row.body ?? "",
    url: row.html_url,
    state: row.merged_at ? "MERGED" : String(row.state).toUpperCase(),
    isDraft: row.draft ?? false,
    locked: row.locked ?? false,
    authorAssociation: row.author_association,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    closedAt: row.closed_at ?? null,
    mergedAt: row.merged_at ?? null,
    baseRefName: ref(row.base),
    headRefName: ref(row.head),
    labels: labelsOf(row),
    author: actorOf(row.user),
    reviews: pageOf(state, reviews, { first: 2 }, fromReview),
  };
}

const fromReview = (row: Row): Row => ({
  fullDatabaseId: String(row.id),
  url: row.html_url,
  body: row.body ?? "",
  state: row.state,
  submittedAt: row.submitted_at ?? null,
  authorAssociation: row.author_association,
  author: actorOf(row.user),
});

function fromDiscussion(row: Row, state: State): Row {
  const replies = state.repository.discussions.find((one) => one.number === row.number)?.replies ?? [];
  const category = isRow(row.category) ? row.category : {};
  return {
    id: `D_${row.number}`,
    number: row.number,
    title: row.title,
    body: row.body ?? "",
    url: row.html_url,
    locked: false,
    closed: row.state === "closed",
    stateReason: typeof row.state_reason === "string" ? row.state_reason.toUpperCase() : null,
    authorAssociation: row.author_association,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    closedAt: row.closed_at ?? null,
    category: { name: category.name, slug: category.slug, isAnswerable: category.is_answerable },
    labels: labelsOf(row),
    answer: row.answer_html_url ? { url: row.answer_html_url } : null,
    reactionGroups: groupsOf(row.reactions),
    author: actorOf(row.user),
    comments: pageOf(
      state,
      replies.filter((one) => !one.parent_id),
      { first: 2 },
      (one) => fromReply(one, row, state),
    ),
  };
}

function fromReply(row: Row, discussion: Row, state: State): Row {
  const all = state.repository.discussions.find((one) => one.number === discussion.number)?.replies ?? [];
  return {
    id: `DC_${row.id}`,
    databaseId: row.id,
    url: row.html_url,
    body: row.body ?? "",
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    authorAssociation: row.author_association,
    isAnswer: row.html_url === discussion.answer_html_url,
    reactionGroups: groupsOf(row.reactions),
    author: actorOf(row.user),
    ...(!row.parent_id && {
      replies: pageOf(
        state,
        all.filter((one) => one.parent_id === row.id),
        { first: 1 },
        (one) => fromReply(one, discussion, state),
      ),
    }),
  };
}

const fromFork = (row: Row): Row => ({
  databaseId: row.id,
  nameWithOwner: row.full_name,
  url: row.html_url,
  createdAt: row.created_at,
  owner: actorOf(row.owner),
});
