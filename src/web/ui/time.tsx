import { createContext, use, useEffect, useState } from "react";
import { formatAgo, formatSpan } from "./format.ts";

/** The server's now, as text, so that the first render in the browser says the same as the page that came. */
const NowContext = createContext<string>(new Date(0).toISOString());

export function NowProvider({ now, children }: { now: string; children: React.ReactNode }) {
  const [current, setCurrent] = useState(now);
  useEffect(() => {
    setCurrent(new Date().toISOString());
    const timer = setInterval(() => setCurrent(new Date().toISOString()), 60_000);
    return () => clearInterval(timer);
  }, []);
  return <NowContext value={current}>{children}</NowContext>;
}

export function useNow(): Date {
  return new Date(use(NowContext));
}

function asDate(at: Date | string): Date {
  return typeof at === "string" ? new Date(at) : at;
}

/** The absolute time in UTC until the page runs, then in the viewer's own zone. */
function useAbsoluteTime(at: Date): string {
  const [text, setText] = useState(() => `${at.toISOString().slice(0, 16).replace("T", " ")} UTC`);
  const ms = at.getTime();
  useEffect(() => {
    setText(new Date(ms).toLocaleString("en-GB", { dateStyle: "full", timeStyle: "short" }));
  }, [ms]);
  return text;
}

/** How long ago something happened; the exact time is in its title. */
export function TimeAgo({ at }: { at: Date | string }) {
  const date = asDate(at);
  const now = useNow();
  return (
    <time dateTime={date.toISOString()} title={useAbsoluteTime(date)}>
      {formatAgo(date, now)}
    </time>
  );
}

/** How long somebody has been waiting for us: the one thing set in orange. */
export function WaitingTime({ since }: { since: Date | string }) {
  const date = asDate(since);
  const now = useNow();
  return (
    <time className="wait" dateTime={date.toISOString()} title={`Waiting since ${useAbsoluteTime(date)}`}>
      {formatSpan(now.getTime() - date.getTime())}
    </time>
  );
}
