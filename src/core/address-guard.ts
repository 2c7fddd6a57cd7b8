import { lookup as resolveName } from "node:dns/promises";
import { BlockList, isIP, isIPv4 } from "node:net";
import { AppError } from "./errors.ts";

const refused: [network: string, prefix: number, what: string][] = [
  ["0.0.0.0", 8, "this network"],
  ["10.0.0.0", 8, "a private network"],
  ["100.64.0.0", 10, "a provider's shared network"],
  ["127.0.0.0", 8, "this machine"],
  ["169.254.0.0", 16, "link-local addresses, where cloud metadata lives"],
  ["172.16.0.0", 12, "a private network"],
  ["192.0.0.0", 24, "protocol assignments"],
  ["192.0.2.0", 24, "documentation"],
  ["192.88.99.0", 24, "6to4 relays"],
  ["192.168.0.0", 16, "a private network"],
  ["198.18.0.0", 15, "benchmark networks"],
  ["198.51.100.0", 24, "documentation"],
  ["203.0.113.0", 24, "documentation"],
  ["224.0.0.0", 4, "multicast"],
  ["240.0.0.0", 4, "reserved addresses"],
  ["::", 128, "no address"],
  ["::1", 128, "this machine"],
  ["64:ff9b:1::", 48, "local translation"],
  ["100::", 64, "discarded addresses"],
  ["2001::", 23, "protocol assignments"],
  ["2001:db8::", 32, "documentation"],
  ["3fff::", 20, "documentation"],
  ["fc00::", 7, "a private network"],
  ["fe80::", 10, "link-local addresses"],
  ["fec0::", 10, "site-local addresses"],
  ["ff00::", 8, "multicast"],
];
const lists = refused.map(([network, prefix, what]) => {
  const list = new BlockList();
  list.addSubnet(network, prefix, isIPv4(network) ? "ipv4" : "ipv6");
  return { list, what, version: isIPv4(network) ? ("ipv4" as const) : ("ipv6" as const) };
});

/**
 * What a refused address belongs to, or undefined for one on the public internet.
 * IPv6 forms that carry an IPv4 address (mapped, translated, 6to4) are judged by the address inside.
 */
export function refusedAddress(address: string): string | undefined {
  if (isIPv4(address)) return lists.find(({ list, version }) => version === "ipv4" && list.check(address, "ipv4"))?.what;
  const embedded = embeddedIpv4(address);
  if (embedded) return refusedAddress(embedded);
  return lists.find(({ list, version }) => version === "ipv6" && list.check(address, "ipv6"))?.what;
}

export interface CheckedAddress {
  address: string;
  family: 4 | 6;
}

/** Decides which hosts may be reached; made once from the allow-list of the settings. */
export interface AddressGuard {
  /**
   * Resolves a host and returns the addresses that may be connected to; the connection must go to one of these and
   * not resolve again, or a name that changes its answer would slip through.
   * @throws AppError `forbidden` when any of its addresses is refused; `upstream_failed` when there is no such host
   */
  check(host: string, port: number): Promise<CheckedAddress[]>;
}

/**
 * @param allow host names, `host:port`, addresses or networks that may be reached although they are private
 * @param resolve finds a name's addresses; the system's resolver by default
 */
export function createAddressGuard(
  allow: readonly string[],
  resolve: (host: string) => Promise<{ address: string; family: number }[]> = (host) => resolveName(host, { all: true }),
): AddressGuard {
  const names = new Set<string>();
  const networks = new BlockList();
  for (const entry of allow) {
    const [network = "", prefix] = entry.split("/");
    const version = isIP(network);
    if (version === 0) names.add(entry.toLowerCase());
    else networks.addSubnet(network, Number(prefix ?? (version === 4 ? 32 : 128)), version === 4 ? "ipv4" : "ipv6");
  }
  return {
    async check(host, port) {
      const name = host
        .toLowerCase()
        .replace(/^\[|\]$/g, "")
        .replace(/\.$/, "");
      const found = isIP(name)
        ? [{ address: name, family: isIP(name) }]
        : await resolve(name).catch((error: unknown) => {
            throw new AppError("upstream_failed", { public: `There is no host ${name}. Check the address.`, cause: error });
          });
      const allowed = names.has(name) || names.has(`${name}:${port}`);
      for (const { address, family } of found) {
        const what = allowed || networks.check(address, family === 4 ? "ipv4" : "ipv6") ? undefined : refusedAddress(address);
        if (what) {
          throw new AppError("forbidden", {
            public: `Requests to ${name} are refused: ${address} belongs to ${what}. If this is a server of your own, add it to CAUSEWAY_OUTBOUND_ALLOW.`,
          });
        }
      }
      return found.map(({ address, family }) => ({ address, family: family === 6 ? 6 : 4 }));
    },
  };
}

/** The IPv4 address inside ::ffff:a.b.c.d, ::a.b.c.d, 64:ff9b::a.b.c.d and 2002:aabb:ccdd::. */
function embeddedIpv4(address: string): string | undefined {
  const words = expandIpv6(address);
  if (!words) return undefined;
  const zeros = (from: number, to: number) => words.slice(from, to).every((word) => word === 0);
  const dotted = (high = 0, low = 0) => `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`;
  if (zeros(0, 5) && words[5] === 0xffff) return dotted(words[6], words[7]);
  if (zeros(0, 4) && words[4] === 0xffff && words[5] === 0) return dotted(words[6], words[7]);
  if (words[0] === 0x64 && words[1] === 0xff9b && zeros(2, 6)) return dotted(words[6], words[7]);
  if (words[0] === 0x2002) return dotted(words[1], words[2]);
  if (zeros(0, 6) && (words[6] ?? 0) !== 0) return dotted(words[6], words[7]);
  return undefined;
}

function expandIpv6(address: string): number[] | undefined {
  // The URL parser writes every IPv6 form in one canonical way, dotted tails included.
  const text = URL.parse(`http://[${address.replace(/%.*$/, "")}]/`)?.hostname.slice(1, -1);
  if (!text) return undefined;
  const [head = "", tail] = text.split("::");
  const left = head === "" ? [] : head.split(":");
  const right = !tail ? [] : tail.split(":");
  const middle = tail === undefined ? [] : Array.from({ length: 8 - left.length - right.length }, () => "0");
  return [...left, ...middle, ...right].map((word) => Number.parseInt(word, 16));
}
