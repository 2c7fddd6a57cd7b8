import type { ThemeSource } from "./theme.ts";

const fence = "```";

export const webhookThemes: ThemeSource[] = [
  {
    id: "webhook-signature-3.2",
    title: "Webhook signature check fails after 3.2",
    area: "webhooks",
    since: "3.2",
    weight: 9,
    titles: {
      bug: [
        "«Webhook signature|Signature check|verify_signature» «fails|always fails|returns false» «after upgrading to|since|with» ‹minor›",
        "SignatureMismatch on every ‹event› delivery since ‹ver›",
        "‹minor›: v1 signature header «is gone|missing», «our verification breaks|all deliveries rejected»",
        "[‹sdk›] «valid webhooks|correct payloads» rejected «with “signature mismatch”|as forged» after the upgrade from ‹prev›",
        "Webhooks from ‹host› fail verification after ‹minor› upgrade",
      ],
      ask: [
        "How do I verify webhooks «after|since» ‹minor›? «The old code rejects everything|Header format changed»",
        "‹fw› + ‹sdk› ‹ver›: which header holds the signature now?",
        "Is the Lantern-Signature header format different in ‹minor›? «(‹event›)|»",
      ],
      pain: [
        "Lost ‹hours› to the signature change in ‹minor›",
        "The ‹minor› signature change broke «production|our staging|all ‹event› handlers» without a warning",
      ],
    },
    story: [
      "«Since we moved|After upgrading|Right after the upgrade» from ‹prev› to ‹ver›, «every|each» `‹event›` webhook is «rejected|refused» by our own check. The secret «has not changed|is the same as before», and «replaying an old delivery|a delivery recorded last month» still verifies.",
      "We verify deliveries in ‹fw› with `verify_signature`. On ‹prev› this «worked for months|was fine»; on ‹ver› it «returns false for all of them|throws `SignatureMismatch` every time». «Nothing else changed in that deploy.|The deploy contained nothing but the bump.|Rolling back fixes it at once.»",
      "The `Lantern-Signature` header now «looks like|reads» `t=…,v2=…`, and there is no `v1` part any more. Our handler «looks for|only knows» `v1`, so it «answers 401|drops the delivery» and the dashboard shows ‹dozens› failed attempts for `‹event›`.",
    ],
    code: [
      `${fence}\nlantern.errors.SignatureMismatch: no signature in header matches\n  header: t=1731«04|11|29»«0055|8812|7310»,v2=«9f3a61|c07d5e|4be118»…\n  tried:  v1\n${fence}`,
      `${fence}ts\nconst ok = verifySignature(req.rawBody, req.headers["lantern-signature"], process.env.LANTERN_WEBHOOK_SECRET);\nif (!ok) return res.status(401).end(); // «always ends here|taken for every delivery» since ‹ver›\n${fence}`,
      `${fence}python\nevent = lantern.webhooks.parse(body, headers["Lantern-Signature"], secret)\n# ‹prev›: fine    ‹ver›: SignatureMismatch\n${fence}`,
    ],
    ask: [
      "«What is the right way|What is the supported way» to accept both formats while we roll out? «We cannot deploy ‹n› services at the same minute.|»",
      "Does v2 sign the timestamp together with the raw body, «or only the body|or the parsed JSON»? I could not find it in the docs.",
    ],
    pain: [
      "«We found out|I learned» from a customer, not from the release notes: the change is one line in the changelog, and the upgrade guide does not mention webhooks at all. It cost us ‹hours› and ‹dozens› lost `‹event›` events.",
      "The error says only that the signature does not match. If it had said “header has v2, this SDK was told v1”, this would have been a five-minute fix«, not ‹hours›|».",
    ],
    answers: [
      '‹minor› signs `timestamp + "." + raw body` and sends it as `v2`. Update ‹sdk› to «at least ‹ver›|the latest patch» and pass the **raw** body; `verify_signature` then accepts both formats for 90 days.',
      "You can switch the old format back on: Dashboard → Webhooks → endpoint → *Signature version* → `v1 and v2`. That gives you time to «roll out the new SDK|update the handlers one by one».",
      "The usual cause is a body that was parsed and serialised again before the check. v1 was computed over normalised JSON and forgave that, v2 is over the bytes as sent. In ‹fw› you have to read the raw body before any JSON middleware.",
    ],
    points: [
      "v1 was forgiving about whitespace, v2 is not. «That bit us as well.|That explains why only some of our events failed.»",
      "For what it's worth, setting the endpoint to `v1 and v2` in the dashboard «helped immediately|unblocked us while we fix the handlers».",
      "«The docs page on verification|The verification guide» still describes v1. «Could someone update it?|I sent a PR for it.»",
      "Check your clock too: v2 rejects timestamps older than five minutes, and one of our machines was ‹n› minutes behind.",
      "We see the same with `‹event›` on ‹rt›, but `«ping|endpoint.test»` verifies fine.",
      "A proxy that re-compresses bodies breaks v2 as well. «Took us ‹hours› to find.|»",
    ],
    short: [
      "anyone else seeing signature mismatch on every webhook since ‹ver›?",
      "is there a v1 fallback for webhook signatures in ‹minor›? our ‹fw› handler rejects everything",
      "‹sdk› ‹ver› says SignatureMismatch but the secret is right. what changed?",
    ],
    fixes: [
      "accept v1 and v2 signatures during the transition",
      "say which signature versions were tried",
      "document the v2 signature format",
      "read the raw body in the ‹fw› example",
    ],
  },
  {
    id: "local-testing",
    title: "Test webhooks locally without a public URL",
    area: "cli",
    weight: 6,
    titles: {
      ask: [
        "0:«How do you|What's the best way to|How can I» test webhooks «locally|on localhost|on my laptop» «without a public URL|without ngrok|behind a firewall»?",
        "1:`lantern listen` does not forward ‹event› to localhost:‹port›",
        "«Can|Does» `lantern listen` «filter by event type|replay old deliveries|forward to ‹n› ports at once»?",
      ],
      want: [
        "`lantern listen --replay` «for old deliveries|to repeat a delivery from the log»",
        "«Offer|Please add» fixtures for `‹event›` to `lantern trigger`",
        "Forward webhooks «to a unix socket|into a Docker network|to HTTPS on localhost» from the CLI",
      ],
      love: ["`lantern listen` «saved my week|is the best part of the CLI|just works»"],
    },
    story: [
      "I «am building|work on» ‹what› and need to see `‹event›` arrive on my machine. «Our network lets nothing in from outside|Company policy forbids tunnels», so a public URL is not an option.",
      "`lantern listen --forward localhost:‹port›` connects and prints `ready`, but when I trigger `‹event›` nothing reaches my ‹fw› app. «`lantern trigger ping` does arrive.|The dashboard shows the delivery as sent.|»",
    ],
    code: [
      `${fence}console\n$ lantern listen --forward localhost:‹port› --events ‹event›\nready! signing secret is whsec_test_…\n${fence}`,
      `${fence}console\n$ lantern trigger ‹event›\n✓ sent ‹req›\n$ # … and nothing on port ‹port›\n${fence}`,
    ],
    ask: [
      "«Is there a flag that I miss?|Am I holding it wrong?|What do others do here?»",
      "How do you do this in «CI|a devcontainer|docker compose», where nobody is logged in?",
    ],
    want: [
      "Today I copy the payload out of the dashboard and `curl` it to my machine, without the signature header, so the code that I test is not the code that runs. «With ‹dozens› events a day that adds up.|»",
      "«We onboard|Our team onboards» somebody every month, and each spends ‹hours› on this. A fixture per event type would make it a one-liner.",
    ],
    love: [
      "Logged in, ran `lantern listen`, had `‹event›` in my debugger in under a minute. «After ‹hours› with tunnels last year this feels like cheating.|Whoever built this: thank you.»",
    ],
    answers: [
      "`lantern listen` forwards only the events of the account you are logged in to, and test mode is separate from live mode. Run `lantern whoami`: if it says `live`, `lantern login --test` «should do it|fixes it».",
      "With Docker, `localhost` is the CLI's container and not yours. Use `--forward host.docker.internal:‹port›`«, or put both into one compose network|».",
      "In CI we set `LANTERN_API_KEY` to a restricted test key and start `lantern listen --print-secret` in the background. «No login needed.|The secret goes into the app's environment.»",
    ],
    points: [
      "`lantern trigger ‹event› --override amount=100` is handy for edge cases.",
      "«The signing secret of|Mind that» `lantern listen` is not the one of the endpoint in the dashboard. «I fall for that every time.|»",
      "You can replay from the dashboard: delivery → ⋯ → *Resend to CLI*.",
      "I wrote a small script that reads the delivery log and posts it to localhost. Happy to share it.",
      "It needs an outgoing websocket on 443; our proxy blocked that.",
    ],
    short: [
      "how do you all test ‹event› locally? ngrok is blocked here",
      "lantern listen says ready but nothing arrives on :‹port›, ideas?",
      "can lantern listen replay a delivery from yesterday?",
    ],
    fixes: [
      "forward to unix sockets from lantern listen",
      "print the account and mode when lantern listen starts",
      "add a fixture for ‹event›",
      "keep the listen connection alive behind proxies",
    ],
  },
  {
    id: "duplicate-deliveries",
    title: "Duplicate deliveries and idempotency",
    area: "webhooks",
    weight: 5,
    titles: {
      ask: [
        "«Why do we get|Is it normal to get» `‹event›` «twice|two or three times»?",
        "1:«How long|For how long» are idempotency keys «kept|remembered»?",
        "Which field should I use to «deduplicate|recognise repeated» ‹event› deliveries?",
        "Order of deliveries: can `‹event›` arrive before «the event that caused it|its predecessor»?",
      ],
      bug: [
        "`‹event›` delivered ‹n› times although we answer 200",
        "Same Idempotency-Key, two charges: ‹sdk› ‹ver›",
        "Retry sends a new event id for the same `‹event›`",
      ],
    },
    story: [
      "Our endpoint answers 200 «within ‹ms› ms|quickly», yet about ‹pct› of the `‹event›` deliveries come «twice|again a few seconds later». «The second has the same event id.|Both show up as successful in the delivery log.»",
      "In ‹what› a double `‹event›` means a «second mail to the customer|second booking|wrong balance», so I have to recognise repeats. «Right now I hash the body, which feels wrong.|»",
    ],
    code: [
      `${fence}\n12:04:31.118  POST /hooks  ‹event›  evt_7c1d…  200  ‹ms› ms\n12:04:36.402  POST /hooks  ‹event›  evt_7c1d…  200  ‹ms› ms\n${fence}`,
      `${fence}sql\nINSERT INTO seen_events (id) VALUES ($1) ON CONFLICT DO NOTHING;\n${fence}`,
    ],
    ask: [
      "Is the event id stable across retries, «and for how long do you retry|or only the object's id»?",
      "What do you recommend: «a unique index on the event id, or something smarter|a table of seen ids, or an idempotent handler»?",
    ],
    answers: [
      "Delivery is *at least once*: a repeat is normal when our side does not see your 200 in time (10 s), for example because the connection was cut. The event `id` is the same in every attempt, so a unique index on it is all you need.",
      "Idempotency keys are kept for 24 hours per API key. After that the same key counts as new. «For longer windows store your own reference in `metadata`.|»",
      "Answer first, work later: put the event on a queue, return 200, and do the slow part in a worker. «Most duplicates vanish with that.|Your ‹ms› ms are fine, but the slowest percent decides.»",
    ],
    points: [
      "There is no order guarantee. Compare `created` or fetch the object again.",
      "We keep seen ids for 30 days in a table of their own; costs nothing.",
      "Watch out for load balancers that retry on their own. «Ours did.|»",
      "`lantern deliveries list --event evt_…` shows each attempt with the answer that we gave.",
      "Same here with ‹rt› on ‹host›, around ‹pct› of deliveries.",
    ],
    short: [
      "is it expected that ‹event› comes twice?",
      "how long do you keep idempotency keys? docs say nothing",
      "what do you dedupe webhooks on, event id or object id?",
    ],
    fixes: ["keep the event id across retries", "explain at-least-once delivery", "expire idempotency keys after 24 hours and say so"],
  },
  {
    id: "nextjs-raw-body",
    title: "Raw body in next.js route handlers",
    area: "docs",
    sdk: "node",
    framework: "next.js",
    weight: 5,
    titles: {
      ask: [
        "0:How to get the raw body «in a next.js route handler|with the next.js app router|in next.js 15» for `verifySignature`?",
        "0:next.js: «`req.body` is already parsed|body is an object», signature never matches",
        "1:Does ‹sdk› work in the next.js «edge runtime|middleware»?",
      ],
      bug: [
        "1:‹sdk› ‹ver› fails to bundle in next.js: «can't resolve 'node:crypto'|`Buffer` is not defined»",
        "1:next.js build warns about a dynamic require in ‹sdk›",
      ],
      want: ["0:An official next.js example for webhooks", "1:Export `verifySignature` on Web Crypto for next.js edge routes"],
    },
    story: [
      "I handle `‹event›` in `app/api/hooks/route.ts`. The docs say to pass the raw body, but «in next.js I only get a parsed object|by the time my code runs it has been parsed». «With `JSON.stringify` of it the signature is off.|»",
      "Importing ‹sdk› in an edge route of next.js «fails at build time|works locally and fails on ‹host›», because it pulls in `node:crypto`.",
    ],
    code: [
      `${fence}ts\nexport async function POST(request: Request) {\n  const event = await request.json(); // too late for the signature?\n  verifySignature(JSON.stringify(event), request.headers.get("lantern-signature"), secret);\n}\n${fence}`,
      `${fence}\nModule not found: Can't resolve 'node:crypto'\nImport trace: ./node_modules/‹sdk›/dist/webhooks.js\n${fence}`,
    ],
    ask: [
      "What is the right way in the app router? «An example would help a lot.|»",
      'Is the edge runtime supported at all, «or should I force `runtime = "nodejs"`|or is there a fetch-only build»?',
    ],
    want: [
      "Every ‹n›th question in chat is about this, and the only sample in the docs is for Express. A copyable file for next.js would end it.",
      "next.js is what most people here start with. «We evaluated two vendors and the other one had the example.|»",
    ],
    answers: [
      "Use `await request.text()` and pass that string; parse it afterwards with `JSON.parse`. In the pages router you also need `export const config = { api: { bodyParser: false } }`.",
      'The edge runtime has no `node:crypto`. Put `export const runtime = "nodejs"` into the route for now; a Web Crypto build «is planned|is in review».',
    ],
    points: [
      "`request.text()` works, but only if no middleware has read the body before.",
      "For the pages router I use the `raw-body` package, ‹n› lines.",
      "Make sure that the route is not statically cached.",
      "Would love to see this in the quickstart. I got it wrong «too|twice».",
    ],
    short: [
      "next.js app router + webhooks: where do I get the raw body?",
      "does lantern-node run on the next.js edge runtime?",
      "signature mismatch in next.js only, express is fine",
    ],
    fixes: ["add a next.js route handler example", "verify signatures with Web Crypto", "mark node:crypto as external for edge builds"],
  },
  {
    id: "delivery-log",
    title: "Search and keep the delivery log longer",
    area: "dashboard",
    weight: 4,
    titles: {
      want: [
        "0:Search the delivery log by «payload field|customer id|status code»",
        "1:Keep delivery logs «longer than 7 days|for 30 days|until we export them»",
        "Bulk resend for failed ‹event› deliveries",
        "Export the delivery log «as CSV|as NDJSON|to our bucket»",
      ],
      ask: [
        "How can I «find|look up» a delivery from «last month|two weeks ago»?",
        "Is there an API for «the delivery log|failed deliveries|resending»?",
      ],
      pain: ["Clicking through ‹dozens› pages of deliveries to find one ‹event›"],
    },
    story: [
      "A customer «says|claims» that its `‹event›` never arrived. To answer I open the dashboard, filter by endpoint and page through ‹many› deliveries by hand; «there is no search|the filter knows only the date».",
      "Deliveries older than seven days are gone from the log. «Our support hears of a problem after two weeks on average.|Auditors ask us about the last quarter.»",
    ],
    code: [`${fence}console\n$ lantern deliveries list --status failed --since 30d\nerror: logs are kept for 7 days\n${fence}`],
    ask: ["«Did I overlook a setting?|Can support raise the limit for an account?|What do others do?»"],
    want: [
      "«For us|In ‹what›» this is the difference between a two-minute answer and ‹hours› of digging. «I would pay for it.|We would upgrade the plan for it.»",
      "After the incident in ‹host› we had ‹dozens› failed deliveries and resent each by hand, «one click at a time|with a script that scrapes the dashboard». An API call for “resend all failed since …” would do.",
    ],
    pain: ["It is not one big thing, it is ten clicks ‹n› times a day. «Everyone in support has a bookmark folder for it.|»"],
    answers: [
      "There is `GET /v3/deliveries?object=…` since 3.1; it searches by object id, not by payload yet. Retention is seven days «for now|on all plans but Scale».",
      "We archive every delivery ourselves: a catch-all endpoint that writes the payload to object storage. «‹dozens› lines, never had to touch it.|»",
    ],
    points: [
      "Search by customer id would be enough for us.",
      "Retention should be a setting, for privacy too: we would rather keep *less*.",
      "+1, and please with the response body that our server gave.",
      "The CLI can do `lantern deliveries resend <id>`, so a shell loop works as a stopgap.",
    ],
    short: [
      "any way to search deliveries by customer id?",
      "delivery log only goes back 7 days?? need last month",
      "how do I resend all failed ‹event› at once?",
    ],
    fixes: ["filter deliveries by object id", "resend failed deliveries in bulk", "show the response body in the delivery log"],
  },
];
