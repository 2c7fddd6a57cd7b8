import { docsStyle } from "./docs-style.ts";
import type { ApiDocument, Operation, Schema } from "./kit/document.ts";
import { problemCodes } from "./kit/problem.ts";

const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (letter) => `&#${letter.charCodeAt(0)};`);
/** Code and bold in descriptions; they are ours and hold no other Markdown. */
const prose = (text: string): string =>
  escapeHtml(text)
    .replace(/`([^`]+)`/g, "<code>$1</code>")
    .replace(/\*\*([^*]+)\*\*/g, "<strong>$1</strong>");
const slug = (text: string): string => text.toLowerCase().replace(/[^a-z0-9]+/g, "-");

/** The API's docs as one page without scripts: readable, searchable by the browser, printable. */
export function renderDocs(document: ApiDocument): string {
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );
  const tags = (document.tags ?? []).filter((tag) => operations.some(({ operation }) => operation.tags.includes(tag.name)));
  const sections = tags
    .map((tag) => {
      const own = operations.filter(({ operation }) => operation.tags.includes(tag.name));
      return `<section aria-labelledby="tag-${slug(tag.name)}"><h2 id="tag-${slug(tag.name)}">${escapeHtml(tag.name)}</h2><p class="lead">${prose(tag.description ?? "")}</p>${own.map(renderOperation).join("")}</section>`;
    })
    .join("");
  const links = tags.map((tag) => `<li><a href="#tag-${slug(tag.name)}">${escapeHtml(tag.name)}</a></li>`).join("");
  const schemas = Object.entries(document.components.schemas)
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([name, schema]) => `<article id="schema-${escapeHtml(name)}"><h3>${escapeHtml(name)}</h3>${renderSchema(schema)}</article>`)
    .join("");
  const problems = problemCodes
    .map(
      ({ code, status, title }) =>
        `<tr id="problem-${code}"><th scope="row"><code>${code}</code></th><td>${status}</td><td>${escapeHtml(title)}</td></tr>`,
    )
    .join("");
  const intro = (document.info.description ?? "")
    .split("\n\n")
    .map((part) => `<p>${prose(part)}</p>`)
    .join("");
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${escapeHtml(document.info.title)}</title><style>${docsStyle}</style></head>
<body><a class="skip" href="#main">Skip to the content</a>
<div class="page"><nav aria-label="Sections"><p class="brand">Causeway <span>API v${escapeHtml(document.info.version)}</span></p><ul>${links}<li><a href="#schemas">Schemas</a></li><li><a href="#problems">Problems</a></li></ul><p><a href="/api/v1/openapi.json">openapi.json</a></p></nav>
<main id="main"><h1>${escapeHtml(document.info.title)}</h1>${intro}${sections}
<section aria-labelledby="schemas"><h2 id="schemas">Schemas</h2>${schemas}</section>
<section aria-labelledby="problems"><h2 id="problems">Problems</h2><div class="scroll" tabindex="0" role="region" aria-label="Problem codes"><table><thead><tr><th scope="col">Code</th><th scope="col">Status</th><th scope="col">Title</th></tr></thead><tbody>${problems}</tbody></table></div></section>
</main></div></body></html>`;
}

