import { useEffect, useRef } from "react";

/** Whether keys belong to what somebody types in. */
function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}

function isOverlayOpen(): boolean {
  return document.querySelector("[data-portal] [role=dialog], .mantine-Modal-content, .mantine-Drawer-content") !== null;
}

function rows(): HTMLElement[] {
  return [...document.querySelectorAll<HTMLElement>("main [data-row]")].filter((row) => row.offsetParent !== null);
}

function currentRow(): HTMLElement | undefined {
  return document.activeElement?.closest<HTMLElement>("[data-row]") ?? undefined;
}

function focusRow(row: HTMLElement | undefined): void {
  const target = row?.querySelector<HTMLElement>("[data-row-link], a, button");
  target?.focus({ preventScroll: true });
  row?.scrollIntoView({ block: "nearest" });
}

/** The row that had the keys last, and its place in the list. */
interface LastRow {
  row: HTMLElement;
  at: number;
  path: string;
}

/** Puts the next or the previous row under the keys; where theirs has left the list, the one that took its place. */
function moveRow(step: 1 | -1, last: LastRow | undefined): LastRow | undefined {
  const all = rows();
  const current = currentRow();
  const at = current ? all.indexOf(current) : -1;
  const hasLeft = at === -1 && last !== undefined && !last.row.isConnected && last.path === location.pathname;
  const wanted = hasLeft ? last.at + (step === 1 ? 0 : -1) : at === -1 ? 0 : at + step;
  const next = Math.min(all.length - 1, Math.max(0, wanted));
  const row = all[next];
  focusRow(row);
  return row && { row, at: next, path: location.pathname };
}

/** Presses the button of the current row, else of the page, that is marked with the key. */
function pressMarked(key: string): boolean {
  const selector = `[data-key="${CSS.escape(key)}"]`;
  const button = currentRow()?.querySelector<HTMLElement>(selector) ?? document.querySelector<HTMLElement>(`main [data-page-keys] ${selector}`);
  button?.click();
  return button !== undefined && button !== null;
}

export interface StudioKeys {
  onSearch(): void;
  onHelp(): void;
  /** A letter after `g`. */
  onGo(letter: string): void;
}

/** The keys that work on every page of the Studio: `/`, `?`, `g` and a letter, `j`, `k`, `o`, and those marked on buttons. */
export function useStudioKeys(keys: StudioKeys): void {
  const latest = useRef(keys);
  useEffect(() => {
    latest.current = keys;
  });
  useEffect(() => {
    let goUntil = 0;
    let last: LastRow | undefined;
    const onKey = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.metaKey || event.ctrlKey || event.altKey || isTyping(event.target) || isOverlayOpen()) return;
      if (Date.now() < goUntil) {
        goUntil = 0;
        latest.current.onGo(event.key);
        event.preventDefault();
        return;
      }
      if (event.key === "g") goUntil = Date.now() + 1500;
      else if (event.key === "/") latest.current.onSearch();
      else if (event.key === "?") latest.current.onHelp();
      else if (event.key === "j") last = moveRow(1, last);
      else if (event.key === "k") last = moveRow(-1, last);
      else if (event.key === "o") currentRow()?.querySelector<HTMLElement>("[data-row-link]")?.click();
      else if (event.key.length !== 1 || !pressMarked(event.key)) return;
      event.preventDefault();
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, []);
}
