import { z } from "zod";
import { AppError } from "#core/errors.ts";
import { readPieces } from "../export-files.ts";
import { excerptOf } from "../words.ts";
import { identifyAccount } from "./account.ts";
import { readDay } from "./dates.ts";
import { claimDomains } from "./domains.ts";
import { type About, type Format, isObject, type Problem, problemsOf, text, type Understood } from "./entry.ts";
import { placeOf } from "./sortinghat.ts";
import { type Belonging, stateOrganization, statePerson } from "./state-person.ts";

const userSchema = z.looseObject({
  user_name: z.string().min(1),
  emails: z.array(z.string()),
  launchpad_id: z.string().nullish(),
  github_id: z.string().nullish(),
  gerrit_id: z.string().nullish(),
});
const jobSchema = z.looseObject({ company_name: z.string().min(1), end_date: z.string().nullable() });
const companySchema = z.looseObject({ company_name: z.string().min(1), domains: z.array(z.string()), aliases: z.array(z.string()).nullish() });

/** Stackalytics' default_data.json: users with mails and employers over time, companies with domains and other names. */
export const stackalytics: Format = {
  title: "Stackalytics",
  recognizes({ text: head }) {
    if (!/^\s*\{/.test(head)) return 0;
    const isUsers = /"users"\s*:\s*\[/.test(head) && (head.includes('"user_name"') || head.includes('"launchpad_id"'));
    return isUsers || (/"companies"\s*:\s*\[/.test(head) && head.includes('"company_name"') && head.includes('"domains"')) ? 1 : 0;
  },
  async *read({ file, signal, onRead }) {
    const claims = claimDomains();
    let entries = 0;
    for await (const { piece, cutter } of readPieces(file, signal, { onRead })) {
      if (piece.index === undefined || (piece.key !== "users" && piece.key !== "companies")) continue;
      entries++;
      const value = cutter.parse(piece);
      const place = placeOf(file.name, piece.line, `${piece.key}[${piece.index}]`);
      if (piece.key === "users") {
        yield { stream: "people", externalId: userKey(value) ?? `${piece.index}`, value: { type: "user", value }, place };
        continue;
      }
      const kept = isObject(value) ? { ...value } : value;
      if (isObject(kept) && Array.isArray(kept.domains)) {
        const given: unknown[] = kept.domains;
        kept.domains = [];
        for (const [i, domain] of given.entries()) {
          const taken = typeof domain === "string" && domain.trim() !== "" ? claims.claim(domain, String(kept.company_name), piece.line) : undefined;
          if (taken) yield { place, problem: { field: `domains[${i}]`, ...taken }, excerpt: excerptOf(domain) };
          else (kept.domains as unknown[]).push(domain);
        }
      }
      const name = isObject(kept) ? text(kept.company_name) : undefined;
      yield { stream: "organizations", externalId: (name ?? `${piece.index}`).toLowerCase(), value: { type: "company", value: kept }, place };
    }
    if (entries === 0)
      throw new AppError("unreadable_file", {
        public: `${file.name} has neither users nor companies, so it is no data of Stackalytics. Nothing was stored.`,
      });
  },
  understand(value, about): Understood {
    if (!isObject(value)) return { problems: [{ field: "", reason: "It is no object." }] };
    return value.type === "company" ? understandCompany(value.value) : understandUser(value.value, about);
  },
};

/** What a user is known by from one version of the file to the next. */
function userKey(value: unknown): string | undefined {
  if (!isObject(value)) return undefined;
  for (const name of ["launchpad_id", "github_id", "gerrit_id"]) {
    const id = text(value[name]);
    if (id) return `${name.replace("_id", "")}:${id.toLowerCase()}`;
  }
  const addresses = (Array.isArray(value.emails) ? (value.emails as unknown[]) : []).flatMap((one) => text(one)?.toLowerCase() ?? []);
  return addresses.sort()[0];
}

function understandCompany(value: unknown): Understood {
  const parsed = companySchema.safeParse(value);
  if (!parsed.success) return { problems: problemsOf(parsed.error) };
  const { company_name, domains, aliases } = parsed.data;
  return { batch: stateOrganization({ name: company_name, domains: withWords(domains), aliases: withWords(aliases ?? []) }), problems: [] };
}

/** The file has empty texts where it knows none. */
const withWords = (values: readonly string[]) => values.filter((value) => value.trim() !== "");

function understandUser(value: unknown, { registry }: About): Understood {
  const parsed = userSchema.safeParse(value);
  if (!parsed.success) return { problems: problemsOf(parsed.error) };
  const { user_name: name, emails, launchpad_id, github_id, gerrit_id } = parsed.data;
  const problems: Problem[] = [];
  const accounts = [
    { source: "launchpad", username: text(launchpad_id) },
    { source: "github", username: text(github_id) },
    { source: "gerrit", username: text(gerrit_id) },
  ].filter(({ username }) => username !== undefined);
  const identities = [
    ...emails.flatMap((email) => (text(email) ? identifyAccount({ source: "email", email, name }, registry) : [])),
    ...accounts.flatMap((account) => identifyAccount({ ...account, name }, registry)),
  ];
  if (identities.length === 0) return { problems: [{ field: "emails", reason: `${name} has no address and no account.` }] };
  return statePerson(
    {
      identities,
      rule: "stackalytics-user",
      evidence: `Stackalytics lists both under the user ${name}.`,
      strength: 1,
      belongings: readJobs(parsed.data.companies, name, problems),
    },
    problems,
  );
}

/** Each company lasts until its end, and the next begins there; the one without an end is the last. */
function readJobs(companies: unknown, name: string, problems: Problem[]): Belonging[] {
  if (!Array.isArray(companies)) {
    problems.push({ field: "companies", reason: "There is no list of companies." });
    return [];
  }
  const jobs = (companies as unknown[]).flatMap((item, index) => {
    const field = `companies[${index}]`;
    const parsed = jobSchema.safeParse(item);
    if (!parsed.success) {
      problems.push(...problemsOf(parsed.error, field));
      return [];
    }
    const { company_name: organization, end_date: end } = parsed.data;
    const to = end === null || end === "" ? undefined : readDay(end);
    if (end && !to) {
      problems.push({ field: `${field}.end_date`, reason: `${end} is no date like 2015-Oct-31.` });
      return [];
    }
    return [{ organization, to }];
  });
  jobs.sort((a, b) => (a.to?.getTime() ?? Infinity) - (b.to?.getTime() ?? Infinity));
  return jobs.map(({ organization, to }, i) => {
    const from = jobs[i - 1]?.to;
    return { organization, ...(from && { from }), ...(to && { to }), evidence: `Stackalytics has ${name} there.` };
  });
}
