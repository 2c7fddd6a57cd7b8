import { dayMs } from "./calendar.ts";
import { botAccounts, platforms } from "./channels.ts";
import { mailDomain, team } from "./names.ts";
import type { Account } from "./payload.ts";
import type { Person } from "./people.ts";
import type { Actor, Stage } from "./plan.ts";
import type { Part } from "./settings.ts";

/** What a platform shows of an actor; a text where the account is gone. */
export function accountOf(stage: Stage, actor: Actor, part: Part): Account | string {
  if (actor.group === "team") return teamAccount(actor.index, part);
  if (actor.group === "bot") return botAccount(actor.index, part);
  const person = stage.crowd.person(actor.index);
  if (person.ghost) return platforms[part].gone;
  return personAccount(stage, person, part);
}

/** The name that an actor signs with. */
export function nameOf(stage: Stage, actor: Actor): string {
  if (actor.group === "team") return team[actor.index]?.name ?? "";
  if (actor.group === "bot") return botAccounts[actor.index]?.name ?? "";
  const person = stage.crowd.person(actor.index);
  return person.nameless ? person.login : person.name;
}

/** The login by which an actor is spoken to. */
export function loginOf(stage: Stage, actor: Actor): string {
  if (actor.group === "team") return team[actor.index]?.login ?? "";
  if (actor.group === "bot") return botAccounts[actor.index]?.login ?? "";
  return stage.crowd.person(actor.index).login;
}

/** The id of a person's account on a platform, as it stands in the ledger. */
export function personAccountId(person: Person, part: Part): string {
  if (part === "github") return String(4_000_000 + person.index * 13);
  if (part === "forum") return String(1_000 + person.index);
  if (part === "chat") return `U0${person.index.toString(36).toUpperCase().padStart(7, "0")}`;
  return part === "git" ? person.commitEmail : person.email;
}

function personAccount(stage: Stage, person: Person, part: Part): Account {
  const { accounts } = platforms[part];
  const id = personAccountId(person, part);
  const name = person.nameless ? undefined : person.name;
  if (part === "mail") return { platform: accounts, id, name: person.name, email: id };
  if (part === "git") {
    return { platform: accounts, id, name: person.name, email: id, ...(id === person.email ? {} : { mailmap: person.email }) };
  }
  const vouched = person.join !== "name" && person.sharedBox === undefined;
  return {
    platform: accounts,
    id,
    ...(name === undefined ? {} : { name }),
    login: person.login,
    ...(vouched ? { email: person.email, verified: true } : person.sharedBox ? { email: person.sharedBox, verified: false } : {}),
    ...(person.renamed && part !== "chat"
      ? { formerly: [{ login: person.renamed.login, until: stage.calendar.from + person.renamed.day * dayMs }] }
      : {}),
  };
}

function teamAccount(index: number, part: Part): Account {
  const mate = team[index] as (typeof team)[number];
  const email = `${mate.login}@lantern.${mailDomain}`;
  const { accounts } = platforms[part];
  if (accounts === "email") return { platform: accounts, id: email, name: mate.name, email };
  const id = part === "github" ? String(1_000 + index) : part === "forum" ? String(1 + index) : `U0TEAM${index}`;
  // Chat does not say who is staff; there it follows from the address alone.
  return {
    platform: accounts,
    id,
    name: mate.name,
    login: mate.login,
    email,
    verified: true,
    ...(part === "chat" ? {} : { role: "staff" as const }),
  };
}

function botAccount(index: number, part: Part): Account {
  const account = botAccounts[index] as (typeof botAccounts)[number];
  const { accounts } = platforms[part];
  if (accounts === "email")
    return { platform: accounts, id: `${account.login}@lantern.${mailDomain}`, name: account.name, email: `${account.login}@lantern.${mailDomain}` };
  return {
    platform: accounts,
    id: part === "chat" ? `B0${index}` : String(2_000 + index),
    name: account.name,
    login: account.login,
    ...(account.marked ? { role: "app" as const } : {}),
  };
}
