import { templates } from "../grammar.ts";

/** Sentences that go with any theme. */
export const common = {
  greeting: templates(["Hi all,", "Hello,", "Hi!", "Hey folks,", "Good morning,", "Hi Lantern team,", "Hello everyone,", "Hey,"]),
  context: templates([
    "We run ‹what› on ‹host›, with ‹sdk› ‹ver› «behind|inside|next to» ‹fw›.",
    "Setup: ‹rt›, ‹fw›, ‹sdk› ‹ver›, ‹os›.",
    "I maintain ‹what› and «we use|use» Lantern for `‹event›` and a few more.",
    "«Context|Background»: ‹n› services, about ‹many› events a day, mostly `‹event›`.",
    "«Not sure if this is a bug or me.|I searched the issues and the docs before I asked.|This may be known already.»",
  ]),
  steps: templates([
    "**Steps**\n\n1. ‹sdk› ‹ver› on ‹rt›, ‹os›\n2. «Send|Trigger» `‹event›` «in test mode|to one endpoint|with a small payload»\n3. «See below|Look at the log|Wait ‹secs› s»",
    "To reproduce: «a fresh project|the quickstart app|an empty ‹fw› project» with ‹sdk› ‹ver›, then `lantern trigger ‹event›`. «Happens every time.|About one time in ‹n›.»",
  ]),
  expected: templates([
    "I expected «the same behaviour as on ‹prev›|a clear error|it to just work», «or at least a note in the changelog|and so does our test suite|as the reference says».",
    "**Expected:** «works as on ‹prev›|an error that names the cause|the documented behaviour». **Actual:** see above.",
  ]),
  environment: templates([
    "| | |\n|---|---|\n| Lantern | ‹ver› |\n| Runtime | ‹rt› |\n| Framework | ‹fw› |\n| System | ‹os› |",
    "Environment: ‹sdk› ‹ver›, ‹rt›, ‹os›.",
    "Request id, if that helps: `‹req›`.",
  ]),
  closing: templates([
    "Thanks!",
    "Thanks in advance.",
    "Any hint is welcome.",
    "Happy to test a fix.",
    "Glad to help with a PR if you tell me where to start.",
    "Cheers",
    "Thanks for your work on this, by the way.",
  ]),
  teamLead: templates([
    "Thanks for the «clear|detailed» report.",
    "Good question.",
    "Sorry for the trouble.",
    "Hi, and welcome!",
    "Thanks for raising this.",
    "Yes, this one is on us.",
    "Good catch.",
  ]),
  peerLead: templates([
    "We had the same.",
    "Not from the team, but:",
    "This is how we do it:",
    "I ran into this «last month|in spring|a while ago».",
    "Had that too.",
    "Just a user here.",
  ]),
  tail: templates([
    "«Does that help?|Let me know how it goes.|Shout if it does not.»",
    "If it still fails, please post the output with `LANTERN_DEBUG=1`.",
    "I noted the gap in the docs.",
    "«Tested on|This was on» ‹rt›.",
  ]),
  metoo: templates([
    "Same here with ‹sdk› ‹ver› on ‹os›.",
    "+1, «we see this in|it hits» ‹what› too, about ‹dozens› times a day.",
    "Can confirm on ‹rt›. «‹prev› is fine.|Also on ‹prev›.»",
    "«Following|Subscribing», we have this on ‹host›.",
    "We are affected as well. «Any workaround?|Is there a workaround until it is fixed?»",
    "Seeing it since «‹weekday›|the last deploy», ‹fw› here.",
  ]),
  followUp: templates([
    "Thanks, that gets me further. «Now it fails for `‹event›` only.|It works locally, not yet on ‹host›.»",
    "I tried that with ‹ver›: «no change|same result», request id `‹req›`. «Anything else I can collect?|What should I look at next?»",
    "Good idea, I will try it «tonight|on ‹weekday›|after the release» and report back.",
    "To add to my post: it also happens «on ‹os›|without ‹fw›|in test mode».",
    "Log with debug on:\n\n```\n‹req›  ‹event›  attempt ‹n›  ‹ms› ms\n```",
    "Right, I mixed up the two secrets. «One step further.|Still one question: does that hold for test mode too?»",
  ]),
  solved: templates([
    "That was it, thank you! «Closing.|»",
    "Works now on ‹ver›. «Thanks a lot, both of you.|Thank you, saved my ‹weekday›.|»",
    "«Confirmed|I can confirm»: fixed with the setting above. «It would be good to have this in the docs.|»",
    "Perfect, «up and running|all green», «‹dozens› deliveries and no error so far|thanks for the quick answer|you made my day».",
    "This solved it. For the record: the cause was «the parsed body|an old key in the environment|our proxy|a stale build».",
  ]),
  bump: templates([
    "Any news on this?",
    "«Gentle bump|Friendly ping». We still see it on ‹ver›.",
    "Is anybody looking into this? It blocks our upgrade.",
    "Still the same after another week, in case it got lost.",
    "Update: also happens on ‹os›. Does anyone have an idea?",
  ]),
  discuss: templates([
    "«For us|In our case» ‹n› of ‹dozens› services would profit.",
    "How would that look for people on ‹host›?",
    "I would start small: «one flag|one endpoint|the ‹lang› SDK», then see.",
    "We solved it on our side with a wrapper of about ‹dozens› lines. «Works, but I'd love to delete it.|»",
    "What would you expect to happen when «two of them run at once|the network is down|the key has expired»?",
    "This came up in «the last community call|chat on ‹weekday›|our team meeting» as well.",
    "Agreed, though I'd rather have it «opt-in|off by default|in the CLI first».",
    "Is somebody working on this? I have time «next week|in two weeks|over the weekend».",
    "Whatever we pick, please document it. «Half of the pain is finding it.|»",
    "I wrote down what we do in ‹what›: ‹n› endpoints, one queue, retries on our side. It holds ‹many› events an hour.",
    "That would break our tests, we compare exact payloads of `‹event›`.",
  ]),
  teamNote: templates([
    "«Noted|I added this to our list» for the next planning, with the cases from this thread. «Keep them coming.|»",
    "We talked about it today. «No promise on the date, but it is wanted.|It will not make ‹minor›, we look at it again after that.»",
    "Could you tell me «how often this happens|how many endpoints you have|what you tried so far»? It helps me make the case.",
    "Fix is merged and «goes out with the next patch|will be in the next release». «Thanks to everybody who helped to narrow it down.|»",
    "I could reproduce it on ‹rt›. «The cause is ours.|A fix is on the way.»",
  ]),
  praiseReply: templates([
    "«This made our day|Passing this on to the team», thank you!",
    "Lovely to read. «Would you write a few lines for the blog?|»",
    "Same experience here.",
    "«Nice|Great»! What do you use it for?",
    "Thank you for taking the time to say so.",
  ]),
};

