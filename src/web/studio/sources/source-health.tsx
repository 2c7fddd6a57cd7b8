import { Button, NativeSelect, NumberInput, Textarea } from "@mantine/core";
import { useFetcher } from "react-router";
import type { SourcePrivacy } from "#features/ledger/index.ts";
import { CopyButton } from "../../ui/copy-button.tsx";
import { countOf, formatNumber } from "../../ui/format.ts";
import { Dotted, Row, Rows } from "../../ui/rows.tsx";
import { Sheet } from "../../ui/sheet.tsx";
import { Tag } from "../../ui/tag.tsx";
import { TimeAgo } from "../../ui/time.tsx";
import { type ActionSaid, useToast } from "../../ui/toast.ts";

/** One stream as the health sheet shows it. */
export interface StreamHealth {
  name: string;
  title: string;
  everyMinutes: number | null;
  lastSuccessAt: Date | null;
  nextRunAt: Date | null;
  failures: number;
  records: number;
}

/** How each stream of a source does: when it last worked, when it runs again, what it holds. */
export function SourceHealth({ streams, paused, inbox }: { streams: readonly StreamHealth[]; paused: boolean; inbox: number }) {
  return (
    <Sheet
      title="Streams"
      id="streams"
      aside={
        inbox > 0
          ? `${countOf(inbox, "record")} ${paused ? "came before the pause and wait until it goes on" : "just arrived and wait to be taken in"}`
          : undefined
      }
    >
      <Rows label="Streams">
        {streams.map((stream) => (
          <Row
            key={stream.name}
            strong={false}
            title={stream.title}
            margin={<small>{countOf(stream.records, "record")}</small>}
            meta={
              <Dotted
                parts={[
                  stream.failures > 0 ? (
                    <Tag key="f" tone="bad">
                      failed {stream.failures === 1 ? "once" : `${formatNumber(stream.failures)} times`}
                    </Tag>
                  ) : null,
                  stream.lastSuccessAt ? (
                    <span key="l">
                      last complete <TimeAgo at={stream.lastSuccessAt} />
                    </span>
                  ) : null,
                  paused && stream.everyMinutes !== null ? (
                    "paused"
                  ) : stream.nextRunAt ? (
                    <span key="n">
                      next <TimeAgo at={stream.nextRunAt} />
                    </span>
                  ) : null,
                  stream.everyMinutes === null ? null : `every ${describeMinutes(stream.everyMinutes)}`,
                ]}
              />
            }
          />
        ))}
      </Rows>
      {streams.length === 0 ? <p className="quiet">Nothing is held yet.</p> : null}
    </Sheet>
  );
}

function describeMinutes(minutes: number): string {
  if (minutes % (24 * 60) === 0) return minutes === 24 * 60 ? "day" : `${minutes / (24 * 60)} days`;
  if (minutes % 60 === 0) return minutes === 60 ? "hour" : `${minutes / 60} hours`;
  return `${minutes} minutes`;
}

/** Where another server sends what is new, for its settings page. */
export function WebhookAddress({ url }: { url: string }) {
  return (
    <Sheet title="Webhook" id="webhook" aside="what is new arrives at once">
      <p style={{ margin: 0, display: "flex", gap: 8, alignItems: "center", flexWrap: "wrap" }}>
        <code style={{ overflowWrap: "anywhere" }}>{url}</code>
        <CopyButton value={url} />
      </p>
      <p className="quiet">
        Enter this address at the source together with the signing secret of the settings; requests that are not signed with it are refused.
      </p>
    </Sheet>
  );
}

/** What is never stored of a source, and how long the rest is kept. */
export function PrivacyForm({ privacy }: { privacy: SourcePrivacy }) {
  const fetcher = useFetcher<ActionSaid>();
  useToast(fetcher.data);
  return (
    <Sheet title="Privacy" id="privacy" aside="holds from the next run on">
      <fetcher.Form method="post" style={{ display: "grid", gap: 12 }}>
        <input type="hidden" name="intent" value="privacy" />
        <Textarea
          label="Fields never to store"
          description="One a line: email drops it wherever it stands, user.profile.phone only there."
          name="dropFields"
          defaultValue={privacy.dropFields.join("\n")}
          autosize
          minRows={2}
        />
        <NativeSelect
          label="Private channels"
          name="privateChannels"
          defaultValue={privacy.privateChannels}
          data={[
            { value: "in", label: "come in, for owners, admins and advocates" },
            { value: "out", label: "stay out; what is here already is removed" },
          ]}
        />
        <NumberInput
          label="Days to keep"
          description="Older activities are removed, today and every night. Empty keeps them."
          name="retentionDays"
          defaultValue={privacy.retentionDays ?? ""}
          min={1}
          max={36_500}
        />
        <Button type="submit" variant="default" size="xs" w="fit-content" loading={fetcher.state !== "idle"}>
          Apply
        </Button>
      </fetcher.Form>
    </Sheet>
  );
}
