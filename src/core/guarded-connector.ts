import { isIP } from "node:net";
import { buildConnector } from "undici";
import type { AddressGuard, CheckedAddress } from "./address-guard.ts";

/** Connects to the very address that was checked: nothing resolves the name a second time. */
export function guardedConnector(guard: AddressGuard): buildConnector.connector {
  const connect = buildConnector({ timeout: 10_000 });
  return (options, done) => {
    const port = Number(options.port || (options.protocol === "https:" ? 443 : 80));
    const tryNext = ([target, ...others]: CheckedAddress[]): void => {
      if (!target) return done(new Error("the host has no address"), null);
      const servername = options.servername || (isIP(options.hostname) ? undefined : options.hostname);
      connect({ ...options, hostname: target.address, ...(servername ? { servername } : {}) }, (error, socket) => {
        if (error === null) done(null, socket);
        else if (others.length > 0) tryNext(others);
        else done(error, null);
      });
    };
    guard.check(options.hostname, port).then(tryNext, (error: Error) => done(error, null));
  };
}
