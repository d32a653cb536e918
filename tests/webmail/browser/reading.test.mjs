// Reading, as somebody does it: the list, conversations, what is done with them, folders, search, keys.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { accessibility, launch, logIn, open, shot } from "./browser.mjs";
import { ALICE, BOB, House, letter, PEOPLE } from "./house.mjs";

/** @type {House} */ let house;
/** @type {any} */ let browser;

const HTML = `<style>p{color:#234}</style><p>Do you like <b>ketchup</b>?</p><p><a href="https://evil.test/x">https://www.crepes.fr/menu</a></p>
<img src="https://pictures.example/a.png" width="300" height="100">`;

/** A message with files: a picture, a text, a PDF, a message. */
function withFiles(subject) {
  const part = (type, name, text) => `--b\nContent-Type: ${type}; name="${name}"\nContent-Disposition: attachment; filename="${name}"\n\n${text}\n`;
  return `From: Files <files@elsewhere.test>\nTo: ${ALICE}\nSubject: ${subject}\nDate: Thu, 01 Jan 2026 00:00:00 +0000\nMessage-ID: <files@elsewhere.test>\nMIME-Version: 1.0\n`
    + `Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\nWith files.\n${part("text/plain", "notes.txt", "the words of the notes")}`
    + `${part("application/pdf", "paper.pdf", "%PDF-1.4")}--b\nContent-Type: message/rfc822\n\nFrom: inner@elsewhere.test\nTo: ${ALICE}\nSubject: A message inside\n\nHidden words.\n--b--\n`;
}

before(async () => {
  house = await House.start();
  for (let n = 1; n <= 70; n += 1) await house.deliver(letter({ subject: `Number ${n}`, from: `Ada Lovelace <ada@elsewhere.test>`, text: `This is message ${n}.\n` }));
  await house.deliver(letter({ subject: "Plans", id: "plans-1@elsewhere.test", from: "Grace <grace@elsewhere.test>" }));
  await house.deliver(letter({ subject: "Re: Plans", id: "plans-2@elsewhere.test", from: "Alan <alan@elsewhere.test>", headers: { "In-Reply-To": "<plans-1@elsewhere.test>", References: "<plans-1@elsewhere.test>" } }));
  await house.deliver(letter({ subject: "In colours", html: HTML, from: "Shop <shop@elsewhere.test>" }));
  await house.deliver(letter({ subject: "Weekly digest", from: "Digest <digest@lists.test>", headers: { "List-Unsubscribe": "<mailto:leave@lists.test>", "List-Id": "<digest.lists.test>" } }));
  await house.deliver(withFiles("With files"));
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await house?.close();
});

/** Somebody who looks at the inbox. */
async function reader(look = "wide", more = {}) {
  const page = await open(browser, look, more);
  await logIn(page, house);
  await page.locator(".row:not(.waiting)").first().waitFor();
  return page;
}

const row = (page, subject) => page.getByRole("row", { name: new RegExp(subject) }).first();
const rowCount = async (page) => Number(await page.locator(".list-grid").getAttribute("aria-rowcount"));
const focused = (page) => page.evaluate(() => document.activeElement?.getAttribute("aria-label") ?? document.activeElement?.tagName);
/** Commands come right after the first view. */
const ready = (page) => page.waitForFunction(() => document.querySelector("link[href*='conversation.css']") !== null);
/** Waits until the page's own function says so. */
const until = (page, what, ...args) => page.waitForFunction(what, ...args);
const quiet = (page) => page.logged.filter((line) => !/favicon/.test(line));

test("the inbox: rows that say all, and no fault", async () => {
  const page = await reader();
  assert.equal(await rowCount(page), 74);
  const name = await row(page, "With files").getAttribute("aria-label");
  for (const part of ["unread", "Files", "With files", "has attachment"]) assert.match(name ?? "", new RegExp(part));
  assert.match((await row(page, "Plans").getAttribute("aria-label")) ?? "", /Grace, Alan, 2 messages/);
  assert.match(await page.title(), /^\(\d+\) Inbox/);
  await ready(page);
  assert.deepEqual(await accessibility(page), []);
  assert.deepEqual(quiet(page), []);
  await shot(page, "reading-list-wide");
  await page.context().close();
});

