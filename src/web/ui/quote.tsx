import classes from "./quote.module.css";

const contextChars = 150;

/** The last words before the passage, whole ones, with an ellipsis where more was said. */
function lead(before: string): string {
  const flat = before.replace(/\s+/g, " ");
  if (flat.length <= contextChars) return flat.trimStart();
  return `… ${flat.slice(-contextChars).replace(/^\S*\s/, "")}`;
}

/** The first words after it. */
function tail(after: string): string {
  const flat = after.replace(/\s+/g, " ");
  if (flat.length <= contextChars) return flat.trimEnd();
  return `${flat.slice(0, contextChars).replace(/\s\S*$/, "")} …`;
}

/**
 * A developer's own words, the telling passage marked.
 * @param before,after the words around the passage, so that it can be judged
 */
export function Quote({ text, before = "", after = "", cite }: { text: string; before?: string; after?: string; cite?: string }) {
  const around = before.trim() !== "" || after.trim() !== "";
  return (
    <blockquote className={classes.quote} cite={cite}>
      “{lead(before)}
      {around ? <mark>{text}</mark> : text}
      {tail(after)}”
    </blockquote>
  );
}
