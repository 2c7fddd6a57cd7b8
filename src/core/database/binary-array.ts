/**
 * Arrays as PostgreSQL's wire protocol takes them in binary: a header, then each element with its length before it.
 * Against the text form nothing is escaped here and nothing parsed there, which is a large part of what a bulk insert
 * costs on both sides.
 */

/** Element types and their object ids, which are fixed in PostgreSQL's catalogue (src/include/catalog/pg_type.dat). */
const elementOids = {
  boolean: 16,
  bytea: 17,
  bigint: 20,
  smallint: 21,
  integer: 23,
  text: 25,
  real: 700,
  date: 1082,
  timestamptz: 1184,
  uuid: 2950,
  jsonb: 3802,
} as const;

export type ArrayType = keyof typeof elementOids;

/** PostgreSQL counts time from the year 2000. */
const epochMs = Date.UTC(2000, 0, 1);
const headerBytes = 20;
/** A single huge value must not hold its memory for ever. */
const deskMax = 16 << 20;
const dayMs = 86_400_000;

interface Codec {
  /** Upper bound of an element's bytes, or -1 for a value that this form cannot carry. */
  room(value: unknown): number;
  /** Writes at `at`; returns the number of bytes written, or -1 for a value that this form cannot carry. */
  write(buffer: Buffer, value: unknown, at: number): number;
}

const fixed = (bytes: number, fits: (value: unknown) => boolean, write: (buffer: Buffer, value: unknown, at: number) => void): Codec => ({
  room: (value) => (fits(value) ? bytes : -1),
  write: (buffer, value, at) => {
    write(buffer, value, at);
    return bytes;
  },
});

const isText = (value: unknown): value is string => typeof value === "string";
const isInteger = (value: unknown) => typeof value === "bigint" || Number.isInteger(value) || (isText(value) && /^-?\d{1,19}$/.test(value));
/** A UTF-16 unit takes at most three bytes in UTF-8. */
const bytesPerUnit = 3;
const toMs = (value: unknown): number =>
  value instanceof Date ? value.getTime() : isText(value) && /^\d{4}-\d\d-\d\dT.*Z$/.test(value) ? Date.parse(value) : Number.NaN;
const toDays = (value: unknown): number => (isText(value) && /^\d{4}-\d\d-\d\d$/.test(value) ? (Date.parse(value) - epochMs) / dayMs : Number.NaN);

const codecs: Record<ArrayType, Codec> = {
  boolean: fixed(
    1,
    (value) => typeof value === "boolean",
    (buffer, value, at) => void buffer.writeUInt8(value ? 1 : 0, at),
  ),
  smallint: fixed(2, isInteger, (buffer, value, at) => void buffer.writeInt16BE(Number(value), at)),
  integer: fixed(4, isInteger, (buffer, value, at) => void buffer.writeInt32BE(Number(value), at)),
  // The caller's values are numbers, bigints or digits, as `isInteger` has seen.
  bigint: fixed(8, isInteger, (buffer, value, at) => void buffer.writeBigInt64BE(BigInt(value as string | number | bigint), at)),
  real: fixed(
    4,
    (value) => typeof value === "number",
    (buffer, value, at) => void buffer.writeFloatBE(Number(value), at),
  ),
  date: fixed(
    4,
    (value) => !Number.isNaN(toDays(value)),
    (buffer, value, at) => void buffer.writeInt32BE(toDays(value), at),
  ),
  timestamptz: fixed(
    8,
    (value) => !Number.isNaN(toMs(value)),
    (buffer, value, at) => void buffer.writeBigInt64BE(BigInt(toMs(value) - epochMs) * 1000n, at),
  ),
  uuid: {
    room: (value) => (isText(value) && value.length === 36 ? 16 : -1),
    write: writeUuid,
  },
  text: {
    room: (value) => (isText(value) ? value.length * bytesPerUnit : -1),
    write: (buffer, value, at) => buffer.write(String(value), at),
  },
  jsonb: {
    room: (value) => (isText(value) ? value.length * bytesPerUnit + 1 : -1),
    // The leading 1 is the version of jsonb's wire form.
    write: (buffer, value, at) => {
      buffer[at] = 1;
      return buffer.write(String(value), at + 1) + 1;
    },
  },
  bytea: {
    room: (value) => (Buffer.isBuffer(value) ? value.length : -1),
    write: (buffer, value, at) => (Buffer.isBuffer(value) ? value.copy(buffer, at) : -1),
  },
};

/** The value of each hexadecimal digit by its character code; -1 for all else. */
const digits = new Int8Array(128).fill(-1);
for (const [value, digit] of [..."0123456789abcdef"].entries()) {
  digits[digit.charCodeAt(0)] = value;
  digits[digit.toUpperCase().charCodeAt(0)] = value;
}

/** Where the 16 bytes of a UUID stand in its text. */
const uuidPlaces = Uint8Array.from([0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34]);

function writeUuid(buffer: Buffer, value: unknown, at: number): number {
  const text = String(value);
  let bad = 0;
  for (let index = 0; index < 16; index += 1) {
    const place = uuidPlaces[index] as number;
    const byte = ((digits[text.charCodeAt(place)] ?? -1) << 4) | (digits[text.charCodeAt(place + 1)] ?? -1);
    bad |= byte;
    buffer[at + index] = byte;
  }
  return bad < 0 || text[8] !== "-" || text[13] !== "-" || text[18] !== "-" || text[23] !== "-" ? -1 : 16;
}

/** Where arrays are put together before they are copied out at their exact size: the size of text is not known before. */
let desk = Buffer.allocUnsafeSlow(1 << 16);

function widenDesk(needed: number, used: number): void {
  const wider = Buffer.allocUnsafeSlow(Math.max(needed, desk.length * 2));
  desk.copy(wider, 0, 0, used);
  desk = wider;
}

/**
 * Encodes a one-dimensional array.
 * @param values null and undefined stand for SQL's NULL; dates as Date or ISO text in UTC, jsonb as its text
 * @returns undefined when a value does not fit: the text form then reports it in PostgreSQL's own words
 */
export function encodeArray(values: readonly unknown[], type: ArrayType): Buffer | undefined {
  const codec = codecs[type];
  let hasNull = 0;
  let at = headerBytes;
  for (let index = 0; index < values.length; index += 1) {
    const value = values[index];
    if (value === null || value === undefined) {
      hasNull = 1;
      if (at + 4 > desk.length) widenDesk(at + 4, at);
      desk.writeInt32BE(-1, at);
      at += 4;
      continue;
    }
    const room = codec.room(value);
    if (room < 0) return undefined;
    if (at + 4 + room > desk.length) widenDesk(at + 4 + room, at);
    const written = codec.write(desk, value, at + 4);
    if (written < 0) return undefined;
    desk.writeInt32BE(written, at);
    at += 4 + written;
  }
  desk.writeInt32BE(values.length === 0 ? 0 : 1, 0);
  desk.writeInt32BE(hasNull, 4);
  desk.writeInt32BE(elementOids[type], 8);
  if (values.length > 0) {
    desk.writeInt32BE(values.length, 12);
    desk.writeInt32BE(1, 16);
  }
  const encoded = Buffer.from(desk.subarray(0, values.length === 0 ? 12 : at));
  if (desk.length > deskMax) desk = Buffer.allocUnsafeSlow(deskMax);
  return encoded;
}
