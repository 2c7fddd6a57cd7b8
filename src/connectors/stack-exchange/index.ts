import { z } from "zod";
import { AppError } from "#core/errors.ts";
import { defineConnector, type FileIdentity } from "#features/ledger/index.ts";
import { type ExportFiles, openExport } from "../export-files.ts";
import { secretSetting, visibilitySetting } from "../settings.ts";
import { connectStackExchange } from "./connect.ts";
import { hostOfSite, siteFrom, siteInName } from "./format.ts";
import { normalizeStackExchange } from "./normalize.ts";
import { pullStackExchange } from "./pull.ts";
import { readAnswers, scanAnswers } from "./read-answers.ts";
import { type DumpFiles, findDumpFiles, inspectDump, openSingle, readDump } from "./read-dump.ts";
import { isSevenZip, recognizeStackExchange } from "./recognize.ts";

/** Stack Exchange: questions of Stack Overflow and its sister sites, live, from their dumps or saved answers of the API. */
export const stackExchange = defineConnector({
  id: "stack-exchange",
  aliases: ["stackexchange", "stackoverflow"],
  title: "Stack Exchange",
  summary: "Questions, answers and comments of Stack Overflow or another Stack Exchange site, live by tag or from a dump.",
  normalizeVersion: 1,
  settings: z.object({
    site: z.string().trim().default("").meta({
      title: "Site",
      description: "Its address or name, like stackoverflow or ai.stackexchange.com. A dump whose folder bears the site's name needs none.",
    }),
    tags: z.string().trim().default("").meta({
      for: "live",
      title: "Tags",
      description: "For reading live: tags with commas between them, none for the whole site. A question with any of them comes in.",
    }),
    key: secretSetting(
      "API key",
      "Of an application that you register on stackapps.com: 10,000 requests a day in place of 300. It gives access to nothing.",
    ).default(""),
    visibility: visibilitySetting("public"),
  }),
  docs: {
    collects:
      "Questions, answers and comments with author, time, last edit, score and tags; which answer was accepted; what was closed and which question it repeats. Of people: number, name and picture. Votes, badges, earlier versions and what people say about themselves are not read.",
    identityKey:
      "The account's number (`AccountId`, `account_id`), which is one across all sites, linked to the user's number within the site as the site states it; where only that is known, the user's number. Deleted users (a name and no number, `does_not_exist`) stay unattributed, and user -1 (Community) is kept apart as a bot.",
    limits:
      "Pages on tags, elections and privileges are left out, and counted in the run's log. A dump tells times to the millisecond and the API to the second: seconds are kept. A dump has posts as HTML, of which the words, code and links are taken; the API gives the source text. Comments.xml alone does not say which questions its comments belong to, and Users.xml alone brings in every user of the site: bring in the folder. What was deleted is not in a dump, and is not seen by bringing in a newer one. Dumps are read as a folder, a zip or single XML files, not as .7z.\n\nLive, questions come in by their last activity. Comments, votes and accepting an answer are no activity: they are seen for seven days after it, and with a key once a month, when every question is read again and what was deleted is taken back. When the day's requests are used up the run ends, and the next one goes on from there. One source reads one site, with as many tags as you like.",
    privacy: "Everything is public at the source and licensed CC BY-SA: name the author and link the post where you quote. No addresses are given.",
    gettingTheFile:
      "1. Signed in on the site, open **Settings > Data dump access** in your profile and download the site's dump; or take an older one from [archive.org/details/stackexchange](https://archive.org/details/stackexchange).\n2. It is a `.7z`. Unpack it into a folder of the site's name: `7z x ai.stackexchange.com.7z -oai.stackexchange.com` (on Windows and macOS 7-Zip or Keka do it). Stack Overflow comes in several files: unpack Posts, Users, Comments and PostLinks into one folder.\n3. Bring in the folder. Votes.xml, Badges.xml, Tags.xml and PostHistory.xml are not needed.\n\nSaved answers of the API (`https://api.stackexchange.com/2.3/questions?site=…`) are read as well, as JSON files, a folder or a zip of them.",
    connecting:
      "1. Give the site and, for all but small sites, the tags of your product.\n2. It works without a key, with 300 requests a day. For more, register an application on [stackapps.com/apps/oauth/register](https://stackapps.com/apps/oauth/register) (any name and address; it needs no OAuth) and copy its **Key**. There is nothing to sign in to: all of it is public.",
  },
  streams: {
    questions: { title: "Questions", everyMinutes: 360 },
    answers: { title: "Answers" },
    comments: { title: "Comments" },
    users: { title: "Users" },
  },
  normalize: normalizeStackExchange,
  connect: (_ctx, input) => connectStackExchange(input),
  pull: (ctx, input) => pullStackExchange(ctx, input),
  recognizes: recognizeStackExchange,

  async identifyFile(_ctx, { path, head, settings, signal }): Promise<FileIdentity> {
    refuseSevenZip(path, head);
    const files = await openExport(path);
    try {
      const dump = await openDump(files, signal);
      if (!dump) {
        const { site, counts } = await siteOfAnswers(files, settings.site, signal);
        const { user: _users, ...reported } = counts;
        return { origin: `stackexchange:${site}`, name: hostOfSite(site) ?? files.name, reported };
      }
      const counts = await inspectDump(files.name, dump, signal);
      const site = siteOfDump(path, files, settings.site);
      const reported = { question_opened: counts.questions, answer: counts.answers, comment: counts.comments };
      return {
        origin: `stackexchange:${site}`,
        name: hostOfSite(site) ?? files.name,
        reported: Object.fromEntries(Object.entries(reported).filter(([, n]) => n > 0)),
      };
    } finally {
      await files.close();
    }
  },

  async *importFile(_ctx, { path, settings, signal }) {
    const files = await openExport(path);
    try {
      const dump = await openDump(files, signal);
      if (dump) yield* readDump({ site: siteOfDump(path, files, settings.site), dump, signal });
      else yield* readAnswers(files, (await siteOfAnswers(files, settings.site, signal)).site, signal);
    } finally {
      await files.close();
    }
  },
});

