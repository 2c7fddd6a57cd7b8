import { Button } from "@mantine/core";
import { Link, useFetcher } from "react-router";
import type { SuggestedLink } from "#features/members/index.ts";
import { CountMark } from "../ui/initials.tsx";
import { Row } from "../ui/rows.tsx";
import { useToast } from "../ui/toast.ts";

/** Two members that a rule takes for one person: why, and the two answers. */
export function SuggestedLinkRow({ link, base, mayEdit }: { link: SuggestedLink; base: string; mayEdit: boolean }) {
  return (
    <Row
      mark={<CountMark n={2} urgent />}
      title={
        <>
          <Link className="link" to={`${base}/members/${link.a.memberId}`} data-row-link>
            {link.a.name}
          </Link>{" "}
          and{" "}
          <Link className="link" to={`${base}/members/${link.b.memberId}`}>
            {link.b.name}
          </Link>
        </>
      }
      meta={
        <>
          {link.a.platform} {link.a.handle} · {link.b.platform} {link.b.handle}
          <br />
          {link.evidence} <span title={`Rule ${link.rule}`}>({Math.round(link.strength * 100)} %)</span>
        </>
      }
      actions={mayEdit ? <LinkButtons linkId={link.id} base={base} offer={["accept", "never"]} /> : undefined}
    />
  );
}

const words = { accept: "Same person", never: "Different", remove: "Undo" } as const;
const keys: Partial<Record<keyof typeof words, string>> = { accept: "c", never: "x" };

/** The buttons that decide a link; they post to the members list, which knows all three acts. */
export function LinkButtons({ linkId, base, offer }: { linkId: string; base: string; offer: readonly (keyof typeof words)[] }) {
  const fetcher = useFetcher();
  useToast(fetcher.data);
  return (
    <fetcher.Form method="post" action={`${base}/members`} style={{ display: "flex", gap: 6 }}>
      <input type="hidden" name="linkId" value={linkId} />
      {offer.map((intent) => (
        <Button
          key={intent}
          type="submit"
          size="xs"
          variant="default"
          name="intent"
          value={intent}
          data-key={keys[intent]}
          loading={fetcher.formData?.get("intent") === intent}
          disabled={fetcher.state !== "idle"}
        >
          {words[intent]}
        </Button>
      ))}
    </fetcher.Form>
  );
}

/** Whether an identity that looks like a bot is one. */
export function KindButtons({ identityId, base }: { identityId: string; base: string }) {
  const fetcher = useFetcher();
  useToast(fetcher.data);
  const kinds = [
    ["bot", "A bot"],
    ["human", "A person"],
  ] as const;
  return (
    <fetcher.Form method="post" action={`${base}/members`} style={{ display: "flex", gap: 6 }}>
      <input type="hidden" name="intent" value="kind" />
      <input type="hidden" name="identityId" value={identityId} />
      {kinds.map(([kind, label]) => (
        <Button key={kind} type="submit" size="xs" variant="default" name="kind" value={kind} disabled={fetcher.state !== "idle"}>
          {label}
        </Button>
      ))}
    </fetcher.Form>
  );
}
