import type { ApiKeyRow } from "#features/access/index.ts";
import { ConfirmButton } from "../../ui/confirm-button.tsx";
import { Dotted, Row } from "../../ui/rows.tsx";
import { Tag } from "../../ui/tag.tsx";
import { TimeAgo } from "../../ui/time.tsx";

/** An API key, by its first letters; the key itself is nowhere. */
export function KeyRow({ apiKey, isMine, hasEnded = false }: { apiKey: ApiKeyRow; isMine: boolean; hasEnded?: boolean }) {
  return (
    <Row
      strong={!hasEnded}
      title={apiKey.name}
      meta={
        <Dotted
          parts={[
            <code key="prefix">{apiKey.prefix}…</code>,
            apiKey.scopes.join(", "),
            isMine ? null : `acts for ${apiKey.accountName ?? "somebody who is gone"}`,
            apiKey.lastUsedAt ? (
              <>
                last used <TimeAgo at={apiKey.lastUsedAt} />
              </>
            ) : (
              "never used"
            ),
            apiKey.revokedAt ? (
              <>
                revoked <TimeAgo at={apiKey.revokedAt} />
              </>
            ) : apiKey.expiresAt ? (
              <>
                {hasEnded ? "expired" : "expires"} <TimeAgo at={apiKey.expiresAt} />
              </>
            ) : (
              <Tag key="never">does not expire</Tag>
            ),
          ]}
        />
      }
      actions={
        hasEnded ? undefined : (
          <ConfirmButton
            fields={{ intent: "revoke", apiKeyId: apiKey.id }}
            size="xs"
            danger
            label="Revoke…"
            describedAs={`Revoke the key ${apiKey.name}…`}
            title={`Revoke “${apiKey.name}”?`}
            confirm="Revoke it"
          >
            Programs that use this key are refused from their next request on. It cannot be made good again; make a new key instead.
          </ConfirmButton>
        )
      }
    />
  );
}
