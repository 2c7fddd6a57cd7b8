import classes from "./calendar.module.css";
import { addDays, countOf, formatDay } from "./format.ts";

const weeks = 53;

/** How many days the calendar goes back at most. */
export const calendarDays = weeks * 7;

/**
 * A year of days as a calendar: the darker, the more on that day. Days that no source answers for are drawn as gaps.
 * @param today the last day shown
 * @param uncovered the days that no source covers, and in words whatever else is missing
 */
export function Calendar({
  days,
  today,
  uncovered,
  coverage,
}: {
  days: readonly { day: string; count: number }[];
  today: string;
  uncovered: readonly { from: string; to: string }[];
  coverage: string | undefined;
}) {
  const counts = new Map(days.map(({ day, count }) => [day, count]));
  const weekday = (new Date(`${today}T00:00:00Z`).getUTCDay() + 6) % 7;
  const first = addDays(today, -weekday - (weeks - 1) * 7);
  const isGap = (day: string) => !counts.has(day) && uncovered.some(({ from, to }) => from <= day && day <= to);
  const level = (count: number) => (count === 0 ? 0 : count === 1 ? 1 : count < 4 ? 2 : count < 8 ? 3 : 4);
  const total = days.reduce((sum, { count }) => sum + count, 0);
  const months = Array.from({ length: weeks }, (_, week) => addDays(first, week * 7)).map((day, week) => ({
    week,
    label: day.slice(8) <= "07" ? formatDay(day, "month") : "",
  }));
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a year is wider than a phone, so the region scrolls, and only with focus by keys */}
      <section className={classes.scroll} aria-label="Calendar" tabIndex={0}>
        <svg
          viewBox={`0 0 ${weeks * 13} 106`}
          width={weeks * 13}
          height={106}
          role="img"
          aria-label={`${countOf(total, "activity", "activities")} on ${countOf(days.length, "day")} since ${formatDay(first, "withYear")}`}
        >
          {months.map(({ week, label }) =>
            label ? (
              <text key={week} x={week * 13} y={10} className={classes.month}>
                {label}
              </text>
            ) : null,
          )}
          {Array.from({ length: weeks * 7 }, (_, index) => {
            const day = addDays(first, index);
            if (day > today) return null;
            const count = counts.get(day) ?? 0;
            return (
              <rect
                key={day}
                x={Math.floor(index / 7) * 13}
                y={16 + (index % 7) * 13}
                width="10"
                height="10"
                rx="2"
                data-level={isGap(day) ? "gap" : level(count)}
                className={classes.day}
              >
                <title>{`${formatDay(day, "withYear")}: ${isGap(day) ? "no source covers this day" : countOf(count, "activity", "activities")}`}</title>
              </rect>
            );
          })}
        </svg>
      </section>
      {coverage ? <p className="quiet">{coverage}</p> : null}
    </>
  );
}