test("keys move, open and lead back; the focus stays with the row", async () => {
  const page = await reader();
  await ready(page);
  await page.keyboard.press("j");
  await page.keyboard.press("j");
  await page.keyboard.press("k");
  await page.locator(".row[tabindex='0'][aria-rowindex='2']").waitFor();
  await page.keyboard.press("Enter");
  await page.locator(".message.open").waitFor();
  assert.match(page.url(), /\/mail\/inbox\/./);
  await page.keyboard.press("u");
  await until(page, () => document.activeElement?.matches(".row[aria-rowindex='2']"));
  await page.keyboard.press("?");
  await page.getByRole("dialog").getByText("Next conversation").waitFor();
  assert.deepEqual(await accessibility(page), []);
  await page.keyboard.press("Escape");
  await until(page, () => document.activeElement?.matches(".row"));
  await page.context().close();
});

test("a conversation: folded but for the unread and the last, read after a while, Back and deep links work", async () => {
  const page = await reader();
  await row(page, "Plans").click();
  await page.locator(".message.open").nth(1).waitFor();
  await until(page, () => document.querySelector(".row.open:not(.unread)") !== null);
  const address = page.url();
  await page.reload();
  await page.locator(".message.folded").waitFor();
  assert.equal(await page.locator(".message.open").count(), 1);
  assert.equal(page.url(), address);
  assert.deepEqual(await accessibility(page), []);
  await page.getByRole("button", { name: "Open all 2" }).click();
  await page.locator(".message.open").nth(1).waitFor();
  await shot(page, "reading-conversation-wide");
  await page.context().close();
});

test("HTML in its frame: remote pictures wait for leave, links that lie are told", async () => {
  const page = await reader();
  await row(page, "In colours").click();
  const frame = page.frameLocator("iframe.message-frame");
  await frame.getByText("ketchup").waitFor();
  assert.equal(await page.locator("iframe.message-frame").getAttribute("sandbox"), "allow-popups allow-popups-to-escape-sandbox");
  assert.ok(!page.asked.some((url) => url.includes("pictures.example")));
  await page.getByText("leads elsewhere than it seems").waitFor();
  assert.deepEqual(await accessibility(page), []);
  await shot(page, "reading-html-wide");
  await page.getByRole("button", { name: "Show pictures" }).click();
  await until(page, () => !document.querySelector(".note button"));
  assert.deepEqual(quiet(page).filter((line) => !/pictures\.example|ERR_|Failed to load/.test(line)), []);
  await page.context().close();
});

test("archive, undo, star, read and unread, label, move: at once and on the server", async () => {
  const page = await reader();
  await ready(page);
  const other = await reader();
  const first = (await page.locator(".row").first().getAttribute("aria-label")) ?? "";
  const count = await rowCount(page);
  await page.keyboard.press("j");
  await page.keyboard.press("k");
  await page.keyboard.press("e");
  await until(page, (n) => document.querySelector(".list-grid")?.getAttribute("aria-rowcount") === n, String(count - 1));
  await page.getByRole("region", { name: "Notes" }).getByText("Archived").waitFor();
  await until(other, (n) => document.querySelector(".list-grid")?.getAttribute("aria-rowcount") === n, String(count - 1));
  await page.keyboard.press("z");
  await until(page, (n) => document.querySelector(".list-grid")?.getAttribute("aria-rowcount") === n, String(count));
  await until(page, (name) => document.querySelector(".row")?.getAttribute("aria-label") === name, first);
  await page.keyboard.press("s");
  await page.locator(".row").first().locator(".star[aria-pressed=true]").waitFor();
  await page.keyboard.press("Shift+I");
  await until(page, () => !document.querySelector(".row")?.classList.contains("unread"));
  await until(other, () => !document.querySelector(".row")?.classList.contains("unread"));
  await page.keyboard.press("Shift+U");
  await until(page, () => document.querySelector(".row")?.classList.contains("unread"));
  await until(other, () => document.querySelector(".row")?.classList.contains("unread"));
  await page.keyboard.press("l");
  await page.getByRole("combobox", { name: "Label" }).fill("family");
  await page.keyboard.press("Enter");
  await other.locator(".row").first().getByText("family").waitFor();
  await page.keyboard.press("v");
  await page.getByRole("combobox", { name: "Move to a folder" }).fill("kitchen");
  assert.deepEqual(await accessibility(page), []);
  await page.keyboard.press("Enter");
  await page.getByRole("link", { name: /^kitchen/ }).waitFor();
  await until(other, (n) => document.querySelector(".list-grid")?.getAttribute("aria-rowcount") === n, String(count - 1));
  await page.keyboard.press("z");
  await until(page, (n) => document.querySelector(".list-grid")?.getAttribute("aria-rowcount") === n, String(count));
  await page.context().close();
  await other.context().close();
});

