const earliest = Date.UTC(1990, 0, 1);
const latest = Date.UTC(2100, 0, 1);

/** A date as feeds write it; without a zone it is taken for UTC. */
export function parseFeedDate(text: string | undefined): Date | undefined {
  if (!text) return undefined;
  const zoned = /^\d{4}-\d\d-\d\d(?:[T ][\d:.]+)?$/.test(text) ? `${text.replace(" ", "T")}${/[T ]/.test(text) ? "Z" : "T00:00:00Z"}` : text;
  const ms = Date.parse(/^[A-Za-z]{3},? \d{1,2} \w{3} \d{4} [\d:]+$/.test(zoned) ? `${zoned} GMT` : zoned);
  return ms >= earliest && ms < latest ? new Date(ms) : undefined;
}
