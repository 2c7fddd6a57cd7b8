import type { MatrixEvent, MatrixRoom } from "./format.ts";

interface Known {
  name?: string;
  nameAt: number;
  alias?: string;
  joinRule?: string;
  joinRuleAt: number;
}

/** What state events say of rooms; the latest of each kind stands. */
export class Rooms {
  readonly #rooms = new Map<string, Known>();

  /** @param roomId the event's room, where it does not say so itself */
  note(event: MatrixEvent, roomId: string): void {
    const room = this.#of(roomId);
    const at = event.origin_server_ts;
    const { name, alias, join_rule: joinRule } = event.content;
    if (event.type === "m.room.name" && typeof name === "string" && name !== "" && at >= room.nameAt) Object.assign(room, { name, nameAt: at });
    if (event.type === "m.room.canonical_alias" && typeof alias === "string") room.alias = alias;
    if (event.type === "m.room.join_rules" && typeof joinRule === "string" && at >= room.joinRuleAt)
      Object.assign(room, { joinRule, joinRuleAt: at });
  }

  /** What an export calls the room: the name on the day of the export. */
  call(roomId: string, name: string): void {
    Object.assign(this.#of(roomId), { name, nameAt: Number.POSITIVE_INFINITY });
  }

  get ids(): string[] {
    return [...this.#rooms.keys()].sort();
  }

  room(roomId: string): MatrixRoom {
    const known = this.#of(roomId);
    const access = known.joinRule === undefined ? "unknown" : known.joinRule === "public" ? "open" : "closed";
    return { id: roomId, name: known.name ?? known.alias ?? roomId, access };
  }

  #of(roomId: string): Known {
    const known = this.#rooms.get(roomId) ?? { nameAt: 0, joinRuleAt: 0 };
    this.#rooms.set(roomId, known);
    return known;
  }
}
