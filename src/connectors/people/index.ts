import { basename } from "node:path";
import { z } from "zod";
import { defineConnector } from "#features/ledger/index.ts";
import { visibilitySetting } from "../settings.ts";
import { decodeHead, guessEncoding } from "../text-encoding.ts";
import { recognizeFormat } from "./formats.ts";
import { normalizeEntry } from "./normalize.ts";
import { identifyPeople, importPeople } from "./read-people.ts";

/** Lists of people that others have kept: who is who, who works where since when, and what Orbit saw them do. */
export const people = defineConnector({
  id: "people",
  aliases: ["sortinghat", "orbit", "gitdm", "mailmap", "stackalytics"],
  title: "People kept elsewhere",
  summary: "Who is who and who works where, from SortingHat, Orbit, Common Room, gitdm, Stackalytics or a .mailmap.",
  normalizeVersion: 1,
  settings: z.object({
    list: z.string().trim().max(100).default("").meta({
      title: "Name of the list",
      description: "Files of one name are one list, and later ones update it. Left empty, the file's name without its date.",
    }),
    mailmap: z.enum(["auto", "people", "organizations"]).default("auto").meta({
      title: ".mailmap names",
      description: "What stands at the left of a .mailmap's lines: the person's own name, or their organization, as SortingHat also keeps it.",
    }),
    visibility: visibilitySetting("team"),
  }),
  docs: {
    collects:
      "Identities and what joins them, organizations with mail domains and other names, and who belonged where from when to when; from Orbit also activities. It reads:\n\n" +
      "- **SortingHat** JSON (`uidentities`, `organizations`), GrimoireLab's YAML of identities and of organizations, and its lists of identities\n" +
      "- **Orbit**: saved answers of its API (`members`, `activities`), as pages, lists of pages or lines, and its CSV files of members and of activities\n" +
      "- **Common Room**: its CSV export of contacts\n" +
      "- **gitdm**: `mail@host  Company < 2015-01-31` (with `!` for `@`, as cncf/gitdm writes), aliases, domains, and developers_affiliations.txt\n" +
      "- **.mailmap** by itself, **Stackalytics** default_data.json, **Eclipse** committers, saved answers of **mozillians.org**",
    identityKey:
      "For sites of which there is one (GitHub, GitLab, Twitter, LinkedIn, Stack Overflow …) the account's number where it stands, else its name; the address; for servers of one's own the host and the number. Handles whose server is not named count inside the list alone. The member of Orbit and the contact of Common Room are identities themselves.",
    limits:
      "What an entry states is joined, with the entry as evidence, and can be taken apart. An entry with more than 50 handles joins nobody. 1900-01-01 and 2100-01-01 mean that a start or an end is not known. Employers called «Unknown» or «NotFound» are left out. A domain that a file gives to two organizations stays with the first. SortingHat's blacklist, gender and country are not taken in. Orbit copied what was said on GitHub, Discord and elsewhere: bring in those sources themselves and leave Orbit's activities out, or see them twice; the source's page names such overlaps. Names of columns in Common Room's file are taken by their meaning, since it documents none.",
    privacy:
      "Lists of people hold addresses and employers. Only the team sees who belonged where. Where somebody lives, birthdays, sizes, pronouns and phone numbers are left out before anything is stored.",
    gettingTheFile:
      "- **SortingHat** 0.7: `sortinghat export --identities people.json`, and `sortinghat export --orgs organizations.json`.\n- **Orbit**: the JSON or CSV files that you saved before it closed. Of the API save `/members` and `/activities` page by page, as they come. CSV files do not name their workspace: give them its name.\n- **Common Room**: Contacts, select, Export to CSV.\n- **gitdm**, **.mailmap**, **Stackalytics**: the file from the repository that keeps it.",
  },
  streams: {
    people: { title: "People" },
    organizations: { title: "Organizations" },
    activities: { title: "Activities" },
  },
  normalize: normalizeEntry,
  recognizes({ path, head, isDirectory, entries }) {
    if (isDirectory || entries.length > 0) return 0;
    const text = decodeHead(head, guessEncoding(head)).replace(/^\ufeff/, "");
    return recognizeFormat({ name: basename(path), text })?.confidence ?? 0;
  },
  identifyFile: (_ctx, input) => identifyPeople(input),
  importFile: (_ctx, input) => importPeople(input),
});
