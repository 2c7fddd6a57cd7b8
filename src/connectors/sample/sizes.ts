import { platforms } from "./channels.ts";
import { keyOf } from "./random.ts";
import { type Part, parts, type World } from "./settings.ts";

/** Activities of a thread on average, as they come out after what lies in the future is left out. */
const meanSize = 5;
const commitsPerRecord = 1.28;
const blockSize = 4096;

/**
 * Sizes of one block of threads: a log-normal distribution cut into equal slices, with a long tail (most threads hold one
 * to five activities, the largest well over a hundred), summing up to the mean.
 */
const blockSizes: Uint16Array = drawBlock();

function drawBlock(): Uint16Array {
  const spread = 1.15;
  const raw = Float64Array.from({ length: blockSize }, (_, slice) => Math.exp(spread * normalQuantile((slice + 0.5) / blockSize)));
  const sizes = new Uint16Array(blockSize);
  // The scale whose whole numbers sum up to the mean is found by halving.
  let low = 0.5;
  let high = 10;
  for (let round = 0; round < 40; round += 1) {
    const scale = (low + high) / 2;
    let sum = 0;
    for (let slice = 0; slice < blockSize; slice += 1) {
      sizes[slice] = Math.max(1, Math.round((raw[slice] as number) * scale));
      sum += sizes[slice] as number;
    }
    if (sum > meanSize * blockSize) high = scale;
    else low = scale;
  }
  return sizes;
}

/** The inverse of the normal distribution, to about 0.0005 (Abramowitz and Stegun 26.2.23). */
function normalQuantile(p: number): number {
  const t = Math.sqrt(-2 * Math.log(Math.min(p, 1 - p)));
  const z = t - (2.515517 + 0.802853 * t + 0.010328 * t * t) / (1 + 1.432788 * t + 0.189269 * t * t + 0.001308 * t * t * t);
  return p < 0.5 ? -z : z;
}

/** How many threads a platform has. */
export function threadCount(world: World, part: Part): number {
  const activities = world.activities * platforms[part].share;
  return Math.max(1, Math.round(activities / (part === "git" ? commitsPerRecord : meanSize)));
}

/**
 * How many activities a thread should have. Neighbours take slices that lie far apart, so that any stretch of threads
 * comes near the mean, whatever the size of the world.
 */
export function threadSize(world: World, part: Part, index: number): number {
  const start = keyOf(world.seed, 31, parts.indexOf(part), Math.floor(index / blockSize));
  return blockSizes[(start + index * 2531) % blockSize] as number;
}
