import { verify } from "@octokit/webhooks-methods";
import { AppError } from "#core/errors.ts";
import type { RawRecord, WebhookOutcome, WebhookRequest } from "#features/ledger/index.ts";
import { visibilityOf } from "./connect.ts";
import type { About } from "./format.ts";
import { forget } from "./item-reading.ts";
import { momentOf, streams } from "./keys.ts";
import { type Entry, ItemProblem, makeRecord } from "./make-record.ts";
import { parseNames, parseRepository, siteOf } from "./repository.ts";
import { isRow, type Row, rowIn } from "./row.ts";
import type { GithubSettings } from "./settings.ts";

/**
 * Reads what GitHub sends to the source's address: the same records as a pull brings.
 * @throws AppError `forbidden` for a wrong signature, `invalid_input` for what cannot be read
 */
export async function receiveWebhook(request: WebhookRequest, settings: GithubSettings): Promise<WebhookOutcome> {
  await requireSignature(request, settings);
  const event = request.headers.get("x-github-event");
  if (!event) throw new AppError("invalid_input", { public: "The header X-GitHub-Event is missing: GitHub did not send this." });
  const payload = readBody(request);
  if (event === "ping") return { ignored: "GitHub tried the address; it works." };
  const read = readers[event];
  if (!read) return { ignored: whyNot[event] ?? `Events «${event}» bring nothing in. Take them off the webhook if you like.` };
  const about = aboutOf(payload, settings);
  if ("ignored" in about) return about;
  const entries = read(payload, String(payload.action ?? ""));
  if (typeof entries === "string") return { ignored: entries };
  return { records: makeRecords(about, entries) };
}

async function requireSignature({ headers, body }: WebhookRequest, settings: GithubSettings): Promise<void> {
  if (settings.webhookSecret === "") {
    throw new AppError("forbidden", { public: "This source has no webhook secret. Enter one in its settings, and the same at GitHub." });
  }
  const signature = headers.get("x-hub-signature-256");
  if (!signature) {
    throw new AppError("forbidden", { public: "The header X-Hub-Signature-256 is missing. Enter the secret at GitHub: Settings, Webhooks, Edit." });
  }
  if (await verify(settings.webhookSecret, body, signature)) return;
  throw new AppError("forbidden", { public: "The signature is not right. The secret here and the one at GitHub must be the same." });
}

function readBody({ headers, body }: WebhookRequest): Row {
  try {
    const isForm = headers.get("content-type")?.includes("application/x-www-form-urlencoded") === true;
    const payload: unknown = JSON.parse(isForm ? (new URLSearchParams(body).get("payload") ?? "") : body);
    if (isRow(payload)) return payload;
  } catch {
    // Told below.
  }
  throw new AppError("invalid_input", { public: "The body is no JSON object. Choose the content type application/json at GitHub." });
}

/** One address may be given to a whole organization; only what is of this repository is taken. */
function aboutOf(payload: Row, settings: GithubSettings): About | { ignored: string } {
  const repository = rowIn(payload, "repository");
  const name = typeof repository.full_name === "string" ? repository.full_name : "";
  const wanted = parseRepository(settings.repository);
  if (name === "") return { ignored: "It is about no repository." };
  const known = wanted === undefined ? [name.toLowerCase()] : [wanted.toLowerCase(), ...parseNames(settings.alsoCalled)];
  if (!known.includes(name.toLowerCase())) {
    return { ignored: `It is about ${name}, and this source holds ${wanted}. If that was renamed, give the new name under «Other names».` };
  }
  const visibility = visibilityOf(repository);
  const isSame = wanted === undefined || wanted.toLowerCase() === name.toLowerCase();
  const host = siteOf(URL.parse(settings.baseUrl)?.host ?? "github.com");
  return { repo: isSame ? name : wanted, ...(host !== undefined && { host }), ...(visibility && { visibility }) };
}

function makeRecords(about: About, entries: readonly Entry[]): RawRecord[] {
  try {
    return entries.map((entry) => makeRecord(about, entry));
  } catch (error) {
    if (!(error instanceof ItemProblem)) throw error;
    throw new AppError("invalid_input", { public: `The event cannot be read: ${error.field} ${error.message}.` });
  }
}

type Reader = (payload: Row, action: string) => Entry[] | string;

