import { Button } from "@mantine/core";
import { Link, useLocation, useSearchParams } from "react-router";
import classes from "./pager.module.css";

/**
 * Forward through a list by its cursor. Back is the browser's, or the first page.
 * @param next the cursor of the page after, null at the end
 * @param param the query parameter that carries it
 */
export function Pager({ next, param = "after" }: { next: string | null; param?: string }) {
  const [search] = useSearchParams();
  const { pathname } = useLocation();
  const isFirst = !search.has(param);
  if (isFirst && next === null) return null;

  const without = new URLSearchParams(search);
  without.delete(param);
  const forward = new URLSearchParams(without);
  if (next) forward.set(param, next);
  return (
    <nav className={classes.pager} aria-label="Pages">
      {isFirst ? (
        <span />
      ) : (
        <Link className="link" to={`${pathname}?${without}`}>
          First page
        </Link>
      )}
      {next ? (
        <Button component={Link} variant="default" to={`${pathname}?${forward}`} rel="next">
          Next page
        </Button>
      ) : (
        <span className="quiet">This is the end</span>
      )}
    </nav>
  );
}
