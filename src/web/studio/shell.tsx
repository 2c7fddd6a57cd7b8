import { Burger, Button, Drawer, Menu, UnstyledButton, useMantineColorScheme } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { spotlight } from "@mantine/spotlight";
import { useEffect } from "react";
import { Link, NavLink, useLocation, useNavigate, useNavigation } from "react-router";
import type { Role } from "#features/access/index.ts";
import { useStudioKeys } from "../ui/keyboard.ts";
import { LogoMark } from "../ui/logo.tsx";
import { HelpSheet } from "./help-sheet.tsx";
import { navigation } from "./nav.ts";
import { Palette } from "./palette.tsx";
import classes from "./shell.module.css";

export interface ShellData {
  community: { slug: string; name: string };
  communities: { slug: string; name: string }[];
  account: { name: string; role: Role } | null;
  counts: { waiting: number; signals: number };
}

/** The frame of the Studio: the menu at the left, the page at the right, keys and palette everywhere. */
export function Shell({ data, children }: { data: ShellData; children: React.ReactNode }) {
  const base = `/studio/${data.community.slug}`;
  const navigate = useNavigate();
  const location = useLocation();
  const isLoading = useNavigation().state === "loading";
  const [menuOpen, menu] = useDisclosure(false);
  const [helpOpen, help] = useDisclosure(false);
  const { setColorScheme } = useMantineColorScheme();

  // biome-ignore lint/correctness/useExhaustiveDependencies: the drawer closes whenever the address changes
  useEffect(() => menu.close(), [location.pathname]);

  useStudioKeys({
    onSearch: () => {
      const field = document.querySelector<HTMLInputElement>("main input[data-search-field]");
      if (field) field.focus();
      else void navigate(`${base}/search`);
    },
    onHelp: help.open,
    onGo: (letter) => {
      const item = navigation.flatMap((group) => group.items).find((candidate) => candidate.key === letter);
      if (item) void navigate(item.path ? `${base}/${item.path}` : base);
    },
  });

  const commands = [
    { label: "Light", detail: "Use the light scheme", run: () => setColorScheme("light") },
    { label: "Dark", detail: "Use the dark scheme", run: () => setColorScheme("dark") },
    { label: "Light or dark as the system has it", run: () => setColorScheme("auto") },
    { label: "Show all keys", run: help.open },
    { label: "Open the portal", detail: "What the community sees", run: () => void navigate(`/c/${data.community.slug}`) },
  ];

  return (
    <div className={classes.app}>
      <a href="#main" className="skip-link">
        Skip to the page
      </a>
      {isLoading ? <div className={classes.loading} role="status" aria-label="Loading" /> : null}

      <header className={classes.bar}>
        <Burger opened={menuOpen} onClick={menu.toggle} size="sm" aria-label="Menu" />
        <Brand to={base} />
        <UnstyledButton className={classes.barSearch} onClick={spotlight.open} aria-label="Search and go to">
          <SearchIcon />
        </UnstyledButton>
      </header>

      <div className={classes.side}>
        <header>
          <Brand to={base} />
        </header>
        <Menubar data={data} base={base} />
        <Foot data={data} onHelp={help.open} />
      </div>
      <Drawer opened={menuOpen} onClose={menu.close} size={270} title={<Brand to={base} />} classNames={{ body: classes.drawer }}>
        <Menubar data={data} base={base} />
        <Foot data={data} onHelp={help.open} />
      </Drawer>

      <main id="main" className={classes.main} tabIndex={-1}>
        {children}
      </main>

      <Palette base={base} commands={commands} />
      <HelpSheet opened={helpOpen} onClose={help.close} />
    </div>
  );
}

function Brand({ to }: { to: string }) {
  return (
    <Link to={to} className={classes.brand}>
      <LogoMark />
      Causeway
    </Link>
  );
}

function Menubar({ data, base }: { data: ShellData; base: string }) {
  return (
    <nav aria-label="Studio" className={classes.nav}>
      {navigation.map((group) => {
        const items = group.items.filter((item) => !item.roles || !data.account || item.roles.includes(data.account.role));
        if (items.length === 0) return null;
        return (
          <div key={group.title ?? "top"}>
            {group.title ? <div className={classes.group}>{group.title}</div> : null}
            <ul>
              {items.map((item) => {
                const count = item.count ? data.counts[item.count] : 0;
                return (
                  <li key={item.label}>
                    <NavLink to={item.path ? `${base}/${item.path}` : base} end={item.path === ""} className={classes.link} prefetch="intent">
                      {item.label}
                      {item.path === "search" ? <kbd>/</kbd> : null}
                      {count > 0 ? (
                        <b>
                          {count > 999 ? "999+" : count}
                          <span className="visually-hidden"> need a human</span>
                        </b>
                      ) : null}
                    </NavLink>
                  </li>
                );
              })}
            </ul>
          </div>
        );
      })}
    </nav>
  );
}

function Foot({ data, onHelp }: { data: ShellData; onHelp: () => void }) {
  const { setColorScheme, colorScheme } = useMantineColorScheme();
  const schemes = [
    ["auto", "As the system"],
    ["light", "Light"],
    ["dark", "Dark"],
  ] as const;
  return (
    <div className={classes.foot}>
      <Menu position="top-start" width={230} shadow="md">
        <Menu.Target>
          <UnstyledButton className={classes.community}>
            <span>{data.community.name}</span> <span aria-hidden="true">▾</span>
          </UnstyledButton>
        </Menu.Target>
        <Menu.Dropdown>
          {data.communities.length > 1 ? (
            <>
              <Menu.Label>Communities</Menu.Label>
              {data.communities.map((community) => (
                <Menu.Item
                  key={community.slug}
                  component={Link}
                  to={`/studio/${community.slug}`}
                  fw={community.slug === data.community.slug ? 600 : undefined}
                >
                  {community.name}
                </Menu.Item>
              ))}
              <Menu.Divider />
            </>
          ) : null}
          <Menu.Item component={Link} to={`/c/${data.community.slug}`} reloadDocument>
            Open the portal
          </Menu.Item>
          <Menu.Item onClick={onHelp} rightSection={<kbd>?</kbd>}>
            Keys
          </Menu.Item>
          <Menu.Divider />
          <Menu.Label>Light and dark</Menu.Label>
          {schemes.map(([value, label]) => (
            <Menu.Item
              key={value}
              onClick={() => setColorScheme(value)}
              aria-current={colorScheme === value}
              rightSection={colorScheme === value ? "✓" : null}
              closeMenuOnClick={false}
            >
              {label}
            </Menu.Item>
          ))}
          {data.account ? (
            <>
              <Menu.Divider />
              <Menu.Label>{data.account.name}</Menu.Label>
              <form method="post" action="/sign-out">
                <Button type="submit" variant="subtle" size="xs" fullWidth justify="start">
                  Sign out
                </Button>
              </form>
            </>
          ) : null}
        </Menu.Dropdown>
      </Menu>
    </div>
  );
}

function SearchIcon() {
  return (
    <svg width="20" height="20" viewBox="0 0 20 20" fill="none" stroke="currentColor" strokeWidth="1.8" strokeLinecap="round" aria-hidden="true">
      <circle cx="8.5" cy="8.5" r="5.5" />
      <path d="m13 13 4 4" />
    </svg>
  );
}
