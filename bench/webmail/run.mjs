// How quick the webmail is under the fingers, with 100,000 messages in the inbox: the real server, Debian's Chromium, one
// machine. Prints figures beside what we want of them; gates nothing.
//     cargo build --release && PILLARBOX_BINARY=target/release/pillarbox node bench/webmail/run.mjs [MESSAGES]
// Times are taken in the page: from the browser's stamp of the event to the change of the document, and to the end of the
// frame that shows it. PILLARBOX_PEERS is the folder of Node packages (cargo xtask peers).

import { performance } from "node:perf_hooks";
import { launch, LOOKS } from "../../tests/webmail/browser/browser.mjs";
import { ALICE, House, PEOPLE } from "../../tests/webmail/browser/house.mjs";
import { fill, Line, RARE, SENDERS } from "./letters.mjs";

const MESSAGES = Number(process.argv[2] ?? 100_000);
const LOADS = 15;
const OPENED = 40;
const ARRIVALS = 40;
const SEARCHES = 10;
/** What takes longer does not come any more. */
const LATEST_MS = 30_000;

/** In the page: what was asked to be told of, and when it came. */
function observe() {
  const page = /** @type {any} */ (globalThis);
  const asked = [];
  const look = () => {
    for (const one of asked.filter((each) => each.is())) {
      asked.splice(asked.indexOf(one), 1);
      const changed = performance.now();
      requestAnimationFrame(() => { const channel = new MessageChannel(); channel.port1.onmessage = () => one.done({ changed, painted: performance.now() }); channel.port2.postMessage(0); });
    }
  };
  new MutationObserver(look).observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
  document.addEventListener("focusin", look);
  document.addEventListener("load", look, true);
  for (const kind of ["keydown", "click"]) addEventListener(kind, (event) => { page.at = event.timeStamp; }, { capture: true });
  page.when = (is) => new Promise((done) => { asked.push({ is, done }); look(); });
  page.rows = page.when(() => document.querySelector(".row:not(.waiting)"));
}

/** What a row of figures says: the middle, the slowest of a hundred, the slowest. */
function told(name, wanted, times) {
  const sorted = [...times].sort((a, b) => a - b);
  const at = (share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))].toFixed(1);
  console.log(`| ${name} | ${wanted} | ${at(0.5)} | ${at(0.95)} | ${at(1)} | ${sorted.length} |`);
}

async function opened(browser, state) {
  const context = await browser.newContext({ ...LOOKS.wide, ignoreHTTPSErrors: true, locale: "en-GB", reducedMotion: "reduce", storageState: state });
  const page = await context.newPage();
  await page.addInitScript(observe);
  return page;
}

/** Logs in; what the browser keeps of it. */
async function login(browser, house) {
  const page = await opened(browser);
  await page.goto(`${house.url}/login`);
  await page.getByLabel(/address|user name/i).fill(ALICE);
  await page.getByLabel("Password", { exact: true }).fill(PEOPLE[ALICE]);
  await page.getByRole("button", { name: "Log in", exact: true }).click();
  await page.locator(".row:not(.waiting)").first().waitFor();
  const state = await page.context().storageState();
  await page.context().close();
  return state;
}

const rows = (page) => page.evaluate(() => /** @type {any} */ (globalThis).rows);
const firstPaint = (page) => page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? Number.NaN);

async function loads(browser, house, state) {
  const [painted, cold, warm] = [[], [], []];
  for (let n = 0; n < LOADS; n += 1) {
    const page = await opened(browser, state);
    await page.goto(`${house.url}/mail`);
    cold.push((await rows(page)).painted);
    painted.push(await firstPaint(page));
    await page.reload();
    warm.push((await rows(page)).painted);
    await page.context().close();
  }
  told("first content painted, nothing in the browser's cache", 300, painted);
  told("inbox drawn, nothing in the browser's cache", 300, cold);
  told("inbox drawn, files in the browser's cache", 300, warm);
}

/** Presses a key; milliseconds until the page is as the function says. */
async function press(page, key, is, what) {
  const handle = await page.evaluateHandle(([source, more]) => {
    const test = new Function("what", `return (${source})(what);`);
    return { waiting: /** @type {any} */ (globalThis).when(() => test(more)) };
  }, [is.toString(), what]);
  await page.keyboard.press(key);
  const times = await page.evaluate(async ({ waiting }) => {
    const { changed, painted } = await waiting;
    const { at } = /** @type {any} */ (globalThis);
    return { changed: changed - at, painted: painted - at };
  }, handle);
  await handle.dispose();
  return times;
}

