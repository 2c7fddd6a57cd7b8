/** Who did something. Each kind of account has its number in a type of its own; people's and apps' both count. */
const actor = `login __typename ... on User { databaseId } ... on Bot { databaseId } ... on Organization { databaseId } ... on Mannequin { databaseId }`;
const repository =
  "query ($owner: String!, $repo: String!, $first: Int!, $cursor: String, $direction: OrderDirection!) { repository(owner: $owner, name: $repo)";
const page = "pageInfo { hasNextPage endCursor }";
const reactions = "reactionGroups { content reactors { totalCount } }";

const review = `fullDatabaseId url body state submittedAt authorAssociation author { ${actor} }`;
const reply = `databaseId url body createdAt updatedAt authorAssociation isAnswer ${reactions} author { ${actor} }`;
const replies = `replies(first: $inner) { ${page} nodes { ${reply} } }`.replace("$inner", "20");

/** Orders by which lists can be read: from the first on, or what changed last. */
export type ListOrder = "CREATED_AT" | "UPDATED_AT" | "STARRED_AT";

export const pullsQuery = (order: ListOrder) => `${repository} {
  pullRequests(first: $first, after: $cursor, orderBy: {field: ${order}, direction: $direction}) { totalCount ${page} nodes {
    id number title body url state isDraft locked authorAssociation createdAt updatedAt closedAt mergedAt baseRefName headRefName
    labels(first: 50) { nodes { name } } author { ${actor} }
    reviews(first: 50) { ${page} nodes { ${review} } }
  } } } }`;

export const discussionsQuery = (order: ListOrder) => `${repository} {
  discussions(first: $first, after: $cursor, orderBy: {field: ${order}, direction: $direction}) { totalCount ${page} nodes {
    id number title body url locked closed stateReason authorAssociation createdAt updatedAt closedAt
    category { name slug isAnswerable } labels(first: 50) { nodes { name } } answer { url } ${reactions} author { ${actor} }
    comments(first: 50) { ${page} nodes { id ${reply} ${replies} } }
  } } } }`;

export const starsQuery = () => `${repository} {
  stargazers(first: $first, after: $cursor, orderBy: {field: STARRED_AT, direction: $direction}) { totalCount ${page} edges {
    starredAt node { login databaseId __typename }
  } } } }`;

export const forksQuery = (order: ListOrder) => `${repository} {
  forks(first: $first, after: $cursor, orderBy: {field: ${order}, direction: $direction}) { totalCount ${page} nodes {
    databaseId nameWithOwner url createdAt owner { ${actor} }
  } } } }`;

/** What the repository says it holds: the other half of coverage. */
export const totalsQuery = `query ($owner: String!, $repo: String!) { repository(owner: $owner, name: $repo) {
  issues { totalCount } pullRequests { totalCount } discussions { totalCount } stargazers { totalCount } forks { totalCount }
} }`;

const node = "query ($id: ID!, $first: Int!, $cursor: String) { node(id: $id)";

/** The rest of a list inside an item that was longer than its page. */
export const restQueries = {
  reviews: `${node} { ... on PullRequest { reviews(first: $first, after: $cursor) { ${page} nodes { ${review} } } } } }`,
  comments: `${node} { ... on Discussion { comments(first: $first, after: $cursor) { ${page} nodes { id ${reply} ${replies} } } } } }`,
  replies: `${node} { ... on DiscussionComment { replies(first: $first, after: $cursor) { ${page} nodes { ${reply} } } } } }`,
};
