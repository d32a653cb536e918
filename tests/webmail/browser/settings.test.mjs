// Settings and login as a user has them: in a real browser, against the real server.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import crypto from "node:crypto";
import { accessibility, launch, logIn, open, shot } from "./browser.mjs";
import { ALICE, BOB, CAROL, House, PEOPLE } from "./house.mjs";

let house, browser;
before(async () => {
  house = await House.start();
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await house?.close();
});

/** Opens a section of the settings for somebody who is logged in. */
async function section(page, name) {
  await page.goto(`${house.url}/settings/${name}`);
  await page.locator(".settings-body h2").first().waitFor();
}

/** What happens when a wish is kept: the answer of the server to the next change. */
const kept = (page) => page.waitForResponse((answer) => answer.url().includes("/jmap/") && (answer.request().postData() ?? "").includes("Settings/set"));

test("a wrong password is told in plain words, a right one leads where one wanted to go", async () => {
  const page = await open(browser);
  await page.goto(`${house.url}/settings/labels`);
  await page.waitForURL(/\/login\?next=/u);
  await page.getByLabel("Address or name").fill(ALICE);
  await page.getByLabel("Password", { exact: true }).fill("no such password");
  await page.keyboard.press("Enter");
  await page.getByText("Name and password do not fit", { exact: false }).first().waitFor();
  await page.keyboard.type(PEOPLE[ALICE]);
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/settings\/labels$/u);
  await page.context().close();
});

test("a link that says who needs the password only", async () => {
  const page = await open(browser);
  await page.goto(`${house.url}/login?user=${encodeURIComponent(ALICE)}`);
  await page.waitForFunction(() => document.activeElement?.id === "login-password");
  await page.keyboard.type(PEOPLE[ALICE]);
  await page.keyboard.press("Enter");
  await page.waitForURL((url) => url.pathname.startsWith("/mail"));
  await page.context().close();
});

test("a login leads to no other site", async () => {
  const page = await open(browser);
  await page.goto(`${house.url}/login?next=${encodeURIComponent("//elsewhere.test/")}`);
  await page.getByLabel("Address or name").fill(ALICE);
  await page.getByLabel("Password", { exact: true }).fill(PEOPLE[ALICE]);
  await page.keyboard.press("Enter");
  await page.waitForURL((url) => url.pathname.startsWith("/mail"));
  assert.equal(new URL(page.url()).hostname, "localhost");
  await page.context().close();
});

test("theme, language and density hold, here and after a reload", async () => {
  const page = await open(browser);
  await logIn(page, house);
  await section(page, "general");
  for (const [label, value, mark] of [["Theme", "dark", "theme"], ["Rows", "compact", "density"]]) {
    const answer = kept(page);
    await page.getByRole("combobox", { name: label, exact: true }).selectOption(value);
    await answer;
    assert.equal(await page.evaluate((name) => document.documentElement.dataset[name], mark), value);
  }
  const answer = kept(page);
  await page.getByRole("combobox", { name: "Language", exact: true }).selectOption("de");
  await answer;
  await page.getByRole("heading", { name: "Allgemein" }).waitFor();
  await page.reload();
  await page.getByRole("heading", { name: "Allgemein" }).waitFor();
  assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), "dark");
  assert.equal(await page.evaluate(() => document.documentElement.lang), "de");
  await shot(page, "settings-general-de-dark");
  const back = kept(page);
  await page.getByRole("combobox", { name: "Sprache", exact: true }).selectOption("en");
  await back;
  await page.context().close();
});

test("labels get colours, searches names, senders their images", async () => {
  const page = await open(browser);
  await logIn(page, house);
  await section(page, "labels");
  await page.getByRole("button", { name: "New label" }).click();
  await page.getByRole("textbox", { name: "Name" }).fill("two words");
  await page.keyboard.press("Enter");
  assert.ok(await page.getByRole("dialog").isVisible());
  await page.getByRole("textbox", { name: "Name" }).fill("Family");
  await page.keyboard.press("Enter");
  const colour = page.getByRole("combobox", { name: "Colour of family" });
  const painted = kept(page);
  await colour.selectOption("teal");
  await painted;
  await section(page, "searches");
  await page.getByRole("button", { name: "New search" }).click();
  await page.getByRole("textbox", { name: "Name", exact: true }).fill("From Bob");
  await page.getByLabel("What to look for").fill("from:bob");
  await page.keyboard.press("Enter");
  await page.locator("#side").getByText("From Bob").waitFor();
  await section(page, "privacy");
  await page.getByLabel("Sender, or @domain for all of one").fill("@Crepes.fr");
  await page.keyboard.press("Enter");
  await page.getByText("@crepes.fr", { exact: true }).waitFor();
  await page.getByLabel("Sender, or @domain for all of one").fill("nobody");
  await page.keyboard.press("Enter");
  await page.getByText("Write an address, or a domain with @ before it.").waitFor();
  await page.reload();
  await page.getByText("@crepes.fr", { exact: true }).waitFor();
  await section(page, "labels");
  assert.equal(await page.getByRole("combobox", { name: "Colour of family" }).inputValue(), "teal");
  await page.context().close();
});

