// The administration as who runs the house has it: in a real browser, against the real server.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { accessibility, launch, logIn, open, shot } from "./browser.mjs";
import { ALICE, BOB, House } from "./house.mjs";

let house, browser;
before(async () => {
  house = await House.start();
  browser = await launch();
  // Mail for a place that no name server knows: it waits, and can be looked at.
  for (let n = 0; n < 3; n += 1) house.command(["sendmail", "-f", ALICE, `joe${n}@nowhere.test`], `Subject: waits ${n}\n\nwait\n`);
});
after(async () => {
  await browser?.close();
  await house?.close();
});

/** A section of the administration. */
async function section(name, look = "wide", who = ALICE) {
  const page = await open(browser, look);
  await logIn(page, house, who);
  await page.goto(`${house.url}/admin/${name}`);
  await page.locator(".settings-body h2").first().waitFor();
  // What the page before asked for was cut off by going on; that is none of this one's.
  page.logged.length = 0;
  return page;
}

const line = (page, text) => page.locator("table.data tbody tr").filter({ hasText: text });

test("nobody else gets in", async () => {
  const page = await section("accounts", "wide", BOB);
  await page.getByText("Only for who runs this server").waitFor();
  assert.equal(await page.locator("table").count(), 0);
  await page.context().close();
});

test("home says in a sentence how it is, with figures and the command line's twin", async () => {
  const page = await section("home");
  await page.locator(".health").waitFor();
  assert.match(await page.locator(".health").textContent() ?? "", /localhost/u);
  await page.locator(".tiles").getByText("Accounts").waitFor();
  assert.match(await page.locator(".twin code").textContent() ?? "", /^pillarbox /u);
  await page.getByRole("button", { name: "Day" }).click();
  assert.equal(await page.getByRole("button", { name: "Day" }).getAttribute("aria-pressed"), "true");
  assert.deepEqual(page.logged, []);
  await shot(page, "admin-home");
  await page.context().close();
});

test("an account is made, limited, and goes", async () => {
  const page = await section("accounts");
  await page.getByRole("button", { name: "New account" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Address").fill("dora");
  await dialog.getByRole("button", { name: "Create" }).click();
  await dialog.getByText("“dora” is no address.").waitFor();
  await dialog.getByLabel("Address").fill("dora@hamburger.edu");
  await dialog.getByLabel("Password").fill("explorer-of-dumplings");
  await dialog.getByLabel("Limit").fill("2 GB");
  await dialog.getByRole("button", { name: "Create" }).click();
  await line(page, "dora@hamburger.edu").getByText("2 GB").waitFor();
  const other = await open(browser);
  await logIn(other, house, "dora@hamburger.edu", "explorer-of-dumplings");
  await other.context().close();
  await page.getByRole("button", { name: "More for dora@hamburger.edu" }).click();
  await page.getByRole("menuitem", { name: "Set limit" }).click();
  await page.getByRole("dialog").getByLabel("Limit").fill("");
  await page.getByRole("dialog").getByRole("button", { name: "Save" }).click();
  await line(page, "dora@hamburger.edu").getByText("none").waitFor();
  await page.getByRole("button", { name: "More for dora@hamburger.edu" }).click();
  await page.getByRole("menuitem", { name: "Remove account" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Remove account" }).click();
  await line(page, "dora@hamburger.edu").waitFor({ state: "detached" });
  await page.context().close();
});

test("domains and aliases come and go", async () => {
  const page = await section("domains");
  await page.getByRole("button", { name: "New domain" }).click();
  await page.getByRole("dialog").getByLabel("Domain", { exact: true }).fill("pickles.example");
  await page.keyboard.press("Enter");
  await line(page, "pickles.example").waitFor();
  assert.equal(await line(page, "hamburger.edu").getByRole("button").count(), 0);
  await page.getByRole("link", { name: "Aliases" }).click();
  await page.getByRole("button", { name: "New alias" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Address", { exact: true }).fill("sales@pickles.example");
  await dialog.getByLabel("Leads to").fill(`${ALICE}\n${BOB}`);
  await dialog.getByRole("button", { name: "Create" }).click();
  await line(page, "sales@pickles.example").getByText(BOB).waitFor();
  await page.getByRole("button", { name: "Remove sales@pickles.example" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Remove" }).click();
  await line(page, "sales@pickles.example").waitFor({ state: "detached" });
  await page.getByRole("link", { name: "Domains" }).click();
  await page.getByRole("button", { name: "Remove pickles.example" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Remove" }).click();
  await line(page, "pickles.example").waitFor({ state: "detached" });
  await page.context().close();
});

test("the queue is narrowed, held, released, sent elsewhere, traced, and emptied", async () => {
  const page = await section("queue");
  await line(page, "joe2@nowhere.test").waitFor();
  await page.locator(".facet").first().getByRole("button").filter({ hasText: "nowhere.test" }).click();
  await page.waitForURL(/host=nowhere\.test/u);
  await line(page, "joe1@nowhere.test").waitFor();
  await page.getByRole("checkbox", { name: "Choose joe1@nowhere.test" }).check();
  await page.getByRole("button", { name: "Hold", exact: true }).click();
  await line(page, "joe1@nowhere.test").getByText("held").waitFor();
  assert.equal(await line(page, "joe0@nowhere.test").getByText("held").count(), 0);
  await page.getByRole("button", { name: "1 held" }).click();
  await line(page, "joe0@nowhere.test").waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Release" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Release" }).click();
  await page.getByText("Nothing fits").waitFor();
  await page.getByRole("button", { name: "No longer: Held: yes" }).click();
  await page.getByRole("checkbox", { name: "Choose joe2@nowhere.test" }).check();
  await page.getByRole("button", { name: "Send by another host" }).click();
  await page.getByRole("dialog").getByLabel(/^Host/u).fill("mx2.nowhere.test");
  await page.keyboard.press("Enter");
  await page.locator(".toast").getByText("1 recipient goes another way.").waitFor();
  await page.goto(`${house.url}/admin/queue`);
  await line(page, "joe2@nowhere.test").getByText("mx2.nowhere.test").waitFor();
  await shot(page, "admin-queue");
  await line(page, "joe0@nowhere.test").locator(".link-button").click();
  await page.getByRole("dialog").locator(".journey li").first().waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Remove", exact: true }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Remove" }).click();
  await page.getByText("Nothing waits").waitFor();
  await page.context().close();
});

test("what happened to a message is told", async () => {
  await house.deliver({ subject: "Traced" });
  const page = await section("trace");
  await page.getByLabel("Queue id, or address").fill(ALICE);
  await page.keyboard.press("Enter");
  await page.locator(".journey li").first().waitFor();
  await page.getByLabel("Queue id, or address").fill("nobody@nowhere.test");
  await page.keyboard.press("Enter");
  await page.getByText("Nothing is known of that.").waitFor();
  await page.context().close();
});

test("the administration is right for a screen reader, on any screen", async () => {
  house.command(["sendmail", "-f", ALICE, "waits@nowhere.test"], "Subject: waits\n\nwait\n");
  for (const look of ["wide", "dark", "phone", "narrow"]) {
    const page = await section("home", look);
    for (const name of ["home", "queue", "trace", "accounts", "domains", "aliases", "connections"]) {
      await page.goto(`${house.url}/admin/${name}`);
      await page.locator(".twin, .settings-body form").first().waitFor();
      assert.deepEqual(await accessibility(page), [], `${name}, ${look}`);
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth > innerWidth), false, `${name} is too wide: ${look}`);
      await shot(page, `admin-${name}-${look}`);
    }
    await page.context().close();
  }
});
