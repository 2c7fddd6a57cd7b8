import { Checkbox, NativeSelect, Radio, TextInput } from "@mantine/core";
import { useId } from "react";
import { Sheet } from "../../ui/sheet.tsx";
import classes from "./mapping.module.css";
import type { MappingColumn, MappingPreview, MappingQuestion } from "./mapping-form.server.ts";
import { formatMoment } from "./moment.ts";

/** Columns beyond this that mean nothing stand under a fold: surveys have hundreds. */
const columnsShown = 24;

/** What each column of a table means, and what counts for all of its rows. */
export function MappingFields(props: {
  question: MappingQuestion;
  times: MappingPreview["times"];
  hasAuthorId: boolean;
  problems: Record<string, string>;
  aside: string;
}) {
  const { question, problems } = props;
  const { columns, also } = question;
  const isFolded = columns.length > columnsShown;
  const shown = isFolded ? columns.filter(({ field }) => field !== "") : columns;
  const folded = isFolded ? columns.filter(({ field }) => field === "") : [];
  return (
    <>
      <Sheet title="Columns" id="columns" aside={props.aside}>
        {problems.time ? <p className={classes.problem}>{problems.time}</p> : null}
        <ul className={classes.columns} aria-label="Columns">
          {shown.map((column) => (
            <ColumnRow key={column.name} column={column} question={question} problem={problems[`column.${column.name}`]} />
          ))}
        </ul>
        {folded.length > 0 ? (
          <details className={classes.fold} open={shown.length === 0}>
            <summary>
              {shown.length === 0 ? "" : "The other "}
              {folded.length} columns, not used
            </summary>
            <ul className={classes.columns} aria-label="Other columns">
              {folded.map((column) => (
                <ColumnRow key={column.name} column={column} question={question} problem={problems[`column.${column.name}`]} />
              ))}
            </ul>
          </details>
        ) : null}
        {also.map(({ field, label, column }) => (
          <Checkbox key={field} name={`also.${field}`} value={column} defaultChecked mt="sm" label={`«${column}» is ${label} as well`} />
        ))}
      </Sheet>
      <Sheet title="All rows" id="all-rows">
        <AllRows {...props} />
      </Sheet>
    </>
  );
}

function ColumnRow({ column, question, problem }: { column: MappingColumn; question: MappingQuestion; problem: string | undefined }) {
  const id = useId();
  return (
    <li className={classes.column}>
      <div className={classes.about}>
        <label htmlFor={id} className={classes.name}>
          {column.name}
        </label>
        <span className={classes.samples}>
          {column.samples.length === 0 ? "empty in the first rows" : null}
          {column.samples.map((sample) => (
            <span key={sample}>{sample}</span>
          ))}
        </span>
      </div>
      <NativeSelect
        id={id}
        name={`column.${column.name}`}
        defaultValue={column.field}
        data={question.choices}
        description={column.reason || undefined}
        inputWrapperOrder={["label", "input", "description", "error"]}
        error={problem}
      />
    </li>
  );
}

function AllRows({ question, times, hasAuthorId, problems }: Parameters<typeof MappingFields>[0]) {
  const { values, labels, timeFormats, timeZones } = question;
  const isOpen = times.fitting.length > 1;
  return (
    <div className={classes.fields}>
      {isOpen ? (
        <Radio.Group
          // Another column, another question.
          key={times.fitting.map(({ format }) => format).join()}
          name="timeFormat"
          label={`What day is «${times.fitting[0]?.given}»?`}
          description="The rows do not tell day and month apart."
          defaultValue={times.fitting.some(({ format }) => format === values.timeFormat) ? values.timeFormat : null}
          error={problems.timeFormat}
          required
        >
          <div className={classes.radios}>
            {times.fitting.map(({ format, at }) => (
              <Radio key={format} value={format} label={`${formatMoment(at, values.timeZone)} (${format})`} />
            ))}
          </div>
          <input type="hidden" name="timeFormat.open" value="1" />
        </Radio.Group>
      ) : (
        <NativeSelect
          key={times.fitting[0]?.format ?? "none"}
          label={labels.timeFormat?.title}
          description={labels.timeFormat?.description}
          name="timeFormat"
          defaultValue={values.timeFormat !== "" && values.timeFormat !== "auto" ? values.timeFormat : (times.fitting[0]?.format ?? "auto")}
          data={timeFormats}
          error={problems.timeFormat}
        />
      )}
      <NativeSelect
        label={labels.timeZone?.title}
        description={times.needsZone ? "These times name none: say where their clock stood." : "These times name theirs, or count from 1970."}
        name="timeZone"
        defaultValue={values.timeZone}
        data={timeZones}
        error={problems.timeZone}
      />
      <TextInput
        label={labels.kindValue?.title}
        description={labels.kindValue?.description}
        name="kindValue"
        defaultValue={values.kindValue}
        error={problems.kindValue}
        required
      />
      <div hidden={!hasAuthorId}>
        <TextInput
          label={labels.authorPlatform?.title}
          description={labels.authorPlatform?.description}
          name="authorPlatform"
          defaultValue={values.authorPlatform}
          error={problems.authorPlatform}
        />
      </div>
    </div>
  );
}