/** What people add to a title so that it is found: their version, framework, system. */
export const details = {
  title: templates([" (‹fw›)", " (‹ver›, ‹os›)", " on ‹os›", " with ‹fw› on ‹cloud›", " [‹rt›]", " (‹sdk› ‹ver›)", " in ‹fw›", " – ‹rt› on ‹cloud›"]),
  foreign: templates([" (‹fw›)", " (‹ver›)", " – ‹sdk›", " [‹rt›]", " (‹cloud›)", " – ‹event›"]),
  chatBefore: templates(["hey, ", "hi! ", "quick question: ", "morning! ", "hi folks, ", "sorry to bother, ", "one for the ‹lang› people: "]),
  chatAfter: templates([" (‹fw›)", " we are on ‹ver›", " ‹fw› on ‹cloud› here", " this is ‹rt›", " (‹sdk› ‹ver›)", " running ‹os›"]),
};

export const bots = {
  triage: templates([
    "Thanks for opening this issue. A maintainer will have a look. Please make sure that it states the SDK version and a request id.",
  ]),
  stale: templates(["This issue has had no activity for 60 days and was closed automatically. Reopen it if it still matters to you."]),
  preview: templates(["Docs preview ready: https://preview-‹dozens›.docs.lantern.example (commit `‹hash›`)"]),
  build: templates(["Build «#‹many›|‹hash›» «passed|passed|passed|failed» in ‹n› min ‹secs› s."]),
  status: templates([
    "«Resolved|Monitoring|Investigating»: «elevated latency|delayed deliveries|errors» in «webhooks|the dashboard|the events API». https://status.lantern.example",
  ]),
};