test("new mail arrives by itself: row, title, folder and a word for who cannot see", async () => {
  const page = await reader();
  await ready(page);
  const count = await rowCount(page);
  await page.keyboard.press("j");
  const before = await focused(page);
  await house.deliver(letter({ subject: "Just now", from: "Zoë <zoe@elsewhere.test>" }));
  await row(page, "Just now").waitFor();
  assert.equal(await rowCount(page), count + 1);
  await until(page, () => document.getElementById("live-polite")?.textContent?.includes("Just now"));
  assert.equal(await focused(page), before);
  await page.context().close();
});

test("what arrives between the first view and the line for news is not missed", async () => {
  const page = await open(browser);
  await logIn(page, house);
  await page.locator(".row:not(.waiting)").first().waitFor();
  await page.route("**/jmap/events*", async (route) => {
    await page.locator(".row:not(.waiting)").first().waitFor();
    await house.deliver(letter({ subject: "In between" }));
    await route.continue();
  }, { times: 1 });
  await page.reload();
  await row(page, "In between").waitFor();
  await row(page, "In between").click();
  await page.keyboard.press("#");
  await row(page, "In between").waitFor({ state: "detached" });
  await page.context().close();
});

test("more mail than the screen holds arrives: the newest stays in sight", async () => {
  const page = await reader();
  for (let n = 1; n <= 25; n += 1) await house.deliver(letter({ subject: `Rain ${n},`, from: "Rain <rain@elsewhere.test>" }));
  await page.getByRole("row", { name: /Rain 25,/ }).waitFor();
  assert.equal(await page.locator(".list-scroll").evaluate((list) => list.scrollTop), 0);
  await page.locator("#search").fill("from:rain@elsewhere.test");
  await page.keyboard.press("Enter");
  await until(page, () => document.querySelector(".list-grid")?.getAttribute("aria-rowcount") === "25");
  await page.getByLabel("Select all", { exact: true }).first().check();
  await page.getByRole("toolbar", { name: "Tools of the list" }).getByRole("button", { name: "Delete" }).click();
  await until(page, () => !document.querySelector(".row"));
  await page.context().close();
});

test("folders: made, renamed, nested, deleted; the name may not be taken", async () => {
  const page = await reader();
  await page.getByRole("button", { name: "New folder" }).click();
  await page.getByRole("textbox", { name: "Name" }).fill("Recipes");
  await page.keyboard.press("Enter");
  await page.getByRole("link", { name: "Recipes" }).waitFor();
  await page.getByRole("button", { name: "More for Recipes" }).click();
  await page.getByRole("menuitem", { name: "New folder inside" }).click();
  await page.getByRole("textbox", { name: "Name" }).fill("Crêpes");
  await page.keyboard.press("Enter");
  await page.getByRole("link", { name: "Crêpes" }).waitFor();
  await page.getByRole("button", { name: "More for Crêpes" }).click();
  await page.getByRole("menuitem", { name: "Rename" }).click();
  await page.getByRole("textbox", { name: "Name" }).fill("Galettes");
  await page.keyboard.press("Enter");
  await page.getByRole("link", { name: "Galettes" }).waitFor();
  await page.getByRole("button", { name: "New folder" }).click();
  await page.getByRole("textbox", { name: "Name" }).fill("Recipes");
  await page.keyboard.press("Enter");
  assert.equal(await page.locator("input[name=value]:invalid").count(), 1);
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "More for Galettes" }).click();
  await page.getByRole("menuitem", { name: "Delete folder" }).click();
  await page.getByRole("button", { name: "Delete folder" }).click();
  await page.getByRole("link", { name: "Galettes" }).waitFor({ state: "detached" });
  await page.context().close();
});

test("search: operators, suggestions, a search kept", async () => {
  const page = await reader();
  await ready(page);
  await page.keyboard.press("/");
  await page.keyboard.type("subj");
  await page.getByRole("option", { name: /subject:/ }).waitFor();
  assert.deepEqual(await accessibility(page), []);
  await page.getByRole("combobox", { name: "Search mail" }).fill("from:grace");
  await page.keyboard.press("Enter");
  await until(page, () => document.querySelector(".list-grid")?.getAttribute("aria-rowcount") === "1");
  assert.match(page.url(), /\/search\/from%3Agrace/);
  await page.getByRole("button", { name: "More", exact: true }).first().click();
  await page.getByRole("menuitem", { name: "Save this search" }).click();
  await page.getByLabel("Name of the search").fill("From Grace");
  await page.keyboard.press("Enter");
  await page.getByRole("link", { name: "From Grace" }).waitFor();
  await page.reload();
  await page.getByRole("link", { name: "From Grace" }).waitFor();
  await page.context().close();
});