const whyNot: Record<string, string> = {
  push: "Commits come by the git source, with all their authors.",
  watch: "Stars come as «star» events, which also tell when one is taken back.",
  commit_comment: "Comments on commits are not brought in.",
  repository: "Changes of the repository itself bring nothing in. After a rename, give the new name under «Other names».",
};

const readers: Record<string, Reader> = {
  issues(payload, action) {
    const { issue } = payload;
    if (!isRow(issue)) return "It bears no issue.";
    if (isRow(issue.pull_request)) return "Pull requests come with their own events.";
    if (action === "deleted") return [{ stream: streams.issues, item: forget(issue) }];
    if (action === "transferred") {
      const moved = rowIn(rowIn(payload, "changes"), "new_issue").html_url;
      // It tells of the moment after the issue's last change.
      return [{ stream: streams.issues, item: { ...issue, transferred_to: moved }, less: -1 }];
    }
    const from = rowIn(rowIn(payload, "changes"), "old_issue").html_url;
    return [{ stream: streams.issues, item: { ...issue, ...(typeof from === "string" && { transferred_from: from }) } }];
  },
  issue_comment(payload, action) {
    const { issue, comment } = payload;
    if (!isRow(issue) || !isRow(comment)) return "It bears no comment.";
    const isPull = isRow(issue.pull_request);
    return [
      ...(isPull ? [] : [{ stream: streams.issues, item: issue }]),
      {
        stream: streams.comments,
        item: action === "deleted" ? forget(comment) : comment,
        number: numberOf(issue),
        of: isPull ? "pull_request" : "issue",
      },
    ];
  },
  pull_request: ({ pull_request: pull }) => (isRow(pull) ? [{ stream: streams.pulls, item: pull }] : "It bears no pull request."),
  pull_request_review({ review, pull_request: pull }) {
    if (!isRow(review) || !isRow(pull)) return "It bears no review.";
    if (!review.submitted_at) return "The review is not handed in yet.";
    return [
      { stream: streams.pulls, item: pull },
      { stream: streams.reviews, item: review, number: numberOf(pull) },
    ];
  },
  pull_request_review_comment({ comment, pull_request: pull }, action) {
    if (!isRow(comment) || !isRow(pull)) return "It bears no comment.";
    return [
      { stream: streams.pulls, item: pull },
      { stream: streams.reviewComments, item: action === "deleted" ? forget(comment) : comment, number: numberOf(pull) },
    ];
  },
  discussion({ discussion, answer, old_answer: former }, action) {
    if (!isRow(discussion)) return "It bears no discussion.";
    if (action === "deleted") return [{ stream: streams.discussions, item: forget(discussion) }];
    const number = numberOf(discussion);
    const entries: Entry[] = [{ stream: streams.discussions, item: discussion }];
    if (isRow(answer)) entries.push({ stream: streams.discussionComments, item: { ...answer, is_answer: true }, number });
    if (isRow(former)) entries.push({ stream: streams.discussionComments, item: { ...former, is_answer: false }, number });
    return entries;
  },
  discussion_comment({ discussion, comment }, action) {
    if (!isRow(discussion) || !isRow(comment)) return "It bears no comment.";
    const isAnswer = typeof comment.html_url === "string" && comment.html_url === discussion.answer_html_url;
    const item = action === "deleted" ? forget(comment) : { ...comment, is_answer: isAnswer };
    return [
      { stream: streams.discussions, item: discussion },
      { stream: streams.discussionComments, item, number: numberOf(discussion) },
    ];
  },
  star(payload, action) {
    const user = payload.sender;
    if (action !== "deleted") return [{ stream: streams.stars, item: { user, starred_at: payload.starred_at } }];
    // The event does not say when; the repository changed with it.
    const at = rowIn(payload, "repository").updated_at;
    return [{ stream: streams.stars, item: { user }, asOf: typeof at === "string" ? momentOf([at]) : undefined }];
  },
  fork: ({ forkee }) => (isRow(forkee) ? [{ stream: streams.forks, item: forkee }] : "It bears no fork."),
  release({ release }, action) {
    if (!isRow(release)) return "It bears no release.";
    if (release.draft === true || !release.published_at) return "The release is not published.";
    return [
      {
        stream: streams.releases,
        item: action === "deleted" || action === "unpublished" ? { ...release, body: null, name: null, deleted: true } : release,
      },
    ];
  },
};

const numberOf = (item: Row): number | undefined => (typeof item.number === "number" ? item.number : undefined);
