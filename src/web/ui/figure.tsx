import { Popover, UnstyledButton } from "@mantine/core";
import { Link } from "react-router";
import classes from "./figure.module.css";

/** What a figure means, within reach of the figure. */
export interface Definition {
  definition: string;
  exclusions?: string;
  /** The metric's page, where the rows and the history are. */
  to?: string;
}

/**
 * A number that can be trusted: it links to its rows, and carries n, window and definition.
 * @param value as shown; «–» with a reason in `note` where it cannot be said
 */
export function Figure(props: { value: string; to?: string; note?: React.ReactNode; define?: Definition; size?: "large" | "normal" }) {
  return (
    <div className={classes.figure} data-size={props.size ?? "normal"}>
      {props.to ? (
        <Link to={props.to} className={classes.value} aria-label={`${props.value}: see the rows`}>
          {props.value}
        </Link>
      ) : (
        <span className={classes.value}>{props.value}</span>
      )}
      <small className={classes.note}>
        {props.note}
        {props.define ? (
          <>
            {props.note ? " · " : ""}
            <DefinitionNote {...props.define} />
          </>
        ) : null}
      </small>
    </div>
  );
}

/** The word «definition» that opens what a figure counts and leaves out. */
export function DefinitionNote({ definition, exclusions, to }: Definition) {
  return (
    <Popover width={320} position="bottom" withArrow={false} shadow="md" trapFocus returnFocus>
      <Popover.Target>
        <UnstyledButton className={classes.define}>definition</UnstyledButton>
      </Popover.Target>
      <Popover.Dropdown>
        <div className={classes.definition}>
          <p>{definition}</p>
          {exclusions ? (
            <p>
              <b>Left out:</b> {exclusions}
            </p>
          ) : null}
          {to ? (
            <p>
              <Link className="link" to={to}>
                History and rows
              </Link>
            </p>
          ) : null}
        </div>
      </Popover.Dropdown>
    </Popover>
  );
}
