import type { ThemeSource } from "./theme.ts";

const fence = "```";

export const platformThemes: ThemeSource[] = [
  {
    id: "key-rotation",
    title: "Rotate API keys without downtime",
    area: "api",
    weight: 6,
    titles: {
      want: [
        "0:«Rotate|Roll» API keys «without downtime|with an overlap|with two valid keys»",
        "Allow two active keys per «environment|service|endpoint» «for rotation|»",
        "Key expiry «with a warning mail|and a `lantern keys rotate` command|dates in the API»",
      ],
      ask: [
        "0:«How do you|What is the recommended way to» rotate a live API key «without downtime|across ‹n› services|in Kubernetes»?",
        "1:Rotating the webhook secret: «are both valid for a while|how long does the old one work»?",
      ],
      pain: [
        "Every key rotation is ‹n› minutes of 401s",
        "Security audit: keys older than 90 days, and no way to rotate them «calmly|without an outage window»",
      ],
    },
    story: [
      "Our security policy says that keys are rotated every 90 days. With Lantern the old key stops working the moment a new one is made, and «‹n› services|‹dozens› pods» need the new one at exactly that time. «We do it at night, with people on call.|»",
      "For the webhook secret it is the same: between the change in the dashboard and the deploy of our handler, deliveries of `‹event›` fail the check. «Last time we lost ‹dozens›.|»",
    ],
    code: [
      `${fence}console\n$ lantern keys roll prod\nthe old key is revoked immediately. continue? [y/N]\n${fence}`,
      `${fence}\n401 Unauthorized  key revoked  ‹req›\n401 Unauthorized  key revoked  ‹req›\n${fence}`,
    ],
    ask: ["«Do people run two accounts for this?|Is there a grace period that I overlooked?»"],
    want: [
      "Most other vendors let two keys live side by side: make the new one, deploy, watch the old one's last use, revoke it. «That is all we ask for.|A “last used” column would be enough to be sure.»",
      "Without an overlap we rotate less often than we should. «The audit finding is about that.|That is worse for security, not better.»",
    ],
    pain: ["It is the only part of our rotation runbook that needs a maintenance window. «Customers see it.|»"],
    answers: [
      "You can create a second *restricted* key with the same scopes and switch over to it before you revoke the first; only the root key is limited to one. «It is not obvious, the docs should say so.|»",
      "For webhook secrets both the old and the new are valid for 24 hours, each delivery then carries two signatures.",
      "An overlap of up to 72 hours is «being designed|planned for the next minor». «Would “old key valid for N hours” be enough, or do you need both without an end?|»",
    ],
    points: [
      "“Last used at” per key, please. We do not dare to revoke without it.",
      "Terraform support would make this a one-line change.",
      "We built a proxy that swaps the key, so that services never see it.",
      "Same finding in our audit, +1.",
      "72 hours would be plenty.",
    ],
    short: [
      "how do you rotate the live key without an outage?",
      "is the old webhook secret valid for a while after rotating?",
      "auditor wants 90 day key rotation.. anyone automated that with lantern?",
    ],
    fixes: [
      "keep the old key valid for a grace period",
      "show when a key was last used",
      "sign with both secrets during rotation",
      "add lantern keys rotate",
    ],
  },
  {
    id: "cli-windows",
    title: "CLI on Windows and WSL",
    area: "cli",
    framework: "PowerShell",
    weight: 5,
    titles: {
      bug: [
        "0:`lantern login` «hangs|never returns|opens no browser» on «Windows 11|WSL 2|Windows Server 2022»",
        "1:CLI ‹ver› on Windows: «access is denied|ENOENT|path with spaces breaks»",
        "2:Installer «flagged by Defender|fails behind a proxy» on Windows",
      ],
      ask: [
        "2:How to install the CLI on Windows «without admin rights|with winget|behind a corporate proxy»?",
        "0:`lantern` works in WSL but not in «PowerShell|the VS Code terminal»",
      ],
      love: ["winget install of the CLI: «finally|works first time»"],
    },
    story: [
      "On «Windows 11|WSL 2|a locked-down company laptop» `lantern login` prints `waiting for the browser …` and stays there. «Opening the link by hand ends in “session expired”.|The callback goes to a port that WSL does not forward.»",
      "My user name has a space in it. Since ‹ver› the CLI writes its config to `C:\\Users\\Ana` and then «fails to read it|says that I am not logged in».",
      "On our managed «laptops|desktops» the installer «wants admin rights|is put into quarantine by Defender|cannot download its files through the proxy», and I have no say in that. «On ‹prev› the zip still worked.|»",
    ],
    code: [
      `${fence}powershell\nPS> lantern login\nwaiting for the browser …\n^C\n${fence}`,
      `${fence}\nError: EPERM: operation not permitted, rename 'C:\\Users\\Ana Sofia\\.lantern\\config.tmp'\n${fence}`,
      `${fence}powershell\nPS> winget install Lantern.CLI\nInstaller failed with exit code: ‹line›\n${fence}`,
    ],
    ask: ["«Is there a way to log in without a browser?|Does a portable zip exist?|Is there a proxy setting for the installer?»"],
    love: ["After two years of downloading zips: one command, signed, in the path. «Small thing, big smile.|Thanks to whoever did the packaging.»"],
    answers: [
      "`lantern login --no-browser` prints a code that you enter on any other device. «That is the way to go in WSL and over SSH.|»",
      "The temporary file and the config lie on different sides of a path with a blank; fixed in ‹ver›. Until then point `LANTERN_CONFIG_DIR` to a path without blanks.",
      "There is a portable zip on the release page that needs no rights. Behind a proxy, set `HTTPS_PROXY` before you run the installer, and `LANTERN_CA_FILE` when the proxy replaces certificates.",
    ],
    points: [
      "In WSL installing `wslu` makes the browser open.",
      "Defender flagged ‹prev› too; the ‹ver› binary is signed.",
      "scoop has it as well, but ‹n› versions behind.",
      "Paths with umlauts break in the same place.",
    ],
    short: [
      "lantern login hangs in wsl, known?",
      "how to install the cli on windows without admin",
      "defender deletes lantern.exe ‹ver›. false positive?",
    ],
    fixes: ["quote paths with spaces on Windows", "log in without a browser", "sign the Windows binary", "retry the rename of the config file"],
  },
  {
    id: "network-blockers",
    title: "Blocked by pi-hole, proxies and firewalls",
    area: "cli",
    weight: 3,
    titles: {
      ask: [
        "1:Which hosts must be allowed «in pi-hole|in our firewall|for the CLI»?",
        "0:pi-hole blocks `«t|events|ingest».lantern.example`, «CLI hangs|CLI takes ‹secs› s to start»",
        "1:Is there a static IP range for «webhooks|outgoing deliveries»?",
      ],
      bug: ["0:CLI ‹ver› hangs for ‹secs› s when «pi-hole|a DNS filter» blocks telemetry"],
      want: ["1:«Document|Publish» the list of hosts and IP ranges", "0:Telemetry must not block the CLI (pi-hole users)"],
    },
    story: [
      "At home I run pi-hole. Since ‹ver› each `lantern` command waits for ‹secs› seconds, and the query log of pi-hole shows blocked look-ups of `t.lantern.example`. «`LANTERN_TELEMETRY=0` does not change it.|»",
      "Our firewall allows outgoing traffic by host name only. «With the API host alone the SDK works, the CLI does not.|»",
    ],
    code: [
      `${fence}\n$ time lantern whoami\nada@…\nreal\t0m‹secs›.4s\n\npi-hole: query[A] t.lantern.example from 192.168.1.‹secs›\n         gravity blocked t.lantern.example is 0.0.0.0\n${fence}`,
      `${fence}\ncurl: (7) Failed to connect to listen.lantern.example port 443 after ‹ms› ms\n${fence}`,
    ],
    ask: ["Where is the full list of host names? «Ops will not open a wildcard.|»"],
    want: ["A tool that gets slow because its telemetry is blocked is a tool that people uninstall. «Fire and forget would be fine.|»"],
    answers: [
      "Telemetry goes to `t.lantern.example` and may be blocked in pi-hole; `lantern config set telemetry off` removes the wait.",
      "You need `api.lantern.example` and `listen.lantern.example` (websocket). Outgoing deliveries come from the ranges in `https://api.lantern.example/v3/meta`. They change with 30 days' notice.",
    ],
    points: [
      "Unblocking the host in pi-hole works, but I'd rather not.",
      "The SDKs send no telemetry, only the CLI does.",
      "IPv6 ranges are missing in `/v3/meta`.",
      "Our proxy breaks websockets; is long polling possible?",
    ],
    short: [
      "pi-hole users: lantern cli waits ‹secs› s on every command",
      "which hosts do I whitelist for the cli?",
      "do webhook deliveries come from fixed ips?",
    ],
    fixes: ["never wait for telemetry", "publish outgoing IP ranges", "respect LANTERN_TELEMETRY=0 at start-up"],
  },
  {
    id: "migration-3.0",
    title: "Upgrading from 2.x to 3.0",
    area: "docs",
    since: "3.0",
    weight: 6,
    titles: {
      ask: [
        "1:Migrating from 2.x to ‹minor›: «what replaces `client.batch`|where did `client.batch` go»?",
        "0:Can 2.x and 3.x «run side by side|share an endpoint|be mixed during the migration»?",
      ],
      pain: [
        "The 3.0 upgrade guide «skips|leaves out» «the hard parts|pagination|‹fw›»",
        "Upgrading ‹what› to 3.0 took ‹hours›, «here is why|notes for the next one»",
      ],
      bug: [
        "Codemod for 3.0 «breaks|skips» «re-exported imports|async handlers|JSX files»",
        "3.0: `created` is «a string|milliseconds» now, docs say seconds",
      ],
      love: ["Upgrade 2.9 → ‹minor› done: «smoother than feared|‹n› files, no drama»"],
    },
    story: [
      "We are moving ‹what› (‹dozens› files that touch Lantern, ‹sdk›) from 2.9 to ‹ver›. The codemod did most of it, what is left is «everything around lists and cursors|the webhook handlers|our own wrapper».",
      "In 2.x `client.batch([...])` sent ‹n›00 events in one call. In 3.0 it is gone, and «the upgrade guide has no word about it|the guide says “use streams” without an example».",
    ],
    code: [
      `${fence}diff\n- client.hooks.create({ url })\n+ client.endpoints.create({ url, events: ["‹event›"] })\n${fence}`,
      `${fence}console\n$ npx @lantern/codemod 3.0 src/\n‹dozens› files changed, ‹n› skipped (see codemod.log)\n${fence}`,
    ],
    ask: ["Is there a table old → new somewhere? «I am building one in a spreadsheet.|»", "How long will 2.x keep getting security fixes?"],
    pain: [
      "None of it is hard, all of it is found by trial. A table of renamed methods would have saved us «a day|‹hours›».",
      "The breaking change that hurt was not in the list: «timestamps|empty lists|null metadata» behave differently.",
    ],
    love: ["Types caught nearly everything, the codemod did the rest. «Took ‹hours› including the coffee.|The side-by-side mode made it safe.»"],
    answers: [
      "Both can run side by side: 2.x keys work on the 3.x API, and the endpoint setting *API version* decides the format of the payloads. 2.x gets security fixes «until next summer|for 12 months».",
      "`batch` became `events.sendMany`, same limit. I added it to the guide just now, thanks for asking.",
      "The codemod skips files with re-exports on purpose; run it with `--follow`«, and check the diff|».",
    ],
    points: [
      "We did it service by service, no trouble so far.",
      "`created` is ISO 8601 in 3.x. Bit us in a report.",
      "The Go module path changed to `/v3`, mind your imports.",
      "Our notes: «rename first, then bump, then delete the shims|pin the API version before you touch code».",
    ],
    short: ["what replaced client.batch in 3.x?", "anyone done 2.9 -> ‹minor› with ‹fw›? how long did it take", "does 2.x still get security fixes?"],
    fixes: ["map every renamed method in the upgrade guide", "follow re-exports in the codemod", "explain timestamps in 3.0"],
  },
  {
    id: "rate-limits",
    title: "Rate limits are unclear",
    area: "api",
    weight: 4,
    titles: {
      ask: [
        "What «is|are» the rate limit«|s» «per key or per account|for `events.send`|in test mode»?",
        "429 at ‹dozens› requests per second: «is that the limit|expected»?",
        "Best way to send ‹many› events «an hour|at once|in a nightly job»?",
      ],
      want: ["Rate limit headers on every response, not only on 429", "Higher limits «for bulk imports|in test mode|on the team plan»"],
    },
    story: [
      "Our nightly job sends about ‹many› `‹event›` events from ‹host›. At roughly ‹dozens› per second we get 429, in test mode even earlier. «The docs speak of “fair use”.|»",
    ],
    code: [`${fence}\nX-RateLimit-Limit: ‹dozens›\nX-RateLimit-Remaining: 0\nX-RateLimit-Reset: ‹secs›\n${fence}`],
    ask: [
      "Is the limit per key, per account or per IP? «We have ‹n› services on one account.|»",
      "Is there a bulk endpoint, «or should I shard the job|or a way to ask for more»?",
    ],
    want: ["We can pace ourselves if we know the budget. Without numbers each team guesses, and guesses low."],
    answers: [
      "100 requests per second per *account* in live mode, 25 in test mode, with bursts of twice that for ten seconds. `events.sendMany` takes 500 events and counts as one request.",
      "Ask support for a raise with your expected rate; it is a setting, «usually done in a day|no plan change needed».",
    ],
    points: [
      "sendMany was the answer for us: ‹many› events in ‹secs› s.",
      "Test mode limits make load tests impossible.",
      "Headers on 200s would let us slow down before it hurts.",
      "Per account, so noisy neighbours in your own company count too.",
    ],
    short: ["what is the rate limit for events.send?", "429 at ‹dozens› rps, is that normal?", "best way to push ‹many› events at once?"],
    fixes: ["send rate limit headers with every response", "state the limits in the reference", "raise the limit in test mode"],
  },
];
