import { type Calendar, dayMs } from "./calendar.ts";
import { companies, cultures, handles, mailDomain, mailHosts, team } from "./names.ts";
import { cumulative, keyOf, Random } from "./random.ts";
import { type Part, parts, type World } from "./settings.ts";

/** How a person's accounts can be told to be one person's. */
export type Join = "email" | "stated" | "name";

/** What decides whether a person is there to speak. */
export interface Outline {
  index: number;
  culture: number;
  language: string | undefined;
  /** 0 came once, 1 now and then, 2 regular, 3 champion. */
  loyalty: number;
  joinDay: number;
  /** Bits by place in `parts`: where the person has an account. */
  presence: number;
}

export interface Person extends Outline {
  name: string;
  login: string;
  email: string;
  /** The address in commits, another one where the join is `stated`. */
  commitEmail: string;
  /** Hours from UTC. */
  zone: number;
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
  /** What decides about people, in a few bytes each: a draw looks at many before it takes one. */
  traits: Traits;
}

const cultureWeights = cumulative(cultures.map((culture) => culture.weight));
const presenceOdds: Record<Part, number> = { github: 0.52, forum: 0.36, chat: 0.4, mail: 0.13, git: 0.1 };
/** How long people stay, by loyalty. */
const lifetimeDays = [3, 60, 220, 100_000];

/** The people of a world. Each is a function of its index, so that none has to be kept; lower indexes came earlier. */
export function gatherCrowd(world: World, calendar: Calendar): Crowd {
  const size = Math.round(world.activities / 11) + 40;
  const outline = (index: number) => drawOutline(world, calendar, size, index);
  return { size, traits: new Traits(size, outline), person: remember(16_384, (index) => makePerson(world, calendar, outline(index))) };
}

const seenBit = 1 << 15;

/** The outlines of a crowd, packed; each is made when it is first looked at. */
class Traits {
  /** From the lowest bit: presence (5), loyalty (2), culture (8), and whether it was made. */
  readonly #packed: Uint16Array;
  readonly #joinDays: Int32Array;
  readonly #outline: (index: number) => Outline;

  constructor(size: number, outline: (index: number) => Outline) {
    this.#packed = new Uint16Array(Math.max(size, founders));
    this.#joinDays = new Int32Array(this.#packed.length);
    this.#outline = outline;
  }

  /** Whether somebody has an account where `bit` says, and is about on a day. */
  isAbout(index: number, bit: number, day: number): boolean {
    const packed = this.#at(index);
    if ((packed & bit) === 0) return false;
    const joinDay = this.#joinDays[index] as number;
    return joinDay <= day && day <= joinDay + (lifetimeDays[(packed >> 5) & 3] as number);
  }

