import { isRouteErrorResponse, Link } from "react-router";
import classes from "./error-page.module.css";

/** What a thrown failure says to a reader. Loaders throw it with `failWith`, so that words survive the way to the browser. */
interface Words {
  title: string;
  detail: string;
}

function wordsOf(error: unknown): Words {
  if (isRouteErrorResponse(error)) {
    const said = typeof error.data === "string" ? error.data : "";
    if (error.status === 404)
      return { title: "There is nothing here", detail: said || "The address may be old or mistyped, or it is not for you to see." };
    if (error.status === 403)
      return { title: "This is not for your role", detail: said || "Ask an owner or admin of the community to change your role." };
    if (error.status === 400) return { title: "That request makes no sense to us", detail: said || "Go back and try it from the page." };
    if (said) return { title: "That did not work", detail: said };
  }
  return {
    title: "Something broke on our side",
    detail: "It has been logged. Try again; if it stays, look into the server's log, where this moment stands with its cause.",
  };
}

/**
 * The page for a failure: what happened and the way on.
 * @param home where to go instead
 */
export function ErrorPage({ error, home }: { error: unknown; home: { to: string; label: string } }) {
  const words = wordsOf(error);
  return (
    <div className={classes.page}>
      <h1>{words.title}</h1>
      <p>{words.detail}</p>
      <p>
        <Link className="link" to={home.to}>
          Go to {home.label}
        </Link>
      </p>
      {import.meta.env.DEV && error instanceof Error ? <pre className={classes.stack}>{error.stack}</pre> : null}
    </div>
  );
}
