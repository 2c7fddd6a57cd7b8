import { hash } from "node:crypto";
import type { NormalizedBatch, NormalizedIdentity } from "#features/ledger/index.ts";
import { botReason } from "../known-bots.ts";
import { identifyPerson, namesNobody, normalizeAddress } from "../person.ts";
import { titleFromWords } from "../words.ts";
import type { ColumnField, Mapping } from "./mapping.ts";
import { cellOf, type Row } from "./read-rows.ts";
import { readTime } from "./read-time.ts";

type Visibility = NormalizedBatch["channels"][number]["visibility"];

/** What is wrong with a row, by the field of the mapping and its column. */
export interface RowProblem {
  field: ColumnField;
  column: string | undefined;
  reason: string;
  remedy: string;
}

/** What a row says, or why it cannot be used. */
export type RowReading = { id: string; asOf?: string; batch: NormalizedBatch } | { id: string; problems: RowProblem[] };

export interface RowAbout {
  /** Names the table: ids that mean nothing elsewhere count inside it. */
  scope: string;
  /** What to call the channel where no column says it. */
  name: string;
  visibility: Visibility;
}

const nobody = /^(?:anonymous|anon|unknown|guest|n\/?a|none|-+|\[?deleted\]?(?: user)?|deleted user|ghost)$/i;
const visibilities: Readonly<Record<string, Visibility>> = {
  public: "public",
  open: "public",
  members: "members",
  registered: "members",
  team: "team",
  internal: "team",
  staff: "team",
  restricted: "restricted",
  private: "restricted",
  confidential: "restricted",
};

/** One row of a table as an activity, by what its columns mean. Pure. */
export function readRow(row: Row, mapping: Mapping, about: RowAbout): RowReading {
  const id = textAt(row, mapping.id) ?? hash("sha256", JSON.stringify(Object.entries(row).sort(([a], [b]) => (a < b ? -1 : 1))), "hex").slice(0, 32);
  const problems: RowProblem[] = [];
  const problem = (field: ColumnField, reason: string, remedy: string) => problems.push({ field, column: mapping[field], reason, remedy });
  if (mapping.id !== undefined && textAt(row, mapping.id) === undefined) {
    problem("id", `${mapping.id} is empty, so the row could not be found again.`, "Give it an id, or read the table without a column of ids.");
  }

  const how = { format: mapping.timeFormat, zone: mapping.timeZone };
  const given = cellOf(row, mapping.time);
  const occurredAt = readTime(given, how);
  if (!occurredAt) {
    if (given === undefined || given === null || given === "")
      problem("time", `${mapping.time} is empty: when this happened is not known.`, "Fill it in, or leave the row out.");
    else
      problem(
        "time",
        `${mapping.time} is «${String(given).slice(0, 60)}», which is no time written as ${how.format}.`,
        "Correct it, or say how the times of this table are written.",
      );
  }
  const title = textAt(row, mapping.title);
  const body = textAt(row, mapping.body);
  if ((mapping.title ?? mapping.body) !== undefined && title === undefined && body === undefined) {
    const field = mapping.body === undefined ? "title" : "body";
    problem(
      field,
      `${mapping[field]} is empty${mapping.title && mapping.body ? `, and so is ${mapping.title}` : ""}: the row says nothing.`,
      "Leave it out, or map another column.",
    );
  }
  const kind = mapping.kind === undefined ? mapping.kindValue : snake(textAt(row, mapping.kind));
  if (kind === undefined) problem("kind", `${mapping.kind} is empty or has no letters.`, "Fill it in, or give all rows one kind.");
  const visibility = visibilityAt(row, mapping.visibility);
  if (visibility === "unknown") {
    const word = textAt(row, mapping.visibility) ?? "";
    problem(
      "visibility",
      `${mapping.visibility} is «${word.slice(0, 40)}», which is none of public, members, team and restricted.`,
      "Correct it: what may be seen by whom is not guessed.",
    );
  }
  if (problems.length > 0 || !occurredAt || kind === undefined || visibility === "unknown") return { id, problems };

  const person = personAt(row, mapping, about.scope);
  const author = person?.identity && { platform: person.identity.platform, externalId: person.identity.externalId };
  const channel = textAt(row, mapping.channel) ?? "rows";
  const link = textAt(row, mapping.url);
  const url = link !== undefined && /^https?:\/\//i.test(link) ? link : undefined;
  const threadId = textAt(row, mapping.thread) ?? (title !== undefined || body !== undefined ? id : undefined);
  const editedAt = mapping.edited === undefined ? undefined : readTime(cellOf(row, mapping.edited), how);
  const organization = textAt(row, mapping.organization);
  const batch: NormalizedBatch = {
    identities: person?.identity ? [person.identity] : [],
    channels: [{ externalId: channel, kind: "stream", name: mapping.channel === undefined ? about.name : channel, visibility: about.visibility }],
    threads:
      threadId === undefined
        ? []
        : [
            {
              externalId: threadId,
              channel,
              kind: "topic",
              title: title ?? titleFromWords(body, threadId),
              state: "open",
              openedAt: occurredAt,
              ...(url && mapping.thread === undefined && { url }),
              ...(author && { opener: author }),
              ...(visibility && { visibility }),
            },
          ],
    activities: [
      {
        externalId: id,
        kind,
        channel,
        ...(threadId !== undefined && { thread: threadId }),
        ...(author ? { author } : { unattributed: person?.shown ?? "not named" }),
        occurredAt,
        ...(editedAt && editedAt > occurredAt && { editedAt }),
        ...(title !== undefined && { title }),
        ...(body !== undefined && { body }),
        ...(url && { url }),
        ...(visibility && { visibility }),
      },
    ],
    ...(author &&
      organization && {
        affiliations: [{ identity: author, organization, evidence: `The table «${about.name}» has ${organization} beside the name.` }],
      }),
  };
  return { id, ...(editedAt && { asOf: editedAt.toISOString() }), batch };
}

