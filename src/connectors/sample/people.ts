import { type Calendar, dayMs } from "./calendar.ts";
import { companies, cultures, handles, mailDomain, mailHosts, team } from "./names.ts";
import { cumulative, keyOf, Random } from "./random.ts";
import { type Part, parts, type World } from "./settings.ts";

/** How a person's accounts can be told to be one person's. */
export type Join = "email" | "stated" | "name";

export interface Person {
  index: number;
  name: string;
  login: string;
  email: string;
  /** The address in commits, another one where the join is `stated`. */
  commitEmail: string;
  /** Hours from UTC. */
  zone: number;
  culture: number;
  language: string | undefined;
  /** 0 came once, 1 now and then, 2 regular, 3 champion. */
  loyalty: number;
  joinDay: number;
  leaveDay: number;
  /** Bits by place in `parts`: where the person has an account. */
  presence: number;
  join: Join;
  /** The account was deleted since: what it wrote is nobody's now. */
  ghost: boolean;
  /** A login that was in use before a day. */
  renamed: { login: string; day: number } | undefined;
  /** Shows no name, only a login. */
  nameless: boolean;
  /** Shows a group's address that nobody checked, which another person shows as well. */
  sharedBox: string | undefined;
}

export interface Crowd {
  size: number;
  person(index: number): Person;
}

const cultureWeights = cumulative(cultures.map((culture) => culture.weight));
const presenceOdds: Record<Part, number> = { github: 0.52, forum: 0.36, chat: 0.4, mail: 0.13, git: 0.1 };
const lifetimeDays = [3, 60, 220, 100_000];
const cacheSize = 16_384;

/** The people of a world. Each is a function of its index, so that none has to be kept; lower indexes came earlier. */
export function gatherCrowd(world: World, calendar: Calendar): Crowd {
  const size = Math.round(world.activities / 11) + 40;
  const cache: (Person | undefined)[] = Array(cacheSize);
  return {
    size,
    person(index) {
      const held = cache[index % cacheSize];
      if (held?.index === index) return held;
      const made = makePerson(world, calendar, size, index);
      cache[index % cacheSize] = made;
      return made;
    },
  };
}

/** The first ones found the community: champions who are everywhere, so that there is always somebody to answer. */
const founders = 24;

function makePerson(world: World, calendar: Calendar, size: number, index: number): Person {
  const random = new Random(keyOf(world.seed, 11, index));
  const founder = index < founders;
  const cultureIndex = random.weighted(cultureWeights);
  const culture = cultures[cultureIndex] as (typeof cultures)[number];
  const [given, latinGiven] = splitName(random.pick(culture.given));
  const [family, latinFamily] = splitName(random.pick(culture.family));
  const handle = random.chance(0.13) ? `${random.pick(handles.first)}${random.pick(["", "_", "-"])}${random.pick(handles.second)}` : undefined;
  const login = handle ? `${handle}${index % 7 === 0 ? index % 97 : ""}` : loginFrom(random, latinGiven, latinFamily, index);
  const roll = random.next();
  const loyalty = founder ? 3 : roll < 0.55 ? 0 : roll < 0.86 ? 1 : roll < 0.985 ? 2 : 3;
  const joinDay = founder ? Math.floor(index / 4) : calendar.dayAt("github", (index + random.next()) / size);
  const presence = founder ? 0b11111 : drawPresence(random);
  const joinRoll = random.next();
  const company = random.chance(0.3) ? `${random.pick(companies)}.${mailDomain}` : random.pick(mailHosts);
  const local = handle ? handle.replace(/[_-]/g, ".") : `${latinGiven}.${latinFamily}`.replace(/[^a-z.]/g, "");
  const email = `${local}${index}@${company}`;
  const join: Join = joinRoll < 0.7 ? "email" : joinRoll < 0.8 ? "stated" : "name";
  const renameDay = joinDay + Math.round(random.next() * 200) + 10;
  const nameless = handle !== undefined && random.chance(0.8);
  const name = culture.familyFirst ? `${family}${culture.separator ?? " "}${given}` : `${given} ${family}`;
  return {
    index,
    name,
    login,
    email,
    commitEmail: join === "stated" ? `${local}@old-${index}.${mailDomain}` : email,
    zone: random.pick(culture.zones),
    culture: cultureIndex,
    language: culture.language,
    loyalty,
    joinDay,
    leaveDay: joinDay + (lifetimeDays[loyalty] as number),
    presence,
    join,
    ghost: !founder && random.chance(0.012),
    renamed: random.chance(0.05) && renameDay < calendar.days - 5 ? { login: `${login.replace(/[^a-z]/g, "").slice(0, 6)}-old${index % 10}`, day: renameDay } : undefined,
    nameless,
    sharedBox: !founder && random.chance(0.01) ? `dev-team-${Math.floor(index / 40) % 60}@${companies[1]}.${mailDomain}` : undefined,
  };
}

