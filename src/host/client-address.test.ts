import { expect, test } from "vitest";
import { createClientAddress, isLoopback } from "./client-address.ts";

test("without trusted proxies nobody can claim another address", () => {
  expect(createClientAddress([]).of("203.0.113.9", "1.2.3.4")).toBe("203.0.113.9");
});

test("trusted proxies vouch for the address they appended, and not for what stood before it", () => {
  const clients = createClientAddress(["127.0.0.1", "10.0.0.0/8"]);
  expect(clients.of("::ffff:127.0.0.1", "6.6.6.6, 203.0.113.9")).toBe("203.0.113.9");
  expect(clients.of("127.0.0.1", "6.6.6.6, 203.0.113.9, 10.1.1.1")).toBe("203.0.113.9");
  expect(clients.of("127.0.0.1", null)).toBe("127.0.0.1");
  expect(clients.of("203.0.113.9", "127.0.0.1")).toBe("203.0.113.9");
});

test("this machine is told from others", () => {
  expect([isLoopback("127.0.0.1"), isLoopback("::ffff:127.0.0.5"), isLoopback("::1"), isLoopback("128.0.0.1")]).toEqual([true, true, true, false]);
});
