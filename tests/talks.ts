import { z } from "zod";
import { defineConnector } from "#features/ledger/index.ts";

/** One record is a thread with the messages of its payload, a list of texts. */
export const talks = defineConnector({
  id: "talks",
  title: "Talks",
  summary: "-",
  normalizeVersion: 1,
  settings: z.object({}),
  docs: { collects: "-", identityKey: "-", limits: "-", privacy: "-" },
  streams: {},
  normalize({ externalId, payload }) {
    const occurredAt = new Date("2026-01-01T10:00:00Z");
    const author = { platform: "test", externalId: "ann" };
    return {
      identities: [author],
      channels: [{ externalId: "c", kind: "chat", name: "general", visibility: "public" }],
      threads: [{ externalId, channel: "c", kind: "chat", title: externalId, state: "open", openedAt: occurredAt }],
      activities: z
        .array(z.string())
        .parse(payload)
        .map((body, n) => ({ externalId: `${externalId}/${n}`, kind: "message", channel: "c", thread: externalId, author, occurredAt, body })),
    };
  },
});
