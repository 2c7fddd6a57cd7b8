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
const dayMs = 86_400_000;

interface Codec {
  /** Bytes of an element, or -1 for a value that this form cannot carry. */
  size(value: unknown): number;
  /** Writes at `at` exactly as many bytes as `size` said. */
  write(buffer: Buffer, value: unknown, at: number): void;
}

const fixed = (bytes: number, fits: (value: unknown) => boolean, write: Codec["write"]): Codec => ({
  size: (value) => (fits(value) ? bytes : -1),
  write,
});

const isText = (value: unknown): value is string => typeof value === "string";
const isInteger = (value: unknown) =>
  Number.isInteger(typeof value === "bigint" ? Number(value) : value) || (isText(value) && /^-?\d{1,19}$/.test(value));
const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
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
  uuid: fixed(
    16,
    (value) => isText(value) && uuidPattern.test(value),
    (buffer, value, at) => void buffer.write(String(value).replaceAll("-", ""), at, 16, "hex"),
  ),
  text: {
    size: (value) => (isText(value) ? Buffer.byteLength(value) : -1),
    write: (buffer, value, at) => void buffer.write(String(value), at),
  },
  jsonb: {
    size: (value) => (isText(value) ? Buffer.byteLength(value) + 1 : -1),
    // The leading 1 is the version of jsonb's wire form.
    write: (buffer, value, at) => {
      buffer.writeUInt8(1, at);
      buffer.write(String(value), at + 1);
    },
  },
  bytea: {
    size: (value) => (Buffer.isBuffer(value) ? value.length : -1),
    write: (buffer, value, at) => {
      if (Buffer.isBuffer(value)) value.copy(buffer, at);
    },
  },
};

/**
 * Encodes a one-dimensional array.
 * @param values null and undefined stand for SQL's NULL; dates as Date or ISO text in UTC, jsonb as its text
 * @returns undefined when a value does not fit: the text form then reports it in PostgreSQL's own words
 */
export function encodeArray(values: readonly unknown[], type: ArrayType): Buffer | undefined {
  const codec = codecs[type];
  const sizes = new Int32Array(values.length);
  let total = headerBytes;
  let hasNull = 0;
  for (let index = 0; index < values.length; index += 1) {
    const value = values[index];
    if (value === null || value === undefined) {
      hasNull = 1;
      sizes[index] = -1;
      total += 4;
      continue;
    }
    const size = codec.size(value);
    if (size < 0) return undefined;
    sizes[index] = size;
    total += 4 + size;
  }
  const buffer = Buffer.allocUnsafe(values.length === 0 ? 12 : total);
  buffer.writeInt32BE(values.length === 0 ? 0 : 1, 0);
  buffer.writeInt32BE(hasNull, 4);
  buffer.writeInt32BE(elementOids[type], 8);
  if (values.length === 0) return buffer;
  buffer.writeInt32BE(values.length, 12);
  buffer.writeInt32BE(1, 16);
  let at = headerBytes;
  for (let index = 0; index < values.length; index += 1) {
    const size = sizes[index] ?? -1;
    buffer.writeInt32BE(size, at);
    at += 4;
    if (size < 0) continue;
    codec.write(buffer, values[index], at);
    at += size;
  }
  return buffer;
}
