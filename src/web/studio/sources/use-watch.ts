import { useEffect } from "react";
import { useRevalidator } from "react-router";

/** How often a page looks again while work goes on. */
const everyMs = 1000;

/**
 * Keeps a page's figures live while work goes on, and leaves it alone when nothing does or nobody looks.
 * @param active whether something is under way
 */
export function useWatch(active: boolean): void {
  const { revalidate, state } = useRevalidator();
  useEffect(() => {
    if (!active || state !== "idle") return;
    const timer = setTimeout(() => {
      if (!document.hidden) void revalidate();
    }, everyMs);
    return () => clearTimeout(timer);
  }, [active, revalidate, state]);
}
