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
    connector: "github-archive",
    paths: ["github-archive/*/archive.json"],
    counts: "issues and pull requests, each with its comments and reviews",
    count: "import json,sys; d=json.load(open(sys.argv[1])); print(len(d['issues'])+len(d['pulls']))",
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
];
