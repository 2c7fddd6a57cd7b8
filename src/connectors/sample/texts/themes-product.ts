import type { ThemeSource } from "./theme.ts";

const fence = "```";

export const productThemes: ThemeSource[] = [
  {
    id: "docs-pagination",
    title: "Pagination is hard to find in the docs",
    area: "docs",
    weight: 5,
    titles: {
      ask: [
        "0:How do I get «more than 100|all|page two of the» «events|deliveries|endpoints»?",
        "0:`list()` returns only 100 «items|deliveries» in ‹sdk›",
        "1:Cursor pagination: «when is `next` null|can I go backwards|are cursors stable»?",
      ],
      bug: ["1:Pagination example in the ‹lang› docs «does not run|uses the 2.x API|loops forever»"],
      pain: ["The docs have no page on pagination, «only a sentence in the reference|search finds nothing»"],
    },
    story: [
      "I need all deliveries of a day, that is about ‹many›. `list()` gives me 100 and a `next` that I do not know what to do with. «The example on the ‹lang› page is from 2.x.|»",
      "The snippet in the guide «loops forever|raises `TypeError`» on ‹ver›: «`has_more` does not exist any more|it passes `page` where the API wants `after`».",
    ],
    code: [
      `${fence}python\npage = client.deliveries.list(limit=100)\nwhile page.has_more:          # AttributeError since 3.0\n    page = page.next()\n${fence}`,
      `${fence}ts\nfor await (const delivery of client.deliveries.list()) {\n  // is this every page, or the first?\n}\n${fence}`,
    ],
    ask: ["What does a loop over everything look like in ‹lang›?", "Are results stable «while new ones come in|if I store the cursor over night»?"],
    pain: [
      "I found it by reading the source of ‹sdk›. «I like reading source, my colleagues do not.|»",
      "Searching the docs for “pagination” gives ‹n› hits, all of them changelog.",
    ],
    answers: [
      "Iterate the list itself: `for x in client.deliveries.list():` fetches page after page. `limit` is the page size, not the total. «I will fix the example.|»",
      "Cursors are stable and never expire; new rows come in front, so you will not see a row twice. `next` is null on the last page.",
    ],
    points: [
      "`list().to_array(max)` is handy for scripts.",
      "It should be the first example on the page.",
      "The OpenAPI file has it right, the guide does not.",
      "I ran into this on my first day «too|with Lantern».",
    ],
    short: [
      "how do i get more than 100 deliveries from the api?",
      "docs for pagination anywhere? search finds nothing",
      "is list() in ‹sdk› auto paging or not",
    ],
    fixes: ["add a page on pagination", "repair the pagination example for ‹lang›", "iterate over all pages by default"],
  },
  {
    id: "cpp-sdk",
    title: "A C++ SDK",
    area: "sdk",
    weight: 3,
    titles: {
      want: ["C++ SDK« for embedded devices|, even a small one|»", "C++ client with «signature check|sending events» only"],
      ask: ["Anyone using Lantern from C++? «libcurl or something better?|»", "Verify a webhook signature in C++ «with OpenSSL|without OpenSSL|»"],
    },
    story: [
      "Our devices run C++ on «an ARM board|a Raspberry Pi|Yocto Linux» and should send `‹event›` themselves. Today a Python sidecar does that, which costs ‹n›0 MB of memory that we do not have.",
    ],
    code: [`${fence}cpp\nstd::string signed_part = timestamp + "." + body;\nHMAC(EVP_sha256(), secret.data(), secret.size(), /* … */);\n${fence}`],
    ask: ["I have the HMAC, but it never matches. Is the timestamp part of what is signed in ‹minor›?"],
    want: [
      "It need not be complete: send an event, retry, check a signature. C++17 and libcurl would be fine. «We would help to maintain it.|»",
      "Everyone in our industry writes C++. «A community SDK with your blessing would do.|»",
    ],
    answers: [
      "No official C++ SDK is planned this year, but the API is plain HTTPS with JSON, and there is a community one by one of our champions. «I will add it to the docs.|»",
      'In ‹minor› the signed part is `timestamp + "." + body` with the body\'s exact bytes. Compare in constant time, `CRYPTO_memcmp` does that.',
    ],
    points: [
      "I have a header-only thing for C++20, ‹n›00 lines, will clean it up.",
      "Rust with a C ABI would serve C and C++ at once.",
      "cpp-httplib instead of libcurl, please.",
      "+1 from the embedded corner.",
    ],
    short: ["any c++ sdk or do i write my own with libcurl", "C++ folks: how do you check the v2 signature?"],
    fixes: ["list community SDKs, C++ among them", "add test vectors for signatures in C++"],
  },
  {
    id: "eu-region",
    title: "EU data residency",
    area: "api",
    weight: 4,
    titles: {
      want: ["EU region «for payloads|with data residency|»", "Store delivery payloads «only in the EU|not at all»"],
      ask: ["Where is data stored? «Our DPO asks|Needed for a DPIA»", "Is there «an EU endpoint|a DPA|a list of subprocessors»?"],
    },
    story: [
      "We build ‹what› for public bodies «in Germany|in France|in the Nordics», and their first question is where the data lies. `‹event›` carries personal data, so “somewhere in the US” ends the talk.",
    ],
    code: [],
    ask: ["Can payloads be kept out of the log for some endpoints? That would already help."],
    want: [
      "«Two deals|One large customer» of ours depend on it. We like Lantern and would hate to «build this ourselves|move».",
      "An EU host name and a sentence in the contract is what legal needs. «Latency would get better as well.|»",
    ],
    answers: [
      "An EU region is «in private beta|planned, without a date that I could promise». Write to support and we put you on the list; it helps us to know the volume.",
      "You can set `store_payloads: false` per endpoint today: the log then keeps status and time only. The DPA is linked in the dashboard under *Legal*.",
    ],
    points: [
      "Same for us in Switzerland.",
      "store_payloads: false was enough for our DPO.",
      "Would pay more for it, honestly.",
      "Please say it on the pricing page.",
    ],
    short: ["is there an eu region yet?", "where are webhook payloads stored? asking for our dpo"],
    fixes: ["document store_payloads", "route by region in the SDKs"],
  },
  {
    id: "terraform",
    title: "Terraform provider",
    area: "tooling",
    weight: 3,
    titles: {
      want: ["Terraform provider for «endpoints and keys|webhook endpoints|»", "Manage endpoints «as code|with Pulumi or Terraform|declaratively»"],
      ask: ["How do you keep «staging and production|‹n› environments» endpoints in sync?"],
      bug: ["1:terraform plan «shows a diff every time|wants to recreate» `lantern_endpoint`"],
    },
    story: [
      "We have ‹n› environments with ‹dozens› endpoints each, all clicked by hand. «Staging and production drift apart every week.|Nobody knows who added the last one.»",
      "With the community provider every `terraform plan` «shows a change of `events`|wants to recreate the endpoint», though nobody touched it. «The order of the list seems to matter.|»",
    ],
    code: [
      `${fence}hcl\nresource "lantern_endpoint" "billing" {\n  url    = "https://hooks.internal.example/billing"\n  events = ["‹event›", "invoice.paid"]\n}\n${fence}`,
    ],
    ask: ["A shell script with the CLI works but has no plan step. «What do others do?|»"],
    want: [
      "Everything else «in our stack|here» is code and reviewed. Lantern is the one thing that can be changed in production with a click.",
      "Even a `lantern apply -f endpoints.yaml` would do.",
    ],
    answers: [
      "There is a community provider that covers endpoints and restricted keys; the official one «is in the works|starts from it». Mind that the order of `events` caused a diff until its 0.‹n›.",
      "`lantern endpoints export > endpoints.json` and `import` give you a poor man's version.",
    ],
    points: [
      "The community provider works well for us since «spring|autumn».",
      "Pulumi can wrap it.",
      "Import of existing resources is the important part.",
      "Keys must never land in the state file in clear.",
    ],
    short: ["is there a terraform provider?", "how do you sync endpoints between staging and prod"],
    fixes: ["sort events before comparing", "export endpoints as a file", "add a Terraform example"],
  },
  {
    id: "quickstart",
    title: "Quickstart and first experience",
    area: "docs",
    weight: 4,
    titles: {
      love: [
        "«First event in ten minutes|The quickstart is great|Best API docs I've read this year»",
        "«Thank you for|Just wanted to praise» the ‹lang› quickstart",
        "Moved ‹what› to Lantern: «a happy report|smooth»",
      ],
      pain: [
        "1:Quickstart step ‹n› «does not match|is outdated for» ‹ver›",
        "1:«New here and stuck|Stuck» at «creating the first endpoint|the test key|step ‹n› of the quickstart»",
      ],
      ask: [
        "0:«Beginner question|Newbie question|First steps»: «do I need an endpoint to send events|what is the difference between event and delivery|where do I find the test key»?",
      ],
    },
    story: [
      "I «started with|am new to» Lantern «this week|yesterday» for ‹what› and followed the ‹lang› quickstart on ‹os›.",
      "Step ‹n› tells me to click *Create endpoint*, but in my dashboard the button «is called *Add destination*|is not there», and the snippet below fails with 401.",
    ],
    code: [
      `${fence}console\n$ «pip install lantern|npm i lantern-node|go get lantern.example/go/v3»\n$ lantern events send ‹event› --data '{"id": 1}'\n401 Unauthorized: this key is for live mode\n${fence}`,
    ],
    ask: ["«Sorry if this is obvious.|I hope that this is the right place to ask.» What am I missing?"],
    pain: ["I nearly gave up here, and I have done this for ‹dozens› years. «A screenshot that is up to date would do.|»"],
    love: [
      "From sign-up to a signed `‹event›` in my ‹fw› app in «ten minutes|half an hour», and I understood each step. «The tone of the docs is lovely: short, honest about limits.|The error page that linked the right paragraph sold me.»",
      "Our team of ‹n› did it in an afternoon workshop. Special thanks to the people in chat who answered on a «Sunday|Saturday night».",
    ],
    answers: [
      "Test keys start with `lk_test_`; the one in your snippet is a live key. The switch is at the top left of the dashboard« and easy to miss|». I have opened a docs issue for it.",
      "You do not need an endpoint to *send* events. An event is what happened, a delivery is one attempt to tell one endpoint about it.",
    ],
    points: [
      "Welcome! The button was renamed in ‹minor›.",
      "I had the same question on day one.",
      "The video on the docs home page shows it, at minute ‹n›.",
      "Glad that you found your way. «What are you building?|»",
    ],
    short: [
      "hi! first day with lantern, where do i find the test key?",
      "quickstart step ‹n› gives 401, what am i doing wrong",
      "just sent my first ‹event›, that was easy :)",
    ],
    fixes: ["bring the quickstart up to ‹ver›", "say which key mode a 401 is about", "replace outdated screenshots"],
  },
];
