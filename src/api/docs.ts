import { z } from "zod";
import { renderDocs } from "./docs-page.ts";
import { type ApiDocument, writeDocument } from "./kit/document.ts";
import { type Api, rootEndpoint } from "./kit/endpoint.ts";

const styles = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** The API's own description: for machines, and as a page for people. Add it last: it describes what was added before. */
export function addDocs(api: Api): void {
  api.openAPIRegistry.registerComponent("securitySchemes", "apiKey", {
    type: "http",
    scheme: "bearer",
    description: "An API key of one community (Settings, API keys).",
  });
  api.openAPIRegistry.registerComponent("securitySchemes", "session", {
    type: "apiKey",
    in: "cookie",
    name: "better-auth.session_token",
    description: "The session of a signed-in browser.",
  });

  let json: ReturnType<typeof writeDocument> | undefined;
  const document = () => {
    json ??= writeDocument(api);
    return json;
  };

  rootEndpoint(api, {
    method: "get",
    path: "/openapi.json",
    tag: "About",
    summary: "The OpenAPI 3.1 document of this API",
    access: "public",
    answer: z.looseObject({ openapi: z.string() }),
    handle: async () => document(),
  });

  let page: string | undefined;
  rootEndpoint(api, {
    method: "get",
    path: "/docs",
    tag: "About",
    summary: "These docs as a page",
    access: "public",
    answerType: "text/html",
    async handle() {
      // The document is JSON with the fields of the OpenAPI standard; the page reads those it knows.
      page ??= renderDocs(JSON.parse(JSON.stringify(document())) as ApiDocument);
      return new Response(page, {
        headers: { "content-type": "text/html; charset=utf-8", "cache-control": "public, max-age=300", "content-security-policy": styles },
      });
    },
  });
}
