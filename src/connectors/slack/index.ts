import { z } from "zod";
import { defineConnector } from "#features/ledger/index.ts";
import { secretSetting, visibilitySetting } from "../settings.ts";
import { connectSlack } from "./connect.ts";
import { docs } from "./docs.ts";
import { listenToSlack } from "./listen.ts";
import { normalizeSlack } from "./normalize.ts";
import { pullSlack } from "./pull.ts";
import { holdsAnswers, identifyAnswers, openAnswers, takeAnswers } from "./read-answers.ts";
import { importExport, inspectExport } from "./read-export.ts";
import { recognizeSlack } from "./recognize.ts";
import { readSlackRequest } from "./webhook.ts";

/** A Slack workspace: by its export, by saved answers of its API, or live by an app of one's own. */
export const slack = defineConnector({
  id: "slack",
  title: "Slack",
  summary: "Messages, threads and people of a Slack workspace, from its export or live by an app of your own.",
  normalizeVersion: 1,
  settings: z.object({
    token: secretSetting("Bot token", "Of your own app, xoxb-… Only for reading live.").default(""),
    appToken: secretSetting(
      "App-level token",
      "Of the same app, xapp-…, with connections:write. Only for Socket Mode: new messages arrive at once, without an address of ours.",
    ).default(""),
    signingSecret: secretSetting("Signing secret", "Of the same app, under Basic Information. Only for events.").default(""),
    team: z.string().trim().default("").meta({
      title: "Workspace id",
      description: "Like T024BE7LD. Needed only where an export does not hold it; all files and the live connection of one id are one source.",
    }),
    workspace: z.string().trim().default("").meta({
      title: "Workspace's address",
      description: "Like acme.slack.com, so that links lead to the very message. Without it they lead to its thread in the web client.",
    }),
    channels: z.string().trim().default("").meta({
      for: "live",
      title: "Channels",
      description: "Names or ids to read live, with commas between them; none for all that the app is in. Events know ids alone.",
    }),
    since: z
      .union([z.literal(""), z.iso.date()])
      .default("")
      .meta({ for: "live", title: "Read from", description: "The first day to read live, like 2024-01-31; empty for everything." }),
    visibility: visibilitySetting("team"),
    baseUrl: z
      .url()
      // The token goes there: it must not be led elsewhere by who may change settings but not see secrets.
      .refine((address) => ["slack.com", "127.0.0.1", "localhost"].includes(URL.parse(address)?.hostname ?? ""), "must be Slack's own")
      .default("https://slack.com/api")
      .meta({ title: "API address", description: "Slack's own; this machine alone may stand for it.", hidden: true }),
  }),
  docs,
  streams: { messages: { title: "Messages", everyMinutes: 60 }, users: { title: "People" } },
  normalize: normalizeSlack,
  connect: (_ctx, { settings, http, signal }) => connectSlack(settings, { http, signal }),
  pull: pullSlack,
  webhook: readSlackRequest,
  listen: { isOn: ({ token, appToken }) => token !== "" && appToken !== "", run: listenToSlack },
  recognizes: recognizeSlack,

  async identifyFile(_ctx, { path, settings: { team }, signal }) {
    if (await holdsAnswers(path, signal)) return identifyAnswers(await openAnswers(path, { team, signal }));
    return inspectExport(path, { team, signal });
  },

  async *importFile(_ctx, { path, settings: { team }, signal }) {
    if (await holdsAnswers(path, signal)) yield* takeAnswers(await openAnswers(path, { team, signal }));
    else yield* importExport(path, { team, signal });
  },
});
