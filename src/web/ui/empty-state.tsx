import { Button } from "@mantine/core";
import { Link } from "react-router";
import classes from "./empty-state.module.css";

/**
 * What stands where nothing is yet: why it is empty, and the next step as a button.
 * @param good sets it as good news («nobody waits») instead of a gap
 */
export function EmptyState(props: {
  title: string;
  children?: React.ReactNode;
  action?: { label: string; to: string };
  other?: { label: string; to: string };
  good?: boolean;
}) {
  return (
    <div className={classes.empty} data-good={props.good ?? false}>
      <p className={classes.title}>{props.title}</p>
      {props.children ? <p className={classes.text}>{props.children}</p> : null}
      {props.action ? (
        <div className={classes.actions}>
          <Button component={Link} to={props.action.to}>
            {props.action.label}
          </Button>
          {props.other ? (
            <Button component={Link} to={props.other.to} variant="default">
              {props.other.label}
            </Button>
          ) : null}
        </div>
      ) : null}
    </div>
  );
}
