import { existsSync, readdirSync, readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type NormalizedBatch, openFile, recognizeFile } from "#features/ledger/index.ts";
import { plainFileName } from "../export-files.ts";
import { connectors } from "../index.ts";
import { readFileWith, scratch } from "../testing.ts";
import { people } from "./index.ts";

const fixtures = join(import.meta.dirname, "fixtures");
const files = readdirSync(fixtures)
  .filter((name) => !name.endsWith(".golden.json"))
  .sort();

async function read(path: string, settings: Record<string, unknown> = {}) {
  const reading = await readFileWith(people, path, settings);
  return { ...reading, batches: reading.records.map((record) => people.normalize(record, people.settings.parse(settings))) };
}

const readText = async (name: string, content: string, settings: Record<string, unknown> = {}) => read(await scratch(name, content), settings);

/** Everything that batches state, in an order of its own. */
function fold(batches: readonly NormalizedBatch[]): string[] {
  const day = (date: Date | undefined) => date?.toISOString().slice(0, 10) ?? "";
  const ref = ({ platform, externalId }: { platform: string; externalId: string }) => `${platform} ${externalId}`;
  const lines = batches.flatMap((batch) => [
    ...batch.identities.map((one) => `is ${ref(one)} ${one.kind?.value ?? ""}`),
    ...(batch.links ?? []).map((one) => `link ${[ref(one.a), ref(one.b)].join(" = ")} ${one.rule} ${one.strength}`),
    ...(batch.affiliations ?? []).map((one) => `at ${ref(one.identity)} @ ${one.organization} ${day(one.from)}..${day(one.to)}`),
    ...(batch.organizations ?? []).map((one) => `org ${one.name} ${one.domains?.join(",") ?? ""} ${one.aliases?.join(",") ?? ""}`),
    ...batch.activities.map(
      (one) => `did ${one.kind} ${one.externalId} ${one.author ? ref(one.author) : one.unattributed} ${one.occurredAt.toISOString()}`,
    ),
  ]);
  return [...new Set(lines)].sort();
}

