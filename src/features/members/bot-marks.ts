/** What the rules read to tell a bot. */
export interface MarkedIdentity {
  platform: string;
  externalId: string;
  login: string | null;
  displayName: string | null;
}

/** Accounts of well-known services that their platform does not flag, by exact login. */
const knownBots = new Set([
  "allcontributors",
  "appveyorbot",
  "automoderator",
  "circleci",
  "cla-assistant",
  "codecov-commenter",
  "codecov-io",
  "copybara-service",
  "coveralls",
  "dependabot",
  "dependabot-preview",
  "discobot",
  "github-actions",
  "github-classroom",
  "gitlab-bot",
  "googlebot",
  "greenkeeper",
  "greenkeeperio-bot",
  "imgbot",
  "k8s-ci-robot",
  "kodiakhq",
  "mergify",
  "mergify-bot",
  "netlify",
  "pre-commit-ci",
  "pyup-bot",
  "release-please",
  "renovate",
  "renovate-bot",
  "rust-highfive",
  "rustbot",
  "bors",
  "semantic-release-bot",
  "slackbot",
  "snyk-bot",
  "stale",
  "travis-ci",
  "travisbot",
  "vercel",
  "web-flow",
  "weblate",
]);

const bracketed = /\[bot\]/i;
/** Parts of a login that make one look twice: whole words only, so that Abbott and Talbot are left in peace. */
const suspicious =
  /(?:^|[-_.\s])(?:bot|robot|automation|autobot|ci-user|ci-bot|jenkins|buildbot|svc|webhook|autoroll(?:er)?)(?:$|[-_.\s\d])|[a-z](?:-|_)bot\d*$/i;

/**
 * Whether an identity is a bot for sure.
 * @returns the reason in words, or undefined
 */
export function botReason(identity: MarkedIdentity): string | undefined {
  const login = loginOf(identity);
  if (bracketed.test(login ?? "") || bracketed.test(identity.displayName ?? "") || bracketed.test(identity.externalId)) {
    return "Its name carries the mark [bot] of an app.";
  }
  if (login !== undefined && identity.platform !== "email" && knownBots.has(login)) return `${login} is a well-known service.`;
  return undefined;
}

/** Why an identity may be a bot, for somebody to decide; undefined when nothing hints at it. */
export function botSuspicion(identity: MarkedIdentity): string | undefined {
  const name = [loginOf(identity), identity.displayName].find((text) => text !== null && text !== undefined && suspicious.test(text));
  return name ? `The name “${name}” reads like that of a machine.` : undefined;
}

function loginOf(identity: MarkedIdentity): string | undefined {
  if (identity.login) return identity.login.toLowerCase();
  if (identity.externalId.startsWith("login:")) return identity.externalId.slice("login:".length).toLowerCase();
  return identity.platform === "email" ? identity.externalId.split("@")[0] : undefined;
}