test("attachments open here; source and the way of a message are shown", async () => {
  const page = await reader();
  await row(page, "With files").click();
  await page.getByRole("region", { name: "3 attachments" }).waitFor();
  assert.deepEqual(await accessibility(page), []);
  await page.getByRole("button", { name: /notes\.txt/ }).click();
  await page.getByText("the words of the notes").waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: /Forwarded message/ }).click();
  await page.getByText("Hidden words.").waitFor();
  await page.keyboard.press("Escape");
  assert.equal(await page.getByRole("link", { name: /^paper\.pdf/ }).getAttribute("target"), "_blank");
  await page.getByRole("toolbar", { name: "Tools of the conversation" }).getByRole("button", { name: "More" }).click();
  await page.getByRole("menuitem", { name: "Show the way it came" }).click();
  await page.getByRole("img", { name: /The way of the message/ }).waitFor();
  assert.deepEqual(await accessibility(page), []);
  await shot(page, "reading-hops");
  await page.keyboard.press("Escape");
  await page.keyboard.press("Control+k");
  await page.getByRole("combobox", { name: "Commands" }).fill("source");
  await page.keyboard.press("Enter");
  await page.getByText("Subject: With files").waitFor();
  await page.context().close();
});

test("the envelope is shown apart from the letter, by its tab", async () => {
  await house.deliver(letter({ subject: "From the bank", from: "Bank <service@bank.test>" }), { from: "bounce-77@bulk.test" });
  const page = await reader();
  await row(page, "From the bank").click();
  await page.locator(".message.open").getByRole("button", { name: "More for the message of Bank" }).click();
  await page.getByRole("menuitem", { name: "Details" }).click();
  await page.getByRole("tab", { name: "Letter" }).focus();
  await page.getByRole("tabpanel", { name: "Letter" }).getByText("Bank <service@bank.test>").waitFor();
  await page.keyboard.press("ArrowRight");
  const envelope = page.getByRole("tabpanel", { name: "Envelope" });
  await envelope.getByRole("row", { name: /Sender.*MAIL FROM bounce-77@bulk\.test.*Bank <service@bank\.test>/u }).waitFor();
  await envelope.getByRole("row", { name: /Recipients.*RCPT TO alice@hamburger\.edu/u }).waitFor();
  await envelope.getByText("The envelope names another sender than the letter.", { exact: false }).waitFor();
  assert.deepEqual(await accessibility(page), []);
  await shot(page, "reading-envelope");
  await page.context().close();
});

test("bulk: all that the list finds is selected and marked", async () => {
  const page = await reader();
  await ready(page);
  const total = await rowCount(page);
  await page.keyboard.press("*");
  await page.keyboard.press("a");
  await page.getByRole("button", { name: `Select all ${total}` }).click();
  await page.getByText(`${total} selected`).waitFor();
  assert.deepEqual(await accessibility(page), []);
  await page.keyboard.press("Shift+I");
  await page.getByRole("dialog").getByRole("button", { name: /read/ }).click();
  await until(page, () => !document.querySelector(".row.unread"));
  assert.doesNotMatch(await page.title(), /^\(/);
  await page.context().close();
});

test("snooze takes a conversation away, undo brings it back", async () => {
  const page = await reader();
  await ready(page);
  const count = await rowCount(page);
  await page.keyboard.press("j");
  await page.keyboard.press("b");
  await page.getByRole("menuitem", { name: /Tomorrow/ }).click();
  await until(page, (n) => document.querySelector(".list-grid")?.getAttribute("aria-rowcount") === n, String(count - 1));
  await page.getByRole("link", { name: /Snoozed/ }).waitFor();
  await page.getByRole("region", { name: "Notes" }).getByRole("button", { name: "Undo" }).click();
  await until(page, (n) => document.querySelector(".list-grid")?.getAttribute("aria-rowcount") === n, String(count));
  await page.context().close();
});

test("on a phone: one pane, folders in a drawer, Back leads to the list", async () => {
  const page = await reader("phone");
  await page.getByRole("button", { name: "Show folders" }).click();
  await page.getByRole("link", { name: /^Trash/ }).waitFor();
  assert.deepEqual(await accessibility(page), []);
  await shot(page, "reading-drawer-phone");
  await page.keyboard.press("Escape");
  await row(page, "Plans").click();
  await page.locator(".message.open").first().waitFor();
  assert.equal(await page.locator(".list-pane").isVisible(), false);
  await shot(page, "reading-conversation-phone");
  await page.goBack();
  await page.locator(".list-pane").waitFor();
  await page.context().close();
});

for (const look of ["narrow", "medium", "dark"]) {
  test(`${look}: nothing is cut off, nothing axe finds`, async () => {
    const page = await reader(look);
    assert.deepEqual(await accessibility(page), []);
    await row(page, "Plans").click();
    await page.locator(".message.open").first().waitFor();
    assert.deepEqual(await accessibility(page), []);
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true);
    await shot(page, `reading-conversation-${look}`);
    await page.context().close();
  });
}

