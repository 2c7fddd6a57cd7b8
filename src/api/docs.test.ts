import { expect, test } from "vitest";
import { createTestApi } from "#tests/api-fixtures.ts";
import { createCtx } from "#tests/factories.ts";
import type { ApiDocument } from "./kit/document.ts";

test("the document is OpenAPI 3.1 in which every reference leads somewhere and every operation is whole", async () => {
  const api = createTestApi(await createCtx());
  const answer = await api.call("GET", "/openapi.json");
  const document: ApiDocument & { components: { securitySchemes: object } } = answer.json;
  expect(document.openapi).toBe("3.1.0");
  const paths = Object.entries(document.paths);
  const declared = api.endpoints.map((one) => `${one.method} /api/v1${one.path}`).toSorted();
  expect(paths.flatMap(([path, methods]) => Object.keys(methods).map((method) => `${method} ${path}`)).toSorted()).toEqual(declared);

  const ids = new Set<string>();
  const tags = new Set((document.tags ?? []).map((tag) => tag.name));
  for (const [path, methods] of paths) {
    for (const operation of Object.values(methods)) {
      expect(ids.has(operation.operationId), operation.operationId).toBe(false);
      ids.add(operation.operationId);
      expect(
        operation.tags.every((tag) => tags.has(tag)),
        path,
      ).toBe(true);
      const named = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]);
      const inPath = (operation.parameters ?? []).filter((one) => one.in === "path");
      expect(inPath.map((one) => one.name).toSorted(), path).toEqual(named.toSorted());
      expect(
        inPath.every((one) => one.required),
        path,
      ).toBe(true);
      const statuses = Object.keys(operation.responses).map(Number);
      expect(
        statuses.some((status) => status < 300),
        path,
      ).toBe(true);
      for (const scheme of operation.security.flatMap((one) => Object.keys(one))) expect(document.components.securitySchemes).toHaveProperty(scheme);
    }
  }
  const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)].map((match) => match[1] ?? "");
  expect(references.length).toBeGreaterThan(50);
  for (const name of references) expect(document.components.schemas).toHaveProperty([name]);
  for (const name of ["Thread", "Activity", "Member", "Signal", "Source", "Problem"]) expect(document.components.schemas).toHaveProperty([name]);
});

test("the docs page needs nothing from elsewhere, links only to what it holds, and is named for readers of any kind", async () => {
  const api = createTestApi(await createCtx());
  const { text: html, headers } = await api.call("GET", "/docs");
  expect(headers.get("content-security-policy")).toContain("default-src 'none'");
  expect(html).not.toMatch(/<script|<link|src=|@import|url\(/);
  expect([...html.matchAll(/href="([^#"][^"]*)"/g)].map((match) => match[1])).toEqual(["/api/v1/openapi.json"]);
  const anchors = new Set([...html.matchAll(/ id="([^"]+)"/g)].map((match) => match[1]));
  expect(anchors.size).toBe([...html.matchAll(/ id="([^"]+)"/g)].length);
  for (const [, target] of html.matchAll(/href="#([^"]+)"/g)) expect(anchors, target).toContain(target);
  for (const { path } of api.endpoints) expect(html).toContain(`<code>${path}</code>`);
  expect(html).toContain('<html lang="en">');
});
