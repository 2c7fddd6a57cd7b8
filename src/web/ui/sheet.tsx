import classes from "./sheet.module.css";

/**
 * A sheet of paper on the desk: one subject, its title in serif, what it is about in a quiet line beside it.
 * @param aside a few words or keys to the right of the title
 * @param id anchors the sheet; also names it for assistive technology
 */
export function Sheet(props: { title?: React.ReactNode; aside?: React.ReactNode; id?: string; level?: 2 | 3; children: React.ReactNode }) {
  const Heading = props.level === 3 ? "h3" : "h2";
  const headingId = props.id ? `${props.id}-title` : undefined;
  return (
    <section className={classes.sheet} id={props.id} aria-labelledby={props.title ? headingId : undefined}>
      {props.title ? (
        <header className={classes.head}>
          <Heading id={headingId}>{props.title}</Heading>
          {props.aside ? <small className={classes.aside}>{props.aside}</small> : null}
        </header>
      ) : null}
      {props.children}
    </section>
  );
}

/** Columns of sheets: `wide` is a main column with a smaller one, numbers are equal columns. One column when narrow. */
export function Columns({ layout, children }: { layout: "wide" | 2 | 3 | 1; children: React.ReactNode }) {
  return (
    <div className={classes.columns} data-layout={layout}>
      {children}
    </div>
  );
}

/** Sheets below each other. */
export function Pile({ children }: { children: React.ReactNode }) {
  return <div className={classes.pile}>{children}</div>;
}

/** A quiet line at the foot of a sheet: where to see more, what was left out. */
export function SheetFoot({ children }: { children: React.ReactNode }) {
  return <div className={classes.foot}>{children}</div>;
}
