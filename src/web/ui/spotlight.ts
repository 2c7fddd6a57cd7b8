import { createSpotlight } from "@mantine/spotlight";

/** The command palette's state, for what opens it and for the palette itself. */
export const [spotlightStore, spotlight] = createSpotlight();

/** Puts the first entry under the Enter key again, unless somebody has moved on from it by hand. */
export function selectFirstEntry(): void {
  const state = spotlightStore.getState();
  if (!state.opened || state.selected > 0) return;
  const entries = document.querySelectorAll(`#${CSS.escape(state.listId)} [data-action]`);
  for (const entry of entries) entry.removeAttribute("data-selected");
  entries[0]?.setAttribute("data-selected", "true");
  spotlightStore.setState({ ...state, selected: 0 });
}