/** Threads that are about no theme. */
export const misc = {
  showTitle: templates([
    "Show and tell: «a dashboard|a VS Code extension|a Grafana panel|a Slack relay|a replay tool|a load tester» for Lantern «webhooks|deliveries|events»",
    "I built «a CLI wrapper|an event simulator|a local inbox|a chaos proxy» for `‹event›`",
    "How we moved ‹what› to ‹fw› and Lantern",
    "«Write-up|Blog post»: ‹many› events a day from ‹host›",
  ]),
  showBody: templates([
    "Over the last «weekend|weeks|month» I built a small thing on top of Lantern: it «listens to `‹event›` and shows each delivery as it comes|replays yesterday's deliveries against a branch|fails one delivery in ‹n› to test our retries». About ‹n›00 lines of ‹lang›, ‹fw› for the front. Feedback welcome, it is the first thing that I publish.",
    "We wrote down how ‹what› went from polling every ‹secs› s to webhooks: what broke («duplicate deliveries|timeouts|our own queue»), what it costs, and what we would do differently. ‹n› minutes to read.",
  ]),
  helloTitle: templates([
    "Hello from «Lagos|São Paulo|Sapporo|Leipzig|Pune|Córdoba|Gdańsk|Nairobi|Hanoi|Izmir|Lyon|Utrecht|Porto|Halifax|Busan|Zagreb»«, ‹lang› developer|»",
    "New here: ‹lang› «developer|engineer|hobbyist», building ‹what›",
    "Introduction: ‹fw› person, curious about webhooks",
  ]),
  helloBody: templates([
    "Hi! I work on ‹what› «at a small agency|in a team of ‹n›|alone, evenings and weekends», mostly ‹lang› and ‹fw›. Found Lantern through «a talk|a colleague|the docs of another project» and like the tone here.",
    "Hello everyone, I am «a backend developer|a student|an SRE|a data engineer who does webhooks now». If anybody uses ‹fw› on ‹host›, I'd like to compare notes.",
  ]),
  helloShort: templates([
    "hi all, new here. building ‹what› with ‹fw›",
    "hello! ‹lang› dev, just joined. is there a good place to start?",
    "hey, came over from the forum :) working on ‹what›",
  ]),
  meetTitle: templates([
    "Community call on ‹weekday›: «bring your webhooks|SDK roadmap|show and tell|docs sprint»",
    "Meet-up in «Berlin|Osaka|Toronto|Bogotá|Warsaw|Bengaluru|Lisbon»: who would come?",
    "Notes from the «last|‹weekday›'s» community call",
  ]),
  meetBody: templates([
    "We meet for an hour on ‹weekday›: ‹n› short talks, then open questions. Topics so far: signatures in ‹minor›, ‹fw› examples, what to do about retries. Add yours below.",
    "«About|Around» ‹dozens› people came. Most asked for «better error messages|key rotation|longer logs». Recording and notes are linked, thanks to all who spoke.",
  ]),
  releaseTitle: templates(["Lantern ‹minor› is out", "Released: Lantern ‹minor›"]),
  releaseBody: templates([
    "Lantern ‹minor› is available for all accounts, with SDKs for Python, Node and Go and the CLI.\n\n- «faster deliveries|new delivery log|clearer errors» \n- «restricted keys|endpoint groups|event catalogue»\n- ‹dozens› fixes, ‹n› of them reported in this forum\n\nPlease read the upgrade guide first. If something breaks, tell us here: we watch this topic all week.",
  ]),
  downShort: templates(["is the forum down for you too?", "forum gives 503 since this morning", "can't reach the forum, anyone know more?"]),
  downReply: templates([
    "yes, storage problem, we are on it. use this channel meanwhile",
    "same here, 503",
    "status page says they restore from backup",
    "thanks for the quick info",
  ]),
  incidentShort: templates([
    "webhooks delayed for anyone else? ‹event› ‹secs› min late",
    "getting 502 from the events api since a few minutes",
    "deliveries stuck in pending, is something up?",
  ]),
  incidentReply: templates([
    "same, ‹secs› minutes behind",
    "we see it, team is looking into it",
    "status page updated: queue backlog, nothing is lost",
    "catching up now here",
    "all delivered by now, thanks",
  ]),
  smallTalk: templates([
    "«what does everybody use|which editor plugin» for ‹fw›?",
    "any good talks on webhooks «lately|from ‹weekday›|with ‹lang› code|this month»?",
    "reminder: community call on ‹weekday›",
    "‹minor› looks good so far, ‹dozens› deploys and no issue",
    "who is at the «‹lang›|API|‹fw›» «conference|meet-up» «next week|on ‹weekday›»?",
  ]),
  smallReply: templates([
    "nice",
    "depends on your setup, for ‹fw› we like it simple",
    "count me in",
    "thanks for sharing!",
    "haha, true",
    "I'd go with ‹rt›",
    "had the same thought",
    "see you there",
    "link?",
    "works for us since ‹prev›",
  ]),
};