  loyalty(index: number): number {
    return (this.#at(index) >> 5) & 3;
  }

  language(index: number): string | undefined {
    return cultures[(this.#at(index) >> 7) & 0xff]?.language;
  }

  #at(index: number): number {
    const known = this.#packed[index] as number;
    if (known !== 0) return known;
    const { presence, loyalty, culture, joinDay } = this.#outline(index);
    const packed = presence | (loyalty << 5) | (culture << 7) | seenBit;
    this.#packed[index] = packed;
    this.#joinDays[index] = joinDay;
    return packed;
  }
}

/** Keeps what was made last, one per place, so that memory stays bounded whatever the number of people. */
function remember<T extends { index: number }>(places: number, make: (index: number) => T): (index: number) => T {
  const held: (T | undefined)[] = Array(places).fill(undefined);
  return (index) => {
    const known = held[index % places];
    if (known?.index === index) return known;
    const made = make(index);
    held[index % places] = made;
    return made;
  };
}

/** The first ones found the community: champions who are everywhere, so that there is always somebody to answer. */
const founders = 24;

function drawOutline(world: World, calendar: Calendar, size: number, index: number): Outline {
  const random = new Random(keyOf(world.seed, 11, index));
  const founder = index < founders;
  const culture = random.weighted(cultureWeights);
  const roll = random.next();
  const loyalty = founder ? 3 : roll < 0.55 ? 0 : roll < 0.86 ? 1 : roll < 0.985 ? 2 : 3;
  const joinDay = founder ? Math.floor(index / 4) : calendar.dayAt("github", (index + random.next()) / size);
  return {
    index,
    culture,
    language: cultures[culture]?.language,
    loyalty,
    joinDay,
    presence: founder ? 0b11111 : drawPresence(random),
  };
}

function makePerson(world: World, calendar: Calendar, outline: Outline): Person {
  const { index, joinDay } = outline;
  const random = new Random(keyOf(world.seed, 13, index));
  const founder = index < founders;
  const culture = cultures[outline.culture] as (typeof cultures)[number];
  const names = namesOf[outline.culture] as (typeof namesOf)[number];
  const given = random.pick(names.given);
  const family = random.pick(names.family);
  const more = random.next();
  const handle = random.chance(0.13) ? `${random.pick(handles.first)}${random.pick(["", "_", "-"])}${random.pick(handles.second)}` : undefined;
  const login = handle ? `${handle}${index % 7 === 0 ? index % 97 : ""}` : loginFrom(random, given.latin, family.latin, index);
  const joinRoll = random.next();
  const join: Join = joinRoll < 0.7 ? "email" : joinRoll < 0.8 ? "stated" : "name";
  const company = random.chance(0.3) ? `${random.pick(companies)}.${mailDomain}` : random.pick(mailHosts);
  const local = handle ? handle.replace(/[_-]/g, ".") : `${given.latin}.${family.latin}`;
  const email = `${local}${index}@${company}`;
  const sharedBox = !founder && random.chance(0.012) ? `dev-team-${Math.floor(index / 400)}@${companies[1]}.${mailDomain}` : undefined;
  const renameDay = joinDay + Math.round(random.next() * 200) + 10;
  return {
    ...outline,
    name: culture.familyFirst
      ? `${family.native}${culture.separator ?? " "}${given.native}`
      : `${given.native} ${middle(more, random.pick(names.family).native)}${family.native}`,
    login,
    email,
    commitEmail: join === "stated" && sharedBox === undefined ? `${local}@old-${index}.${mailDomain}` : email,
    zone: random.pick(culture.zones),
    join: sharedBox === undefined ? join : "name",
    ghost: !founder && random.chance(0.012),
    renamed:
      random.chance(0.06) && renameDay < calendar.days - 5
        ? { login: `${login.replace(/[^a-z]/g, "").slice(0, 6)}-old${index % 10}`, day: renameDay }
        : undefined,
    nameless: handle !== undefined && random.chance(0.8),
    sharedBox,
  };
}

/** Many people show a middle initial or a second family name. */
function middle(roll: number, second: string): string {
  if (roll < 0.2) return `${second.slice(0, 1)}. `;
  return roll < 0.45 ? `${second} ` : "";
}

const namesOf = cultures.map((culture) => ({ given: culture.given.map(readName), family: culture.family.map(readName) }));

function readName(name: string): { native: string; latin: string } {
  const [native = name, latin] = name.split("=");
  return { native, latin: latin ?? latinize(native) };
}

function latinize(name: string): string {
  const unmarked: Record<string, string> = { ł: "l", ø: "o", ß: "ss", đ: "d", ı: "i", æ: "ae" };
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
  if (random.chance(0.34) && presence !== 0) return presence === 0b11111 ? 0b01111 : presence;
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

/** Draws a person who has an account on the platform, has come by that day and has not left yet. @returns the index */
export function drawPerson(crowd: Crowd, calendar: Calendar, random: Random, wanted: Wanted): number {
  const { traits } = crowd;
  const bit = 1 << parts.indexOf(wanted.part);
  const share = calendar.shareBefore("github", wanted.day + 1);
  const here = Math.max(founders, Math.floor(crowd.size * share));
  const wave = Math.max(6, Math.round(crowd.size / 200));
  for (let attempt = 0; attempt < 24; attempt += 1) {
    const fresh = random.next() < wanted.fresh;
    const index = fresh ? here - 1 - Math.min(here - 1, Math.floor(-Math.log(1 - random.next()) * wave)) : random.below(here);
    if (index === wanted.not || !traits.isAbout(index, bit, wanted.day)) continue;
    if (attempt < 12 && wanted.language !== undefined && traits.language(index) !== wanted.language) continue;
    if (random.next() < (wanted.taste[traits.loyalty(index)] as number)) return index;
  }
  const founder = random.below(founders);
  return founder === wanted.not ? (founder + 1) % founders : founder;
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
  const at = start + (Math.floor((hour + random.next()) * 3_600_000) % dayMs);
  if (at <= calendar.to && at >= start) return at;
  return start + Math.floor(random.next() * Math.max(60_000, calendar.to - start));
}
