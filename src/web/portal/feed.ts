import { runtimeContext } from "#app/runtime-context.ts";
import { openCommunity } from "#features/access/index.ts";
import { listThreads, type ThreadRow } from "#features/ledger/index.ts";
import { found, guarded } from "../request-context.server.ts";
import { kindInWords } from "../ui/format.ts";
import type { Route } from "./+types/feed.ts";
import { publicPage } from "./portal.server.ts";

/** New public conversations as Atom (RFC 4287). A feed is read by machines of anybody: it holds what everybody may see. */
export const loader = guarded(async ({ url, params, context }: Route.LoaderArgs) => {
  const runtime = context.get(runtimeContext);
  const ctx = found(
    await openCommunity(runtime, { slug: params.community, account: null }),
    "There is no such community, or its portal is not open.",
  );
  const { rows } = await listThreads(ctx, { sort: "opened", limit: 50 });
  const home = new URL(`/c/${ctx.community.slug}`, url).href;
  const updated = rows[0]?.openedAt ?? ctx.clock.now();
  const feed = `<?xml version="1.0" encoding="utf-8"?>
<feed xmlns="http://www.w3.org/2005/Atom">
  <title>${xml(ctx.community.name)}: conversations</title>
  <id>${xml(home)}</id>
  <link href="${xml(home)}"/>
  <link rel="self" href="${xml(`${home}/feed.atom`)}"/>
  <updated>${updated.toISOString()}</updated>
${rows.map((thread) => entry(thread, home)).join("\n")}
</feed>
`;
  return new Response(feed, { headers: { "Content-Type": "application/atom+xml; charset=utf-8", ...publicPage } });
});

function entry(thread: ThreadRow, home: string): string {
  return `  <entry>
    <title>${xml(thread.title || "(no title)")}</title>
    <id>urn:uuid:${thread.id}</id>
    <link href="${xml(`${home}/threads/${thread.id}`)}"/>
    <published>${thread.openedAt.toISOString()}</published>
    <updated>${thread.openedAt.toISOString()}</updated>
    <author><name>${xml(thread.opener?.name ?? "unknown")}</name></author>
    <category term="${xml(kindInWords(thread.kind))}"/>
  </entry>`;
}

/** Text and attribute values; characters that XML 1.0 does not allow are left out. */
export function xml(text: string): string {
  const escapes: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
  // biome-ignore lint/suspicious/noControlCharactersInRegex: exactly those are not allowed in XML
  return text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, "").replace(/[&<>"]/g, (character) => escapes[character] ?? character);
}
