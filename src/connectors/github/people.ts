import type { IdentityRef, NormalizedActivity, NormalizedIdentity } from "#features/ledger/index.ts";
import { botReason } from "../known-bots.ts";

/** An account as GitHub shows it beside what it did. */
export interface Account {
  login: string;
  /** Absent where a file holds only logins. */
  id?: number | undefined;
  /** `Bot`, `Organization`, `Mannequin`; people have none here. */
  type?: string | undefined;
}

export type Credit = Pick<NormalizedActivity, "author" | "unattributed">;

/** GitHub's own stand-in for deleted accounts. */
const ghostId = 10_137;

const isGhost = (account: Account | null | undefined): boolean => {
  const login = account?.login.trim().toLowerCase() ?? "";
  return login === "" || login === "ghost" || account?.id === ghostId;
};

/** The login as part of a key: ghosts and empty logins alike. */
export function loginKey(login: string | null | undefined): string {
  return isGhost({ login: login ?? "" }) ? "ghost" : (login ?? "").trim().toLowerCase();
}

/** The people of one record: who is credited, and what the source states of them. */
export class People {
  readonly #host: string | undefined;
  readonly #identities = new Map<string, NormalizedIdentity>();

  /**
   * @param options.host a GitHub Enterprise Server, whose numbers are its own; undefined for github.com
   */
  constructor(options: { host?: string | undefined } = {}) {
    this.#host = options.host;
  }

  /** Names who did something; ghosts and organizations stay unattributed. */
  credit(account: Account | null | undefined): Credit {
    if (!account || isGhost(account)) return { unattributed: "ghost" };
    const login = account.login.trim();
    if (account.type === "Organization") return { unattributed: `${login} (an organization)` };
    const platform = this.#host === undefined ? "github" : `github:${this.#host}`;
    const author: IdentityRef = { platform, externalId: account.id === undefined ? `login:${login.toLowerCase()}` : `id:${account.id}` };
    if (this.#identities.has(author.externalId)) return { author };
    const bot = account.type === "Bot" ? `GitHub marks ${login} as an app (type Bot).` : botReason({ login });
    this.#identities.set(author.externalId, {
      ...author,
      login,
      displayName: login,
      url: `https://${this.#host ?? "github.com"}/${account.type === "Bot" ? `apps/${login.replace(/\[bot\]$/, "")}` : login}`,
      ...(account.id !== undefined &&
        account.type !== "Bot" &&
        this.#host === undefined && { avatarUrl: `https://avatars.githubusercontent.com/u/${account.id}` }),
      ...(bot && { kind: { value: "bot" as const, reason: bot } }),
    });
    return { author };
  }

  /** What a batch states of them. */
  state(): { identities: NormalizedIdentity[] } {
    return { identities: [...this.#identities.values()] };
  }
}

/** GitHub's own word for the author's place in the project. It marks nobody as our team: that is for people to say. */
export function association(word: string | null | undefined): Record<string, unknown> | undefined {
  if (!word || word === "NONE") return undefined;
  const insider = word === "OWNER" || word === "MEMBER" || word === "COLLABORATOR";
  return { authorAssociation: word, ...(insider && { suggestedRole: "team" }) };
}

/** Words with one kind of line end; none at all when there are none. */
export function words(body: string | null | undefined): string | undefined {
  return body ? body.replace(/\r\n?/g, "\n") : undefined;
}
