// A slow machine, or a slow line: nothing that a person sees or types may depend on what happens to be there first.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, logIn, open } from "./browser.mjs";
import { House, letter } from "./house.mjs";

/** @type {House} */ let house;
/** @type {any} */ let browser;
before(async () => {
  house = await House.start();
  await house.deliver(letter({ subject: "Menu", from: "Shop <shop@elsewhere.test>" }));
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await house?.close();
});

/** Somebody who looks at the inbox, to whom what `late` names comes only when `release` is called. */
async function slowly(late) {
  const page = await open(browser);
  let release = () => {};
  const free = new Promise((resolve) => { release = () => resolve(undefined); });
  await page.route(late, async (route) => {
    await free;
    await route.continue();
  });
  const asked = page.waitForRequest(late);
  await logIn(page, house);
  await page.locator(".row:not(.waiting)").first().waitFor();
  return { page, release, asked };
}

test("who wants no motion gets none: colours change at once, everywhere", async () => {
  const page = await open(browser);
  await logIn(page, house);
  await page.goto(`${house.url}/settings/privacy`);
  await page.locator(".check .soft").waitFor();
  const seen = await page.evaluate(() => {
    const colours = () => [...document.querySelectorAll("body,.card,.check,.check .soft")].map((one) => getComputedStyle(one).color);
    const before = colours();
    document.documentElement.dataset.theme = "dark";
    return { before, after: colours(), moving: document.getAnimations().length };
  });
  assert.equal(seen.moving, 0);
  seen.after.forEach((colour, at) => assert.notEqual(colour, seen.before[at]));
  await page.context().close();
});

test("what is typed after Ctrl-K belongs to the palette, even before it is there", async () => {
  const { page, release, asked } = await slowly("**/app/shell-menus.js");
  await page.keyboard.press("Control+k");
  await asked;
  // As single keys these would mark, archive, answer: `s`, `e`, `r`.
  await page.keyboard.type("outbpx");
  await page.keyboard.press("Backspace");
  await page.keyboard.press("Backspace");
  await page.keyboard.type("ox");
  release();
  await page.waitForFunction(() => /** @type {any} */ (document.querySelector(".picker input"))?.value === "outbox");
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/outbox$/u);
  await page.context().close();
});

test("what is typed while a composer is on its way does nothing to the mail", async () => {
  const { page, release, asked } = await slowly("**/app/compose/main.js");
  await page.keyboard.press("j");
  await page.keyboard.press("c");
  await asked;
  await page.keyboard.type("e#s");
  release();
  await page.waitForFunction(() => /** @type {any} */ (document.querySelector(".composer [data-field=to] input"))?.value === "e#s");
  assert.equal(await page.locator(".row").count(), 1);
  assert.equal(await page.locator(".star[aria-pressed=true]").count(), 0);
  await page.context().close();
});

test("the source of a message that is still on its way is shown once it is there", async () => {
  const page = await open(browser);
  await logIn(page, house);
  await page.locator(".row:not(.waiting)").first().waitFor();
  let release = () => {};
  const free = new Promise((resolve) => { release = () => resolve(undefined); });
  await page.route("**/jmap/api", async (route) => {
    if ((route.request().postData() ?? "").includes("Rendering/get")) await free;
    await route.continue();
  });
  await page.locator(".row").first().click();
  await page.locator(".message-body.waiting").waitFor();
  await page.keyboard.press("Control+k");
  await page.getByRole("combobox", { name: "Commands" }).fill("source");
  const viewer = page.waitForResponse("**/mail/source.js");
  await page.keyboard.press("Enter");
  // Only when what shows it has been asked to does the message come.
  await page.evaluate((url) => import(url), (await viewer).url());
  release();
  await page.getByText("Subject: Menu").waitFor();
  await page.context().close();
});

test("what cannot be fetched is told, and works once it can be", async () => {
  const page = await open(browser);
  const lazy = /\/app\/(mail\/actions|shell-menus)\.js$/u;
  await page.route(lazy, (route) => route.abort());
  await logIn(page, house);
  await page.locator(".row:not(.waiting)").first().waitFor();
  await page.keyboard.press("j");
  for (const key of ["s", "Control+k"]) {
    await page.keyboard.press(key);
    await page.locator(".toast").getByText("The server cannot be reached. Nothing was changed.").waitFor();
    await page.locator(".toast").getByRole("button", { name: "Close" }).click();
  }
  await page.unroute(lazy);
  await page.keyboard.press("s");
  await page.locator(".star[aria-pressed=true]").waitFor();
  await page.context().close();
});
