import { Link } from "react-router";
import type { ActivityRow } from "#features/ledger/index.ts";
import { kindInWords } from "../ui/format.ts";
import { Initials } from "../ui/initials.tsx";
import { Prose } from "../ui/prose.tsx";
import { Dotted } from "../ui/rows.tsx";
import { Tag } from "../ui/tag.tsx";
import { TimeAgo } from "../ui/time.tsx";
import classes from "./post.module.css";

/** An activity ready to be shown: its words rendered on the server. */
export interface PostData {
  id: string;
  kind: string;
  author: ActivityRow["author"];
  unattributed: string | null;
  occurredAt: Date;
  editedAt: Date | null;
  deleted: boolean;
  url: string | null;
  visibility: ActivityRow["visibility"];
  html: string;
}

/** Activity kinds that are plainly a reply need no word for it. */
const unnamed = new Set(["comment", "mail", "message", "answer"]);

/**
 * One turn of a conversation.
 * @param threadVisibility what is more closed or open than its thread says so
 */
export function Post({ post, base, threadVisibility }: { post: PostData; base: string; threadVisibility: PostData["visibility"] }) {
  const name = post.author?.name ?? post.unattributed ?? "unknown";
  return (
    <article className={classes.post} id={`a-${post.id}`}>
      <Initials name={name} />
      <div className={classes.body}>
        <header className={classes.head}>
          {post.author ? (
            <Link to={`${base}/members/${post.author.memberId}`} className={classes.author}>
              {name}
            </Link>
          ) : (
            <span className={classes.author} title="The source names nobody: counted, but no person">
              {name}
            </span>
          )}
          {post.author && post.author.kind !== "human" ? <Tag>{post.author.kind}</Tag> : null}
          {post.visibility === threadVisibility ? null : <Tag>{post.visibility === "restricted" ? "private" : post.visibility}</Tag>}
          <span className="quiet">
            <Dotted
              parts={[
                unnamed.has(post.kind) ? null : kindInWords(post.kind),
                post.url ? (
                  <a key="at" href={post.url} className="link" rel="nofollow noopener" target="_blank">
                    <TimeAgo at={post.occurredAt} />
                  </a>
                ) : (
                  <TimeAgo key="at" at={post.occurredAt} />
                ),
                post.editedAt ? "edited" : null,
              ]}
            />
          </span>
        </header>
        {post.deleted ? <p className="quiet">Deleted at the source.</p> : post.html ? <Prose html={post.html} /> : <p className="quiet">No words.</p>}
      </div>
    </article>
  );
}
