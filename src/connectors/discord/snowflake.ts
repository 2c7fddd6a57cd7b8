const discordEpoch = 1_420_070_400_000;
const oneDayAndZones = 26 * 3_600_000;

/** Discord's ids hold the moment of their making in their upper 42 bits. They exceed what a number can hold: always text. */
export function snowflakeTime(id: string): Date | undefined {
  if (!/^\d{15,20}$/.test(id)) return undefined;
  return new Date(Number(BigInt(id) >> 22n) + discordEpoch);
}

/** The least id that can be made at a moment: where to begin reading from it on. */
export function snowflakeFrom(at: Date): string {
  return (BigInt(Math.max(0, at.getTime() - discordEpoch)) << 22n).toString();
}

/** Order of ids, which is the order of time. */
export function compareIds(a: string, b: string): number {
  return a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);
}

/**
 * When a message was written: what its id says. Exporters write times in the zone of the machine they ran on, some
 * versions without saying which. Only where id and stamp are further apart than any zone, the id is none of Discord's.
 */
export function writtenAt(id: string, timestamp: string | null | undefined): Date | undefined {
  const byId = snowflakeTime(id);
  const stamp = readStamp(timestamp);
  if (!stamp) return byId;
  return byId && Math.abs(byId.getTime() - stamp.getTime()) <= oneDayAndZones ? byId : stamp;
}

/** A stamp as a moment; one without a zone is read as UTC, as better is not known. */
export function readStamp(timestamp: string | null | undefined): Date | undefined {
  if (!timestamp) return undefined;
  const at = new Date(/(?:Z|[+-]\d\d:?\d\d)$/i.test(timestamp) ? timestamp : `${timestamp}Z`);
  return Number.isNaN(at.getTime()) ? undefined : at;
}
