import { Spotlight, type SpotlightActionData, type SpotlightActionGroupData } from "@mantine/spotlight";
import { useEffect, useState } from "react";
import { useFetcher, useNavigate } from "react-router";
import { navigation } from "./nav.ts";
import classes from "./palette.module.css";

/** What the palette's resource route answers. */
export interface PaletteHits {
  query: string;
  groups: { title: string; hits: { id: string; label: string; detail: string; to: string }[] }[];
}

/** Ctrl K: go anywhere, find anybody. Pages are matched here, threads and members by the server. */
export function Palette({ base, commands }: { base: string; commands: readonly { label: string; detail?: string; run: () => void }[] }) {
  const [query, setQuery] = useState("");
  const navigate = useNavigate();
  const { load, data, state } = useFetcher<PaletteHits>();
  const needle = query.trim();

  useEffect(() => {
    if (needle.length < 2) return;
    const timer = setTimeout(() => void load(`${base}/palette?q=${encodeURIComponent(needle)}`), 160);
    return () => clearTimeout(timer);
  }, [needle, base, load]);

  const matches = (text: string) => text.toLowerCase().includes(needle.toLowerCase());
  const pages: SpotlightActionData[] = navigation
    .flatMap((group) => group.items)
    .filter((item) => matches(item.label))
    .map((item) => ({
      id: `page-${item.key}`,
      label: item.label,
      rightSection: <kbd>g {item.key}</kbd>,
      onClick: () => void navigate(item.path ? `${base}/${item.path}` : base),
    }));
  const doing: SpotlightActionData[] = commands
    .filter((command) => matches(command.label))
    .map((command) => ({ id: command.label, label: command.label, description: command.detail, onClick: command.run }));
  const found: SpotlightActionGroupData[] =
    needle.length >= 2 && data
      ? data.groups.map((group) => ({
          group: group.title,
          actions: group.hits.map((hit) => ({ id: hit.id, label: hit.label, description: hit.detail, onClick: () => void navigate(hit.to) })),
        }))
      : [];
  const search: SpotlightActionData[] = needle
    ? [{ id: "search", label: `Search everything for “${needle}”`, onClick: () => void navigate(`${base}/search?q=${encodeURIComponent(needle)}`) }]
    : [];

  // What the server finds comes later, and so below what may be selected already: Enter does what is marked, an arrow leads on.
  const groups = [{ group: "Pages", actions: pages }, { group: "Search", actions: search }, ...found, { group: "Do", actions: doing }].filter(
    (group) => group.actions.length > 0,
  );
  return (
    <Spotlight
      shortcut={["mod + K"]}
      tagsToIgnore={[]}
      triggerOnContentEditable
      actions={groups}
      query={query}
      onQueryChange={setQuery}
      filter={(_, all) => all}
      nothingFound={state === "loading" ? "Looking …" : "Nothing found"}
      searchProps={{ placeholder: "Go to a page, find a thread or a person", "aria-label": "Command palette" }}
      overlayProps={{ backgroundOpacity: 0.3, blur: 0 }}
      yOffset="12vh"
      classNames={{ action: classes.action }}
      scrollable
      maxHeight={420}
      highlightQuery
    />
  );
}
