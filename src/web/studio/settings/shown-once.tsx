import { useEffect, useRef } from "react";
import { CopyButton } from "../../ui/copy-button.tsx";
import classes from "./settings.module.css";

/** A secret that is shown this once, to copy. It takes the focus, so that nobody misses it. */
export function ShownOnce(props: { title: string; secret: string; copy: string; children?: React.ReactNode }) {
  const place = useRef<HTMLDivElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new secret is a new reason to look here
  useEffect(() => place.current?.focus(), [props.secret]);
  return (
    <div className={classes.shown} ref={place} tabIndex={-1} role="status">
      <b>{props.title}</b>
      <pre className={classes.code}>{props.secret}</pre>
      <CopyButton value={props.secret} label={props.copy} />
      {props.children}
    </div>
  );
}
