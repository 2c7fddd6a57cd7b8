import { Link } from "react-router";
import classes from "./rows.module.css";

/** A list whose rows are walked with j and k and opened with o. */
export function Rows({ label, children }: { label: string; children: React.ReactNode }) {
  return (
    <ul className={classes.rows} aria-label={label}>
      {children}
    </ul>
  );
}

export interface RowProps {
  /** A face or a count at the left. */
  mark?: React.ReactNode;
  title: React.ReactNode;
  /** Where the title leads. */
  to?: string;
  /** Who, where, why: one quiet line below. */
  meta?: React.ReactNode;
  /** Waiting time or a date at the right. */
  margin?: React.ReactNode;
  /** Buttons: the next action stands in the row. Give one a `data-key` to make it a key of the current row. */
  actions?: React.ReactNode;
  /** More below the line: a quote, a snippet. */
  children?: React.ReactNode;
  strong?: boolean;
  /** Puts the buttons below the words, for narrow places. */
  stacked?: boolean;
}

export function Row({ mark, title, to, meta, margin, actions, children, strong = true, stacked = false }: RowProps) {
  return (
    <li className={classes.row} data-row data-marked={mark !== undefined} data-stacked={stacked}>
      {mark}
      <div className={classes.main}>
        {to ? (
          <Link to={to} className={strong ? classes.title : classes.plainTitle} data-row-link>
            {title}
          </Link>
        ) : (
          <span className={strong ? classes.title : classes.plainTitle}>{title}</span>
        )}
        {children}
        {meta ? <div className={classes.meta}>{meta}</div> : null}
      </div>
      {margin || actions ? (
        <div className={classes.side}>
          {margin}
          {actions ? <div className={classes.actions}>{actions}</div> : null}
        </div>
      ) : null}
    </li>
  );
}

/** Joins the parts of a quiet line with dots; empty parts leave no dot behind. */
export function Dotted({ parts }: { parts: readonly React.ReactNode[] }) {
  const shown = parts.filter((part) => part !== null && part !== undefined && part !== false && part !== "");
  return (
    <>
      {shown.map((part, at) => (
        // The parts of one line never change places.
        // biome-ignore lint/suspicious/noArrayIndexKey: see above
        <span key={at}>
          {at > 0 ? " · " : ""}
          {part}
        </span>
      ))}
    </>
  );
}

/** The keys that work here, shown where they work. */
export function KeyHints({ hints }: { hints: readonly (readonly [keys: string, does: string])[] }) {
  return (
    <span className={classes.keys}>
      {hints.map(([keys, does], at) => (
        <span key={does}>
          {at > 0 ? " · " : ""}
          {keys.split(" ").map((key) => (
            <span key={key}>
              <kbd>{key}</kbd>{" "}
            </span>
          ))}
          {does}
        </span>
      ))}
    </span>
  );
}
