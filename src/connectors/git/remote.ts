import { tmpdir } from "node:os";
import { AppError } from "#core/errors.ts";
import type { HttpClient } from "#core/http.ts";
import { collect, GitFailure, gitMissing, spawnGit } from "./run-git.ts";

/** Settings of a repository that is fetched from elsewhere. */
export interface RemoteSettings {
  remote: string;
  username: string;
  token: string;
}

/** A remote that was checked, with the environment in which git reaches it and nothing else. */
export interface Remote {
  /** Without anything secret. */
  url: string;
  host: string;
  network: Record<string, string>;
}

const ports: Record<string, number> = { "https:": 443, "http:": 80, "git:": 9418 };
/** A connection that brings less than this many bytes a second for this many seconds has died. */
const slowest = { bytes: 1000, seconds: 60 };

/**
 * Checks an address and how it may be reached.
 * @throws AppError `invalid_input` for an address of another kind, `forbidden` for a private one or a git too old
 */
export async function openRemote(settings: RemoteSettings, http: HttpClient): Promise<Remote> {
  const url = readAddress(settings);
  await requirePinning();
  if (!http.resolveHost) throw new AppError("internal", { public: "This run has no way out to other servers." });
  const port = Number(url.port || ports[url.protocol]);
  const [target] = await http.resolveHost(url.hostname, port);
  if (!target) throw new AppError("upstream_failed", { public: `There is no host ${url.hostname}. Check the address.` });
  const address = target.family === 6 ? `[${target.address}]` : target.address;
  const config: [key: string, value: string][] = [
    // A redirect could lead to an address that was not checked, and would be handed the token.
    ["http.followRedirects", "false"],
    // The very address that was checked: git must not look the name up a second time.
    ["http.curloptResolve", `${url.hostname.replace(/^\[|\]$/g, "")}:${port}:${address}`],
    ["http.lowSpeedLimit", String(slowest.bytes)],
    ["http.lowSpeedTime", String(slowest.seconds)],
    ["fetch.recurseSubmodules", "false"],
    ["gc.auto", "0"],
    ["maintenance.auto", "false"],
  ];
  if (settings.token !== "") {
    const credentials = Buffer.from(`${settings.username || "x-access-token"}:${settings.token}`).toString("base64");
    config.push([`http.${url.origin}/.extraHeader`, `Authorization: Basic ${credentials}`]);
  }
  // Nothing pins what git:// connects to but its address itself.
  const reached = url.protocol === "git:" ? `git://${address}${url.port ? `:${url.port}` : ""}${url.pathname}` : url.href;
  return { url: reached, host: url.host, network: { GIT_ALLOW_PROTOCOL: url.protocol.slice(0, -1), ...asEnvironment(config) } };
}

/** Git knows `http.curloptResolve` since 2.37; before, it would look the checked name up again by itself. */
async function requirePinning(): Promise<void> {
  const folder = tmpdir();
  const place = { folder, ceiling: folder, signal: AbortSignal.timeout(10_000) };
  const words = await collect(spawnGit(place, ["version"])).catch((error: unknown) => {
    throw (error instanceof GitFailure && gitMissing(error)) || error;
  });
  const [major = 0, minor = 0] = /(\d+)\.(\d+)/.exec(words)?.slice(1).map(Number) ?? [];
  if (major > 2 || (major === 2 && minor >= 37)) return;
  throw new AppError("forbidden", { public: `Reading live needs git 2.37 or later; here is ${words.trim()}. Update git, or bring in a clone.` });
}

function readAddress({ remote, token }: RemoteSettings): URL {
  const wrong = (message: string) =>
    new AppError("invalid_input", { public: `The repository's address cannot be used: ${message}.`, issues: [{ path: "remote", message }] });
  if (remote === "") throw wrong("it is missing");
  if (/^[^/:]+@[^/:]+:/.test(remote) || /^ssh:/i.test(remote))
    throw wrong("SSH is not used here; give its https:// address, with a token if it is private");
  const url = URL.parse(remote);
  if (!url || !(url.protocol in ports))
    throw wrong("it must begin with https:// (or http:// or git://); a folder on this machine is imported as a file");
  if (url.username || url.password) throw wrong("it holds a name or password; put the token into its own field");
  if (url.search || url.hash) throw wrong("it has a part after ? or #");
  if (/[\s\\]|%0[0ad]/i.test(remote) || url.pathname.length < 2) throw wrong("it names no repository");
  if (token !== "" && url.protocol !== "https:" && !/^(?:localhost|127\.0\.0\.1|\[::1\])$/.test(url.hostname)) {
    throw wrong("a token is only sent over https://");
  }
  return url;
}

/** Configuration by way of the environment, which other users of the machine cannot read as they can a command line. */
function asEnvironment(config: readonly (readonly [key: string, value: string])[]): Record<string, string> {
  const pairs = config.flatMap(([key, value], i) => [
    [`GIT_CONFIG_KEY_${i}`, key],
    [`GIT_CONFIG_VALUE_${i}`, value],
  ]);
  return { GIT_CONFIG_COUNT: String(config.length), ...Object.fromEntries(pairs) };
}

/** A failed fetch, in words that say what to change. Other errors come back as they are. */
export function explainFailure(error: unknown, remote: Remote): unknown {
  if (!(error instanceof GitFailure)) return error;
  const missing = gitMissing(error);
  if (missing) return missing;
  const { complaint, message } = error;
  const told = { internal: complaint, cause: error };
  if (/Authentication failed|could not read (?:Username|Password)|returned error: 40[13]|Invalid username or (?:password|token)/i.test(complaint)) {
    return new AppError("forbidden", {
      ...told,
      public: `${remote.host} does not let us read the repository. It is private or not there: check the address, or give a token that may read it.`,
    });
  }
  const redirect = /returned error: 30\d/.test(complaint);
  if (redirect) {
    return new AppError("not_found", {
      ...told,
      public: `${remote.host} says that the repository has moved. Open it in the browser and enter its address from there.`,
    });
  }
  if (
    /not found|returned error: (?:404|410)|does not appear to be a git repository|access denied or repository not exported|no such/i.test(complaint)
  ) {
    return new AppError("not_found", {
      ...told,
      public: `${remote.host} has no repository at this address. Check it, with and without .git at its end.`,
    });
  }
  return new AppError("upstream_failed", {
    ...told,
    public: `The repository could not be fetched from ${remote.host}: ${message}. It is tried again later.`,
  });
}

/** Whether it is the copy here that is broken and not the way to the remote. */
export function isLocalFault(error: unknown): boolean {
  return (
    error instanceof GitFailure &&
    !error.isMissing &&
    /not a git repository|\.lock'|bad object|corrupt|loose object|unable to (?:read|create)|packfile|did not send all necessary objects|broken/i.test(
      error.complaint,
    )
  );
}
