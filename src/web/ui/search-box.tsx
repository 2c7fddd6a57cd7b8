import { spotlight } from "@mantine/spotlight";
import { Link, useParams } from "react-router";
import classes from "./search-box.module.css";

/** Opens the palette; without a script, or in a new tab, it is a link to the search page. */
export function SearchBox() {
  const { community } = useParams();
  return (
    <Link
      className={classes.box}
      to={`/studio/${community}/search`}
      onClick={(event) => {
        if (event.metaKey || event.ctrlKey || event.shiftKey) return;
        event.preventDefault();
        spotlight.open();
      }}
    >
      <span>Search threads, people, pages</span>
      <kbd>Ctrl K</kbd>
    </Link>
  );
}
