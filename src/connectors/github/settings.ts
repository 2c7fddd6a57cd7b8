import { z } from "zod";
import { secretSetting, visibilitySetting } from "../settings.ts";

/** The settings of a repository, by files or live. */
export const githubSettings = z.object({
  repository: z.string().trim().default("").meta({
    title: "Repository",
    description: "As owner/name, or its address in the browser. For files only needed when one holds several, or does not say which.",
  }),
  alsoCalled: z.string().trim().default("").meta({
    title: "Other names of it",
    description: "Names that it had before, or got since, with commas between them. What comes under these belongs to it too.",
  }),
  token: secretSetting("Personal access token", "Fine-grained, for this repository, with read access alone. Only for reading live.").default(""),
  appId: z
    .string()
    .trim()
    .default("")
    .meta({ for: "live", title: "GitHub App id", description: "Instead of a personal token: the App ID of your own GitHub App." }),
  privateKey: secretSetting("GitHub App key", "The private key (.pem) of that app, as a whole.").default(""),
  webhookSecret: secretSetting("Webhook secret", "The secret that you give GitHub together with this source's webhook address.").default(""),
  baseUrl: z.url().default("https://api.github.com").meta({
    title: "API address",
    description: "Change it for GitHub Enterprise Server: https://your-host/api/v3.",
  }),
  visibility: visibilitySetting("public"),
});

export type GithubSettings = z.output<typeof githubSettings>;