function splitName(name: string): [native: string, latin: string] {
  const at = name.indexOf("=");
  if (at >= 0) return [name.slice(0, at), name.slice(at + 1)];
  return [name, latinize(name)];
}

const unmarked: Record<string, string> = { ł: "l", ø: "o", ß: "ss", đ: "d", ı: "i", æ: "ae" };

function latinize(name: string): string {
  const lower = name.toLowerCase().normalize("NFD").replace(/\p{M}/gu, "");
  return lower.replace(/[łøßđıæ]/g, (letter) => unmarked[letter] ?? "").replace(/[^a-z]/g, "");
}

function loginFrom(random: Random, given: string, family: string, index: number): string {
  const number = index % 3 === 0 ? String(index % 100) : "";
  const style = random.below(5);
  if (style === 0) return `${given[0] ?? ""}${family}${number}`;
  if (style === 1) return `${given}-${family}`;
  if (style === 2) return `${given}${family[0] ?? ""}${number || "dev"}`;
  if (style === 3) return `${family}${given[0] ?? ""}${number}`;
  return `${given}${number || "codes"}`;
}

function drawPresence(random: Random): number {
  let presence = 0;
  parts.forEach((part, bit) => {
    if (random.chance(presenceOdds[part])) presence |= 1 << bit;
  });
  // Two thirds of all people have one account only; the rest keep what was drawn, up to four.
  const many = random.chance(0.34);
  if (presence !== 0 && many) return presence === 0b11111 ? 0b01111 : presence;
  const roll = random.next();
  return 1 << (roll < 0.42 ? 0 : roll < 0.68 ? 1 : roll < 0.92 ? 2 : roll < 0.97 ? 3 : 4);
}

/** What a draw of a person looks for. */
export interface Wanted {
  part: Part;
  day: number;
  /** How likely somebody of each loyalty is taken. */
  taste: readonly [number, number, number, number];
  /** Share of draws that look among those who came just now. */
  fresh: number;
  language?: string | undefined;
  not?: number;
}

/** Draws a person who has an account on the platform, has come by that day and has not left yet. */
export function drawPerson(crowd: Crowd, calendar: Calendar, random: Random, wanted: Wanted): Person {
  const bit = 1 << parts.indexOf(wanted.part);
  const share = calendar.shareBefore("github", wanted.day + 1);
  const here = Math.max(founders, Math.floor(crowd.size * share));
  const wave = Math.max(6, Math.round(crowd.size / 200));
  for (let attempt = 0; attempt < 24; attempt += 1) {
    const fresh = random.next() < wanted.fresh;
    const index = fresh ? here - 1 - Math.min(here - 1, Math.floor(-Math.log(1 - random.next()) * wave)) : random.below(here);
    const person = crowd.person(index);
    if ((person.presence & bit) === 0 || person.joinDay > wanted.day || person.leaveDay < wanted.day || index === wanted.not) continue;
    if (attempt < 12 && wanted.language !== undefined && person.language !== wanted.language) continue;
    if (random.next() < (wanted.taste[person.loyalty] as number)) return person;
  }
  const founder = random.below(founders);
  return crowd.person(founder === wanted.not ? (founder + 1) % founders : founder);
}

/** A member of our team who works on that day; one who speaks the language, where there is one. */
export function drawTeammate(calendar: Calendar, random: Random, day: number, language?: string): number {
  const share = day / calendar.days;
  const here = team.flatMap((mate, index) => (share >= mate.from && share <= mate.to ? [index] : []));
  const speaking = language === undefined ? [] : here.filter((index) => team[index]?.language === language);
  return random.pick(speaking.length > 0 ? speaking : here);
}

/** The hour of the day in UTC at which somebody in a zone writes: mostly working hours, some evenings. */
const localHours = cumulative([1, 0.6, 0.4, 0.3, 0.3, 0.4, 0.8, 1.8, 4, 7, 8.5, 8, 6, 7.5, 8, 7.6, 7, 6, 4.5, 4.2, 4.6, 4.4, 3.4, 2]);

/** A moment on a day, by the clock of a zone, never after the world's end. */
export function momentOn(calendar: Calendar, random: Random, day: number, zone: number): number {
  const hour = (random.weighted(localHours) - zone + 48) % 24;
  const start = calendar.from + day * dayMs;
  const at = start + Math.floor((hour + random.next()) * 3_600_000) % dayMs;
  if (at <= calendar.to && at >= start) return at;
  return start + Math.floor(random.next() * Math.max(60_000, calendar.to - start));
}