describe("people: what each form of a list says", () => {
  it("says of the fixtures what the golden file holds", async () => {
    const all: Record<string, unknown> = {};
    for (const name of files) {
      const { identity, rejected, batches } = await read(join(fixtures, name));
      expect(rejected).toEqual([]);
      all[name] = { identity, batches };
    }
    await expect(`${JSON.stringify(all, null, 2)}\n`).toMatchFileSnapshot("fixtures/people.golden.json");
  });

  it.each(files)("is surer of %s than any other connector", async (name) => {
    const [best, next] = recognizeFile(connectors, await openFile(join(fixtures, name)));
    expect(best?.connector.id).toBe("people");
    expect((best?.confidence ?? 0) - (next?.confidence ?? 0)).toBeGreaterThan(0.25);
  });

  it("takes 1900 and 2100 for dates that are not known, and no zone shifts a day", async () => {
    const { batches } = await read(join(fixtures, "sortinghat.json"));
    const spans = batches
      .flatMap((batch) => batch.affiliations ?? [])
      .map(({ organization, from, to }) => [organization, from?.toISOString(), to?.toISOString()]);
    expect(spans).toEqual([
      ["Tide Works", "2019-03-01T00:00:00.000Z", undefined],
      ["Gull", undefined, "2019-03-01T00:00:00.000Z"],
    ]);
  });

  it("joins the handles of a profile with its main one, and marks bots with what says so", async () => {
    const { batches } = await read(join(fixtures, "sortinghat.json"));
    const [mara, bot] = batches.filter((batch) => batch.identities.length > 0);
    expect(mara?.links?.map((link) => [link.a.externalId, link.b.externalId, link.rule, link.strength])).toEqual([
      ["login:marashore", "mara.shore@gull.example", "sortinghat-profile", 0.95],
      ["login:marashore", "login:mshore", "sortinghat-profile", 0.95],
    ]);
    expect(mara?.identities[2]?.platform).toBe("people:sortinghat:sortinghat/jira");
    expect(bot?.identities[0]?.kind).toEqual({ value: "bot", reason: "SortingHat marks the profile «Tide builds» as a bot." });
  });

  it("has who worked somewhere until a day at the next place from that day on", async () => {
    const { batches } = await readText(
      "email-map.txt",
      "mara@gull.example Gull < 2019-03-01\nmara@gull.example Tide Works\nmara@gull.example Reef < 2015-01-31\n",
    );
    expect(fold(batches).filter((line) => line.startsWith("at "))).toEqual([
      "at email mara@gull.example @ Gull 2015-01-31..2019-03-01",
      "at email mara@gull.example @ Reef ..2015-01-31",
      "at email mara@gull.example @ Tide Works 2019-03-01..",
    ]);
  });

  it("reads cncf/gitdm's developers with their companies from and until", async () => {
    const text =
      "marashore: mara!gull.example, mara!tide.example\n\tGull until 2019-03-01\n\tTide Works from 2019-03-01 # moved\n\tNotFound\nkelp: kelp!tide.example\n\tTide Works\n";
    const { batches } = await readText("developers_affiliations1.txt", text);
    expect(fold(batches)).toEqual([
      "at email kelp@tide.example @ Tide Works ..",
      "at email mara@gull.example @ Gull ..2019-03-01",
      "at email mara@gull.example @ Tide Works 2019-03-01..",
      "is email kelp@tide.example ",
      "is email mara@gull.example ",
      "is email mara@tide.example ",
      "link email mara@gull.example = email mara@tide.example gitdm-developer 1",
    ]);
  });

  it("reads a .mailmap as git does: names, a second address, and an address that several use", async () => {
    const text =
      "Mara <m@x.example> <old@x.example>\nAnn <a@x.example> Ann <shared@x.example>\nBob <b@x.example> Bob <shared@x.example>\nInes <i@x.example>\n";
    const { batches } = await readText(".mailmap", text);
    expect(fold(batches).filter((line) => line.startsWith("link"))).toEqual([
      "link email a@x.example = people:mailmap:mailmap shared@x.example#ann mailmap 1",
      "link email b@x.example = people:mailmap:mailmap shared@x.example#bob mailmap 1",
      "link email m@x.example = email old@x.example mailmap 1",
    ]);
  });

  it("makes nobody one by the address of a group, and takes such a list as one of organizations when it is", async () => {
    const mixed = "Ann <a@x.example> <ann@y.example>\nBob <b@x.example> <bob@y.example>\nTeam <contact@x.example> Cem <c@x.example>\n";
    const { batches, rejected } = await readText("mailmap", mixed);
    expect(batches).toHaveLength(2);
    expect(rejected).toMatchObject([{ place: "mailmap, line 3", reason: expect.stringContaining("contact@x.example is the address of a group") }]);
    const organizations = await readText("mailmap", mixed, { mailmap: "organizations" });
    expect(fold(organizations.batches).filter((line) => line.startsWith("at "))).toEqual([
      "at email ann@y.example @ Ann ..",
      "at email bob@y.example @ Bob ..",
      "at email c@x.example @ Team ..",
    ]);
  });

  it("keeps Orbit's members as identities with their accounts, by number where it is known", async () => {
    const { batches, records } = await read(join(fixtures, "orbit-members.json"));
    expect(fold(batches)).toEqual([
      "at orbit:harbour mB3xQ1 @ Tide Works ..",
      "is discourse:forum.tide.example id:77 ",
      "is email mara.shore@gull.example ",
      "is github id:4242 ",
      "is orbit:harbour mB3xQ1 ",
      "is orbit:harbour mC0ok3 team",
      "is twitter login:ineskelp team",
      "link orbit:harbour mB3xQ1 = discourse:forum.tide.example id:77 orbit-member 0.95",
      "link orbit:harbour mB3xQ1 = email mara.shore@gull.example orbit-member 0.95",
      "link orbit:harbour mB3xQ1 = github id:4242 orbit-member 0.95",
      "link orbit:harbour mC0ok3 = twitter login:ineskelp orbit-member 0.95",
      "org Tide Works tide.example ",
    ]);
    // Where somebody lives and when they were born does not even reach the stored record.
    expect(JSON.stringify(records)).not.toMatch(/1 Quay|1990-01-01/);
  });

  it("has one source and one member for Orbit's JSON and CSV of one workspace", async () => {
    const json = await read(join(fixtures, "orbit-members.json"));
    const csv = await read(join(fixtures, "orbit-members.csv"), { list: "harbour" });
    expect(csv.identity.origin).toBe(json.identity.origin);
    expect(fold(csv.batches)).toContain("link orbit:harbour mB3xQ1 = email mara.shore@gull.example orbit-member 0.95");
    expect(JSON.stringify(csv.records)).not.toContain("Quay");
  });

  it("finds handles in Common Room's columns by what they are called, and leaves out where somebody lives", async () => {
    const { batches, records } = await read(join(fixtures, "common-room-contacts.csv"));
    expect(fold(batches).filter((line) => line.startsWith("is "))).toEqual([
      "is email mara.shore@gull.example ",
      "is email mara@shore.example ",
      "is github login:marashore ",
      "is linkedin login:mara-shore ",
      "is people:common-room:common-room-contacts c_12 ",
    ]);
    expect(JSON.stringify(records)).not.toContain("Harbour");
  });

  it("has Orbit's activities with kind, time, words and whose they are", async () => {
    const { batches, identity } = await read(join(fixtures, "orbit-activities.ndjson"));
    expect(identity.reported).toEqual({ issue_opened: 1, harbour_talk_given: 1 });
    expect(fold(batches).filter((line) => line.startsWith("did"))).toEqual([
      "did harbour_talk_given aA2 no member 2023-05-02T09:00:00.000Z",
      "did issue_opened aA1 orbit:harbour mB3xQ1 2023-06-21T14:54:04.579Z",
    ]);
  });
});

