import { z } from "zod";
import type { MatrixContent, MatrixEvent, MessagePayload } from "./format.ts";

const keptSchema = z.object({
  edits: z.array(z.object({ target: z.string(), sender: z.string(), id: z.string(), at: z.number(), content: z.looseObject({}) })),
  reactions: z.array(z.object({ target: z.string(), sender: z.string(), id: z.string(), at: z.number(), key: z.string() })),
  redactions: z.array(z.tuple([z.string(), z.number()])),
});

/** What waits for its message, as it goes into a cursor. */
export type KeptRelations = z.output<typeof keptSchema>;
export type Edit = KeptRelations["edits"][number];
export type Reaction = KeptRelations["reactions"][number];

const keptMax = 500;

/**
 * Edits, reactions and redactions, which in Matrix are events of their own: gathered here until the message is read that
 * they are about.
 */
export class Relations {
  readonly #edits = new Map<string, Edit[]>();
  readonly #reactions = new Map<string, Reaction[]>();
  readonly #redactions = new Map<string, number>();

  /** Takes an event that is about another one; returns the other one's id, or undefined for what stands by itself. */
  take(event: MatrixEvent): string | undefined {
    const relation = readRelation(event);
    if (relation === undefined) return undefined;
    const { target, redactedAt, reaction, edit } = relation;
    if (redactedAt !== undefined) this.#redactions.set(target, Math.min(redactedAt, this.#redactions.get(target) ?? redactedAt));
    else if (reaction) add(this.#reactions, target, reaction);
    else if (edit) add(this.#edits, target, edit);
    return target;
  }

  /** What all that says of a message; what was taken back or is not its writer's is left out. */
  about(event: MatrixEvent): Pick<MessagePayload, "edit" | "redactedAt" | "reactions"> & { latest: number } {
    return tellFate(event, {
      redactedAt: this.#redactions.get(event.event_id),
      edits: this.#edits.get(event.event_id) ?? [],
      reactions: this.#reactions.get(event.event_id) ?? [],
      isRedacted: (id) => this.#redactions.has(id),
    });
  }

  /** The message has been read; nothing waits for it any more. */
  drop(id: string): void {
    for (const { id: own } of [...(this.#edits.get(id) ?? []), ...(this.#reactions.get(id) ?? [])]) this.#redactions.delete(own);
    this.#edits.delete(id);
    this.#reactions.delete(id);
    this.#redactions.delete(id);
  }

  /** What waits, the newest of it: of what waits for long the message is beyond what we may read. */
  keep(): KeptRelations {
    const newest = <T>(list: T[]) => list.slice(-keptMax);
    return {
      edits: newest([...this.#edits.values()].flat()),
      reactions: newest([...this.#reactions.values()].flat()),
      redactions: newest([...this.#redactions]),
    };
  }

  static from(kept: unknown): Relations {
    const relations = new Relations();
    const parsed = keptSchema.safeParse(kept);
    if (!parsed.success) return relations;
    for (const edit of parsed.data.edits) add(relations.#edits, edit.target, edit);
    for (const reaction of parsed.data.reactions) add(relations.#reactions, reaction.target, reaction);
    for (const [target, at] of parsed.data.redactions) relations.#redactions.set(target, at);
    return relations;
  }
}

/** What an event does to another one. */
export function readRelation(event: MatrixEvent): { target: string; redactedAt?: number; edit?: Edit; reaction?: Reaction } | undefined {
  const target = targetOf(event);
  if (target === undefined) return undefined;
  const { event_id: id, sender, origin_server_ts: at, content } = event;
  if (event.type === "m.room.redaction") return { target, redactedAt: at };
  if (event.type === "m.reaction") return { target, reaction: { target, sender, id, at, key: (content["m.relates_to"]?.key ?? "").slice(0, 100) } };
  const words = content["m.new_content"];
  return { target, ...(words && { edit: { target, sender, id, at, content: words } }) };
}

/** What is left of a message when all that others did to it is known. */
export function tellFate(
  event: MatrixEvent,
  known: { redactedAt: number | undefined; edits: readonly Edit[]; reactions: readonly Reaction[]; isRedacted(id: string): boolean },
): Pick<MessagePayload, "edit" | "redactedAt" | "reactions"> & { latest: number } {
  const redactedAt = known.redactedAt ?? redactedBecause(event)?.at;
  if (redactedAt !== undefined) return { redactedAt, latest: Math.max(event.origin_server_ts, redactedAt) };
  const bundled = bundledEdit(event);
  const edits = [...known.edits, ...(bundled ? [bundled] : [])].filter(({ sender, id }) => sender === event.sender && !known.isRedacted(id));
  const edit = edits.sort((a, b) => a.at - b.at || (a.id < b.id ? -1 : 1)).at(-1);
  const reactions = new Map<string, Reaction>();
  for (const reaction of known.reactions) {
    const whose = `${reaction.sender} ${reaction.key}`;
    // The same again counts once, and with its first time, in whichever order they came.
    if (!known.isRedacted(reaction.id) && !(Number(reactions.get(whose)?.at) <= reaction.at)) reactions.set(whose, reaction);
  }
  const counts: Record<string, number> = {};
  for (const key of [...reactions.values()].map((reaction) => reaction.key).sort()) counts[key] = (counts[key] ?? 0) + 1;
  return {
    ...(edit && { edit: { at: edit.at, content: edit.content as MatrixContent } }),
    ...(reactions.size > 0 && { reactions: counts }),
    latest: Math.max(event.origin_server_ts, edit?.at ?? 0, ...[...reactions.values()].map(({ at }) => at)),
  };
}

/** The event that an edit, a reaction or a redaction is about. */
export function targetOf(event: MatrixEvent): string | undefined {
  if (event.type === "m.room.redaction") {
    // Rooms of version 11 on have it in the content.
    return event.redacts ?? (typeof event.content.redacts === "string" ? event.content.redacts : undefined);
  }
  const relation = event.content["m.relates_to"];
  const isReaction = event.type === "m.reaction" && relation?.rel_type === "m.annotation" && Boolean(relation.key);
  return isReaction || relation?.rel_type === "m.replace" ? relation?.event_id : undefined;
}

/** When a message was redacted, as a copy of it says. */
export function redactedBecause(event: MatrixEvent): { at: number; isGuess: boolean } | undefined {
  const because = event.unsigned?.redacted_because;
  // Servers strip a redacted event to nothing, and some dumps leave out why: all we know is that it was later.
  const isStripped = Object.keys(event.content).length === 0;
  if (!because && !isStripped) return undefined;
  return { at: Math.max(because?.origin_server_ts ?? 0, event.origin_server_ts + 1), isGuess: because?.origin_server_ts === undefined };
}

const bundledSchema = z.looseObject({
  event_id: z.string(),
  sender: z.string(),
  origin_server_ts: z.number(),
  content: z.looseObject({ "m.new_content": z.looseObject({}) }),
});

/** Servers put the last edit beside the event that it is of. */
export function bundledEdit(event: MatrixEvent): Edit | undefined {
  const given = event.unsigned?.["m.relations"]?.["m.replace"];
  // Most have none, and an error that nobody reads is the costliest part of a parse.
  if (given === undefined) return undefined;
  const parsed = bundledSchema.safeParse(given);
  if (!parsed.success) return undefined;
  const { event_id: id, sender, origin_server_ts: at, content } = parsed.data;
  return { target: event.event_id, sender, id, at, content: content["m.new_content"] };
}

function add<T extends { id: string }>(map: Map<string, T[]>, target: string, item: T): void {
  const items = map.get(target);
  if (!items) map.set(target, [item]);
  else if (!items.some(({ id }) => id === item.id)) items.push(item);
}
