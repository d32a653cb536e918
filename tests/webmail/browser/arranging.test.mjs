// Mail and folders put where they belong: moved by menu and by dragging, hidden and shown, put off to a time of one's own;
// and the ways out of a message: a list that is left, an address in the text, a PDF in its own tab, a message written again.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { asker, composer } from "./asking.mjs";
import { launch, logIn, open } from "./browser.mjs";
import { ALICE, BOB, House, letter } from "./house.mjs";

/** @type {House} */ let house;
/** @type {any} */ let browser;

/** A message with a PDF, or what calls itself one. */
const withPaper = `From: Files <files@elsewhere.test>\nTo: ${ALICE}\nSubject: A paper\nDate: Thu, 01 Jan 2026 00:00:00 +0000\nMIME-Version: 1.0\n`
  + `Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\nSee the paper.\n--b\nContent-Type: application/pdf; name="paper.pdf"\n`
  + "Content-Disposition: attachment; filename=\"paper.pdf\"\n\n%PDF-1.4\n--b--\n";

before(async () => {
  house = await House.start();
  await house.deliver(withPaper);
  await house.deliver(letter({ subject: "Write to us", text: "Ask mailto:orders@crepes.fr?subject=Buns for more.\n", html: undefined }));
  await house.deliver(letter({ subject: "Weekly digest", from: "Digest <digest@lists.test>", headers: { "List-Unsubscribe": "<mailto:leave@lists.test?subject=leave>", "List-Id": "<digest.lists.test>" } }));
  await house.deliver(letter({ subject: "Page of offers", from: "Offers <offers@lists.test>", headers: { "List-Unsubscribe": "<https://lists.test/leave?who=alice>" } }));
  await house.deliver(letter({ subject: "Not now" }));
  await house.deliver(letter({ subject: "Belongs elsewhere" }));
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await house?.close();
});

const { jmap, letterOf, mailbox } = asker(() => house);
const row = (page, subject) => page.getByRole("row", { name: new RegExp(subject) }).first();

/** Somebody who looks at the inbox. */
async function reader(who = ALICE) {
  const page = await open(browser);
  await logIn(page, house, who);
  await page.locator("#side .folder").first().waitFor();
  return page;
}

/** A folder, made as a user does it. */
async function folder(page, name) {
  await page.getByRole("button", { name: "New folder" }).click();
  await page.getByRole("textbox", { name: "Name" }).fill(name);
  await page.keyboard.press("Enter");
  await page.getByRole("link", { name }).waitFor();
}

/** Something of the menu of a folder. */
async function ofFolder(page, name, item) {
  await page.getByRole("button", { name: `More for ${name}` }).click();
  await page.getByRole("menuitem", { name: item }).click();
}

const mailboxOf = async (page, name, wanted) => (await jmap(page, ALICE, "Mailbox/get", { ids: null }, ({ list }) => wanted(list.find((one) => one.name === name), list))).list.find((one) => one.name === name);

test("a folder goes below another by its menu, and back to the top", async () => {
  const page = await reader();
  await folder(page, "Journeys");
  await folder(page, "Tickets");
  const to = async (name) => {
    await ofFolder(page, "Tickets", "Move folder");
    await page.getByRole("combobox", { name: "Move folder" }).fill(name);
    await page.keyboard.press("Enter");
  };
  await to("journ");
  const { id } = await mailboxOf(page, "Journeys", Boolean);
  await mailboxOf(page, "Tickets", (one) => one.parentId === id);
  await page.locator(".folder-row.depth-1").getByRole("link", { name: "Tickets" }).waitFor();
  await to("top");
  await mailboxOf(page, "Tickets", (one) => one.parentId === null);
  await page.locator(".folder-row.depth-0").getByRole("link", { name: "Tickets" }).waitFor();
  await page.context().close();
});

test("a message is dragged to a folder, and taken back", async () => {
  const page = await reader();
  await folder(page, "Elsewhere");
  await row(page, "Belongs elsewhere").dragTo(page.getByRole("link", { name: "Elsewhere" }));
  await row(page, "Belongs elsewhere").waitFor({ state: "detached" });
  const { id } = await mailboxOf(page, "Elsewhere", (one) => one.totalEmails === 1);
  await letterOf(page, ALICE, "Belongs elsewhere", { inMailbox: id });
  await page.getByRole("region", { name: "Notes" }).getByRole("button", { name: "Undo" }).click();
  await row(page, "Belongs elsewhere").waitFor();
  await page.context().close();
});

test("a folder is hidden, for other programs too, and shown again", async () => {
  const page = await reader();
  await folder(page, "Old things");
  await ofFolder(page, "Old things", "Hide from this list");
  await page.getByRole("link", { name: "Old things" }).waitFor({ state: "detached" });
  await mailboxOf(page, "Old things", (one) => one.isSubscribed === false);
  await ofFolder(page, "Archive", "Show and hide folders");
  await page.getByRole("combobox", { name: "Show and hide folders" }).fill("old things");
  await page.getByRole("option", { name: /Old things.*hidden/u }).waitFor();
  await page.keyboard.press("Enter");
  await page.getByRole("link", { name: "Old things" }).waitFor();
  await mailboxOf(page, "Old things", (one) => one.isSubscribed === true);
  await page.context().close();
});

