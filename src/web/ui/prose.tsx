import classes from "./prose.module.css";

/**
 * Text rendered and sanitised on the server by markdown.server.ts.
 * @param reading sets it at reading size, for the Portal
 */
export function Prose({ html, reading = false }: { html: string; reading?: boolean }) {
  // biome-ignore lint/security/noDangerouslySetInnerHtml: the only source is renderMarkdown, which sanitises
  return <div className={classes.prose} data-reading={reading} dangerouslySetInnerHTML={{ __html: html }} />;
}
