import { AppError } from "#core/errors.ts";
import type { About } from "./format.ts";
import { originOf, type Place, parseNames, parseRepository, siteOf } from "./repository.ts";

export interface RepositorySettings {
  repository: string;
  alsoCalled: string;
  baseUrl: string;
}

interface Counted {
  repo: string;
  host: string | undefined;
  visibility?: Place["visibility"];
  n: number;
  ids: Set<number>;
}

const keyOf = (place: Pick<Place, "repo" | "host">): string => `${place.host ?? ""}/${place.repo.toLowerCase()}`;

/** How much an export holds of which repository. */
export class RepositoryCounts {
  readonly #byKey = new Map<string, Counted>();
  /** Items that do not say of which repository they are, as stars do not. */
  unplaced = 0;
  /** Rows of the event feed that should say it and do not. */
  nameless = 0;

  /** @returns true, for a caller that counts as it passes by */
  add(place: Place): true {
    const key = keyOf(place);
    const known = this.#byKey.get(key) ?? { repo: place.repo, host: place.host, n: 0, ids: new Set<number>() };
    known.n++;
    if (place.id !== undefined) known.ids.add(place.id);
    if (place.visibility) known.visibility = place.visibility;
    this.#byKey.set(key, known);
    return true;
  }

  addUnplaced(): void {
    this.unplaced++;
  }

  addNameless(): void {
    this.nameless++;
  }

  get seen(): number {
    let n = this.unplaced + this.nameless;
    for (const counted of this.#byKey.values()) n += counted.n;
    return n;
  }

  /** The most frequent first. */
  list(): Counted[] {
    return [...this.#byKey.values()].sort((a, b) => b.n - a.n || (a.repo < b.repo ? -1 : 1));
  }
}

/** The repository that is brought in. */
export interface Chosen {
  about: About;
  origin: string;
  /** Whether something is of it: under one of its names, or under another one that it had then. */
  covers(place: Pick<Place, "repo" | "id" | "host">): boolean;
}

/**
 * Which repository of an export is meant: the one in the settings, or the only one there is.
 * @throws AppError `invalid_input` when several are there and none is named, or none is named at all; `unreadable_file` when the
 *   one that is named is not in it
 */
export function chooseRepository(name: string, counts: RepositoryCounts, settings: RepositorySettings): Chosen {
  const wanted = parseRepository(settings.repository);
  const all = counts.list();
  if (wanted === undefined) return settle(chooseOnly(name, all), all, []);
  const names = [wanted.toLowerCase(), ...parseNames(settings.alsoCalled)];
  const own = all.filter(({ repo }) => names.includes(repo.toLowerCase()));
  if (own.length === 0 && all.length > 0 && counts.unplaced === 0) {
    throw new AppError("unreadable_file", { public: `${name} holds nothing of ${wanted}. It holds ${listNames(all)}.` });
  }
  const spelled = own.find(({ repo }) => repo.toLowerCase() === wanted.toLowerCase());
  const host = own[0] ? own[0].host : siteOf(URL.parse(settings.baseUrl)?.host ?? "github.com");
  const main: Counted = { ...(spelled ?? { n: 0, ids: new Set() }), repo: spelled?.repo ?? wanted, host };
  return settle(main, all, names);
}

/** One repository may have had several names; its number tells. */
function chooseOnly(name: string, all: Counted[]): Counted {
  const [first] = all;
  if (!first) {
    throw new AppError("invalid_input", {
      public: `${name} does not say of which repository it is (lists of stars and forks do not). Name it as the setting «Repository».`,
      issues: [{ path: "repository", message: "say which repository it is, as owner/name" }],
    });
  }
  if (all.every((one) => one === first || sharesId(one, first))) return first;
  throw new AppError("invalid_input", {
    public: `${name} holds ${all.length.toLocaleString("en")} repositories: ${listNames(all)}. Say which one to bring in, as the setting «Repository» (--repository owner/name).`,
    issues: [{ path: "repository", message: "say which repository to bring in" }],
  });
}

function settle(main: Counted, all: readonly Counted[], names: readonly string[]): Chosen {
  const accepted = new Set([main.repo.toLowerCase(), ...names]);
  const ids = new Set<number>();
  for (const one of all) if (accepted.has(one.repo.toLowerCase()) && one.host === main.host) for (const id of one.ids) ids.add(id);
  const visibility = main.visibility;
  return {
    about: { repo: main.repo, ...(main.host !== undefined && { host: main.host }), ...(visibility && { visibility }) },
    origin: originOf(main.repo, main.host),
    covers: (place) => place.host === main.host && (accepted.has(place.repo.toLowerCase()) || (place.id !== undefined && ids.has(place.id))),
  };
}

const sharesId = (a: Counted, b: Counted): boolean => [...a.ids].some((id) => b.ids.has(id));

function listNames(all: readonly Counted[]): string {
  const shown = all.slice(0, 10).map(({ repo, n }) => `${repo} (${n.toLocaleString("en")})`);
  return all.length > 10 ? `${shown.join(", ")} …` : shown.join(", ");
}
