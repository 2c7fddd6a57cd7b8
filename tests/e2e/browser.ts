import { mkdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Browser, type BrowserContext, chromium, type Locator, type Page } from "playwright-core";
import { expect } from "vitest";
import { findChromium, howToGetChromium } from "../../scripts/chromium.ts";

export const chromiumPath = findChromium();
/** Stands in the name of what is skipped without a browser. */
export const whySkipped = chromiumPath ? "" : ` (skipped: no Chromium was found. ${howToGetChromium})`;

/** How long a page may take to come to what is waited for; generous, as machines that test are busy. */
export const patience = 60_000;

/** An expectation about what a page comes to in a while. */
export const eventually = <Value>(read: () => Value | Promise<Value>) => expect.poll(read, { timeout: patience, interval: 100 });

/** What a reader sees of an element: without what is hidden, with its line breaks. */
export function textOf(element: Locator): Promise<string> {
  // biome-ignore lint/performance/useDomNodeTextContent: hidden text must not count
  return element.innerText();
}

const screenshots = join(tmpdir(), "causeway-e2e-screenshots");

/** The browser of a run. Its own traffic is off: it talks to nobody but the server under test. */
export function openBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: chromiumPath,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
    timeout: 120_000,
  });
}

export const desktop = { width: 1280, height: 900 };
export const phone = { width: 390, height: 844 };

export type SavedSession = Awaited<ReturnType<BrowserContext["storageState"]>>;

export interface VisitOptions {
  browser: Browser;
  url: string;
  /** Whose cookies; a stranger's visit when absent. */
  session?: SavedSession;
  viewport?: { width: number; height: number };
  scheme?: "light" | "dark";
  javaScript?: boolean;
  /** Complaints of the browser that this visit provokes on purpose. */
  allow?: RegExp;
}

/**
 * Runs a journey in a context of its own. It fails on any error in the console, any uncaught error and any violation of
 * the content security policy, whatever the journey itself looked at; a failure leaves a screenshot, named in its message.
 */
export async function visit<Result>(options: VisitOptions, journey: (page: Page, context: BrowserContext) => Promise<Result>): Promise<Result> {
  const { browser, allow } = options;
  const context = await browser.newContext({
    baseURL: options.url,
    viewport: options.viewport ?? desktop,
    colorScheme: options.scheme ?? "light",
    javaScriptEnabled: options.javaScript ?? true,
    reducedMotion: "reduce",
    storageState: options.session,
    permissions: [],
  });
  context.setDefaultTimeout(patience);
  const complaints: string[] = [];
  context.on("console", (message) => {
    if (message.type() === "error") complaints.push(`${message.text()} (${message.location().url}, on ${message.page()?.url()})`);
  });
  context.on("weberror", (error) => complaints.push(`uncaught: ${error.error().stack ?? error.error().message} (on ${error.page()?.url()})`));
  if (options.javaScript !== false) {
    await context.addInitScript(() => {
      document.addEventListener("securitypolicyviolation", (event) => {
        // biome-ignore lint/suspicious/noConsole: runs in the browser, whose console is what is watched
        console.error(`content security policy: ${event.violatedDirective} forbids ${event.blockedURI}`);
      });
    });
  }
  try {
    const page = await context.newPage();
    const result = await journey(page, context);
    const unexpected = complaints.filter((complaint) => !allow?.test(complaint));
    if (unexpected.length > 0) throw new Error(`The browser complained:\n${unexpected.join("\n")}`);
    return result;
  } catch (error) {
    throw await illustrated(error, context, complaints);
  } finally {
    await context.close();
  }
}

/** The failure with what the pages showed at that moment. */
async function illustrated(error: unknown, context: BrowserContext, complaints: readonly string[]): Promise<Error> {
  mkdirSync(screenshots, { recursive: true });
  const shown: string[] = [];
  for (const [at, page] of context.pages().entries()) {
    const path = join(screenshots, `${new Date().toISOString().replace(/\D/g, "")}-${at}.png`);
    const taken = await page.screenshot({ path, fullPage: false, timeout: 10_000 }).then(
      () => path,
      () => "no screenshot could be taken",
    );
    shown.push(`${page.url()} → ${taken}`);
  }
  const reason = error instanceof Error ? error : new Error(String(error));
  reason.message = [reason.message, ...shown, ...complaints.map((complaint) => `the browser: ${complaint}`)].join("\n");
  return reason;
}

/** Opens an address and waits until its script has taken over, so that keys and clicks reach it. */
export async function open(page: Page, address: string): Promise<void> {
  await page.goto(address, { waitUntil: "domcontentloaded" });
  await untilAlive(page);
}

/** Waits until React has taken over the page that the server sent and ran its effects. */
export async function untilAlive(page: Page): Promise<void> {
  await page.waitForFunction(() => {
    const main = document.querySelector("main");
    return main !== null && Object.keys(main).some((key) => key.startsWith("__reactFiber$"));
  });
  await page.evaluate(() => new Promise<void>((settle) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(settle, 0)))));
}
