// The address book as a user has it: in a real browser, against the real server.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { accessibility, launch, logIn, open, shot } from "./browser.mjs";
import { ALICE, House } from "./house.mjs";

let house, browser;
before(async () => {
  house = await House.start();
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await house?.close();
});

/** The contacts of somebody who is logged in. */
async function contacts(look = "wide", who = ALICE) {
  const page = await open(browser, look);
  await logIn(page, house, who);
  await page.goto(`${house.url}/contacts`);
  await page.locator(".contacts-head").waitFor();
  // What the page before asked for was cut off by going on; that is none of this one's.
  page.logged.length = 0;
  return page;
}

const row = (page, name) => page.locator(".contact-row").filter({ hasText: name });
const form = (page) => page.locator(".contact-form");

/** Makes a contact as a user does. */
async function make(page, name, email) {
  await page.getByRole("button", { name: "New contact" }).click();
  await form(page).getByLabel("Name", { exact: true }).fill(name);
  await form(page).getByLabel("E-mail 1").fill(email);
  await form(page).getByRole("button", { name: "Save" }).click();
  await page.locator(".contact-card").getByRole("heading", { name }).waitFor();
}

test("a contact is made, changed, found, deleted, and comes back", async () => {
  const page = await contacts();
  await page.getByText("Nobody yet.").waitFor();
  await page.getByRole("button", { name: "New contact" }).click();
  await form(page).getByLabel("Name", { exact: true }).fill("Dave Dumpling");
  await form(page).getByLabel("E-mail 1").fill("nonsense");
  await form(page).getByRole("button", { name: "Save" }).click();
  await page.getByText("“nonsense” is no address.").waitFor();
  await form(page).getByLabel("E-mail 1").fill("dave@crepes.fr");
  await form(page).getByRole("button", { name: "Add address" }).click();
  await form(page).getByLabel("E-mail 2").fill("dave@home.test");
  await form(page).getByLabel("What number 2 is for").first().selectOption("private");
  await form(page).getByLabel("Birthday").fill("1990-05-17");
  await form(page).getByLabel("Note").fill("Likes pickles");
  await form(page).getByRole("button", { name: "Save" }).click();
  const card = page.locator(".contact-card");
  await card.getByText("dave@home.test").waitFor();
  await card.getByText("Likes pickles").waitFor();
  await card.getByText(/May 17, 1990|17 May 1990/u).waitFor();
  await shot(page, "contacts-card");
  await card.getByRole("button", { name: "Edit" }).click();
  await form(page).getByLabel("Organization").fill("Crepes & Co");
  await form(page).getByRole("button", { name: "Save" }).click();
  await card.getByText("Crepes & Co").first().waitFor();
  await page.reload();
  await card.getByText("Crepes & Co").first().waitFor();
  page.logged.length = 0;
  await card.getByText("dave@home.test").waitFor();
  await page.getByLabel("Search contacts").fill("pickle-less");
  await page.getByText("Nobody fits.").waitFor();
  await page.getByLabel("Search contacts").fill("dump dave");
  await row(page, "Dave Dumpling").waitFor();
  await card.getByRole("button", { name: "Delete" }).click();
  await row(page, "Dave Dumpling").waitFor({ state: "detached" });
  await page.locator(".toast").getByRole("button", { name: "Undo" }).click();
  await row(page, "Dave Dumpling").waitFor();
  assert.deepEqual(page.logged, []);
  await page.context().close();
});

test("a group is one name for many, and writes to all", async () => {
  const page = await contacts();
  await make(page, "Eve Eclair", "eve@crepes.fr");
  await make(page, "Finn Flan", "finn@crepes.fr");
  await page.locator(".contacts-head").getByRole("button", { name: "More" }).click();
  await page.getByRole("menuitem", { name: "New group" }).click();
  await form(page).getByLabel("Name", { exact: true }).fill("Bakers");
  await form(page).getByLabel("Eve Eclair").check();
  await form(page).getByLabel("Search contacts").fill("finn");
  await form(page).getByLabel("Finn Flan").check();
  await form(page).getByRole("button", { name: "Save" }).click();
  await page.locator(".contact-card").getByText("2 members").waitFor();
  await page.locator(".contact-card").getByRole("button", { name: "Write" }).click();
  await page.locator(".composer .chip").nth(1).waitFor();
  assert.deepEqual((await page.locator(".composer .chip").allTextContents()).map((text) => text.trim()).sort(), ["Eve Eclair", "Finn Flan"]);
  await page.locator(".composer").getByRole("button", { name: "Discard draft" }).click();
  await row(page, "Eve Eclair").click();
  await page.locator(".contact-facts").getByRole("link", { name: "Bakers" }).waitFor();
  await page.context().close();
});

