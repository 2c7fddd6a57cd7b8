import classes from "./table.module.css";

/** A plain table of words and numbers; give number cells `data-number`. */
export function DataTable({
  head,
  children,
  label,
}: {
  head?: readonly { label: string; number?: boolean }[];
  children: React.ReactNode;
  label: string;
}) {
  return (
    <div className={classes.wrap}>
      <table className={classes.table} aria-label={label}>
        {head ? (
          <thead>
            <tr>
              {head.map((cell) => (
                <th key={cell.label} scope="col" data-number={cell.number ? true : undefined}>
                  {cell.label}
                </th>
              ))}
            </tr>
          </thead>
        ) : null}
        <tbody>{children}</tbody>
      </table>
    </div>
  );
}
