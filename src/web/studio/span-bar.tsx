import { Link, useLocation, useSearchParams } from "react-router";
import type { MetricParams } from "#metrics/index.ts";
import { FilterBar } from "../ui/filter-bar.tsx";
import { addDays } from "../ui/format.ts";
import type { Span } from "./span.server.ts";
import classes from "./span-bar.module.css";

const presets = [
  [30, "30 days"],
  [90, "90 days"],
  [365, "a year"],
  [1826, "five years"],
] as const;

/** Which days and which source the figures are about; all of it in the address. */
export function SpanBar({ params, span, sources }: { params: MetricParams; span: Span; sources: readonly { id: string; name: string }[] }) {
  const [search] = useSearchParams();
  const { pathname } = useLocation();
  const linkTo = (days: number) => {
    const next = new URLSearchParams(search);
    next.delete("after");
    next.set("from", addDays(span.to, 1 - days));
    next.set("to", span.to);
    return `${pathname}?${next}`;
  };
  return (
    <FilterBar
      fields={[
        { kind: "day", name: "from", label: "From", fallback: params.from },
        { kind: "day", name: "to", label: "To", fallback: params.to },
        ...(sources.length > 1
          ? [
              {
                kind: "select" as const,
                name: "source",
                label: "Source",
                any: "all",
                options: sources.map(({ id, name }) => ({ value: id, label: name })),
              },
            ]
          : []),
      ]}
    >
      <span className={classes.presets}>
        {presets.map(([days, label]) => (
          <Link
            key={days}
            to={linkTo(days)}
            className="link"
            aria-current={params.to === span.to && params.from === addDays(span.to, 1 - days) ? "true" : undefined}
          >
            {label}
          </Link>
        ))}
      </span>
      {span.anchored && params.to === span.to ? <span className="quiet">up to where the data ends</span> : null}
    </FilterBar>
  );
}
