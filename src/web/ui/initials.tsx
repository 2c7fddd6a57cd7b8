import classes from "./initials.module.css";

/** Two letters for a name in any script. */
export function initialsOf(name: string): string {
  const parts = name
    .replace(/[<@].*$/u, "")
    .split(/[\s._-]+/u)
    .filter((part) => /[\p{L}\p{N}]/u.test(part));
  const first = [...(parts[0] ?? "")][0] ?? "?";
  const last = parts.length > 1 ? ([...(parts.at(-1) ?? "")][0] ?? "") : ([...(parts[0] ?? "")][1] ?? "");
  return (first + last).toUpperCase();
}

/** A person's round mark. Pictures are not fetched: that would tell other sites who reads here. */
export function Initials({ name, size = 26 }: { name: string; size?: number }) {
  return (
    <span
      className={classes.mark}
      style={size === 26 ? undefined : { width: size, height: size, fontSize: Math.round(size * 0.42) }}
      aria-hidden="true"
    >
      {initialsOf(name)}
    </span>
  );
}

/** A count in the place of a face, for rows that stand for several things. */
export function CountMark({ n, urgent = false }: { n: number; urgent?: boolean }) {
  return (
    <span className={classes.mark} data-urgent={urgent} aria-hidden="true">
      {n > 99 ? "99+" : n}
    </span>
  );
}
