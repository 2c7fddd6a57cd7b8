import { randomFillSync } from "node:crypto";

const pool = Buffer.alloc(4096);
let poolOffset = pool.length;
let lastMs = 0;
let sequence = 0;

const hex: string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

function randomByte(): number {
  if (poolOffset >= pool.length) {
    randomFillSync(pool);
    poolOffset = 0;
  }
  return pool[poolOffset++] as number;
}

/**
 * A UUID version 7 (RFC 9562, 5.7): milliseconds first, then a 12-bit counter that keeps ids made
 * in one millisecond in order, then 62 random bits. Rows inserted together stay together in the index.
 * @param atMs milliseconds since 1970; by default the current time
 */
export function newId(atMs: number = Date.now()): string {
  let ms = atMs;
  if (ms <= lastMs) {
    ms = lastMs;
    sequence += 1;
    if (sequence > 0xfff) {
      ms = lastMs + 1;
      sequence = 0;
    }
  } else {
    sequence = randomByte() & 0x3f;
  }
  lastMs = ms;
  const high = Math.floor(ms / 0x1_0000_0000);
  const low = ms >>> 0;
  return (
    `${hex[(high >>> 8) & 0xff]}${hex[high & 0xff]}${hex[low >>> 24]}${hex[(low >>> 16) & 0xff]}-` +
    `${hex[(low >>> 8) & 0xff]}${hex[low & 0xff]}-` +
    `7${hex[(sequence >>> 8) & 0x0f]?.slice(1)}${hex[sequence & 0xff]}-` +
    `${hex[0x80 | (randomByte() & 0x3f)]}${hex[randomByte()]}-` +
    `${hex[randomByte()]}${hex[randomByte()]}${hex[randomByte()]}${hex[randomByte()]}${hex[randomByte()]}${hex[randomByte()]}`
  );
}

const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Whether a text is a UUID of any version. Check it before it goes into a query as one. */
export function isId(text: string): boolean {
  return uuidPattern.test(text);
}