describe("people: what is wrong in a list", () => {
  it("joins nobody by a profile of more handles than a person has, and says so", async () => {
    const identities = Array.from({ length: 60 }, (_, i) => ({ email: `p${i}@x.example`, name: "unknown", source: "git", username: null }));
    const uidentities = { u: { uuid: "u", enrollments: [], identities, profile: null } };
    const { batches, rejected } = await readText("sh.json", JSON.stringify({ organizations: {}, uidentities }));
    expect(batches.flatMap((batch) => batch.identities)).toHaveLength(60);
    expect(batches.flatMap((batch) => batch.links ?? [])).toEqual([]);
    expect(rejected).toMatchObject([{ place: "sh.json, line 1, uidentities.u", reason: expect.stringContaining("60 handles") }]);
  });

  it("sets one bad field aside and takes the rest of the entry", async () => {
    const broken = (await readFile(join(fixtures, "sortinghat.json"), "utf8")).replace('2019-03-01T00:00:00"', '2019-02-30T00:00:00"');
    const { batches, rejected } = await readText("sortinghat.json", broken);
    expect(rejected).toMatchObject([
      { place: expect.stringMatching(/line 13, uidentities\.1+, enrollments\[0\]\.start$/), reason: "2019-02-30T00:00:00 is no date." },
    ]);
    expect(fold(batches).filter((line) => line.startsWith("at "))).toHaveLength(1);
  });

  it("refuses a file that is cut off, wherever it is cut, and never halves it", async () => {
    const whole = await readFile(join(fixtures, "sortinghat.json"), "utf8");
    for (const share of [0.2, 0.5, 0.9, 0.999]) {
      await expect(readText("sortinghat.json", whole.slice(0, Math.floor(whole.trimEnd().length * share)))).rejects.toThrow(/cut off|not valid JSON/);
    }
  });

  it("takes no XML for a .mailmap, though both are full of angle brackets", async () => {
    const path = await scratch("bug.xml", "<bugs>\n<bug>\n<id>\n<who>\n</who>\n</bug>\n</bugs>\n");
    expect(recognizeFile(connectors, await openFile(path)).map(({ connector }) => connector.id)).not.toContain("people");
  });

  it("refuses a folder, a table and a text, saying what it reads", async () => {
    await expect(readText("notes.txt", "hello\nworld\n")).rejects.toThrow(/in no form of a list of people/);
    await expect(readText("rows.csv", "a,b\n1,2\n")).rejects.toThrow(/SortingHat, /);
    await expect(read(fixtures)).rejects.toThrow(/one file at a time/);
  });

  it("sets a row of a CSV aside that has more cells than the header, with its line", async () => {
    const { batches, rejected } = await readText(
      "orbit.csv",
      "name,email,github,orbit_level,slug\nAnn,a@x.example,ann,1,ann\nBob,b@x.example,bob,1,bob,more\n,,,2,\n",
    );
    expect(batches).toHaveLength(1);
    expect(rejected.map(({ place }) => place)).toEqual(["orbit.csv, line 3", "orbit.csv, line 4"]);
    expect(rejected[1]?.reason).toMatch(/names nobody/);
  });
});

