// The browser: Debian's Chromium driven by playwright-core, in the sizes and colours that people have. Keeps screenshots
// as build output (PILLARBOX_SHOTS, else tests/webmail/shots, which git ignores).

import { createRequire } from "node:module";
import { mkdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { PEOPLE, ALICE } from "./house.mjs";

const HERE = path.dirname(new URL(import.meta.url).pathname);
const peers = process.env.PILLARBOX_PEERS ?? path.join(HERE, "../../../target/peers");
const require = createRequire(path.join(peers, "node/"));
export const { chromium } = require("playwright-core");
const AXE = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
/** Debian's Chromium. */
export const CHROMIUM = process.env.PILLARBOX_CHROMIUM ?? "/usr/bin/chromium";
const SHOTS = process.env.PILLARBOX_SHOTS ?? path.join(HERE, "../shots");

/** What a package of those that stand aside gives; rejects where it is not there. */
export const peer = async (name) => (await import(pathToFileURL(require.resolve(name)).href)).default;
/** How many times slower than it is the processor seems to the page: what hurries by here, shows there. */
const SLOWER = Number(process.env.PILLARBOX_SLOWER ?? 1);
/** How long something may take to be seen: what comes sooner is not waited for, so this may be long. */
export const WAIT_MS = Math.max(30_000, 10_000 * SLOWER);

/** How people look at it. */
export const LOOKS = {
  wide: { viewport: { width: 1440, height: 900 } },
  medium: { viewport: { width: 900, height: 800 } },
  phone: { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true },
  narrow: { viewport: { width: 320, height: 640 } },
  dark: { viewport: { width: 1440, height: 900 }, colorScheme: "dark" },
};

/** Starts a browser. */
export async function launch(options = {}) {
  return chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox", "--disable-dev-shm-usage"], ...options });
}

/** A page of its own, with what it logs and asks for kept in `page.logged` and `page.asked`. */
export async function open(browser, look = "wide", more = {}) {
  const context = await browser.newContext({ ...LOOKS[look], ignoreHTTPSErrors: true, locale: "en-GB", reducedMotion: "reduce", ...more });
  const page = await context.newPage();
  page.setDefaultTimeout(WAIT_MS);
  if (SLOWER > 1) await (await context.newCDPSession(page)).send("Emulation.setCPUThrottlingRate", { rate: SLOWER });
  page.logged = [];
  page.asked = [];
  page.on("console", (message) => { if (message.type() === "error" || message.type() === "warning") page.logged.push(message.text()); });
  page.on("pageerror", (error) => page.logged.push(`${error}`));
  page.on("request", (request) => page.asked.push(request.url()));
  watch(page);
  return page;
}

/** Keeps in `page.pending` what the page waits for; an event source never ends and counts for nothing. */
function watch(page) {
  page.pending = new Set();
  const done = (request) => page.pending.delete(request);
  page.on("request", (request) => { if (request.resourceType() !== "eventsource") page.pending.add(request); });
  page.on("requestfinished", done);
  page.on("requestfailed", done);
  page.on("framenavigated", (frame) => { if (frame === page.mainFrame()) page.pending.clear(); });
}

/** Waits until nothing is on its way to the page any more and nothing on it moves or changes. */
export async function settled(page) {
  const late = Date.now() + WAIT_MS;
  do {
    await page.evaluate(async () => {
      const frame = () => new Promise(requestAnimationFrame);
      for (let calm = 0, round = 0; calm < 3 && round < 100; round += 1) {
        let changes = 0;
        const observer = new MutationObserver((all) => { changes += all.length; });
        observer.observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
        await frame();
        observer.disconnect();
        calm = changes || document.getAnimations().some((one) => one.playState === "running") ? 0 : calm + 1;
      }
    });
  } while (page.pending.size && Date.now() < late);
}

/** Logs in as a user would. */
export async function logIn(page, house, address = ALICE, password = PEOPLE[address]) {
  await page.goto(`${house.url}/login`);
  await page.getByLabel(/address|user name/i).fill(address);
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Log in", exact: true }).click();
  await page.waitForURL((url) => !url.pathname.startsWith("/login"));
}

/** What axe-core finds wrong on the page as it is, once it stands still: it looks at one element after the other. */
export async function accessibility(page) {
  await settled(page);
  // In the page's own world, past its policy: what is tested is the page, not the policy.
  await page.evaluate(AXE);
  const found = await page.evaluate(() => /** @type {any} */ (globalThis).axe.run(document, {
    runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
  }));
  return found.violations.map((one) => `${one.id}: ${one.help}: ${one.nodes.slice(0, 3).map((node) => `${node.html} ${node.any[0]?.message ?? ""}`).join(" | ")}`);
}

/** Keeps a picture of the page. */
export async function shot(page, name) {
  mkdirSync(SHOTS, { recursive: true });
  await page.screenshot({ path: path.join(SHOTS, `${name}.png`) });
}
