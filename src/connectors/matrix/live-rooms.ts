import { z } from "zod";
import { AppError } from "#core/errors.ts";
import type { ConnectInput, LiveIdentity } from "#features/ledger/index.ts";
import { hostOf } from "../words.ts";
import { type Asking, askMatrix, type MatrixAccess, MatrixRefusal } from "./client.ts";
import type { MatrixRoom } from "./format.ts";

export interface MatrixLiveSettings {
  homeserver: string;
  accessToken: string;
  rooms: string;
}

const whoSchema = z.looseObject({ user_id: z.string() });
const joinedSchema = z.looseObject({ joined_rooms: z.array(z.string()) });
const aliasSchema = z.looseObject({ room_id: z.string() });

/** @throws AppError `invalid_input` naming what is missing */
export function accessOf(settings: MatrixLiveSettings): MatrixAccess {
  const missing = [settings.homeserver === "" && "the homeserver's address", settings.accessToken === "" && "an access token"].filter(
    (part) => part !== false,
  );
  if (missing.length > 0) throw new AppError("invalid_input", { public: `To read Matrix live, give ${missing.join(" and ")}.` });
  return { server: settings.homeserver, token: settings.accessToken };
}

/** Signs in and says what can be read. */
export async function connectMatrix({ settings, signal, http }: ConnectInput<MatrixLiveSettings>): Promise<LiveIdentity> {
  const asking = { access: accessOf(settings), http, signal };
  const { user_id: userId } = whoSchema.parse(await askMatrix(asking, "v3/account/whoami"));
  const { ids, refused } = await findRooms(asking, settings.rooms);
  if (refused.length > 0) {
    throw new AppError("not_found", { public: `${refused.join(" ")} Check how it is written, and that ${userId} is in it.` });
  }
  const rooms: MatrixRoom[] = [];
  for (const id of ids.slice(0, 20)) {
    try {
      await askMatrix(asking, `v3/rooms/${encodeURIComponent(id)}/messages`, { dir: "b", limit: "1" });
      rooms.push(await readRoom(asking, id));
    } catch (error) {
      if (!(error instanceof MatrixRefusal)) throw error;
      throw new AppError("forbidden", { public: `${userId} may not read ${id}: ${error.message}. Invite it, and let it join.` });
    }
  }
  const [only] = rooms;
  const host = hostOf(settings.homeserver) ?? settings.homeserver;
  const names = rooms.map(({ name }) => name).join(", ") + (ids.length > rooms.length ? " and more" : "");
  return {
    origin: `matrix:${ids.length === 1 ? ids[0] : host}`,
    name: ids.length === 1 && only ? only.name : host,
    says:
      ids.length === 0
        ? `Signed in as ${userId}, which is in no room yet.`
        : `Signed in as ${userId}; ${ids.length === 1 ? "1 room" : `${ids.length} rooms`} can be read: ${names}.`,
  };
}

/** The rooms that were named, by id or alias; all that we are in where none was. */
export async function findRooms(asking: Asking, named: string): Promise<{ ids: string[]; refused: string[] }> {
  const wanted = named
    .split(/[\s,]+/)
    .map((name) => decodeURIComponent(name.replace(/^https:\/\/matrix\.to\/#\//, "").replace(/\?.*$/, "")))
    .filter(Boolean);
  if (wanted.length === 0) return { ids: joinedSchema.parse(await askMatrix(asking, "v3/joined_rooms")).joined_rooms.sort(), refused: [] };
  const ids = new Set<string>();
  const refused: string[] = [];
  for (const name of wanted) {
    if (name.startsWith("!")) ids.add(name);
    else {
      try {
        ids.add(aliasSchema.parse(await askMatrix(asking, `v3/directory/room/${encodeURIComponent(name)}`)).room_id);
      } catch (error) {
        if (!(error instanceof MatrixRefusal)) throw error;
        refused.push(`There is no room ${name}: ${error.message}.`);
      }
    }
  }
  return { ids: [...ids].sort(), refused };
}

/** A room's name and whether anybody may join. */
export async function readRoom(asking: Asking, id: string): Promise<MatrixRoom> {
  const state = async (type: string, field: string): Promise<string | undefined> => {
    try {
      const content = z.looseObject({}).parse(await askMatrix(asking, `v3/rooms/${encodeURIComponent(id)}/state/${type}/`));
      return typeof content[field] === "string" && content[field] !== "" ? content[field] : undefined;
    } catch (error) {
      // A room need not have a name, and who only peeks may not see its state.
      if (error instanceof MatrixRefusal) return undefined;
      throw error;
    }
  };
  const name = (await state("m.room.name", "name")) ?? (await state("m.room.canonical_alias", "alias")) ?? id;
  const joinRule = await state("m.room.join_rules", "join_rule");
  return { id, name, access: joinRule === undefined ? "unknown" : joinRule === "public" ? "open" : "closed" };
}
