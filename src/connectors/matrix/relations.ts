import { z } from "zod";
import type { MatrixContent, MatrixEvent, MessagePayload } from "./format.ts";

const keptSchema = z.object({
  edits: z.array(z.object({ target: z.string(), sender: z.string(), id: z.string(), at: z.number(), content: z.looseObject({}) })),
  reactions: z.array(z.object({ target: z.string(), sender: z.string(), id: z.string(), at: z.number(), key: z.string() })),
  redactions: z.array(z.tuple([z.string(), z.number()])),
});

/** What waits for its message, as it goes into a cursor. */
export type KeptRelations = z.output<typeof keptSchema>;
type Edit = KeptRelations["edits"][number];
type Reaction = KeptRelations["reactions"][number];

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
    const target = targetOf(event);
    if (target === undefined) return undefined;
    const { event_id: id, sender, origin_server_ts: at, content } = event;
    const words = content["m.new_content"];
    if (event.type === "m.room.redaction") this.#redactions.set(target, Math.min(at, this.#redactions.get(target) ?? at));
    else if (event.type === "m.reaction")
      add(this.#reactions, target, { target, sender, id, at, key: (content["m.relates_to"]?.key ?? "").slice(0, 100) });
    else if (words) add(this.#edits, target, { target, sender, id, at, content: words });
    return target;
  }

  /** What a copy of a message says of its own fate, so that of several copies it does not matter which one is read first. */
  note(event: MatrixEvent): void {
    const redactedAt = redactionOf(event);
    if (redactedAt !== undefined) this.#redactions.set(event.event_id, Math.max(redactedAt, this.#redactions.get(event.event_id) ?? 0));
    const edit = readBundledEdit(event);
    if (edit) add(this.#edits, event.event_id, edit);
  }

  /** What all that says of a message; what was taken back or is not its writer's is left out. */
  about(event: MatrixEvent): Pick<MessagePayload, "edit" | "redactedAt" | "reactions"> & { latest: number } {
    const redactedAt = this.#redactions.get(event.event_id) ?? redactionOf(event);
    if (redactedAt !== undefined) return { redactedAt, latest: Math.max(event.origin_server_ts, redactedAt) };
    const bundled = readBundledEdit(event);
    const edits = [...(this.#edits.get(event.event_id) ?? []), ...(bundled ? [bundled] : [])].filter(
      ({ sender, id }) => sender === event.sender && !this.#redactions.has(id),
    );
    const edit = edits.sort((a, b) => a.at - b.at || (a.id < b.id ? -1 : 1)).at(-1);
    const reactions = new Map<string, Reaction>();
    for (const reaction of this.#reactions.get(event.event_id) ?? []) {
      if (!this.#redactions.has(reaction.id)) reactions.set(`${reaction.sender} ${reaction.key}`, reaction);
    }
    const counts: Record<string, number> = {};
    for (const key of [...reactions.values()].map((reaction) => reaction.key).sort()) counts[key] = (counts[key] ?? 0) + 1;
    return {
      ...(edit && { edit: { at: edit.at, content: edit.content as MatrixContent } }),
      ...(reactions.size > 0 && { reactions: counts }),
      latest: Math.max(event.origin_server_ts, edit?.at ?? 0, ...[...reactions.values()].map(({ at }) => at)),
    };
  }

  /** The message has been read; nothing waits for it any more. */
  drop(id: string): void {
    for (const { id: own } of [...(this.#edits.get(id) ?? []), ...(this.#reactions.get(id) ?? [])]) this.#redactions.delete(own);
    this.#edits.delete(id);
    this.#reactions.delete(id);
    this.#redactions.delete(id);
  }

  /** Edits of messages that were not read. */
  waitingEdits(): Edit[] {
    return [...this.#edits.values()].flat();
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

function redactionOf(event: MatrixEvent): number | undefined {
  const because = event.unsigned?.redacted_because;
  // Servers strip a redacted event to nothing, and some dumps leave out why: all we know is that it was later.
  const isStripped = Object.keys(event.content).length === 0;
  return because || isStripped ? Math.max(because?.origin_server_ts ?? 0, event.origin_server_ts + 1) : undefined;
}

const bundledSchema = z.looseObject({
  event_id: z.string(),
  sender: z.string(),
  origin_server_ts: z.number(),
  content: z.looseObject({ "m.new_content": z.looseObject({}) }),
});

/** Servers put the last edit beside the event that it is of. */
function readBundledEdit(event: MatrixEvent): Edit | undefined {
  const parsed = bundledSchema.safeParse(event.unsigned?.["m.relations"]?.["m.replace"]);
  if (!parsed.success) return undefined;
  const { event_id: id, sender, origin_server_ts: at, content } = parsed.data;
  return { target: event.event_id, sender, id, at, content: content["m.new_content"] };
}

function add<T extends { id: string }>(map: Map<string, T[]>, target: string, item: T): void {
  const items = map.get(target);
  if (!items) map.set(target, [item]);
  else if (!items.some(({ id }) => id === item.id)) items.push(item);
}