test("somebody who is there twice becomes one", async () => {
  const page = await contacts();
  await make(page, "Gus Gateau", "gus@crepes.fr");
  await make(page, "Gus G.", "GUS@crepes.fr");
  await page.getByRole("link", { name: "1 person seems to be here twice" }).click();
  await page.getByRole("button", { name: "Merge" }).click();
  await page.getByText("Nobody is here twice.").waitFor();
  assert.equal(await row(page, "Gus").count(), 1);
  await page.locator(".toast").getByRole("button", { name: "Undo" }).click();
  await row(page, "Gus").nth(1).waitFor();
  await page.getByRole("button", { name: "Keep apart" }).click();
  await page.getByText("Nobody is here twice.").waitFor();
  await page.context().close();
});

const VCARDS = "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:urn:uuid:hana\r\nFN:Hana Honigkuchen\r\nN:Honigkuchen;Hana;;;\r\nEMAIL;TYPE=WORK:hana@crepes.fr\r\nEND:VCARD\r\n"
  + "BEGIN:VCARD\r\nVERSION:4.0\r\nUID:urn:uuid:ivo\r\nFN:Ivo Éclair\r\nEMAIL:ivo@crepes.fr\r\nTEL;VALUE=uri:tel:+1-555-0100\r\nEND:VCARD\r\n";

test("vCards come in, once, and go out", async () => {
  const page = await contacts();
  const bring = async () => {
    const chooser = page.waitForEvent("filechooser");
    await page.locator(".contacts-head").getByRole("button", { name: "More" }).click();
    await page.getByRole("menuitem", { name: "Import vCards" }).click();
    await (await chooser).setFiles({ name: "people.vcf", mimeType: "text/vcard", buffer: Buffer.from(VCARDS) });
  };
  await bring();
  await page.getByText("2 contacts imported.").first().waitFor();
  await row(page, "Ivo Éclair").waitFor();
  await bring();
  await page.locator(".toast").getByText("0 contacts imported. 2 were there already.").waitFor();
  const download = page.waitForEvent("download");
  await page.locator(".contacts-head").getByRole("button", { name: "More" }).click();
  await page.getByRole("menuitem", { name: "Export all" }).click();
  const text = readFileSync(await (await download).path(), "utf8");
  assert.match(text, /FN:Hana Honigkuchen\r\n/u);
  assert.match(text, /ivo@crepes\.fr/u);
  await page.context().close();
});

test("the list is gone through by keys", async () => {
  const page = await contacts();
  await row(page, "").nth(1).waitFor();
  await page.locator(".contact-row").first().focus();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/contacts\/.+/u);
  const second = (await page.locator(".contact-row").nth(1).locator(".contact-name").textContent())?.trim() ?? "";
  await page.locator(".contact-card").getByRole("heading", { name: second }).waitFor();
  await page.goBack();
  await page.getByText("Nobody chosen").waitFor();
  await page.context().close();
});

test("contacts are right for a screen reader, on any screen", async () => {
  for (const look of ["wide", "dark", "phone", "narrow"]) {
    const page = await contacts(look);
    await page.locator(".contact-row").first().waitFor();
    assert.deepEqual(await accessibility(page), [], `list, ${look}`);
    await shot(page, `contacts-${look}`);
    const { pathname } = new URL(await page.locator(".contact-row").first().evaluate((link) => /** @type {any} */ (link).href));
    for (const path of [pathname, `${pathname}/edit`, "/contacts/new-group", "/contacts/duplicates"]) {
      await page.goto(house.url + path);
      await page.locator(".contacts-body h2").first().waitFor();
      assert.deepEqual(await accessibility(page), [], `${path}, ${look}`);
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth > innerWidth), false, `${path} is too wide: ${look}`);
    }
    await page.context().close();
  }
});
