import classes from "./quote.module.css";

/**
 * A developer's own words, the telling passage marked.
 * @param before,after the words around the passage, so that it can be judged
 */
export function Quote({ text, before = "", after = "", cite }: { text: string; before?: string; after?: string; cite?: string }) {
  return (
    <blockquote className={classes.quote} cite={cite}>
      “{before}
      {before || after ? <mark>{text}</mark> : text}
      {after}”
    </blockquote>
  );
}