function renderOperation({ path, method, operation }: { path: string; method: string; operation: Operation }): string {
  const id = escapeHtml(operation.operationId);
  const parameters = (operation.parameters ?? [])
    .map(
      (one) =>
        `<tr><th scope="row"><code>${escapeHtml(one.name)}</code></th><td>${escapeHtml(one.in)}${one.required ? ", required" : ""}</td><td>${typeName(one.schema)}${limits(one.schema)}</td><td>${prose(one.description ?? one.schema.description ?? "")}</td></tr>`,
    )
    .join("");
  const table = parameters
    ? `<h4>Parameters</h4><div class="scroll" tabindex="0" role="region" aria-label="Parameters of ${escapeHtml(operation.summary)}"><table><thead><tr><th scope="col">Name</th><th scope="col">In</th><th scope="col">Type</th><th scope="col">Meaning</th></tr></thead><tbody>${parameters}</tbody></table></div>`
    : "";
  const body = operation.requestBody
    ? Object.entries(operation.requestBody.content)
        .map(([type, { schema }]) => `<h4>Body <code>${escapeHtml(type)}</code></h4>${renderSchema(schema)}`)
        .join("")
    : "";
  const answers = Object.entries(operation.responses)
    .filter(([status]) => Number(status) < 400)
    .map(([status, response]) => {
      const content = Object.entries(response.content ?? {})
        .map(([type, { schema }]) => ` <code>${escapeHtml(type)}</code>${renderSchema(schema)}`)
        .join("");
      return `<h4>${escapeHtml(status)}: ${escapeHtml(response.description)}</h4>${content}`;
    })
    .join("");
  const failures = Object.keys(operation.responses).filter((status) => Number(status) >= 400);
  return `<article id="${id}"><h3><span class="method ${escapeHtml(method)}">${method.toUpperCase()}</span> <code>${escapeHtml(path.replace("/api/v1", ""))}</code></h3>
<p><strong>${escapeHtml(operation.summary)}.</strong> ${prose(operation.description ?? "")}</p>
<details><summary>Details<span class="hidden"> of ${escapeHtml(operation.summary)}</span></summary>${table}${body}${answers}<p>Problems: ${failures.join(", ")}</p></details></article>`;
}

/** A schema as a list of its fields; named schemas are links. */
function renderSchema(schema: Schema, depth = 0): string {
  const inner = schema.items && !schema.items.$ref ? schema.items : schema;
  const object = inner.properties ? inner : inner.allOf?.find((part) => part.properties);
  const base = inner.allOf?.flatMap((part) => (part.$ref ? [refLink(part.$ref)] : [])).join(", ");
  const head = `<p class="type">${base ? `${base} and` : typeName(schema)}${limits(schema)}</p>`;
  if (!object?.properties || depth > 3) return head;
  const rows = Object.entries(object.properties).map(([name, field]) => {
    const nested = hasFields(field) ? renderSchema(field, depth + 1) : "";
    const required = object.required?.includes(name) ? "" : " <em>optional</em>";
    return `<li><code>${escapeHtml(name)}</code> ${typeName(field)}${limits(field)}${required}${field.description ? ` <span>${prose(field.description)}</span>` : ""}${nested}</li>`;
  });
  return `${depth === 0 ? head : ""}<ul class="fields">${rows.join("")}</ul>`;
}

function hasFields(schema: Schema): boolean {
  return schema.properties !== undefined || (schema.items?.properties !== undefined && !schema.items.$ref);
}

function typeName(schema: Schema): string {
  if (schema.$ref) return refLink(schema.$ref);
  if (schema.const !== undefined) return `<code>${escapeHtml(JSON.stringify(schema.const))}</code>`;
  if (schema.enum) return schema.enum.map((value) => `<code>${escapeHtml(String(value))}</code>`).join(" or ");
  if (schema.items) return `list of ${typeName(schema.items)}`;
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices) return [...new Set(choices.map(typeName))].join(" or ");
  if (schema.allOf)
    return (
      schema.allOf
        .filter((part) => part.$ref)
        .map(typeName)
        .join(" and ") || "object"
    );
  const types = [schema.type ?? "anything"].flat().join(" or ");
  return escapeHtml(schema.format ? `${types} (${schema.format})` : types);
}

function limits(schema: Schema): string {
  const range = schema.minimum !== undefined && schema.maximum !== undefined && schema.maximum < 1e9 ? ` ${schema.minimum} to ${schema.maximum}` : "";
  return `${range}${schema.default === undefined ? "" : `, <code>${escapeHtml(String(schema.default))}</code> when absent`}`;
}

function refLink(ref: string): string {
  const name = ref.split("/").at(-1) ?? ref;
  return `<a href="#schema-${escapeHtml(name)}">${escapeHtml(name)}</a>`;
}
