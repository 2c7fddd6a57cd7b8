import { IdTable } from "../id-table.ts";
import { PackedLists } from "../packed-lists.ts";
import type { MatrixEvent, MessagePayload } from "./format.ts";
import { bundledEdit, type Edit, type Reaction, readRelation, redactedBecause, tellFate } from "./relations.ts";

/**
 * The relations of all files of an export. Which come before their message and which after, in which file and how often,
 * makes no difference. They are many, so they are kept small.
 */
export class FileRelations {
  readonly #edits = new PackedLists<Edit>();
  readonly #reactions = new PackedLists<Reaction>();
  readonly #redactions = new IdTable();
  /** Of messages that were met stripped of their words, without a word of when. */
  readonly #stripped = new IdTable();

  /** Takes an event that is about another one; returns the other one's id, or undefined for what stands by itself. */
  take(event: MatrixEvent): string | undefined {
    const relation = readRelation(event);
    if (relation === undefined) return undefined;
    const { target } = relation;
    if (relation.redactedAt !== undefined) this.#noteRedaction(target, relation.redactedAt);
    else if (relation.reaction) this.#reactions.add(target, relation.reaction);
    else if (relation.edit) this.#edits.add(target, relation.edit);
    return target;
  }

  /** What a copy of a message says of its own fate, so that of several copies it does not matter which one is read first. */
  note(event: MatrixEvent): void {
    const { at, isGuess } = redactedBecause(event) ?? {};
    if (at !== undefined && isGuess) this.#stripped.set(event.event_id, at);
    else if (at !== undefined) this.#noteRedaction(event.event_id, at);
    const edit = bundledEdit(event);
    if (edit) this.#edits.add(event.event_id, edit);
  }

  /** What all that says of a message; what was taken back or is not its writer's is left out. */
  about(event: MatrixEvent): Pick<MessagePayload, "edit" | "redactedAt" | "reactions"> & { latest: number } {
    const { event_id: id } = event;
    return tellFate(event, {
      redactedAt: this.#redactions.get(id) ?? this.#stripped.get(id),
      edits: this.#edits.of(id).filter(({ target }) => target === id),
      reactions: this.#reactions.of(id).filter(({ target }) => target === id),
      isRedacted: (other) => this.#redactions.get(other) !== undefined,
    });
  }

  /** Each edit once, whether or not its message was read. */
  *edits(): Generator<Edit> {
    const told = new IdTable();
    for (const edit of this.#edits.all()) {
      if (told.get(edit.id) !== undefined) continue;
      told.set(edit.id, 1);
      yield edit;
    }
  }

  #noteRedaction(id: string, at: number): void {
    this.#redactions.set(id, Math.min(at, this.#redactions.get(id) ?? at));
  }
}
