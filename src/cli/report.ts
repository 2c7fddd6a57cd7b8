import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { type Command, Option } from "commander";
import rehypeSanitize from "rehype-sanitize";
import rehypeStringify from "rehype-stringify";
import remarkGfm from "remark-gfm";
import remarkParse from "remark-parse";
import remarkRehype from "remark-rehype";
import { unified } from "unified";
import { countOf } from "#core/text/count-of.ts";
import type { Ctx } from "#features/access/index.ts";
import { listSignals, type SignalCount, type SignalRow, signalCounts } from "#features/feedback/index.ts";
import { listSources, type SourceRow } from "#features/ledger/index.ts";
import { listWaiting, type QuestionCounts, questionCounts, type WaitingRow } from "#features/support/index.ts";
import { type MetricReading, metrics, readMetric } from "#metrics/index.ts";
import { asJson, coverageOf, showFigure, spanOf, withSpan } from "./metrics.ts";
import { openNamedCommunity, type Session } from "./session.ts";
import { showAge } from "./table.ts";

type Run = (action: (session: Session) => Promise<unknown>) => Promise<void>;

interface ReportOptions {
  community?: string;
  format: "markdown" | "html" | "json";
  output?: string;
  from?: string;
  to?: string;
  days?: number;
}

interface Report {
  community: { slug: string; name: string };
  from: string;
  to: string;
  knownOn: Date;
  metrics: MetricReading[];
  questions: QuestionCounts;
  waiting: WaitingRow[];
  signals: SignalCount[];
  voices: SignalRow[];
  sources: SourceRow[];
}

/** `report`: a span in figures and in people's own words. */
export function addReport(program: Command, run: Run): void {
  withSpan(program.command("report"))
    .description("what happened in a span: figures with their definitions, who waits, what hurts in their own words")
    .option("--community <slug>", "which community; may be left out when there is one")
    .addOption(new Option("--format <format>", "markdown, html or json").choices(["markdown", "html", "json"]).default("markdown"))
    .option("--output <file>", "a file instead of standard output")
    .action((options: ReportOptions) => run((session) => writeReport(session, options)));
}

/** Writes the report in the form asked for. */
export async function writeReport(session: Session, options: ReportOptions): Promise<void> {
  const ctx = await openNamedCommunity(session, options);
  const report = await gather(ctx, spanOf(ctx, options));
  const text =
    options.format === "json"
      ? JSON.stringify({ ...report, metrics: report.metrics.map(asJson) })
      : options.format === "html"
        ? await toHtml(report)
        : toMarkdown(report);
  if (options.output === undefined) session.out(text.trimEnd());
  else writeFileSync(resolve(session.cwd, options.output), text);
}

async function gather(ctx: Ctx, span: { from: string; to: string }): Promise<Report> {
  const readings: MetricReading[] = [];
  for (const { id } of metrics) readings.push(await readMetric(ctx, { id, params: span, maxAgeSeconds: 0 }));
  const during = { from: new Date(`${span.from}T00:00:00Z`), to: new Date(Date.parse(`${span.to}T00:00:00Z`) + 86_400_000) };
  return {
    community: { slug: ctx.community.slug, name: ctx.community.name },
    ...span,
    knownOn: ctx.clock.now(),
    metrics: readings,
    questions: await questionCounts(ctx),
    waiting: (await listWaiting(ctx, { limit: 10 })).rows,
    signals: await signalCounts(ctx, during),
    voices: (await listSignals(ctx, { ...during, limit: 10 })).rows,
    sources: await listSources(ctx),
  };
}

/** The report as Markdown. Words of others are escaped: a title must not become a heading or a link. */
export function toMarkdown(report: Report): string {
  const lines = [
    `# ${plain(report.community.name)}, ${report.from} to ${report.to}`,
    "",
    `As known on ${report.knownOn.toISOString().slice(0, 16).replace("T", " ")} UTC.`,
    "",
    "## Figures",
    "",
    "| Metric | Value | Rests on | What it counts |",
    "|---|--:|--:|---|",
    ...report.metrics.map(
      ({ metric, value }) =>
        `| ${metric.title} | ${showFigure(value.value, metric.unit)} | ${value.n.toLocaleString("en")} | ${plain([metric.definition, value.note].filter(Boolean).join(" "))} |`,
    ),
    "",
    "## Who waits for us",
    "",
    `${countOf(report.questions.waiting, "thread waits", "threads wait")} for a word of ours; ${countOf(report.questions.unanswered, "question is", "questions are")} unanswered, ${report.questions.answered.toLocaleString("en")} answered, ${report.questions.solved.toLocaleString("en")} solved.`,
    "",
    ...report.waiting.map(
      (row) => `- ${showAge(row.waitingSince, report.knownOn)}: ${link(row.title, row.url)}${row.asker ? `, asked by ${plain(row.asker.name)}` : ""}`,
    ),
    "",
    "## What they said",
    "",
    report.signals.length === 0
      ? "No feedback in this span."
      : report.signals
          .map(({ kind, state, n, people }) => `${n.toLocaleString("en")} × ${kind} (${state}) from ${countOf(people, "person", "people")}`)
          .join("; "),
    "",
    ...report.voices.flatMap((row) => [
      `> ${plain(row.quote)}`,
      ">",
      `> ${plain(row.author?.name ?? row.unattributed ?? "unknown")}, ${link(row.thread?.title ?? row.channel.name, row.url)} (${row.kind})`,
      "",
    ]),
    "## What this rests on",
    "",
    ...coverageOf(report.metrics).flatMap((words) => [plain(words), ""]),
    "| Source | Activities | Threads | From | To | Set aside |",
    "|---|--:|--:|---|---|--:|",
    ...report.sources.map(
      (row) =>
        `| ${plain(row.name)} | ${row.activities.toLocaleString("en")} | ${row.threads.toLocaleString("en")} | ${row.oldestAt ?? "–"} | ${row.newestAt ?? "–"} | ${row.rejected.toLocaleString("en")} |`,
    ),
  ];
  return `${lines.join("\n")}\n`;
}

async function toHtml(report: Report): Promise<string> {
  const body = await unified().use(remarkParse).use(remarkGfm).use(remarkRehype).use(rehypeSanitize).use(rehypeStringify).process(toMarkdown(report));
  const title = plainHtml(`${report.community.name}, ${report.from} to ${report.to}`);
  const style =
    "body{font:16px/1.55 system-ui,sans-serif;color:#1b2426;max-width:58rem;margin:3rem auto;padding:0 1.25rem}table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}td,th{border-bottom:1px solid #d9dedd;padding:.4rem .6rem;text-align:left;vertical-align:top}blockquote{border-left:3px solid #0f6e78;margin:1rem 0;padding:.1rem 1rem}a{color:#0f6e78}@media(prefers-color-scheme:dark){body{background:#121819;color:#e6ebea}td,th{border-color:#2c3638}a{color:#5fc1cb}}";
  return `<!doctype html>\n<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${title}</title><style>${style}</style>\n<body>\n${String(body)}\n</body></html>\n`;
}

function link(text: string, url: string | null): string {
  return url && /^https?:\/\/[^\s<>()]+$/.test(url) ? `[${plain(text)}](${url})` : plain(text);
}

/** Somebody's words as Markdown text on one line. */
function plain(text: string): string {
  return text
    .replace(/\s+/g, " ")
    .replace(/[\\`*_{}[\]<>#|~!]/g, "\\$&")
    .trim();
}

function plainHtml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
