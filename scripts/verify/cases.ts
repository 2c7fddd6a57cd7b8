/** One kind of real files: which they are, who reads them, and how their records are counted without our code. */
export interface VerifyCase {
  kind: string;
  /** Where they were published. */
  origin: string;
  connector: string;
  settings?: Record<string, unknown>;
  /** Globs below the folder of real files; each match is brought in by itself, be it a file or a folder. */
  paths: string[];
  except?: RegExp[];
  /** What one record is, in words. */
  counts: string;
  /** A Python program that prints the number of records of the path in `sys.argv[1]`. */
  count: string;
  /** Files that are broken or foreign where they come from, with what their refusal must say. */
  refused?: { path: RegExp; reason: RegExp }[];
}

const perceval = "chaoss/grimoirelab-perceval";

export const verifyCases: readonly VerifyCase[] = [
  {
    kind: "GitHub archive",
    origin: "tlswg/tls13-spec",
    connector: "github",
    paths: ["github-archive/*/archive.json"],
    counts: "issues and pull requests, and the conversation of each that has one",
    count:
      "import json,sys; d=json.load(open(sys.argv[1])); a=d['issues']+d['pulls']; print(len(a)+sum(1 for i in a if i['comments'] or i.get('reviews')))",
  },
  {
    kind: "GitHub REST answers",
    origin: perceval,
    connector: "github",
    paths: ["github-api/*/*"],
    counts: "items of a list, or the one that it is",
    count: "import json,sys; d=json.load(open(sys.argv[1])); print(len(d) if isinstance(d,list) else 1)",
    refused: [
      { path: /rate_limit/, reason: /request limit|refuses/ },
      { path: /empty_request|issue_comment_2_reactions$/, reason: /an empty list/ },
      { path: /_events_/, reason: /GraphQL/ },
      { path: /_reactions$/, reason: /reactions/ },
      { path: /_commits$/, reason: /commits/ },
      { path: /requested_reviewers/, reason: /requested reviewers|accounts/ },
      { path: /_orgs$/, reason: /accounts/ },
      { path: /_repo$/, reason: /a repository/ },
    ],
  },
  {
    kind: "mbox",
    origin: `${perceval}, git/git`,
    connector: "mbox",
    paths: ["mbox/*/*"],
    counts: "mails, as Python's mailbox counts them, gzip and folders too",
    count: [
      "import mailbox,sys,gzip,tempfile,os",
      "def n(p):",
      "    raw=open(p,'rb').read()",
      "    if raw[:2]==b'\\x1f\\x8b': raw=gzip.decompress(raw)",
      "    f=tempfile.NamedTemporaryFile(delete=False); f.write(raw); f.close()",
      "    c=len(mailbox.mbox(f.name)); os.unlink(f.name); return c",
      "p=sys.argv[1]; print(sum(n(os.path.join(p,x)) for x in os.listdir(p)) if os.path.isdir(p) else n(p))",
    ].join("\n"),
    refused: [{ path: /\.xml$/, reason: /is no mailbox|mailbox|XML/i }],
  },
  {
    kind: "DiscordChatExporter JSON",
    origin: "mlomb/chat-analytics",
    connector: "discord",
    paths: ["discord-export/*/*.json"],
    counts: "messages",
    count: "import json,sys; print(len(json.load(open(sys.argv[1]))['messages']))",
  },
  {
    kind: "zulip-archive",
    origin: "bostonopen",
    connector: "zulip",
    paths: ["zulip-archive/bostonopen"],
    counts: "messages in the files of the topics; the index beside them holds none",
    count: ["import json,sys,glob", "print(sum(len(json.load(open(f))) for f in glob.glob(sys.argv[1]+'/*/*.json')))"].join("\n"),
  },
  {
    kind: "Gitter API answers",
    origin: perceval,
    connector: "gitter",
    paths: ["gitter-api/*/*message*"],
    counts: "messages",
    count: "import json,sys; print(len(json.load(open(sys.argv[1]))))",
  },
  {
    kind: "Discourse API answers",
    origin: perceval,
    connector: "discourse",
    paths: ["discourse-api/*/*.json"],
    counts: "posts, and topics: of a list each, of an answer the one that its posts are of",
    count: [
      "import json,sys",
      "d=json.load(open(sys.argv[1]))",
      "t=d.get('topic_list',{}).get('topics',[])",
      "p=d.get('post_stream',{}).get('posts',[])",
      "print(len(t)+len(p)+(1 if p else 0)+(1 if 'cooked' in d else 0))",
    ].join("\n"),
  },
  {
    kind: "Mattermost API answers",
    origin: perceval,
    connector: "mattermost",
    paths: ["mattermost-api/*/*.json"],
    counts: "posts of people, and accounts",
    count: [
      "import json,sys",
      "d=json.load(open(sys.argv[1]))",
      "print(len([p for p in d.get('posts',{}).values() if not p['type'].startswith('system_')]) + (1 if 'username' in d else 0))",
    ].join("\n"),
    refused: [{ path: /erros\.json$/, reason: /You do not have the appropriate permissions/ }],
  },
  {
    kind: "Groups.io zip",
    origin: perceval,
    connector: "mbox",
    paths: ["groupsio/*/*.zip"],
    counts: "mails in the mailboxes of the zip, as Python's mailbox counts them",
    count: [
      "import mailbox,sys,zipfile,tempfile,os",
      "z=zipfile.ZipFile(sys.argv[1]); c=0",
      "for n in z.namelist():",
      "    if not n.endswith('.mbox'): continue",
      "    f=tempfile.NamedTemporaryFile(delete=False); f.write(z.read(n)); f.close()",
      "    c+=len(mailbox.mbox(f.name)); os.unlink(f.name)",
      "print(c)",
    ].join("\n"),
    refused: [{ path: /empty\.zip$/, reason: /it is empty/ }],
  },
  {
    kind: ".eml",
    origin: "mikel/mail",
    connector: "mbox",
    paths: ["eml/**/*.eml"],
    counts: "the one mail",
    count: "print(1)",
    // Of a mail without any date nobody can say when it was written.
    refused: [
      {
        path: /bad_encoded_subject|invalid_subject_characters|multiple_content_types|one_invalid|japanese(?:_iso_2022)?\.eml$|utf8_headers/,
        reason: /bears no date/,
      },
    ],
  },
  {
    kind: "RSS, Atom, RDF and JSON Feed",
    origin: `feedjira/feedjira, ${perceval}`,
    connector: "feeds",
    paths: ["feeds/*/*.xml", "feeds/*/*.json"],
    counts: "items or entries",
    count: [
      "import sys,re,json",
      "t=open(sys.argv[1],encoding='utf8',errors='replace').read()",
      "print(len(json.loads(t)['items']) if sys.argv[1].endswith('.json') else len(re.findall(r'<(?:item|entry)[\\s>]',t)))",
    ].join("\n"),
    refused: [{ path: /FirstEntry(?:Content)?\.xml$/, reason: /is no feed/ }],
  },
  {
    kind: "git log",
    origin: `${perceval}, git/git`,
    connector: "git",
    paths: ["git-log/*/*.txt"],
    counts: "commits",
    count: "import re,sys; print(len(re.findall(rb'^commit [0-9a-f]{40}', open(sys.argv[1],'rb').read(), re.M)))",
  },
];
