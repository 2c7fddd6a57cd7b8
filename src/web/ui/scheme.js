/* Runs before the first paint: puts the reader's choice of light or dark on <html>. Without one the system decides. */
(() => {
  try {
    const chosen = localStorage.getItem("causeway-scheme");
    const dark = chosen === "dark" || (chosen !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
    document.documentElement.setAttribute("data-mantine-color-scheme", dark ? "dark" : "light");
  } catch {
    // No storage, no choice: the system's scheme stands.
  }
})();
