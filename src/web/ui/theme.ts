import { Button, type CSSVariablesResolver, createTheme, defaultVariantColorsResolver, type MantineColorsTuple } from "@mantine/core";

// Mantine wants ten shades of each colour. The shades that matter are tokens and set below, so these only fill the gaps.
// Mantine's type wants exactly ten entries, which a split text cannot promise; the palettes below hold ten each.
const tuple = (shades: string): MantineColorsTuple => shades.split(" ") as unknown as MantineColorsTuple;
const deepwater = tuple("#e9f4f2 #d9ebe8 #b4d8d3 #8cc4be #5cb8b2 #3a9b97 #1f8281 #0f6b6b #0b4f50 #083c3d");
const ember = tuple("#fdf1ea #fae5d8 #f4c9b0 #efad87 #ef8a4c #d96a28 #c4551a #ad430d #8f370b #6f2b08");
const moss = tuple("#f0f7ed #e2efdd #c6dfbe #a9ce9e #86bd7c #66a35e #4c8948 #37703a #2b582e #1f4022");
const stone = tuple("#fbfaf7 #f3f1ea #e3dfd4 #cbc5b6 #b3ac9c #9aa3a5 #778287 #4c585c #2d3a3e #1b2427");
const night = tuple("#e8e6df #c9cbc6 #a9b3b3 #7d8a8c #3d4b50 #2b373b #1f292c #182023 #111719 #0c1112");
const brick = tuple("#fbefed #f6dfdc #edc0bb #e5a29b #e58a83 #cf625c #b94542 #a32b2b #842222 #651a1a");

/** Colour names whose filled, light and outline variants are tokens. */
const tokenOf: Record<string, { solid: string; hover: string; soft: string; text: string }> = {
  teal: { solid: "var(--teal)", hover: "var(--teal-hover)", soft: "var(--teal-soft)", text: "var(--teal-ink)" },
  orange: { solid: "var(--signal)", hover: "var(--signal)", soft: "var(--signal-soft)", text: "var(--signal)" },
  green: { solid: "var(--good)", hover: "var(--good)", soft: "var(--good-soft)", text: "var(--good)" },
  red: { solid: "var(--bad)", hover: "var(--bad)", soft: "var(--bad-soft)", text: "var(--bad)" },
  gray: { solid: "var(--ink-2)", hover: "var(--ink)", soft: "var(--wash)", text: "var(--ink-2)" },
};

/** The Mantine theme; every colour in it is a token, so both schemes follow from tokens.css. */
export const theme = createTheme({
  primaryColor: "teal",
  primaryShade: { light: 7, dark: 4 },
  colors: { teal: deepwater, orange: ember, green: moss, red: brick, gray: stone, dark: night },
  black: "#1b2427",
  white: "#ffffff",
  fontFamily: "var(--sans)",
  fontFamilyMonospace: "var(--mono)",
  headings: { fontFamily: "var(--serif)", fontWeight: "500" },
  fontSizes: { xs: "12px", sm: "13.5px", md: "14.5px", lg: "16px", xl: "18px" },
  lineHeights: { xs: "1.4", sm: "1.45", md: "1.5", lg: "1.55", xl: "1.6" },
  radius: { xs: "3px", sm: "4px", md: "6px", lg: "10px", xl: "16px" },
  defaultRadius: "md",
  shadows: { xs: "var(--shadow)", sm: "var(--shadow)", md: "var(--shadow-raised)", lg: "var(--shadow-raised)", xl: "var(--shadow-raised)" },
  cursorType: "pointer",
  respectReducedMotion: true,
  focusRing: "auto",
  variantColorResolver: (input) => {
    const resolved = defaultVariantColorsResolver(input);
    return input.variant === "filled" ? { ...resolved, color: "var(--on-accent)", hoverColor: "var(--on-accent)" } : resolved;
  },
  components: {
    Button: Button.extend({
      defaultProps: { size: "sm" },
      styles: { root: { fontWeight: 500 } },
      vars: (_, props) => ({
        root:
          props.size === "xs"
            ? { "--button-height": "28px", "--button-padding-x": "10px" }
            : props.size === "sm"
              ? { "--button-height": "33px", "--button-padding-x": "13px" }
              : {},
      }),
    }),
    Modal: { defaultProps: { centered: true, overlayProps: { backgroundOpacity: 0.35 }, closeButtonProps: { "aria-label": "Close" } } },
    Drawer: { defaultProps: { closeButtonProps: { "aria-label": "Close" } } },
    Notification: { defaultProps: { closeButtonProps: { "aria-label": "Close" } } },
    Tooltip: { defaultProps: { openDelay: 250, withArrow: false } },
  },
});

const semantic: Record<string, string> = {
  "--mantine-color-body": "var(--paper)",
  "--mantine-color-text": "var(--ink)",
  "--mantine-color-bright": "var(--ink)",
  "--mantine-color-dimmed": "var(--ink-3)",
  "--mantine-color-placeholder": "var(--ink-3)",
  "--mantine-color-anchor": "var(--teal)",
  "--mantine-color-error": "var(--bad)",
  "--mantine-color-default": "var(--sheet)",
  "--mantine-color-default-hover": "var(--wash)",
  "--mantine-color-default-color": "var(--ink)",
  "--mantine-color-default-border": "var(--line-strong)",
  "--mantine-color-disabled": "var(--wash)",
  "--mantine-color-disabled-color": "var(--ink-3)",
  "--mantine-color-disabled-border": "var(--line)",
};

const colourVariants = Object.fromEntries(
  Object.entries(tokenOf).flatMap(([name, token]) =>
    Object.entries({
      filled: token.solid,
      "filled-hover": token.hover,
      light: token.soft,
      "light-hover": token.soft,
      "light-color": token.text,
      outline: token.solid,
      "outline-hover": token.soft,
      text: token.solid,
    }).map(([variant, value]) => [`--mantine-color-${name}-${variant}`, value]),
  ),
);

// In dark mode the kit draws inputs, menus, tables and lines with shades of its own and not with the semantic colours.
const darkShades: Record<string, string> = Object.fromEntries(
  ["ink", "ink", "ink-2", "ink-3", "line-strong", "line", "wash", "sheet", "paper"].map((token, shade) => [
    `--mantine-color-dark-${shade}`,
    `var(--${token})`,
  ]),
);

/** Both schemes get the same references: the tokens themselves know light from dark. */
export const cssVariablesResolver: CSSVariablesResolver = () => ({
  variables: {},
  light: { ...semantic, ...colourVariants },
  dark: { ...semantic, ...colourVariants, ...darkShades },
});
