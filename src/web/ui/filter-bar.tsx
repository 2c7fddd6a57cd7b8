import { Form, Link, useLocation, useSearchParams, useSubmit } from "react-router";
import classes from "./filter-bar.module.css";

export interface FilterOption {
  value: string;
  label: string;
  /** How many rows it leaves, where that is known. */
  count?: number;
}

export type FilterField =
  | { kind: "select"; name: string; label: string; options: readonly FilterOption[]; any?: string }
  | { kind: "text"; name: string; label: string; placeholder?: string }
  | { kind: "day"; name: string; label: string /** Shown while the address says nothing. */; fallback?: string };

/**
 * Filters that live in the address: a link to a filtered list shows the same list. Works as a plain form; with a
 * script it applies at once.
 */
export function FilterBar({ fields, children }: { fields: readonly FilterField[]; children?: React.ReactNode }) {
  const [search] = useSearchParams();
  const { pathname } = useLocation();
  const submit = useSubmit();
  const names = new Set(fields.map((field) => field.name));
  const active = fields.filter((field) => search.get(field.name));
  // What the fields do not own stays in the address, save the page's cursor.
  const kept = [...search].filter(([name]) => !names.has(name) && name !== "after");

  const apply = (form: HTMLFormElement) => {
    const data = new URLSearchParams();
    for (const [name, value] of new FormData(form)) if (typeof value === "string" && value !== "") data.append(name, value);
    void submit(data, { method: "get", action: pathname, replace: true, preventScrollReset: true });
  };

  return (
    <Form
      className={classes.bar}
      method="get"
      role="search"
      aria-label="Filter this list"
      key={search.toString()}
      onChange={(event) => {
        const { target } = event;
        // A date is applied when all of it is typed: until then its value is empty.
        const isDate = target instanceof HTMLInputElement && target.type === "date" && target.value !== "";
        if (target instanceof HTMLSelectElement || isDate) apply(event.currentTarget);
      }}
      onSubmit={(event) => {
        event.preventDefault();
        apply(event.currentTarget);
      }}
    >
      {kept.map(([name, value]) => (
        <input type="hidden" key={`${name}=${value}`} name={name} value={value} />
      ))}
      {fields.map((field) => (
        <label key={field.name} htmlFor={`filter-${field.name}`} className={classes.field} data-active={search.get(field.name) ? true : undefined}>
          <span className={field.kind === "text" ? "visually-hidden" : classes.label}>{field.label}</span>
          {field.kind === "select" ? (
            <select id={`filter-${field.name}`} name={field.name} defaultValue={search.get(field.name) ?? ""}>
              <option value="">{field.any ?? "any"}</option>
              {field.options.map((option) => (
                <option key={option.value} value={option.value}>
                  {option.label}
                  {option.count === undefined ? "" : ` (${option.count})`}
                </option>
              ))}
            </select>
          ) : (
            <input
              id={`filter-${field.name}`}
              type={field.kind === "day" ? "date" : "search"}
              name={field.name}
              defaultValue={search.get(field.name) ?? (field.kind === "day" ? (field.fallback ?? "") : "")}
              placeholder={field.kind === "text" ? (field.placeholder ?? field.label) : undefined}
            />
          )}
        </label>
      ))}
      {/* Where there are several text fields, Enter sends a form only if it has a button. */}
      <button type="submit" hidden>
        Apply
      </button>
      <noscript>
        <button type="submit">Apply</button>
      </noscript>
      {active.length > 0 ? (
        <Link className="link" to={kept.length > 0 ? `${pathname}?${new URLSearchParams(kept)}` : pathname} preventScrollReset>
          Clear
        </Link>
      ) : null}
      {children}
    </Form>
  );
}
