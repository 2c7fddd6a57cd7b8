import { BlockList, isIP, isIPv4 } from "node:net";

/** Tells who really sent a request when reverse proxies stand in front. */
export interface ClientAddress {
  /** The address of the client: of the connection, or the nearest one in X-Forwarded-For that is no trusted proxy. */
  of(peer: string, forwardedFor: string | null): string;
  /** Whether the connection comes from a trusted proxy, so that what it says of host and scheme counts. */
  isTrusted(peer: string): boolean;
}

/** @param trustedProxies addresses and networks from the settings */
export function createClientAddress(trustedProxies: readonly string[]): ClientAddress {
  const trusted = new BlockList();
  for (const entry of trustedProxies) {
    const [network = "", prefix] = entry.split("/");
    const version = isIP(network);
    if (version !== 0) trusted.addSubnet(network, Number(prefix ?? (version === 4 ? 32 : 128)), version === 4 ? "ipv4" : "ipv6");
  }
  const isTrusted = (address: string) => trusted.check(plain(address), isIPv4(plain(address)) ? "ipv4" : "ipv6");
  return {
    isTrusted,
    of(peer, forwardedFor) {
      let client = plain(peer);
      const hops = (forwardedFor ?? "")
        .split(",")
        .map((hop) => plain(hop.trim()))
        .filter((hop) => isIP(hop) !== 0);
      // From the right: each trusted proxy vouches for the address it appended, and for nothing left of it.
      while (hops.length > 0 && isTrusted(client)) client = hops.pop() ?? client;
      return client;
    },
  };
}

/** Whether an address is this machine itself. */
export function isLoopback(address: string): boolean {
  const bare = plain(address);
  return bare === "::1" || bare.startsWith("127.");
}

/** IPv4 addresses that a dual-stack socket shows as IPv6, in their usual form. */
function plain(address: string): string {
  return address.startsWith("::ffff:") && isIPv4(address.slice(7)) ? address.slice(7) : address;
}
