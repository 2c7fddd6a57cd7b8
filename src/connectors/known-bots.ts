/** Machine accounts that do not carry GitHub's `[bot]` suffix, or lose it in exports. Compared in lower case. */
const knownBots = new Set(
  `actions-user allcontributors apache-github-bot asfgit bors bors-servo bors-diem changeset-bot circleci-bot cla-assistant claassistant cncf-ci
  codecov codecov-io codecov-commenter codeclimate coveralls dependabot dependabot-preview dependabot-bot easycla elasticmachine
  facebook-github-bot fossabot github-actions github-classroom gitter-badger googlebot google-cla greenkeeper greenkeeperio-bot
  homu houndci-bot imgbot imgbotapp jenkins jenkins-ci k8s-bot k8s-ci-robot k8s-github-robot k8s-triage-robot launchbot linux-foundation-easycla
  llvmbot mergify mention-bot msftclas netlify node-core-bot nodejs-github-bot now-bot openshift-bot openshift-ci-robot openshift-merge-robot
  pre-commit-ci probot pull pyup-bot readthedocs renovate renovate-bot renovatebot robinbot rust-highfive rust-log-analyzer rustbot
  semantic-release-bot sizebot snyk-bot sonarcloud stale stickler-ci sourcery-ai traviscibot travis-ci travisbuddy triagebot
  vercel web-flow weblate welcome whitesource-bolt-for-github wptbot zulipbot`
    .split(/\s+/)
    .filter(Boolean),
);

const machineBoxes = /^(?:mailer-daemon|postmaster|noreply|no-reply|no_reply|donotreply|do-not-reply|notifications?|bounces?|listmaster)$/;

/**
 * Why an account is taken for a machine.
 * @returns one sentence to show beside the mark, or undefined for people
 */
export function botReason(account: { login?: string; name?: string; address?: string }): string | undefined {
  const login = account.login?.toLowerCase();
  if (login?.endsWith("[bot]")) return `The login ${account.login} ends in [bot], as GitHub marks apps.`;
  if (login && knownBots.has(login)) return `${account.login} is on the list of known machine accounts.`;
  const name = account.name?.trim();
  if (name?.toLowerCase().endsWith("[bot]")) return `The name ${name} ends in [bot], as GitHub marks apps.`;
  return undefined;
}

/** Why a mail address is taken for a machine's: delivery reports and no-reply boxes. */
export function mailBotReason(address: string): string | undefined {
  const box = address.slice(0, Math.max(0, address.lastIndexOf("@"))).toLowerCase();
  return machineBoxes.test(box) ? `${address} is a mailbox of software, not of a person.` : undefined;
}