/** @returns undefined for what is no XML: then it may be saved answers */
async function openDump(files: ExportFiles, signal: AbortSignal): Promise<DumpFiles | undefined> {
  const file = files.isSingle ? files.files[0] : undefined;
  if (!file) return findDumpFiles(files);
  for await (const chunk of file.read(signal)) {
    return /^\ufeff?\s*</.test(chunk.toString("utf8", 0, 300)) ? await openSingle(file, signal) : undefined;
  }
  return undefined;
}

/** A dump does not name its site: the settings do, or its folder, as it is downloaded. */
function siteOfDump(path: string, files: ExportFiles, given: string): string {
  const inside = files.files.map(({ name }) => siteInName(name)).find((site) => site !== undefined);
  const around = path
    .split(/[\\/]/)
    .slice(-2)
    .reverse()
    .map(siteInName)
    .find((site) => site !== undefined);
  const site = siteFrom(given) ?? inside ?? around;
  if (site !== undefined) return site;
  if (files.isSingle) throw siteless(files.name);
  return `unnamed-${files.name.replace(/\.zip$/i, "").toLowerCase()}`;
}

async function siteOfAnswers(files: ExportFiles, given: string, signal: AbortSignal): Promise<{ site: string; counts: Record<string, number> }> {
  const { site, counts } = await scanAnswers(files, given, signal);
  if (site === undefined) throw siteless(files.name);
  return { site, counts };
}

/** Numbers count within a site: without it, those of two sites would become one. */
function siteless(name: string): AppError {
  return new AppError("unreadable_file", {
    public: `${name} does not say which site it comes from, and its numbers mean nothing without it. Give the site in the settings, like stackoverflow or ai.meta; nothing was stored.`,
  });
}

function refuseSevenZip(path: string, head: Buffer): void {
  if (!isSevenZip(head)) return;
  const name = path.slice(path.lastIndexOf("/") + 1);
  throw new AppError("unreadable_file", {
    public: `${name} is packed as 7z, which Causeway does not read. Unpack it (7z x ${name} -o${name.replace(/\.7z$/i, "")}) and bring in the folder.`,
  });
}