export const code = {
  pullPrefix: templates(["«Fix|fix»:", "", "", "[‹lang›]"]),
  pullBody: templates([
    "## What\n\n«Follows up on|Closes|Part of» the discussion in the linked issue. «Small change, no new dependency.|Touches ‹n› files, most of it tests.»\n\n## How tested\n\n«Unit tests on|Ran against» ‹rt› «and by hand with `lantern trigger ‹event›`|and the sandbox».",
    "This is my «first|second» contribution here, so please be picky. «I was not sure where the test belongs.|I kept the old behaviour behind a flag.»",
    "«Found|Noticed» while working on ‹what›. «Happy to split it up.|Let me know if it needs a changelog entry.»",
  ]),
  review: templates([
    "Looks good« to me|», «one question inline|thanks for the test|small nits only».",
    "Nice work. Could you add a case for «an empty body|a missing header|an expired key»?",
    "Approved. «I will merge it after the release.|Merging once the build is green.»",
    "I'd rather not change the default in a patch release. Could it be an option?",
  ]),
  reviewComment: templates([
    "This allocates on each call, «worth a constant?|could it move up?»",
    "Nit: the name says less than the comment. Maybe `«retryDelay|signedPart|rawBody»`?",
    "What happens here when the header is missing?",
    "«Can|Should» this be tested with the vectors from the docs?",
    "Good find, I had missed that branch.",
    "Line ‹line› below does the same, shall we share it?",
  ]),
  depTitle: templates(["Bump «undici|httpx|golang.org/x/net|esbuild|pytest|vite|cobra|ruff» from ‹n›.‹n›.‹n› to ‹n›.‹n›.‹n›"]),
  depBody: templates(["Bumps the dependency to its latest patch release. Release notes and commits are linked. «Compatibility 9‹n› %.|»"]),
  commitBody: templates([
    "Reported in the forum. The new test «covers both cases|fails without the change».",
    "«No change in behaviour|Behaviour stays the same» for those who do not use it.",
    "«Found|Noticed» while looking into `‹req›` on ‹rt›.",
    "«Part one of two|Follow-up comes separately»: the docs will say so as well.",
    "Tested on ‹rt› and ‹os›.",
  ]),
  commit: templates([
    "«tidy up|simplify|split» the «retry loop|signature check|config reader|event catalogue|test fixtures»",
    "release ‹ver›",
    "update the changelog for ‹ver›",
    "run the tests on ‹rt›",
    "fix a flaky test of the «webhook|retry|login» flow",
    "typo in the ‹lang› guide",
    "log the request id at debug level",
    "drop support for «Python 3.8|Node 16|Go 1.19»",
  ]),
};
