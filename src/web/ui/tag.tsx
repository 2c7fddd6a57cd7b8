import classes from "./tag.module.css";

export type Tone = "plain" | "question" | "waiting" | "good" | "bad";

/** A small word on a thing: its class or state. `waiting` is kept for «a human is needed». */
export function Tag({ tone = "plain", title, children }: { tone?: Tone; title?: string; children: React.ReactNode }) {
  return (
    <span className={classes.tag} data-tone={tone} title={title}>
      {children}
    </span>
  );
}
