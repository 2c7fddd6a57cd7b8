import { LogoMark } from "../ui/logo.tsx";
import classes from "./frame.module.css";
import type { PortalReader } from "./portal.server.ts";

/**
 * The Portal's page: name, a few links, one column to read. Plain elements alone, so that it is fast and works
 * without a script.
 */
export function Frame(props: {
  title: string;
  home: string;
  links?: readonly { label: string; to: string }[];
  /** Where the sign-in button leads. */
  signIn?: string;
  /** Who is signed in already. */
  reader?: PortalReader;
  children: React.ReactNode;
}) {
  return (
    <div className={classes.page}>
      <a href="#main" className="skip-link">
        Skip to the page
      </a>
      <header className={classes.top}>
        <div>
          <a href={props.home} className={classes.name}>
            {props.title}
          </a>
          <nav aria-label="Portal" className={classes.links}>
            {props.links?.map((link) => (
              <a key={link.to} href={link.to}>
                {link.label}
              </a>
            ))}
          </nav>
          {props.reader ? <span className={classes.reader}>{props.reader.name}</span> : null}
          {props.reader?.studio ? (
            <a className={classes.button} href={props.reader.studio}>
              Studio
            </a>
          ) : null}
          {props.reader ? null : (
            <a className={classes.button} href={props.signIn ?? "/sign-in"}>
              Sign in
            </a>
          )}
        </div>
      </header>
      <main id="main" className={classes.main}>
        {props.children}
      </main>
      <footer className={classes.foot}>
        <LogoMark width={20} /> <span>Runs on Causeway, self-hosted. No tracking, no third parties.</span>
      </footer>
    </div>
  );
}
