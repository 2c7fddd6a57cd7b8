import type { IngestCounts } from "./batch.ts";

/** Things counted once however many records name them: new beats changed beats same. */
class DistinctCounts {
  private readonly created = new Set<string>();
  private readonly changed = new Set<string>();
  private readonly same = new Set<string>();

  add(input: { created: Iterable<string>; changed: Iterable<string>; seen: Iterable<string> }): void {
    for (const id of input.created) {
      this.created.add(id);
      this.changed.delete(id);
      this.same.delete(id);
    }
    for (const id of input.changed) {
      if (this.created.has(id)) continue;
      this.changed.add(id);
      this.same.delete(id);
    }
    for (const id of input.seen) if (!this.created.has(id) && !this.changed.has(id)) this.same.add(id);
  }

  /** Whether it came to be in this run. */
  isNew(id: string): boolean {
    return this.created.has(id);
  }

  /** Takes out what is gone again before the run ended. */
  drop(ids: Iterable<string>): void {
    for (const id of ids) for (const set of [this.created, this.changed, this.same]) set.delete(id);
  }

  get sizes(): { new: number; changed: number; same: number } {
    return { new: this.created.size, changed: this.changed.size, same: this.same.size };
  }
}

/** What a run has done so far. */
export class RunCounts {
  readonly threads = new DistinctCounts();
  readonly identities = new DistinctCounts();
  readonly activities = { new: 0, changed: 0, same: 0 };
  readonly activitiesByKind: Record<string, number> = {};
  rejected = 0;
  /** Records left at the door by the source's privacy, by reason. */
  readonly leftOut = new Map<string, number>();

  /** Whether anything is new or other than it was. */
  get broughtSomething(): boolean {
    const { threads, activities } = this;
    return activities.new + activities.changed + threads.sizes.new + threads.sizes.changed > 0;
  }

  addKinds(kinds: ReadonlyMap<string, number>): void {
    for (const [kind, n] of kinds) this.activitiesByKind[kind] = (this.activitiesByKind[kind] ?? 0) + n;
  }

  toJSON(): IngestCounts {
    const threads = this.threads.sizes;
    const identities = this.identities.sizes;
    return {
      new: { threads: threads.new, activities: this.activities.new, identities: identities.new },
      changed: { threads: threads.changed, activities: this.activities.changed, identities: identities.changed },
      same: { threads: threads.same, activities: this.activities.same, identities: identities.same },
      rejected: { threads: 0, activities: this.rejected, identities: 0 },
      activitiesByKind: { ...this.activitiesByKind },
    };
  }
}