function textAt(row: Row, column: string | undefined): string | undefined {
  if (column === undefined) return undefined;
  const value = cellOf(row, column);
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  if (Array.isArray(value)) return value.filter((one) => typeof one === "string" || typeof one === "number").join(", ") || undefined;
  return typeof value === "string" && value.trim() !== "" ? value.trim().replace(/\r\n?/g, "\n") : undefined;
}

function personAt(row: Row, mapping: Mapping, scope: string): { identity?: NormalizedIdentity; shown?: string } | undefined {
  const uid = textAt(row, mapping.authorId);
  const name = textAt(row, mapping.authorName);
  const address = normalizeAddress(textAt(row, mapping.authorEmail) ?? "");
  const shown = name ?? uid;
  if (uid !== undefined && !nobody.test(uid)) {
    const reason = botReason({ login: uid, name: name ?? "", address });
    const identity: NormalizedIdentity = {
      platform: mapping.authorPlatform || scope,
      externalId: idOn(mapping.authorPlatform, uid),
      ...(name && { displayName: name }),
      ...(!/^\d+$/.test(uid) && { login: uid }),
      ...(address.includes("@") && !namesNobody(address) && { email: address }),
      ...(reason && { kind: { value: "bot" as const, reason } }),
    };
    return { identity };
  }
  if (address.includes("@") || (name !== undefined && !nobody.test(name))) {
    const identity = identifyPerson({ name: name !== undefined && nobody.test(name) ? "" : (name ?? ""), address }, { scope });
    if (identity) return { identity };
  }
  return shown === undefined ? undefined : { shown };
}

/** As this platform's own source writes ids, so that both meet. */
function idOn(platform: string | undefined, uid: string): string {
  if (platform !== "github" && platform !== "gitlab") return uid;
  return /^\d+$/.test(uid) ? `id:${uid}` : `login:${uid.replace(/^@/, "").toLowerCase()}`;
}

function snake(text: string | undefined): string | undefined {
  const word = (text ?? "")
    .replace(/([a-z])([A-Z])/g, "$1_$2")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "_")
    .replace(/^[^a-z]+|_+$/g, "")
    .slice(0, 48);
  return word.length > 1 ? word : undefined;
}

/** Nothing where the column is not there or empty: then the source's own setting counts. */
function visibilityAt(row: Row, column: string | undefined): Visibility | "unknown" | undefined {
  const word = textAt(row, column)?.toLowerCase();
  return word === undefined ? undefined : (visibilities[word] ?? "unknown");
}
