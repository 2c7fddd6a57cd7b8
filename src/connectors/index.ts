import { type Connector, isCalled } from "#features/ledger/index.ts";
import { discord } from "./discord/index.ts";
import { discourse } from "./discourse/index.ts";
import { feeds } from "./feeds/index.ts";
import { git } from "./git/index.ts";
import { github } from "./github/index.ts";
import { gitter } from "./gitter/index.ts";
import { incoming } from "./incoming/index.ts";
import { matrix } from "./matrix/index.ts";
import { mattermost } from "./mattermost/index.ts";
import { mbox } from "./mbox/index.ts";
import { people } from "./people/index.ts";
import { sample } from "./sample/index.ts";
import { slack } from "./slack/index.ts";
import { stackExchange } from "./stack-exchange/index.ts";
import { table } from "./table/index.ts";
import { telegram } from "./telegram/index.ts";
import { zulip } from "./zulip/index.ts";

/** Every connector. A folder that is not named here fails the conformance test. */
export const connectors: readonly Connector[] = [
  discord,
  discourse,
  feeds,
  git,
  github,
  gitter,
  incoming,
  matrix,
  mattermost,
  mbox,
  people,
  sample,
  slack,
  stackExchange,
  table,
  telegram,
  zulip,
];

/** The connector of an id, or of a name that it had before: sources that were stored under one go on. */
export function findConnector(id: string): Connector | undefined {
  return connectors.find((one) => isCalled(one, id));
}
