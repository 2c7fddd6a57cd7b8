import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Founded } from "./found-community.ts";
import { queries, repeat } from "./measure-reads.ts";
import type { CaseResult, Times } from "./result.ts";
import { say } from "./say.ts";

const pageRuns = 40;

/** The Studio's pages over HTTP, signed in as the owner. */
export async function measurePages(url: string, founded: Founded): Promise<Record<string, Times>> {
  const cookie = await signIn(url, founded);
  const get = async (path: string) => {
    const response = await fetch(`${url}${path}`, { headers: { cookie, accept: "text/html" }, redirect: "manual" });
    const text = await response.text();
    if (response.status !== 200) throw new Error(`${path} answers ${response.status}: ${text.slice(0, 200)}`);
  };
  const base = `/studio/${founded.slug}`;
  const cases: Record<string, (turn: number) => string> = {
    today: () => base,
    threads: () => `${base}/threads`,
    members: () => `${base}/members`,
    search: (turn) => `${base}/search?q=${encodeURIComponent(queries[turn % queries.length] ?? "")}`,
  };
  const times: Record<string, Times> = {};
  for (const [name, path] of Object.entries(cases)) {
    say(`page ${name}`);
    times[name] = await repeat((turn) => get(path(turn)), pageRuns);
  }
  return times;
}

async function signIn(url: string, { email, password }: Founded): Promise<string> {
  const response = await fetch(`${url}/api/auth/sign-in/email`, {
    method: "POST",
    headers: { "content-type": "application/json", origin: url },
    body: JSON.stringify({ email, password }),
  });
  if (!response.ok) throw new Error(`signing in answers ${response.status}: ${await response.text()}`);
  return response.headers
    .getSetCookie()
    .map((cookie) => cookie.split(";", 1)[0])
    .join("; ");
}

/** The community's front page for people who are not signed in, asked by a process of its own. */
export function measurePortal(url: string): Promise<NonNullable<CaseResult["portal"]>> {
  say("portal");
  return new Promise((settle, reject) => {
    const client = fork(fileURLToPath(new URL("./load-client.ts", import.meta.url)), { execArgv: [] });
    client.once("message", (result: NonNullable<CaseResult["portal"]>) => settle(result));
    client.once("exit", (code) => reject(new Error(`the load client ended with code ${code}`)));
    client.send({ url: `${url}/`, connections: 32, seconds: 6 });
  });
}
