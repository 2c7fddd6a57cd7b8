import type { ThemeSource } from "./theme.ts";

const fence = "```";

export const clientThemes: ThemeSource[] = [
  {
    id: "retry-after",
    title: "SDK retries ignore Retry-After",
    area: "sdk",
    weight: 7,
    titles: {
      bug: [
        "‹sdk› «ignores|does not honour|doesn't respect» `Retry-After` «on 429|when rate limited|»",
        "Retries «hammer the API|make rate limiting worse|fire immediately» «on 429|after a 429 with Retry-After: ‹secs›»",
        "[‹lang›] 429 storm: client retries after ‹ms› ms although the server said ‹secs› s",
      ],
      ask: [
        "How do I «configure|change|switch off» retries in ‹sdk›?",
        "Does ‹sdk› back off on 429, or do I have to «do it myself|wrap every call»?",
      ],
      pain: ["Bulk import ‹many› records: ‹hours› of 429s because retries don't wait"],
    },
    story: [
      "When the API answers `429` with `Retry-After: ‹secs›`, ‹sdk› ‹ver› tries again after «‹ms› ms|less than a second», ‹n› times in a row, and then gives up. «So each call costs us ‹n› requests of the limit that we just hit.|»",
      "We import about ‹many› «customers|orders|devices» a night from ‹host›. As soon as the limit is reached, the client's own retries «keep us over it|burn the rest of the budget», because it waits a fixed ‹ms› ms instead of what the server asks for.",
    ],
    code: [
      `${fence}\nHTTP/1.1 429 Too Many Requests\nRetry-After: ‹secs›\nX-RateLimit-Remaining: 0\n\nretry 1 in ‹ms› ms\nretry 2 in ‹ms› ms\n${fence}`,
      `${fence}python\nclient = lantern.Client(max_retries=‹n›)\nfor row in rows:\n    client.events.send("‹event›", row)   # RateLimitError after a few hundred\n${fence}`,
      `${fence}go\nc := lantern.New(key, lantern.WithRetries(‹n›))\n// sleeps for a fixed backoff, whatever Retry-After says\n${fence}`,
    ],
    ask: [
      "Is there a hook where I can compute the delay from the response?",
      "«What should I set `max_retries` to for a bulk job?|Is a queue in front of it the only way?»",
    ],
    pain: ["Every team here has written its own wrapper around the client for this. «There are ‹n› of them now, all slightly different.|»"],
    answers: [
      'Confirmed: the retry policy reads only the status code. Until it is fixed you can pass `retry_delay=lambda r: int(r.headers.get("retry-after", 1))`, «available since ‹prev›|which overrides the fixed backoff».',
      "Set `max_retries=0` for bulk jobs and let your queue do the waiting; the error object has `.retry_after` in seconds.",
    ],
    points: [
      "Jitter would be good too: all ‹dozens› of our workers wake up at the same moment.",
      "‹lang› only? We have the same in «Python|Node|Go».",
      "`Retry-After` may be a date as well as a number of seconds, please handle both.",
      "Same here on ‹ver›. We dropped concurrency to ‹n› as a workaround.",
      "I can send a PR if somebody points me to the right place.",
    ],
    short: [
      "does ‹sdk› read Retry-After at all? getting 429s in a loop",
      "how do i turn off retries in the ‹lang› sdk",
      "rate limited all night because the client retries after ‹ms› ms",
    ],
    fixes: [
      "honour Retry-After when retrying",
      "add jitter to the backoff",
      "expose retry_after on RateLimitError",
      "parse Retry-After given as a date",
    ],
  },
  {
    id: "opaque-errors",
    title: "Error messages hide the cause",
    area: "sdk",
    weight: 7,
    titles: {
      pain: [
        "“Invalid request” «is not an error message|tells me nothing|is all I get»",
        "Error messages hide «the cause|which field is wrong|what the API said»",
        "‹hours› to find out which field was wrong",
      ],
      bug: [
        "‹sdk› «swallows|drops|loses» the response body «on 400|of errors|on validation errors»",
        "`LanternError: request failed` without «status|body|request id» in ‹ver›",
      ],
      ask: ["How do I see «the real error|what the API answered» in ‹sdk›?", "What does `«E_INVALID_STATE|E_CONFLICT|E_PRECONDITION»` mean?"],
      want: ["Put the request id into every exception", "List *all* invalid fields, not the first one"],
    },
    story: [
      "Sending `‹event›` «fails|is refused» with `Invalid request`, and that is all. «No field, no value, no request id.|The response has a perfectly good explanation, the client throws it away.»",
      'In ‹rt› I get `LanternError: request failed`. Only with a proxy in between did I see that the API had answered: `"amount" must be an integer`. «The SDK drops the body.|»',
    ],
    code: [
      `${fence}\nLanternError: request failed\n    at Client.send (/app/node_modules/‹sdk›/dist/client.js:‹line›:11)\n${fence}`,
      `${fence}json\n{ "error": { "code": "E_INVALID", "field": "data.«amount|currency|starts_at»", "message": "must be an integer" } }\n${fence}`,
      `${fence}pytb\n  File "app/billing.py", line ‹line›, in notify\n    client.events.send("‹event›", payload)\nlantern.errors.InvalidRequest: Invalid request\n${fence}`,
    ],
    ask: ["Is there a debug flag that prints the response?", "Where is the list of error codes? The link in the docs is a 404."],
    want: [
      "With the request id in the message, our log would be enough for your support. Today we reproduce each problem by hand «first|with curl».",
      "Fixing one field only to hear about the next is slow when a deploy takes ‹n› minutes.",
    ],
    pain: [
      "«The bug was mine|It was my mistake», a string where a number belongs. But it took ‹hours› to see it, and a colleague had lost ‹hours› on the same a week before.",
      "New people judge the product by this. «Ours asked whether Lantern was down.|»",
    ],
    answers: [
      "Set `LANTERN_DEBUG=1` and the SDK prints request and response (keys are masked). In code it is `error.response.body`«, since ‹prev›|».",
      "You are right, the message should carry the field. `error.details` has the list; only `str(error)` does not show it. «I opened an issue for the message.|»",
    ],
    points: [
      "The request id is in the `Lantern-Request-Id` header, worth logging.",
      "Node and Python do this, Go wraps the error properly.",
      "Please keep values out of the message, ours contain personal data. Field names are fine.",
      "A table of codes with causes would help already.",
      "“Invalid request” cost me «an evening|a morning» too.",
    ],
    short: [
      "what does 'invalid request' mean, no details at all",
      "is there a debug mode in ‹sdk› that shows the response?",
      "E_PRECONDITION on ‹event›, docs have nothing on it",
    ],
    fixes: [
      "name the field in validation errors",
      "put the request id into every exception",
      "keep the response body on errors",
      "list every error code in the reference",
    ],
  },
  {
    id: "python-async",
    title: "Async client for Python",
    area: "sdk: python",
    sdk: "python",
    until: "3.1",
    weight: 5,
    titles: {
      want: [
        "«Async client|asyncio support|An async client» for «Python|lantern-python»",
        "lantern-python: support `async with` and «httpx|aiohttp»",
      ],
      ask: [
        "Using lantern-python in ‹fw› «without blocking the event loop|from async code»?",
        "Is `run_in_executor` the way to go for lantern-python in ‹fw›?",
      ],
      pain: ["One slow Lantern call blocks «our whole ‹fw› app|every request» for ‹n› seconds"],
      love: ["AsyncClient in 3.1 is «lovely|exactly right|such a relief»"],
    },
    story: [
      "We run ‹fw› on ‹rt›, everything is async except the Lantern client. Each `send` blocks the loop for ‹ms› ms, and under load «the health check times out|latency of all other requests goes up».",
    ],
    code: [
      `${fence}python\nloop = asyncio.get_running_loop()\nawait loop.run_in_executor(None, client.events.send, "‹event›", data)  # works, but …\n${fence}`,
      `${fence}python\nasync with lantern.AsyncClient() as client:\n    await client.events.send("‹event›", data)\n${fence}`,
    ],
    ask: ["Threads work, but with ‹dozens› calls in flight the pool is full. What do others do?"],
    want: [
      "Most new Python services «here|at our place» are async. The sync client is the last blocking call that we have, and the reason that ‹n› services still talk to the REST API by hand.",
      "An httpx-based client would give us both, timeouts and connection pooling included.",
    ],
    pain: ["We noticed in production, at ‹many› events an hour. «Nothing in the docs says that the client blocks.|»"],
    love: [
      "Moved ‹what› over in «an evening|under an hour»: p95 went from ‹n›00 ms to under ‹n›0 ms, and ‹dozens› lines of executor plumbing are gone. Thank you!",
    ],
    answers: [
      "There is no async client yet; `asyncio.to_thread(client.events.send, …)` is the best stopgap. An `AsyncClient` «is on the roadmap for 3.1|is being worked on».",
      "`AsyncClient` ships with 3.1: same methods, awaited. «The sync one stays.|»",
    ],
    points: [
      "Please keep the sync client, scripts need it.",
      "I have a fork with httpx that passes most of the tests.",
      "anyio instead of asyncio would cover trio users too.",
      "Same wish here, ‹fw› on ‹host›.",
    ],
    short: ["any plans for an async python client?", "lantern-python blocks my ‹fw› event loop, how do you deal with that", "asyncclient when? :)"],
    fixes: ["add AsyncClient", "share the request building between the sync and async client", "test AsyncClient under trio"],
  },
  {
    id: "go-context",
    title: "Go SDK ignores context cancellation",
    area: "sdk: go",
    sdk: "go",
    weight: 4,
    titles: {
      bug: [
        "0:lantern-go «ignores|does not respect» context «cancellation|deadline» «while retrying|in Send|»",
        "1:Goroutine leak: «retry loop|Send» outlives its context in ‹ver›",
        "0:`ctx` deadline of ‹n› s, but `Events.Send` returns after ‹secs› s",
      ],
      ask: [
        "0:How do I cancel a running `Events.Send` in lantern-go?",
        "0:lantern-go: per-call timeout «without a new client|with a shared client»?",
      ],
    },
    story: [
      "I pass a context with a deadline of ‹n› seconds to `Events.Send`. When the API is slow, the call «comes back after ‹secs› seconds|keeps sleeping in its retry loop» instead of returning `context.DeadlineExceeded`.",
      "On shutdown ‹dozens› goroutines hang in `lantern.(*Client).do`, all in `time.Sleep`. «`goleak` finds them in our tests as well.|»",
    ],
    code: [
      `${fence}go\nctx, cancel := context.WithTimeout(ctx, ‹n›*time.Second)\ndefer cancel()\nerr := client.Events.Send(ctx, "‹event›", payload) // returns ‹secs› s later\n${fence}`,
      `${fence}\ngoroutine ‹line› [sleep]:\ntime.Sleep(0x77359400)\nlantern.(*Client).do(0xc0001«2c|4a|9e»000, …)\n\tlantern-go/client.go:‹line›\n${fence}`,
    ],
    ask: ["Is `WithTimeout` on the client the only way? «It would apply to all calls.|»"],
    answers: [
      "The backoff uses `time.Sleep`; it should `select` on `ctx.Done()`. «Fix is in #«812|1044|1310», out with the next patch.|Would you like to send a PR? It is in `client.go`, function `do`.»",
      "Until then set `lantern.WithRetries(0)` and retry in your own loop, where you can watch the context.",
    ],
    points: [
      "`http.Client.Timeout` helps with the request itself, not with the sleep.",
      "We saw it as pods that take 30 s to terminate.",
      "errors.Is(err, context.Canceled) is false as well, since the error is wrapped with %v and not %w.",
      "Reproduced on ‹rt› with ‹ver›.",
    ],
    short: [
      "lantern-go Send does not return when ctx is cancelled?",
      "goroutine leak in lantern-go ‹ver›, anyone?",
      "how do you set a per call timeout in the go sdk",
    ],
    fixes: ["stop retrying when the context ends", "wrap errors with %w", "replace time.Sleep by a timer in the retry loop"],
  },
  {
    id: "typescript-types",
    title: "Types in the Node SDK are too wide",
    area: "sdk: node",
    sdk: "node",
    weight: 5,
    titles: {
      pain: [
        "0:`event.data` is `any`: «we cast everywhere|types don't help|no narrowing by type»",
        "1:The types of lantern-node ‹ver› «compile slowly|take ‹n› s of tsc»",
      ],
      want: [
        "0:Discriminated union for webhook events «in lantern-node|»",
        "0:Generate «zod schemas|TypeScript types» from the event catalogue",
        "Type `metadata` as a generic",
      ],
      bug: [
        "1:lantern-node ‹ver› «does not compile without `skipLibCheck`|breaks `tsc` in ‹fw› projects»",
        "1:ESM import of lantern-node has no «default export|types» under `moduleResolution: nodenext`",
      ],
      ask: ["0:How do I type the payload of `‹event›` in TypeScript?"],
    },
    story: [
      'After `if (event.type === "‹event›")` the data is still `any`, so TypeScript cannot help with the one thing that goes wrong most: the payload. «We keep our own file of ‹dozens› interfaces.|»',
      "With `strict` and `nodenext`, lantern-node ‹ver› «does not compile|needs `skipLibCheck`» in our ‹fw› project.",
    ],
    code: [
      `${fence}ts\nif (event.type === "‹event›") {\n  event.data.amout; // typo, compiles\n}\n${fence}`,
      `${fence}\nerror TS«7016|2614|1479»: Could not find a declaration file for module 'lantern-node'.\n  There are types at '…/dist/index.d.ts', but this result could not be resolved\n${fence}`,
    ],
    ask: ["Are the types of the event payloads exported somewhere, «or do I write them myself|or generated from OpenAPI»?"],
    want: [
      "A typo in a field name reached production last «week|month». A union over the event names would have caught it in the editor.",
      "You have JSON Schemas for all events in the docs already. Shipping them as types would «save every team the same work|be enough for us».",
    ],
    pain: [
      "We chose the SDK over plain fetch because of the types, and then cast ‹dozens› times per service.",
      "Editor completion takes seconds in any file that imports the client. «Juniors think their laptop is broken.|»",
    ],
    answers: [
      '`import type { EventMap } from "lantern-node/events"` has the payloads per name; `LanternEvent<"‹event›">` narrows. It is new in ‹minor› and «not in the docs yet|still marked experimental».',
      "That is the dual package problem: the `types` condition stood behind `import`. Fixed on main; «a prerelease is out|until then map it in `paths`».",
    ],
    points: [
      "A `satisfies` helper would be nice too.",
      "Please not zod as a hard dependency, bundle size matters on ‹host›.",
      "We generate types from your OpenAPI file with a script, works but is ‹n›00 kB.",
      "`unknown` instead of `any` would be a start.",
    ],
    short: [
      "is there a type for the ‹event› payload in lantern-node?",
      "event.data is any... am I missing an import",
      "tsc takes ‹n› s more since ‹ver›, is it the lantern types?",
    ],
    fixes: [
      "narrow event data by event type",
      "put the types condition first in exports",
      "type metadata as a generic",
      "return unknown instead of any",
    ],
  },
];
