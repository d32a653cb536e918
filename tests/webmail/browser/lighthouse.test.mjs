// Lighthouse on each page: what it says of accessibility and of best practices is at least 0.98.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { CHROMIUM, chromium, logIn, peer } from "./browser.mjs";
import { House, letter } from "./house.mjs";

/** The least that is good enough, of 1. */
const LEAST = 0.98;
/** When Lighthouse looks at a page: by itself it waits for a moment in which nothing runs, and a page that hears of new mail has few. */
const LOAD_MAX_MS = 4000;
/** So long nothing comes before a page counts as loaded. */
const QUIET_MS = 500;

const lighthouse = await peer("lighthouse").catch(() => null);
if (!lighthouse && process.env.PILLARBOX_REQUIRE_PEERS === "1") throw new Error("there is no lighthouse (cargo xtask peers)");
const skip = lighthouse ? false : "there is no lighthouse (cargo xtask peers)";

/** @type {House} */ let house;
/** @type {any} */ let context;
let profile = "";
let port = 0;

before(async () => {
  if (skip) return;
  house = await House.start();
  for (let n = 1; n <= 5; n += 1) await house.deliver(letter({ subject: `Letter ${n}`, html: `<p>Do you like <b>ketchup</b>, ${n}?</p>` }));
  // Lighthouse looks by a port of its own, at the profile in which somebody is logged in.
  profile = mkdtempSync(path.join(os.tmpdir(), "pillarbox-lighthouse-"));
  context = await chromium.launchPersistentContext(profile, {
    executablePath: CHROMIUM, ignoreHTTPSErrors: true, locale: "en-GB",
    args: ["--no-sandbox", "--disable-dev-shm-usage", "--remote-debugging-port=0", "--ignore-certificate-errors"],
  });
  port = Number(readFileSync(path.join(profile, "DevToolsActivePort"), "utf8").split("\n")[0]);
});
after(async () => {
  await context?.close();
  await house?.close();
  if (profile) rmSync(profile, { recursive: true, force: true });
});

/** What Lighthouse finds wrong on a page, and the page on which it looked. */
async function look(where, formFactor) {
  const screenEmulation = formFactor === "mobile" ? { mobile: true, width: 390, height: 844, deviceScaleFactor: 2 } : { mobile: false, width: 1350, height: 940, deviceScaleFactor: 1 };
  const { lhr } = await lighthouse(house.url + where, {
    port, output: "json", logLevel: "error", onlyCategories: ["accessibility", "best-practices"], disableStorageReset: true, formFactor, screenEmulation,
    throttlingMethod: "provided", maxWaitForLoad: LOAD_MAX_MS, networkQuietThresholdMs: QUIET_MS, cpuQuietThresholdMs: 0, pauseAfterLoadMs: QUIET_MS, disableFullPageScreenshot: true,
  });
  const wrong = Object.values(lhr.categories).filter((one) => !(one.score >= LEAST)).map((one) => {
    const audits = one.auditRefs.map(({ id }) => lhr.audits[id]).filter((audit) => audit.score !== null && audit.score < 1);
    return `${one.id} ${one.score}: ${audits.map((audit) => `${audit.id} ${JSON.stringify(audit.details?.items ?? audit.displayValue ?? "").slice(0, 600)}`).join("; ")}`;
  });
  return { wrong, path: new URL(lhr.finalDisplayedUrl).pathname };
}

test("the login page", { skip }, async () => {
  assert.deepEqual(await look("/login", "mobile"), { wrong: [], path: "/login" });
});

test("every page of somebody who is logged in", { skip }, async () => {
  const page = await context.newPage();
  await logIn(page, house);
  await page.locator(".row:not(.waiting)").first().click();
  await page.waitForURL(/\/mail\/inbox\/./u);
  const conversation = new URL(page.url()).pathname;
  await page.close();
  for (const [where, formFactor] of [["/mail/inbox", "desktop"], [conversation, "mobile"], ["/settings/general", "desktop"], ["/contacts", "desktop"], ["/outbox", "mobile"], ["/admin/home", "desktop"]]) {
    assert.deepEqual(await look(where, formFactor), { wrong: [], path: where });
  }
});