test("a session that was ended elsewhere leads to the login, and back to the same place", async () => {
  const page = await reader();
  await ready(page);
  await row(page, "Plans").click();
  await page.locator(".message.open").first().waitFor();
  await page.evaluate(async () => {
    const { csrf } = await (await fetch("/api/session")).json();
    await fetch("/api/logout", { method: "POST", headers: { "X-Pillarbox-CSRF": csrf, "content-type": "application/json" }, body: "{}" });
  });
  await page.keyboard.press("e");
  await page.waitForURL(/\/login\?next=/);
  await page.getByLabel(/address|user name/i).fill(ALICE);
  await page.getByLabel("Password", { exact: true }).fill(PEOPLE[ALICE]);
  await page.getByRole("button", { name: "Log in", exact: true }).click();
  await page.waitForURL((url) => url.pathname.startsWith("/mail/inbox/"), { waitUntil: "commit" });
  await page.locator(".message.open").first().waitFor();
  await page.context().close();
});

test("without the server nothing is lost: it is said, and taken back", async () => {
  const page = await reader();
  await ready(page);
  const count = await rowCount(page);
  await page.keyboard.press("j");
  await page.context().setOffline(true);
  await page.keyboard.press("e");
  await page.getByText("The server cannot be reached. Nothing was changed.").first().waitFor();
  await until(page, (n) => document.querySelector(".list-grid")?.getAttribute("aria-rowcount") === n, String(count));
  await page.context().setOffline(false);
  await page.keyboard.press("e");
  await until(page, (n) => document.querySelector(".list-grid")?.getAttribute("aria-rowcount") === n, String(count - 1));
  await page.keyboard.press("z");
  await until(page, (n) => document.querySelector(".list-grid")?.getAttribute("aria-rowcount") === n, String(count));
  await page.context().close();
});

test("on paper stands the text of the conversation, and nothing of the page", async () => {
  const page = await reader();
  await ready(page);
  await row(page, "In colours").click();
  await page.locator(".message.open iframe").waitFor();
  await page.evaluate(() => {
    window.print = () => document.body.classList.add("printed");
  });
  await page.keyboard.press("Control+p");
  await page.locator("body.printed").waitFor();
  await page.emulateMedia({ media: "print" });
  assert.match(await page.locator("#paper").innerText(), /In colours[\s\S]*Shop[\s\S]*ketchup/);
  assert.equal(await page.locator("#app").isVisible(), false);
  await shot(page, "reading-paper");
  await page.context().close();
});

test("in German, and in colours that the system forces", async () => {
  const english = await reader();
  const storageState = await english.context().storageState();
  await english.context().close();
  const page = await open(browser, "wide", { locale: "de-DE", forcedColors: "active", storageState });
  await page.goto(`${house.url}/mail`);
  await page.locator(".row:not(.waiting)").first().waitFor();
  await page.getByRole("heading", { name: "Posteingang" }).waitFor();
  await ready(page);
  await page.keyboard.press("?");
  await page.getByRole("dialog").getByText("Nächste Unterhaltung").waitFor();
  await page.keyboard.press("Escape");
  assert.deepEqual(await accessibility(page), []);
  await shot(page, "reading-forced-german");
  await page.context().close();
});

test("one account sees nothing of another, and logging out ends it", async () => {
  const page = await open(browser);
  await logIn(page, house, BOB);
  await page.getByText("Your inbox is empty").waitFor();
  await page.getByRole("button", { name: /^Account/ }).click();
  await page.getByRole("menuitem", { name: "Log out" }).click();
  await page.waitForURL((url) => url.pathname === "/login" && url.search === "");
  await page.getByLabel("Password", { exact: true }).waitFor();
  await page.goto(`${house.url}/mail/inbox`);
  await page.waitForURL(/\/login/);
  await page.context().close();
});
