import { existsSync, globSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { sign } from "@octokit/webhooks-methods";
import { afterEach, describe, expect, it } from "vitest";
import type { RawRecord, WebhookOutcome } from "#features/ledger/index.ts";
import { createLocalHttp, foldBatches, pullWith } from "../testing.ts";
import { type FakeGithub, startFakeGithub } from "./fake-github.ts";
import { github } from "./index.ts";
import type { Row } from "./row.ts";
import { ada, bo, makeComment, makeIssue, makePull, makeReply, makeRepository, makeReview, makeReviewComment } from "./testing-repository.ts";

const secret = "harbour lights";
const settings = github.settings.parse({ repository: "harbor/tide-table", webhookSecret: secret });
const repository = {
  id: 1,
  full_name: "harbor/tide-table",
  private: false,
  visibility: "public",
  html_url: "https://github.com/harbor/tide-table",
  updated_at: "2026-06-01T00:00:00Z",
};
const real = join(import.meta.dirname, "../../../../shared/data/github-webhooks/octokit-webhooks");

async function receive(event: string, payload: Row, more: { settings?: typeof settings; signature?: string; body?: string; type?: string } = {}) {
  const body = more.body ?? JSON.stringify({ repository, sender: ada, ...payload });
  const headers = new Headers({ "x-github-event": event, "content-type": more.type ?? "application/json" });
  headers.set("x-hub-signature-256", more.signature ?? (await sign(secret, body)));
  const outcome = await github.webhook?.({ headers, body, query: new URLSearchParams() }, more.settings ?? settings);
  if (!outcome) throw new Error("github takes webhooks");
  return outcome;
}

function recordsOf(outcome: WebhookOutcome): RawRecord[] {
  if (!("records" in outcome)) throw new Error(JSON.stringify(outcome));
  return JSON.parse(JSON.stringify(outcome.records)) as RawRecord[];
}

const normalizeAll = (records: readonly RawRecord[]) => records.map((record) => github.normalize(record, settings));

describe("github webhooks: who may send", () => {
  it("refuses a signature that is wrong, missing, or made with another secret", async () => {
    const payload = { action: "opened", issue: makeIssue(1) };
    await expect(receive("issues", payload, { signature: "sha256=00" })).rejects.toMatchObject({ code: "forbidden" });
    await expect(receive("issues", payload, { signature: await sign("other", JSON.stringify(payload)) })).rejects.toMatchObject({
      code: "forbidden",
    });
    const request = { headers: new Headers({ "x-github-event": "issues" }), body: "{}", query: new URLSearchParams() };
    await expect(Promise.resolve(github.webhook?.(request, settings))).rejects.toThrow(/X-Hub-Signature-256 is missing/);
    const unset = { ...settings, webhookSecret: "" };
    await expect(receive("issues", payload, { settings: unset })).rejects.toThrow(/no webhook secret/);
  });

  it("refuses a body that was changed on its way", async () => {
    const body = JSON.stringify({ action: "opened", issue: makeIssue(1), repository });
    const signature = await sign(secret, body);
    await expect(receive("issues", {}, { body: body.replace("Issue 1", "Issue !"), signature })).rejects.toMatchObject({ code: "forbidden" });
  });

  it("says of a ping, of other events and of other repositories why nothing comes of it", async () => {
    expect(await receive("ping", { zen: "Keep it logically awesome.", hook_id: 1 })).toEqual({ ignored: "GitHub tried the address; it works." });
    expect(await receive("push", {})).toEqual({ ignored: "Commits come by the git source, with all their authors." });
    expect(await receive("label", {})).toEqual({ ignored: expect.stringMatching(/«label» bring nothing in/) });
    const other = { repository: { ...repository, full_name: "harbor/pilot" }, action: "opened", issue: makeIssue(1) };
    expect(await receive("issues", other)).toEqual({
      ignored: expect.stringMatching(/about harbor\/pilot, and this source holds harbor\/tide-table/),
    });
  });

  it("takes what comes under the repository's other name as its own", async () => {
    const renamed = { repository: { ...repository, full_name: "harbor/tides" }, action: "opened", issue: makeIssue(1) };
    const records = recordsOf(await receive("issues", renamed, { settings: { ...settings, alsoCalled: "old/name, harbor/tides" } }));
    expect(records).toEqual(recordsOf(await receive("issues", { action: "opened", issue: makeIssue(1) })));
  });

  it("reads a form as well as JSON, as GitHub's setting may be", async () => {
    const payload = JSON.stringify({ action: "opened", issue: makeIssue(1), repository });
    const body = new URLSearchParams({ payload }).toString();
    expect(recordsOf(await receive("issues", {}, { body, type: "application/x-www-form-urlencoded" }))).toHaveLength(1);
    await expect(receive("issues", {}, { body: "hello" })).rejects.toMatchObject({ code: "invalid_input" });
    await expect(receive("issues", { action: "opened", issue: { number: 1 } })).rejects.toThrow(/created_at/);
  });
});

describe("github webhooks: the same records as a pull", () => {
  const http = createLocalHttp();
  let fake: FakeGithub | undefined;
  afterEach(() => fake?.close());

  it.each<[string, string, (repository: ReturnType<typeof makeRepository>) => [string, Row][]]>([
    ["issues", "issues", ({ issues }) => issues.map((issue) => ["issues", { action: "edited", issue }])],
    [
      "comments",
      "comments",
      ({ comments, issues, pulls }) =>
        comments.map((comment) => {
          const isPull = String(comment.html_url).includes("/pull/");
          return ["issue_comment", { action: "created", comment, issue: isPull ? { ...pulls[0], pull_request: {} } : issues[0] }];
        }),
    ],
    [
      "pulls",
      "pulls",
      ({ pulls }) =>
        pulls.map(({ reviews: _, ...pull }) => ["pull_request", { action: "opened", pull_request: { ...pull, merged_by: bo, additions: 3 } }]),
    ],
    [
      "pulls",
      "reviews",
      ({ pulls }) =>
        pulls.flatMap(({ reviews, ...pull }) =>
          reviews
            .filter((review) => review.submitted_at)
            .map((review): [string, Row] => [
              "pull_request_review",
              { action: "submitted", review: { ...review, state: String(review.state).toLowerCase() }, pull_request: pull },
            ]),
        ),
    ],
    [
      "review_comments",
      "review_comments",
      ({ reviewComments, pulls }) =>
        reviewComments.map((comment) => ["pull_request_review_comment", { action: "created", comment, pull_request: pulls[0] }]),
    ],
    ["discussions", "discussions", ({ discussions }) => discussions.map((discussion) => ["discussion", { action: "created", discussion }])],
    [
      "discussions",
      "discussion_comments",
      ({ discussions }) =>
        discussions.flatMap((discussion) =>
          discussion.replies.map((comment): [string, Row] => ["discussion_comment", { action: "created", comment, discussion }]),
        ),
    ],
    ["stars", "stars", ({ stars }) => stars.map(({ user, starred_at }) => ["star", { action: "created", starred_at, sender: user }])],
    ["forks", "forks", ({ forks }) => forks.map((forkee) => ["fork", { forkee }])],
    [
      "releases",
      "releases",
      ({ releases }) => releases.filter(({ published_at }) => published_at).map((release) => ["release", { action: "published", release }]),
    ],
  ])("of the stream %s: %s", async (stream, kind, events) => {
    fake = await startFakeGithub(makeRepository());
    const live = { repository: "harbor/tide-table", token: "x", baseUrl: fake.url };
    const { records } = await pullWith(github, { stream, settings: live, http });
    // The stand-in listens on this machine; what it stands for is github.com.
    const pulled = records.map((record) => ({ ...record, payload: { ...(record.payload as Row), host: undefined } }));
    const sent: RawRecord[] = [];
    for (const [event, payload] of events(fake.repository)) sent.push(...recordsOf(await receive(event, payload)));
    // As stored, since a record is the same when its text is.
    const texts = (all: readonly RawRecord[]) =>
      [...new Set(all.filter((record) => record.stream === kind).map((record) => JSON.stringify(record)))].sort();
    expect(texts(sent).length).toBeGreaterThan(0);
    expect(texts(sent)).toEqual(texts(pulled));
  });
});

describe("github webhooks: what changes", () => {
  const folded = (records: readonly RawRecord[]) => foldBatches(normalizeAll(records));

  it("takes the words away of what was deleted, and lets no late delivery bring them back", async () => {
    const issue = makeIssue(1, { body: "secret" });
    const [edited] = recordsOf(await receive("issues", { action: "edited", issue }));
    const [deleted] = recordsOf(await receive("issues", { action: "deleted", issue }));
    expect(deleted?.externalId).toBe(edited?.externalId);
    expect(Date.parse(deleted?.asOf ?? "")).toBeGreaterThan(Date.parse(edited?.asOf ?? ""));
    expect(JSON.stringify(deleted)).not.toContain("secret");
    const [batch] = normalizeAll(deleted ? [deleted] : []);
    expect(batch?.threads[0]).toMatchObject({ deletedAt: expect.any(Date), title: "#1" });
    expect(batch?.activities[0]).toMatchObject({ deletedAt: expect.any(Date) });
    for (const [event, payload] of [
      ["issue_comment", { issue, comment: makeComment(401, 1, { body: "secret" }) }],
      ["pull_request_review_comment", { pull_request: makePull(4), comment: makeReviewComment(701, 4, { body: "secret" }) }],
      ["discussion_comment", { discussion: makeRepository().discussions[0], comment: makeReply(601, 6, { body: "secret" }) }],
    ] as const) {
      const record = recordsOf(await receive(event, { action: "deleted", ...payload })).at(-1);
      expect(JSON.stringify(record)).not.toContain("secret");
      const gone = normalizeAll(record ? [record] : [])[0]?.activities[0];
      expect(gone).toMatchObject({ deletedAt: expect.any(Date) });
      expect(gone?.body).toBeUndefined();
    }
  });

  it("closes an issue that was transferred, and says on the other side where it came from", async () => {
    const old = { html_url: "https://github.com/harbor/tide-table/issues/1" };
    const moved = { html_url: "https://github.com/harbor/pilot/issues/9" };
    const here = folded(recordsOf(await receive("issues", { action: "transferred", issue: makeIssue(1), changes: { new_issue: moved } })));
    expect(here.threads[0]?.[1]).toMatchObject({ state: "closed", stateReason: "transferred", attributes: { transferredTo: moved.html_url } });
    const there = folded(recordsOf(await receive("issues", { action: "opened", issue: makeIssue(9), changes: { old_issue: old } })));
    expect(there.threads[0]?.[1]).toMatchObject({ state: "open", attributes: { transferredFrom: old.html_url } });
  });

  it("marks an answer, and takes the mark back", async () => {
    const url = "https://github.com/harbor/tide-table/discussions/6#discussioncomment-602";
    const [asked] = makeRepository().discussions;
    const answered = { action: "answered", discussion: { ...asked, answer_html_url: url }, answer: makeReply(602, 6) };
    const before = folded(recordsOf(await receive("discussion", answered)));
    expect(before.threads[0]?.[1]).toMatchObject({ stateReason: "solved" });
    expect(new Map(before.activities).get("reply discussion_comment/602")).toMatchObject({ attributes: { accepted: true } });
    const undone = { action: "unanswered", discussion: { ...asked, answer_html_url: null }, old_answer: makeReply(602, 6) };
    const after = folded(recordsOf(await receive("discussion", undone)));
    expect(after.threads[0]?.[1].stateReason).toBeUndefined();
    expect(JSON.stringify(after.activities)).not.toContain("accepted");
  });

  it("takes a star back under the key by which it came", async () => {
    const [given] = recordsOf(await receive("star", { action: "created", starred_at: "2026-03-01T10:01:00Z" }));
    const [taken] = recordsOf(await receive("star", { action: "deleted", starred_at: null }));
    expect([taken?.stream, taken?.externalId]).toEqual([given?.stream, given?.externalId]);
    expect(taken?.asOf).toBe("2026-06-01T00:00:00.000Z");
    expect(folded(taken ? [taken] : []).activities).toEqual([]);
  });

  it("does not take what is not published or not handed in", async () => {
    const draft = { ...makeRepository().releases[1] };
    expect(await receive("release", { action: "created", release: draft })).toEqual({ ignored: "The release is not published." });
    const begun = makeReview(9, 4, { submitted_at: null });
    expect(await receive("pull_request_review", { action: "submitted", review: begun, pull_request: makePull(4) })).toEqual({
      ignored: "The review is not handed in yet.",
    });
  });

  it("says the same when it is delivered again", async () => {
    const payload = { action: "opened", issue: makeIssue(1) };
    expect(await receive("issues", payload)).toEqual(await receive("issues", payload));
  });
});

describe.skipIf(!existsSync(real))("github webhooks: the published examples (skipped where ../shared/data is absent)", () => {
  it("each gives records that can be read, or is ignored with a reason", async () => {
    const files = globSync("*/*.json", { cwd: real });
    expect(files).toHaveLength(120);
    const counts: Record<string, number> = {};
    let ignored = 0;
    for (const file of files) {
      const body = readFileSync(join(real, file), "utf8");
      const { full_name } = (JSON.parse(body) as { repository?: { full_name?: string } }).repository ?? {};
      const own = github.settings.parse({ repository: full_name ?? "Codertocat/Hello-World", webhookSecret: secret });
      const outcome = await receive(dirname(file), {}, { body, settings: own });
      if ("ignored" in outcome) {
        ignored += 1;
        expect(outcome.ignored, basename(file)).toMatch(/\.$/);
        continue;
      }
      const records = recordsOf(outcome);
      expect(records.length, file).toBeGreaterThan(0);
      for (const record of records) counts[record.stream] = (counts[record.stream] ?? 0) + 1;
      expect(() => normalizeAll(records), file).not.toThrow();
    }
    expect(ignored).toBe(54);
    expect(counts).toEqual({
      comments: 6,
      discussion_comments: 4,
      discussions: 10,
      forks: 1,
      issues: 20,
      pulls: 23,
      releases: 10,
      review_comments: 3,
      reviews: 2,
      stars: 2,
    });
  });
});