test("a conversation is put off to a time of one's own", async () => {
  const page = await reader();
  await row(page, "Not now").click();
  await page.locator(".message.open").waitFor();
  await page.getByRole("toolbar", { name: "Tools of the conversation" }).getByRole("button", { name: "Snooze" }).click();
  await page.getByRole("menuitem", { name: "Pick date and time" }).click();
  const year = new Date().getFullYear() + 1;
  await page.getByRole("dialog").getByLabel("Until when?").fill(`${year}-03-04T05:06`);
  await page.keyboard.press("Enter");
  await page.getByRole("region", { name: "Notes" }).getByText(`Snoozed until 4 Mar ${year}`, { exact: false }).waitFor();
  await row(page, "Not now").waitFor({ state: "detached" });
  await page.getByRole("link", { name: /Snoozed/u }).click();
  await row(page, "Not now").waitFor();
  await page.context().close();
});

test("a list is left by a letter that one sees first, or by a page that is named first", async () => {
  const page = await reader();
  await row(page, "Weekly digest").click();
  const { one } = await composer(page, () => page.getByRole("button", { name: "Unsubscribe" }).click());
  assert.deepEqual((await one.locator("[data-field=to] .chip").allTextContents()).map((text) => text.trim()), ["leave@lists.test"]);
  assert.equal(await one.getByLabel("Subject").inputValue(), "leave");
  await one.getByRole("button", { name: "Discard draft" }).click();
  await row(page, "Page of offers").click();
  await page.context().route("https://lists.test/**", (route) => route.fulfill({ body: "Farewell" }));
  await page.locator(".message.open").getByRole("button", { name: "Unsubscribe" }).click();
  await page.getByRole("dialog").getByText("lists.test").waitFor();
  assert.equal(page.asked.filter((url) => url.includes("lists.test")).length, 0);
  const popup = page.waitForEvent("popup");
  await page.getByRole("dialog").getByRole("button", { name: "Unsubscribe" }).click();
  await (await popup).waitForURL("https://lists.test/leave?who=alice");
  await page.context().close();
});

test("an address in the text begins a message", async () => {
  const page = await reader();
  await row(page, "Write to us").click();
  const { one } = await composer(page, () => page.locator(".message-body").getByRole("link", { name: /orders@crepes\.fr/u }).click());
  assert.deepEqual((await one.locator("[data-field=to] .chip").allTextContents()).map((text) => text.trim()), ["orders@crepes.fr"]);
  assert.equal(await one.getByLabel("Subject").inputValue(), "Buns");
  await one.getByRole("button", { name: "Discard draft" }).click();
  await page.context().close();
});

test("a PDF opens in a tab of its own, as what it is and as nothing else", async () => {
  const page = await reader();
  await row(page, "A paper").click();
  const link = page.getByRole("link", { name: /^paper\.pdf.*opens in a new tab/u });
  await link.waitFor();
  const url = await link.evaluate((one) => /** @type {any} */ (one).href);
  const answer = await page.context().request.get(url);
  assert.equal(answer.status(), 200);
  const headers = answer.headers();
  assert.equal(headers["content-type"], "application/pdf");
  assert.equal(headers["x-content-type-options"], "nosniff");
  assert.match(headers["content-disposition"] ?? "", /^inline/u);
  const popup = page.waitForEvent("popup");
  await link.click();
  const tab = await popup;
  assert.equal(await tab.evaluate(() => window.opener), null);
  assert.ok(page.url().startsWith(`${house.url}/mail/`));
  await page.context().close();
});

test("a sent message tells its envelope, and is written again as a new one", async () => {
  const page = await reader();
  await jmap(page, ALICE, "Settings/set", { update: { settings: { undoSendS: 0 } } });
  await page.reload();
  const first = await composer(page, () => page.locator(".compose-button").click());
  await first.to.fill("bob@crepes.fr");
  await first.subject.fill("Once more");
  await first.paper.click();
  await page.keyboard.type("The first time.");
  await page.keyboard.press("Control+Enter");
  await first.one.waitFor({ state: "detached" });
  await letterOf(page, BOB, "Once more");
  await page.goto(`${house.url}/mail/sent`);
  await row(page, "Once more").click();
  const more = async (item) => {
    await page.locator(".message.open").getByRole("button", { name: "More for the message of me" }).click();
    await page.getByRole("menuitem", { name: item }).click();
  };
  await more("Details");
  await page.getByRole("tab", { name: "Envelope" }).click();
  await page.getByRole("row", { name: /RCPT TO bob@crepes\.fr/u }).waitFor();
  await page.getByText("Both name the same sender.").waitFor();
  await page.getByRole("dialog").getByRole("button", { name: "Close" }).last().click();
  const again = await composer(page, () => more("Edit as new message"));
  assert.deepEqual((await again.one.locator("[data-field=to] .chip").allTextContents()).map((text) => text.trim()), ["bob@crepes.fr"]);
  await again.paper.getByText("The first time.").waitFor();
  await again.subject.fill("Once again");
  await again.subject.press("Control+Enter");
  await again.one.waitFor({ state: "detached" });
  const got = await letterOf(page, BOB, "Once again");
  assert.match(got.text, /The first time\./u);
  assert.equal(got.inReplyTo, null);
  await letterOf(page, ALICE, "Once more", { inMailbox: await mailbox(page, ALICE, "sent") });
  await page.context().close();
});
