import { AppError } from "#core/errors.ts";
import { ensureSource, type IngestCounts, runPull } from "#features/ledger/index.ts";
import { platforms } from "./channels.ts";
import { sample, sampleStream } from "./index.ts";
import { type Part, parts, type SampleSettings, sampleSettings, worldOf } from "./settings.ts";
import { threadCount } from "./sizes.ts";

/** A community and who asks, as the ledger takes them. */
type Ctx = Parameters<typeof runPull>[0];

export interface LoadSampleInput {
  /** About how many activities; 20,000 when absent. */
  activities?: number;
  seed?: number;
  /** The end of its history; now when absent. */
  to?: Date;
  signal?: AbortSignal;
  onProgress?: (progress: LoadSampleProgress) => void;
}

export interface LoadSampleProgress {
  /** The source that is being loaded. */
  source: string;
  /** Records (threads and commits) over all sources. */
  done: number;
  total: number;
  ratePerSecond: number;
  etaSeconds: number | null;
  counts: IngestCounts;
}

export interface LoadedSample {
  sources: { id: string; name: string; part: Part }[];
  counts: IngestCounts;
  rejected: number;
}

/**
 * Loads the sample community: one source per platform, each pulled to its end. What a cut run has stored stays, and the
 * next run goes on there. Deriving (members, questions, search) is the consumers' work and comes after.
 * @throws AppError `conflict` when the community holds a sample of another size or seed, or when stopped
 */
export async function loadSample(ctx: Ctx, input: LoadSampleInput = {}): Promise<LoadedSample> {
  const wanted = sampleSettings.parse({
    ...(input.activities === undefined ? {} : { activities: input.activities }),
    ...(input.seed === undefined ? {} : { seed: input.seed }),
    to: (input.to ?? ctx.clock.now()).toISOString(),
  });
  const sources: { id: string; name: string; part: Part; settings: SampleSettings }[] = [];
  for (const part of parts) {
    const { name } = platforms[part];
    const held = await ensureSource(ctx, { connector: sample.id, origin: `sample:${part}`, name, settings: { ...wanted, part } });
    const settings = sampleSettings.parse(held.settings);
    refuseAnother(settings, input);
    sources.push({ id: held.id, name, part, settings });
  }
  const totals = sources.map(({ part, settings }) => threadCount(worldOf(settings, ctx.clock.now()), part));
  const total = totals.reduce((sum, count) => sum + count, 0);
  const startedMs = performance.now();
  const states = sources.map(() => ({ done: 0, counts: emptyCounts(), rejected: 0 }));
  const sum = () => states.map((state) => state.counts).reduce(addCounts, emptyCounts());
  const abort = new AbortController();
  const signal = input.signal ? AbortSignal.any([input.signal, abort.signal]) : abort.signal;
  const load = async (place: number): Promise<void> => {
    const source = sources[place];
    const state = states[place];
    if (!source || !state) return;
    const outcome = await runPull(ctx, {
      connector: sample,
      sourceId: source.id,
      stream: sampleStream,
      signal,
      onProgress: (progress) => {
        Object.assign(state, { done: progress.done, counts: progress.counts });
        const done = states.reduce((all, each) => all + each.done, 0);
        const seconds = (performance.now() - startedMs) / 1000;
        const now = sum();
        input.onProgress?.({
          source: source.name,
          done,
          total,
          ratePerSecond: Math.round((now.new.activities + now.changed.activities + now.same.activities) / Math.max(seconds, 0.001)),
          etaSeconds: done === 0 ? null : Math.round((seconds / done) * (total - done)),
          counts: now,
        });
      },
    });
    Object.assign(state, { done: totals[place], counts: outcome.counts, rejected: outcome.rejected });
  };
  await inLanes(sourcesAtOnce, sources.length, load, abort);
  return {
    sources: sources.map(({ id, name, part }) => ({ id, name, part })),
    counts: sum(),
    rejected: states.reduce((all, { rejected }) => all + rejected, 0),
  };
}

/** While one source's rows are being stored, another's are read: two keep processor and database busy. */
const sourcesAtOnce = 2;

/** Works off `count` places in order, some at once; the first failure stops the others, which end first. */
async function inLanes(lanes: number, count: number, work: (place: number) => Promise<void>, abort: AbortController): Promise<void> {
  let next = 0;
  let failure: unknown;
  const lane = async () => {
    while (next < count && !abort.signal.aborted) {
      const place = next;
      next += 1;
      try {
        await work(place);
      } catch (error) {
        failure ??= error;
        abort.abort();
      }
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  if (failure !== undefined) throw failure;
}

function refuseAnother(held: SampleSettings, input: LoadSampleInput): void {
  if ((input.activities ?? held.activities) === held.activities && (input.seed ?? held.seed) === held.seed) return;
  throw new AppError("conflict", {
    public: `This community holds a sample of ${held.activities} activities (seed ${held.seed}) already. Remove its sources first, or load the other one into a community of its own.`,
  });
}

const noCounts = () => ({ threads: 0, activities: 0, identities: 0 });

function emptyCounts(): IngestCounts {
  return { new: noCounts(), changed: noCounts(), same: noCounts(), rejected: noCounts(), activitiesByKind: {} };
}

function addCounts(a: IngestCounts, b: IngestCounts): IngestCounts {
  const add = (key: "new" | "changed" | "same" | "rejected") => ({
    threads: a[key].threads + b[key].threads,
    activities: a[key].activities + b[key].activities,
    identities: a[key].identities + b[key].identities,
  });
  const activitiesByKind = { ...a.activitiesByKind };
  for (const [kind, count] of Object.entries(b.activitiesByKind)) activitiesByKind[kind] = (activitiesByKind[kind] ?? 0) + count;
  return { new: add("new"), changed: add("changed"), same: add("same"), rejected: add("rejected"), activitiesByKind };
}