describe("people: the same list again", () => {
  it("names files of one list alike, whatever day they were exported", () => {
    expect(["people.json", "people-2024-01-31.json", "people_20240131.json.gz", "people (2).json"].map(plainFileName)).toEqual([
      "people",
      "people",
      "people",
      "people",
    ]);
    expect(plainFileName("2024-01-31.json")).toBe("2024-01-31.json");
  });

  it("reads gzip as the file itself", async () => {
    const plain = await read(join(fixtures, "sortinghat.json"));
    const packed = await read(await scratch("sortinghat.json.gz", gzipSync(readFileSync(join(fixtures, "sortinghat.json")))));
    expect(packed.records).toEqual(plain.records);
    expect(packed.identity).toEqual(plain.identity);
  });

  it("lets an older export of SortingHat change nothing: its records bear the day of the export", async () => {
    const { records } = await read(join(fixtures, "sortinghat.json"));
    expect(new Set(records.map(({ asOf }) => asOf))).toEqual(new Set(["2024-05-01T10:00:00.000Z"]));
  });

  it("says the same of one file as of overlapping parts in any order", async () => {
    const people = Array.from({ length: 7 }, (_, i) => ({
      launchpad_id: `user${i}`,
      user_name: `User ${i}`,
      emails: [`u${i}@x.example`, `u${i}@y.example`],
      companies: [
        { company_name: `Company ${i % 3}`, end_date: null },
        { company_name: "Gull", end_date: `201${i}-Jan-01` },
      ],
    }));
    const expected = fold((await readText("data.json", JSON.stringify({ users: people, companies: [] }))).batches);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.shuffledSubarray(people), { minLength: 1, maxLength: 3 }), async (parts) => {
        const batches = [];
        for (const users of [...parts, people.filter((one) => !parts.flat().includes(one))]) {
          if (users.length > 0) batches.push(...(await readText("data.json", JSON.stringify({ companies: [], users }))).batches);
        }
        expect(fold(batches)).toEqual(expected);
      }),
      { numRuns: 15 },
    );
  });
});

const real = join(import.meta.dirname, "../../../../shared/data/affiliations");
const isThere = existsSync(real);

describe.skipIf(!isThere)("people: real files (skipped where ../shared/data is absent)", () => {
  const list = isThere ? readdirSync(join(real, "sortinghat")).sort() : [];

  it.each(list)("reads, refuses or sets aside parts of %s, as its name says, and the second time alike", async (name) => {
    const path = join(real, "sortinghat", name);
    const first = await read(path).catch((error: unknown) => error);
    if (first instanceof Error) {
      expect(name).toMatch(/invalid/);
      expect(first.message).toMatch(new RegExp(`${name.replaceAll(".", "\\.")}.*\\b[Ll]ine \\d+`));
      return;
    }
    const { records, rejected, batches } = first as Awaited<ReturnType<typeof read>>;
    // Three valid files give one domain to two organizations.
    const conflicts = rejected.filter(({ reason }) => /stays with/.test(reason));
    if (/invalid|missing|out_of_bounds|empty_strings/.test(name)) expect(rejected.length).toBeGreaterThan(0);
    else expect(rejected).toEqual(conflicts);
    for (const { place } of rejected) expect(place).toMatch(new RegExp(`^${name.replaceAll(".", "\\.")}, line \\d+`));
    expect(batches.length).toBeGreaterThan(0);
    expect(fold((await read(path)).batches)).toEqual(fold(batches));
    expect((await read(path)).records).toEqual(records);
  });

  it("has of Stackalytics what an independent count finds: 2,588 users, 533 companies, 3,590 jobs", async () => {
    const path = join(real, "stackalytics/default_data.json");
    const given = JSON.parse(await readFile(path, "utf8")) as {
      users: { emails: string[]; companies: unknown[]; launchpad_id?: string; github_id?: string }[];
      companies: { domains: string[]; aliases?: string[] }[];
    };
    const { records, rejected, batches } = await read(path);
    expect(records).toHaveLength(given.users.length + given.companies.length);
    expect(rejected.map(({ reason }) => reason.split(" ")[0])).toEqual(["taobao.com", "oath.com"]);
    const affiliations = batches.flatMap((batch) => batch.affiliations ?? []);
    expect(affiliations).toHaveLength(given.users.reduce((sum, user) => sum + user.companies.length, 0));
    expect(affiliations).toHaveLength(3590);
    const domains = given.companies.flatMap((company) => company.domains).filter((domain) => domain !== "");
    expect(batches.flatMap((batch) => batch.organizations ?? []).flatMap((one) => one.domains ?? [])).toHaveLength(domains.length - 2);
    const noReply = (email: string) => email.toLowerCase().endsWith("@users.noreply.github.com");
    const ids = (platform: string) =>
      new Set(batches.flatMap((batch) => batch.identities.filter((one) => one.platform === platform).map((one) => one.externalId)));
    expect(ids("launchpad").size).toBe(new Set(given.users.flatMap((user) => user.launchpad_id?.toLowerCase() ?? [])).size);
    const addresses = new Set(given.users.flatMap((user) => user.emails.filter((one) => !noReply(one)).map((one) => one.trim().toLowerCase())));
    const scoped = batches.flatMap((batch) => batch.identities.filter((one) => one.platform.startsWith("people:")));
    expect(ids("email").size + new Set(scoped.map((one) => one.externalId)).size).toBe(addresses.size);
  });
});
