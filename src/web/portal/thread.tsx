import { data } from "react-router";
import { isId } from "#core/ids.ts";
import { getThread, listThreadActivities } from "#features/ledger/index.ts";
import { found, guarded } from "../request-context.server.ts";
import { countOf, kindInWords } from "../ui/format.ts";
import { Initials } from "../ui/initials.tsx";
import { renderMarkdown, renderPlain } from "../ui/markdown.server.ts";
import { Prose } from "../ui/prose.tsx";
import { Dotted } from "../ui/rows.tsx";
import { Tag } from "../ui/tag.tsx";
import { NowProvider, TimeAgo } from "../ui/time.tsx";
import type { Route } from "./+types/thread.ts";
import { Frame } from "./frame.tsx";
import { cacheHeadersFor, openPortal } from "./portal.server.ts";
import classes from "./thread.module.css";

export const loader = guarded(async ({ request, params, context }: Route.LoaderArgs) => {
  const { ctx, reader } = await openPortal({ request, context, slug: params.community });
  const missing = "There is no such conversation, or it is not public.";
  const threadId = found(isId(params.threadId) ? params.threadId : undefined, missing);
  const [thread, page] = await Promise.all([getThread(ctx, { threadId }), listThreadActivities(ctx, { threadId, limit: 200 })]);
  const posts = page.rows
    .filter((activity) => activity.deletedAt === null)
    .map((activity) => ({
      id: activity.id,
      name: activity.author?.name ?? activity.unattributed ?? "unknown",
      at: activity.occurredAt,
      url: activity.url,
      html: activity.body ? (activity.kind === "mail" ? renderPlain(activity.body) : renderMarkdown(activity.body)) : "",
    }));
  return data(
    {
      thread: found(thread, missing),
      posts,
      cut: page.next !== null,
      now: ctx.clock.now().toISOString(),
      reader,
      community: { slug: ctx.community.slug, name: ctx.community.name },
    },
    { headers: cacheHeadersFor(ctx) },
  );
});

export const headers: Route.HeadersFunction = ({ loaderHeaders }) => loaderHeaders;

export default function PortalThread({ loaderData }: Route.ComponentProps) {
  const { thread, posts, community } = loaderData;
  const home = `/c/${community.slug}`;
  return (
    <NowProvider now={loaderData.now}>
      <title>{`${thread.title} · ${community.name}`}</title>
      <Frame title={community.name} home={home} reader={loaderData.reader}>
        <div className={classes.columns}>
          <article>
            <small>
              <a className="link" href={home}>
                Conversations
              </a>{" "}
              › {thread.channel.name}
            </small>
            <h1 className={classes.title}>{thread.title}</h1>
            <div className={classes.meta}>
              {thread.question === "none" ? null : <Tag tone={thread.question === "solved" ? "good" : "question"}>{thread.question}</Tag>}{" "}
              <Dotted
                parts={[
                  <>
                    {thread.question === "none" ? "opened" : "asked"} by <b>{thread.opener?.name ?? "somebody"}</b> in {thread.channel.name}
                  </>,
                  <TimeAgo key="at" at={thread.openedAt} />,
                  countOf(thread.participantCount, "person", "people"),
                ]}
              />
            </div>
            {posts.map((post) => (
              <section key={post.id} className={classes.post} id={`a-${post.id}`}>
                <Prose html={post.html} reading />
                <footer className={classes.by}>
                  <Initials name={post.name} size={20} /> {post.name} · <TimeAgo at={post.at} />
                </footer>
              </section>
            ))}
            {loaderData.cut ? <p className="quiet">The rest is at the original.</p> : null}
          </article>
          <aside className={classes.aside}>
            <h2>Where it stands</h2>
            <p>
              {kindInWords(thread.kind)} {thread.ref}, {thread.state === "closed" ? kindInWords(thread.stateReason ?? "closed") : "open"}.
            </p>
            {thread.url ? (
              <p>
                <a className="link" href={thread.url} rel="nofollow noopener">
                  Take part at the original
                </a>
              </p>
            ) : null}
          </aside>
        </div>
      </Frame>
    </NowProvider>
  );
}
