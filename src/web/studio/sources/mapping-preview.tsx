import { countOf, formatNumber, kindInWords } from "../../ui/format.ts";
import { Dotted, Row, Rows } from "../../ui/rows.tsx";
import { Sheet } from "../../ui/sheet.tsx";
import { Tag } from "../../ui/tag.tsx";
import classes from "./mapping.module.css";
import type { MappingPreview as Preview } from "./mapping-form.server.ts";
import { formatMoment } from "./moment.ts";

/**
 * The first rows as they would come in, and those that would not.
 * @param where what lines are counted in: a file's have numbers, held rows have none
 */
export function MappingPreview({ preview, where, children }: { preview: Preview; where: "file" | "held"; children: React.ReactNode }) {
  const { rows, bad, counts, problem } = preview;
  return (
    <>
      <Sheet
        title="As it will come in"
        id="preview"
        aside={rows.length < counts.rows && rows.length > 0 ? `the first ${formatNumber(rows.length)}` : undefined}
      >
        <p role="status" className={classes.counts}>
          {problem ?? inCounts(counts, where)}
        </p>
        {problem === null && !preview.hasWords ? (
          <p className={classes.counts}>No column is the title or the words: each row says that somebody was there, and nothing else.</p>
        ) : null}
        {children}
        <Rows label="Rows as they will come in">
          {rows.map((row) => (
            <Row
              key={row.line}
              title={row.title || row.words || kindInWords(row.kind)}
              margin={where === "file" ? <small>line {formatNumber(row.line)}</small> : null}
              meta={
                <Dotted
                  parts={[
                    `${formatMoment(row.at)} UTC`,
                    row.who,
                    <Tag key="k">{kindInWords(row.kind)}</Tag>,
                    row.channel === null ? null : `in ${row.channel}`,
                    row.visibility === null ? null : `for ${row.visibility}`,
                  ]}
                />
              }
            >
              {row.title !== "" && row.words !== "" ? <p className={classes.words}>{row.words}</p> : null}
            </Row>
          ))}
        </Rows>
      </Sheet>
      {bad.length > 0 ? (
        <Sheet
          title="Would be set aside"
          id="bad"
          aside={bad.length < counts.bad ? `the first ${formatNumber(bad.length)}` : "the others come in all the same"}
        >
          <Rows label="Rows that would be set aside">
            {bad.map((row) => (
              <Row
                key={`${row.line} ${row.column ?? ""} ${row.reason}`}
                title={row.reason}
                strong={false}
                margin={where === "file" ? <small>line {formatNumber(row.line)}</small> : null}
                meta={<Dotted parts={[row.column === undefined ? null : <code key="c">{row.column}</code>, row.remedy]} />}
              >
                <details>
                  <summary className="quiet">What was read</summary>
                  <pre className={classes.excerpt}>{row.excerpt}</pre>
                </details>
              </Row>
            ))}
          </Rows>
        </Sheet>
      ) : null}
    </>
  );
}

function inCounts({ rows, good, bad, isWhole }: Preview["counts"], where: "file" | "held"): string {
  if (rows === 0) return "There is a header, and no row below it.";
  const of = isWhole ? countOf(rows, "row") : `the first ${countOf(rows, "row")}`;
  const rest = isWhole || where === "held" ? "" : " The others are read when it comes in.";
  if (bad > 0) return `Of ${of}, ${formatNumber(good)} can come in and ${formatNumber(bad)} would be set aside.${rest}`;
  if (!isWhole) return `Each of ${of} can be read so.${rest}`;
  return rows === 1 ? "The one row can come in." : `All ${of} can come in.`;
}