test("a key is remapped, warned of when taken, and single keys can be switched off", async () => {
  const page = await open(browser);
  await logIn(page, house);
  await section(page, "keys");
  await page.getByRole("button", { name: "Change key for “Go to Inbox”" }).click();
  await page.keyboard.press("h");
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await page.getByRole("button", { name: "Ours again for “Go to Inbox”" }).waitFor();
  await page.locator("h2").first().click();
  await page.keyboard.press("h");
  await page.waitForURL(/\/mail/u);
  await section(page, "keys");
  await page.getByRole("button", { name: "Change key for “Go to Sent”" }).click();
  await page.keyboard.press("h");
  await page.getByText("“Go to Inbox” has this key now").waitFor();
  await page.keyboard.press("Escape");
  const off = kept(page);
  await page.getByLabel("Single letters act").uncheck();
  await off;
  await page.locator("h2").first().click();
  await page.keyboard.press("h");
  assert.match(page.url(), /settings\/keys/u);
  const on = kept(page);
  await page.getByLabel("Single letters act").check();
  await on;
  await page.context().close();
});

test("app passwords are shown once and can be removed", async () => {
  const page = await open(browser);
  await logIn(page, house, BOB);
  await section(page, "security");
  await page.getByRole("button", { name: "New app password" }).click();
  await page.getByLabel("What it is for").fill("Phone");
  await page.getByRole("button", { name: "Go on" }).click();
  await page.getByRole("dialog").getByLabel("Password now").fill(PEOPLE[BOB]);
  await page.getByRole("button", { name: "Go on" }).click();
  const secret = await page.locator(".secret-line").textContent();
  assert.ok((secret ?? "").length >= 16, String(secret));
  const basic = `Basic ${Buffer.from(`${BOB}:${secret}`).toString("base64")}`;
  const asked = () => page.context().request.get(`${house.url}/jmap/session`, { headers: { authorization: basic, cookie: "" } });
  assert.equal((await asked()).status(), 200);
  await page.getByRole("button", { name: "I have noted it" }).click();
  await page.getByRole("button", { name: "Remove Phone" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Remove", exact: true }).click();
  await page.getByRole("button", { name: "Remove Phone" }).waitFor({ state: "detached" });
  await page.context().close();
});

test("a second factor: the picture, a code, and a login that asks for one", async () => {
  const page = await open(browser);
  await logIn(page, house, CAROL);
  await section(page, "security");
  await page.getByRole("button", { name: "Switch on" }).click();
  await page.getByRole("dialog").getByLabel("Password now").fill(PEOPLE[CAROL]);
  await page.getByRole("button", { name: "Go on" }).click();
  await page.getByAltText("QR code with the key for the app").waitFor();
  await shot(page, "settings-second-factor");
  const secret = (await page.locator(".dialog .hint .code").textContent() ?? "").replace(/\s/gu, "");
  const code = page.getByRole("dialog").getByLabel("Code", { exact: true });
  await code.fill("000000");
  await page.keyboard.press("Enter");
  await page.getByText("This code does not fit").waitFor();
  await code.fill(totp(secret));
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Recovery codes" }).waitFor();
  const [recovery] = await page.locator(".secret-line").allTextContents();
  await page.getByRole("button", { name: "I have noted it" }).click();
  await page.getByText("It is on.").waitFor();
  const other = await open(browser);
  await other.goto(`${house.url}/login`);
  await other.getByLabel("Address or name").fill(CAROL);
  await other.getByLabel("Password", { exact: true }).fill(PEOPLE[CAROL]);
  await other.keyboard.press("Enter");
  await other.getByRole("heading", { name: "One more step" }).waitFor();
  await other.keyboard.type(recovery ?? "");
  await other.keyboard.press("Enter");
  await other.waitForURL((url) => url.pathname.startsWith("/mail"));
  await other.context().close();
  await page.context().close();
});

/** A code of RFC 6238 for this moment. */
function totp(secret) {
  const bits = [...secret.replace(/=+$/u, "")].map((letter) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(letter).toString(2).padStart(5, "0")).join("");
  const key = Buffer.from((bits.match(/.{8}/gu) ?? []).map((octet) => Number.parseInt(octet, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000)));
  const mac = crypto.createHmac("sha1", key).update(counter).digest();
  const at = (mac.at(-1) ?? 0) & 15;
  return String((mac.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, "0");
}

test("other logins are listed and ended", async () => {
  const one = await open(browser);
  await logIn(one, house, BOB);
  const other = await open(browser);
  await logIn(other, house, BOB);
  await section(one, "security");
  await one.getByRole("button", { name: "End all others" }).click();
  await one.getByRole("button", { name: "End all others" }).waitFor({ state: "detached" });
  await other.goto(`${house.url}/mail`);
  await other.waitForURL(/\/login/u);
  await one.context().close();
  await other.context().close();
});

test("all sections are right for a screen reader, on any screen", async () => {
  for (const look of ["wide", "dark", "phone", "narrow"]) {
    const page = await open(browser, look);
    await page.goto(`${house.url}/login`);
    await page.getByLabel("Address or name").waitFor();
    assert.deepEqual(await accessibility(page), [], `login, ${look}`);
    await shot(page, `login-${look}`);
    await logIn(page, house);
    for (const name of ["general", "identities", "vacation", "labels", "searches", "privacy", "keys", "security"]) {
      await section(page, name);
      assert.deepEqual(await accessibility(page), [], `${name}, ${look}`);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
      assert.equal(wide, false, `${name} is too wide: ${look}`);
      await shot(page, `settings-${name}-${look}`);
    }
    await page.context().close();
  }
});
