import type { Random } from "./random.ts";

export type Sdk = "python" | "node" | "go";

/** What stays the same through a thread: its people speak of one version, one framework, one system. */
export interface Talk {
  /** Lantern's version on the day, such as `3.2.1`. */
  version: string;
  /** The last release of the minor version before. */
  previous: string;
  sdk: Sdk;
  framework: string;
  system: string;
  host: string;
  business: string;
  event: string;
  /** A count of events and a number of seconds that the thread is about. */
  many: string;
  seconds: string;
}

export type Slot = (random: Random, talk: Talk) => string;

const frameworks: Record<Sdk, readonly string[]> = {
  node: ["Express", "Fastify", "next.js", "NestJS", "Hono", "Remix", "SvelteKit", "Koa"],
  python: ["FastAPI", "Django", "Flask", "Litestar", "Celery", "Starlette", "aiohttp"],
  go: ["chi", "Gin", "Echo", "net/http", "Fiber", "connect-go"],
};
const runtimes: Record<Sdk, readonly string[]> = {
  node: ["Node 20.18", "Node 22.11", "Node 24.1", "Bun 1.2", "Node 22.4"],
  python: ["Python 3.10", "Python 3.11", "Python 3.12", "Python 3.13", "PyPy 3.10"],
  go: ["Go 1.22", "Go 1.23", "Go 1.24", "Go 1.21"],
};
const names: Record<Sdk, string> = { node: "Node", python: "Python", go: "Go" };
const systems = [
  "Ubuntu 24.04",
  "macOS 15",
  "Windows 11",
  "Debian 12",
  "Alpine 3.20",
  "Fedora 41",
  "WSL 2",
  "Amazon Linux 2023",
  "NixOS 24.11",
  "FreeBSD 14",
];
const hosts = [
  "AWS Lambda",
  "Cloud Run",
  "a Kubernetes cluster",
  "Fly.io",
  "a Hetzner box",
  "Azure Functions",
  "our own racks",
  "ECS Fargate",
  "a k3s cluster",
  "Heroku",
  "Cloudflare Workers",
  "a Raspberry Pi",
];
const businesses = [
  "a booking site",
  "an inventory service",
  "a payroll product",
  "a ticket shop",
  "internal tooling for a hospital",
  "a logistics dashboard",
  "a learning platform",
  "a food delivery app",
  "a marketplace for used bikes",
  "a small CRM",
  "a telemetry pipeline for wind turbines",
  "a subscription box shop",
  "a fintech back office",
  "a parcel tracking app",
  "a school timetable service",
  "an energy trading desk",
  "a newsletter tool",
  "a clinic scheduler",
  "a car sharing app",
  "a warehouse robot fleet",
];
const events = [
  "invoice.paid",
  "order.created",
  "user.deleted",
  "shipment.updated",
  "payment.failed",
  "subscription.renewed",
  "cart.abandoned",
  "device.offline",
  "booking.cancelled",
  "refund.issued",
  "trial.ending",
  "export.ready",
  "member.joined",
  "stock.low",
  "report.finished",
  "seat.released",
  "contract.signed",
  "meter.read",
];
const days = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const letters = "0123456789abcdefghjkmnpqrstvwxyz";

function token(random: Random, length: number): string {
  let text = "";
  for (let index = 0; index < length; index += 1) text += letters[random.below(32)];
  return text;
}

/** What a template may name. */
export const slots: Record<string, Slot> = {
  ver: (_, talk) => talk.version,
  minor: (_, talk) => talk.version.slice(0, talk.version.lastIndexOf(".")),
  prev: (_, talk) => talk.previous,
  sdk: (_, talk) => `lantern-${talk.sdk}`,
  lang: (_, talk) => names[talk.sdk],
  fw: (_, talk) => talk.framework,
  os: (_, talk) => talk.system,
  host: (_, talk) => talk.host,
  cloud: (random) =>
    random.pick(["AWS Lambda", "Cloud Run", "Fly.io", "Azure Functions", "ECS Fargate", "Heroku", "Cloudflare Workers", "Kubernetes"]),
  what: (_, talk) => talk.business,
  event: (_, talk) => talk.event,
  rt: (random, talk) => random.pick(runtimes[talk.sdk]),
  req: (random) => `req_${token(random, 10)}`,
  key: (random) => `lk_test_${token(random, 6)}…`,
  ms: (random) => String(random.between(12, 98) * 10),
  secs: (_, talk) => talk.seconds,
  n: (random) => String(random.between(2, 9)),
  dozens: (random) => String(random.between(2, 19) * 10),
  many: (_, talk) => talk.many,
  pct: (random) => `${random.between(1, 38)} %`,
  port: (random) => random.pick(["3000", "4000", "5173", "8000", "8080", "8787", "9000"]),
  line: (random) => String(random.between(14, 480)),
  hours: (random) =>
    random.pick(["two hours", "an hour", "half a day", "most of the afternoon", "a day", "three evenings", "forty minutes", "a whole sprint"]),
  weekday: (random) => random.pick(days),
  hash: (random) => token(random, 7).replace(/[g-z]/g, "c"),
};

/** Draws what stays the same through a thread. */
export function drawTalk(random: Random, input: { version: string; previous: string; sdk?: Sdk; framework?: string }): Talk {
  const roll = random.next();
  const sdk = input.sdk ?? (roll < 0.42 ? "node" : roll < 0.8 ? "python" : "go");
  return {
    version: input.version,
    previous: input.previous,
    sdk,
    framework: input.framework ?? random.pick(frameworks[sdk]),
    system: random.pick(systems),
    host: random.pick(hosts),
    business: random.pick(businesses),
    event: random.pick(events),
    many: `${random.between(1, 48)},${random.between(0, 9)}00`,
    seconds: String(random.between(2, 90)),
  };
}
