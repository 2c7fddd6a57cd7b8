import { Link } from "react-router";
import classes from "./page-head.module.css";
import { SearchBox } from "./search-box.tsx";

export interface Crumb {
  label: string;
  to?: string;
}

/**
 * The head of a page. The title is a sentence that says what matters now; the small line above it says where one is.
 * @param actions buttons at the right; where there are none, the search box stands there
 */
export function PageHead(props: {
  over?: React.ReactNode;
  crumbs?: readonly Crumb[];
  title: React.ReactNode;
  children?: React.ReactNode;
  actions?: React.ReactNode;
}) {
  return (
    <header className={classes.head}>
      <div className={classes.words}>
        {props.crumbs ? (
          <nav aria-label="Breadcrumb" className={classes.over}>
            {props.crumbs.map((crumb, at) => (
              <span key={crumb.label}>
                {at > 0 ? " › " : ""}
                {crumb.to ? (
                  <Link className={classes.crumb} to={crumb.to}>
                    {crumb.label}
                  </Link>
                ) : (
                  crumb.label
                )}
              </span>
            ))}
          </nav>
        ) : (
          <div className={classes.over}>{props.over}</div>
        )}
        <h1>{props.title}</h1>
        {props.children ? <div className={classes.below}>{props.children}</div> : null}
      </div>
      <div className={classes.actions}>{props.actions ?? <SearchBox />}</div>
    </header>
  );
}