const isAt = (row) => Boolean(document.activeElement?.matches(`.row[aria-rowindex="${row}"]`));
const isRead = (url) => location.href !== url && document.querySelector(".message.open .message-body:not(.waiting)") !== null
  && [...document.querySelectorAll(".message.open iframe")].every((frame) => /** @type {any} */ (frame).seen ?? (frame.addEventListener("load", () => { /** @type {any} */ (frame).seen = true; }), false));

async function reading(page) {
  const [moved, shown, read, readFrame] = [[], [], [], []];
  await page.locator(".row[tabindex='0']").focus();
  for (let row = 2; row < OPENED + 2; row += 1) {
    const step = await press(page, "j", isAt, row);
    moved.push(step.changed);
    shown.push(step.painted);
    const times = await press(page, "Enter", isRead, page.url());
    read.push(times.changed);
    readFrame.push(times.painted);
    await press(page, "u", isAt, row);
  }
  told("key to moved selection", 16, moved);
  told("the same, to the end of its frame", "", shown);
  told("key to opened message", 50, read);
  told("the same, to the end of its frame", "", readFrame);
}

const isFound = (count) => document.querySelector(".list-grid")?.getAttribute("aria-rowcount") === String(count)
  && document.querySelector(".row:not(.waiting)") !== null && document.querySelector(".row.waiting") === null;

async function searching(page, words, count) {
  const [done, warmer] = [[], `in:inbox subject:nothing-has-this`];
  for (let n = 0; n < SEARCHES; n += 1) {
    for (const [line, many] of [[warmer, 0], [words, count]]) {
      await page.locator("#search").fill(line);
      const waited = many ? await press(page, "Enter", isFound, many) : await press(page, "Enter", () => document.querySelector(".row") === null);
      if (many) done.push(waited.painted);
    }
  }
  told(`search \`${words}\`: key to drawn list of ${count}`, 100, done);
}

async function arrivals(page, house) {
  const line = await Line.open(house.ports.smtp);
  for (const said of [null, "EHLO elsewhere.test"]) await line.say(said);
  const late = [];
  for (let n = 0; n < ARRIVALS; n += 1) {
    const subject = `Just arrived ${n}`;
    const handle = await page.evaluateHandle((words) => ({
      waiting: /** @type {any} */ (globalThis).when(() => [...document.querySelectorAll(".row")].some((row) => row.getAttribute("aria-label")?.includes(words))),
    }), `Just arrived ${n},`);
    for (const said of ["MAIL FROM:<a@elsewhere.test>", `RCPT TO:<${ALICE}>`, "DATA"]) await line.say(said);
    await line.say(`From: a@elsewhere.test\r\nTo: ${ALICE}\r\nSubject: ${subject}\r\n\r\nHello.\r\n.`);
    const taken = performance.timeOrigin + performance.now();
    const coming = page.evaluate(async ({ waiting }) => performance.timeOrigin + (await waiting).painted, handle);
    const seen = await Promise.race([coming, new Promise((_, fail) => { setTimeout(fail, LATEST_MS, new Error(`${subject} was never shown`)).unref(); })]);
    late.push(Math.max(0, seen - taken));
    await handle.dispose();
  }
  line.end();
  told("250 to the new row on the screen", 50, late);
}

const house = await House.start();
const browser = await launch();
try {
  await fill(house, ALICE, PEOPLE[ALICE], MESSAGES);
  const state = await login(browser, house);
  console.log(`| webmail, ${MESSAGES} messages in the inbox; milliseconds | wanted | p50 | p95 | most | of |\n|:--|--:|--:|--:|--:|--:|`);
  await loads(browser, house, state);
  const page = await opened(browser, state);
  await page.goto(`${house.url}/mail`);
  await rows(page);
  await page.locator("link[href*='conversation.css']").waitFor({ state: "attached" });
  await reading(page);
  await searching(page, RARE, Math.ceil(MESSAGES / 1000));
  await searching(page, "from:person7@bench.example", Math.ceil((MESSAGES - 7) / SENDERS));
  await page.goto(`${house.url}/mail`);
  await rows(page);
  await arrivals(page, house);
} finally {
  await browser.close();
  await house.close();
}
