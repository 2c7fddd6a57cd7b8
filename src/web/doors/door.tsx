import { Alert } from "@mantine/core";
import { Link } from "react-router";
import { LogoMark } from "../ui/logo.tsx";
import { UiProvider } from "../ui/provider.tsx";
import { Sheet } from "../ui/sheet.tsx";
import classes from "./door.module.css";

/** The frame of a page through which somebody comes in: one narrow column, a sentence, a form. */
export function Door(props: { title: string; lead?: React.ReactNode; problem?: string | null; notice?: string | null; children?: React.ReactNode }) {
  return (
    <UiProvider>
      <main className={classes.page} id="main">
        <div className={classes.column}>
          <Link to="/" aria-label="Front page" className={classes.brand}>
            <LogoMark width={34} />
          </Link>
          <h1>{props.title}</h1>
          {props.lead ? <p className={classes.lead}>{props.lead}</p> : null}
          {props.problem ? (
            <Alert color="red" role="alert" variant="light">
              {props.problem}
            </Alert>
          ) : null}
          {props.notice ? (
            <Alert color="teal" role="status" variant="light">
              {props.notice}
            </Alert>
          ) : null}
          {props.children ? <Sheet>{props.children}</Sheet> : null}
        </div>
      </main>
    </UiProvider>
  );
}
