/**
 * How long to wait before trying again what has failed: twice as long each time, and never at the same moment as everybody
 * else who failed with us.
 * @param failures how often it has failed in a row before, from 0
 * @returns milliseconds
 */
export function growingPause(failures: number, { firstMs = 2000, mostMs = 300_000 } = {}): number {
  const step = Math.min(mostMs, firstMs * 2 ** Math.min(failures, 20));
  return step / 2 + (Math.random() * step) / 2;
}
