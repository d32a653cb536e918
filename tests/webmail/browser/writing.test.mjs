// Writing and sending as a user does it: in a real browser, against the real server.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { accessibility, launch, logIn, open, shot } from "./browser.mjs";
import { ALICE, BOB, CAROL, House, PEOPLE } from "./house.mjs";
import { asker, composer } from "./asking.mjs";

let house, browser;
before(async () => {
  house = await House.start();
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await house?.close();
});

const { jmap, letterOf, count, mailbox } = asker(() => house);

/** A page of somebody who is logged in. */
async function at(who, look = "wide") {
  const page = await open(browser, look);
  await logIn(page, house, who);
  await page.locator("#side").waitFor({ state: "attached" });
  return page;
}

const writeNew = (page) => composer(page, () => page.evaluate(() => { /** @type {any} */ (document.querySelector(".compose-button")).click(); }));
const saved = (one) => one.locator(".composer-saved").filter({ hasText: /^Saved$/u }).waitFor();

/** What is sent can be taken back for so long; 0 sends at once, and a test waits no longer than it must. */
async function takenBackFor(page, who, undoSendS) {
  await jmap(page, who, "Settings/set", { update: { settings: { undoSendS } } });
  await page.reload();
  await page.locator(".compose-button").waitFor();
  // What the reload cut off is none of the page's faults.
  page.logged.length = 0;
}

test("a message with a picture and a file is written, sent and arrives", async () => {
  const page = await at(ALICE);
  await takenBackFor(page, ALICE, 0);
  const { one, paper, to, subject } = await writeNew(page);
  await to.fill("bob@crepes.fr,");
  await subject.fill("Ketchup and pickles");
  await paper.click();
  await page.keyboard.type("Do you like ketchup? ");
  await page.keyboard.press("Control+b");
  await page.keyboard.type("How about pickles?");
  await one.getByRole("button", { name: "Attach files" }).click();
  await one.locator("input[type=file][id^=file-]").setInputFiles({ name: "Rezept für Käse.txt", mimeType: "text/plain", buffer: Buffer.from("eat it\n") });
  await one.locator("input[type=file][id^=image-]").setInputFiles({ name: "dot.png", mimeType: "image/png", buffer: PNG });
  await paper.locator("img").waitFor();
  await shot(page, "writing-composer");
  await page.keyboard.press("Control+Enter");
  await one.waitFor({ state: "detached" });
  const got = await letterOf(page, BOB, "Ketchup and pickles");
  assert.match(got.text, /Do you like ketchup\?/u);
  assert.match(got.html, /<b>How about pickles\?/u);
  const file = got.attachments.find((part) => part.name === "Rezept für Käse.txt");
  assert.equal(file?.size, 7);
  const picture = got.attachments.find((part) => part.type === "image/png");
  assert.ok(picture?.cid && got.html.includes(`cid:${picture.cid}`), JSON.stringify(got.attachments));
  const sent = await letterOf(page, ALICE, "Ketchup and pickles", { inMailbox: await mailbox(page, ALICE, "sent") });
  assert.equal(sent.keywords.$draft, undefined);
  assert.equal(await count(page, ALICE, { inMailbox: await mailbox(page, ALICE, "drafts") }), 0);
  assert.deepEqual(page.logged, []);
  await page.context().close();
});

const PNG = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAoAAAAKCAYAAACNMs+9AAAAFUlEQVR42mP8z8BQz0AEYBxVSF+FABJADveWkH6oAAAAAElFTkSuQmCC", "base64");

test("Bcc does not travel", async () => {
  const page = await at(ALICE);
  const { one, paper, to, subject } = await writeNew(page);
  await to.fill("bob@crepes.fr");
  await subject.fill("Secretly copied");
  await subject.press("Control+Shift+B");
  await one.locator("[data-field=bcc] input:focus").waitFor();
  await page.keyboard.type("carol@hamburger.edu");
  await paper.click();
  await page.keyboard.type("x");
  await page.keyboard.press("Control+Enter");
  await one.waitFor({ state: "detached" });
  for (const who of [BOB, CAROL]) assert.equal((await letterOf(page, who, "Secretly copied")).bcc, null);
  await page.context().close();
});

// That it takes no three seconds is autosave's own test, with a clock of its own.
test("a draft is saved by itself, and outlives the tab", async () => {
  const page = await at(ALICE);
  const { one, paper, subject } = await writeNew(page);
  await subject.fill("Half a thought");
  await paper.click();
  await page.keyboard.type("Once upon a time");
  await saved(one);
  const drafts = await mailbox(page, ALICE, "drafts");
  assert.match((await letterOf(page, ALICE, "Half a thought", { inMailbox: drafts })).text, /Once upon a time/u);
  await page.keyboard.type(", and then");
  await saved(one);
  assert.equal(await count(page, ALICE, { inMailbox: drafts, subject: "Half a thought" }), 1);
  await page.context().close({ runBeforeUnload: false });
  const again = await at(ALICE);
  await again.goto(`${house.url}/mail/drafts`);
  await again.getByText("Half a thought").first().click();
  const reopened = await composer(again, () => again.getByRole("button", { name: "Go on writing" }).click());
  await reopened.paper.getByText("Once upon a time, and then").waitFor();
  await again.context().close();
});

test("what is not on the server yet is found again after a reload", async () => {
  const page = await at(ALICE);
  const { paper, subject } = await writeNew(page);
  await page.route("**/jmap/api", (route) => ((route.request().postData() ?? "").includes("Email/set") ? route.abort() : route.continue()));
  await subject.fill("Cut off");
  await paper.click();
  await page.keyboard.type("Nobody has seen this");
  await page.locator(".composer-saved").filter({ hasText: "Not saved yet" }).waitFor();
  page.on("dialog", (dialog) => dialog.accept());
  await page.unroute("**/jmap/api");
  await page.reload();
  const found = page.locator(".composer");
  await found.waitFor();
  await found.frameLocator(".editor-frame").getByText("Nobody has seen this").waitFor();
  assert.equal(await found.getByLabel("Subject").inputValue(), "Cut off");
  await saved(found);
  await found.getByRole("button", { name: "Discard draft" }).click();
  await page.context().close();
});

test("an untouched message leaves nothing behind", async () => {
  const page = await at(CAROL);
  const drafts = await mailbox(page, CAROL, "drafts");
  await writeNew(page);
  await page.reload();
  await page.locator(".compose-button").waitFor();
  assert.equal(await page.locator(".composer").count(), 0);
  assert.equal(await count(page, CAROL, { inMailbox: drafts }), 0);
  assert.deepEqual(await page.evaluate(() => Object.keys(localStorage).filter((key) => key.startsWith("pillarbox.draft."))), []);
  await page.context().close();
});

test("sending is taken back while it counts down, and nothing arrives", async () => {
  const page = await at(CAROL);
  await takenBackFor(page, CAROL, 30);
  const { one, paper, to, subject } = await writeNew(page);
  await to.fill("bob@crepes.fr");
  await subject.fill("Too hasty");
  await paper.click();
  await page.keyboard.type("I never meant it");
  await page.keyboard.press("Control+Enter");
  await one.waitFor({ state: "detached" });
  await page.locator(".toast").getByText(/^Sending in \d+ seconds?$/u).waitFor();
  await page.getByRole("button", { name: "Take back" }).click();
  const back = page.locator(".composer");
  await back.frameLocator(".editor-frame").getByText("I never meant it").waitFor();
  assert.deepEqual(await back.locator("[data-field=to] .chip").allTextContents().then((all) => all.map((text) => text.trim())), ["bob@crepes.fr"]);
  assert.equal(await count(page, BOB, { subject: "Too hasty" }), 0);
  const { list } = await jmap(page, CAROL, "EmailSubmission/get", { ids: null });
  assert.deepEqual(list.map((one_) => one_.undoStatus), ["canceled"]);
  assert.equal((await letterOf(page, CAROL, "Too hasty")).keywords.$draft, true);
  await page.context().close();
});

test("a message for later waits in the outbox: edited, sent now, deleted", async () => {
  const page = await at(CAROL);
  const later = async (words) => {
    const { one, paper, to, subject } = await writeNew(page);
    await to.fill("bob@crepes.fr");
    await subject.fill(words);
    await paper.click();
    await page.keyboard.type("later");
    await one.getByRole("button", { name: "Send later" }).click();
    await page.getByRole("dialog").getByRole("button", { name: /tomorrow morning/iu }).click();
    await one.waitFor({ state: "detached" });
  };
  await later("Later one");
  await later("Later two");
  await later("Later three");
  await page.goto(`${house.url}/outbox`);
  const row = (words) => page.locator(".outbox-row").filter({ hasText: words });
  await row("Later three").waitFor();
  assert.equal(await page.locator(".outbox-row").count(), 3);
  await shot(page, "outbox");
  assert.deepEqual(await accessibility(page), []);
  await row("Later one").getByRole("button", { name: "Send now" }).click();
  await letterOf(page, BOB, "Later one");
  await row("Later one").waitFor({ state: "detached" });
  const edited = await composer(page, () => row("Later two").getByRole("button", { name: "Edit" }).click());
  assert.equal(await edited.subject.inputValue(), "Later two");
  await row("Later two").waitFor({ state: "detached" });
  await edited.one.getByRole("button", { name: "Discard draft" }).click();
  await row("Later three").getByRole("button", { name: "Delete Later three" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete message" }).click();
  await page.getByText("Nothing waits").waitFor();
  assert.equal(await count(page, BOB, { subject: "Later two" }), 0);
  assert.equal(await count(page, CAROL, { subject: "Later three" }), 0);
  await page.context().close();
});

test("reply, reply all and forward begin with what is due", async () => {
  await house.deliver({
    from: "Dave <dave@elsewhere.test>", to: `${ALICE}, ${CAROL}`, subject: "Crepes", id: "first@elsewhere.test",
    text: "Sugar or lemon?\n", html: '<p>Sugar or <b>lemon</b>?</p><script>parent.hacked=1</script><img src="http://elsewhere.test/spy.png" onerror="parent.hacked=1">',
    headers: { Cc: "eve@elsewhere.test" },
  }, { to: [ALICE] });
  const page = await at(ALICE);
  const { id } = await letterOf(page, ALICE, "Crepes");
  const begin = (kind) => composer(page, () => page.evaluate(async ([sort, emailId]) => {
    const main = /** @type {HTMLScriptElement} */ (document.querySelector('script[type="module"]')).src;
    const pages = await import(new URL("core/pages.js", main).href);
    await pages.compose({ kind: sort, emailId });
  }, [kind, id]));
  const chips = async (one, field) => (await one.locator(`[data-field=${field}] .chip`).allTextContents()).map((text) => text.trim());
  const reply = await begin("reply");
  assert.deepEqual(await chips(reply.one, "to"), ["Dave"]);
  assert.equal(await reply.subject.inputValue(), "Re: Crepes");
  await reply.paper.locator("blockquote b").getByText("lemon").waitFor();
  assert.equal(await reply.paper.locator("script").count(), 0);
  await reply.one.getByRole("button", { name: "Save and close" }).click();
  await page.locator(".composer").first().waitFor({ state: "detached" });
  const all = await begin("replyAll");
  assert.deepEqual(await chips(all.one, "to"), ["Dave"]);
  assert.deepEqual(await chips(all.one, "cc"), [CAROL, "eve@elsewhere.test"]);
  await all.one.getByRole("button", { name: "Save and close" }).click();
  await page.locator(".composer").first().waitFor({ state: "detached" });
  const forward = await begin("forward");
  assert.equal(await forward.subject.inputValue(), "Fwd: Crepes");
  await forward.paper.getByText("Forwarded message").waitFor();
  await forward.one.getByRole("button", { name: "Save and close" }).click();
  await page.locator(".composer").first().waitFor({ state: "detached" });
  const whole = await begin("forwardAttached");
  assert.deepEqual(await whole.one.locator(".enclosure-name").allTextContents(), ["Crepes.eml"]);
  await whole.one.getByRole("button", { name: "Save and close" }).click();
  assert.equal(await page.evaluate(() => /** @type {any} */ (globalThis).hacked), undefined);
  assert.deepEqual(page.asked.filter((url) => new URL(url).hostname === "elsewhere.test"), []);
  await page.context().close();
});

test("an answer carries the thread on, and marks what it answers", async () => {
  await house.deliver({ from: "Bob <bob@crepes.fr>", subject: "Thursday", id: "thursday@crepes.fr", text: "Lunch?\n" }, { from: BOB });
  const page = await at(ALICE);
  const { id } = await letterOf(page, ALICE, "Thursday");
  const { one, paper } = await composer(page, () => page.evaluate(async (emailId) => {
    const main = /** @type {HTMLScriptElement} */ (document.querySelector('script[type="module"]')).src;
    await (await import(new URL("core/pages.js", main).href)).compose({ kind: "reply", emailId });
  }, id));
  await paper.click({ position: { x: 20, y: 20 } });
  await page.keyboard.type("Yes, at noon.");
  await page.keyboard.press("Control+Enter");
  await one.waitFor({ state: "detached" });
  const got = await letterOf(page, BOB, "Re: Thursday");
  assert.deepEqual(got.inReplyTo, ["thursday@crepes.fr"]);
  assert.match(got.text, /^Yes, at noon\./u);
  assert.match(got.text, /^> Lunch\?/mu);
  await jmap(page, ALICE, "Email/get", { ids: [id], properties: ["keywords"] }, (answer) => answer.list[0].keywords.$answered === true);
  await page.context().close();
});

test("hostile HTML in a quotation runs nothing and asks nobody", async () => {
  const page = await at(ALICE);
  const { one } = await writeNew(page);
  const frame = page.frames().find((each) => each.url().includes("/frames/editor.html"));
  const facts = await frame.evaluate(async () => {
    const tried = {};
    const attempt = (name, deed) => { try { tried[name] = String(deed()); } catch (error) { tried[name] = error.name; } };
    attempt("parent", () => parent.document.title);
    attempt("cookie", () => document.cookie);
    attempt("storage", () => localStorage.length);
    const text = document.getElementById("text");
    text.insertAdjacentHTML("beforeend", '<img src=x onerror="window.ran=1"><img src="https://elsewhere.test/x.png"><iframe srcdoc="<script>parent.ran=1</script>"></iframe><a href="javascript:window.ran=1" id="bad">x</a>');
    const script = document.createElement("script");
    script.textContent = "window.ran=1";
    text.append(script);
    document.getElementById("bad").click();
    tried.fetch = await fetch("https://elsewhere.test/").then(() => "went", () => "refused");
    await new Promise((next) => setTimeout(next, 0));
    return { ...tried, ran: /** @type {any} */ (window).ran ?? null, origin: window.origin };
  });
  assert.deepEqual(facts, { parent: "SecurityError", cookie: "SecurityError", storage: "SecurityError", fetch: "refused", ran: null, origin: "null" });
  const loaded = await page.evaluate(() => performance.getEntriesByType("resource").filter((entry) => entry.name.includes("elsewhere.test")).length);
  assert.equal(loaded, 0);
  await one.getByRole("button", { name: "Discard draft" }).click();
  await page.context().close();
});

test("recipients: pasted, completed, wrong ones marked, moved by hand and by key", async () => {
  const page = await at(ALICE);
  const { list: [book] } = await jmap(page, ALICE, "AddressBook/get", { ids: null });
  const addressBookIds = { [book.id]: true };
  await jmap(page, ALICE, "ContactCard/set", { create: {
    zoe: { "@type": "Card", version: "1.0", uid: "urn:uuid:zoe", addressBookIds, kind: "individual", name: { full: "Zoë Zucker" }, emails: { e: { address: "zoe@crepes.fr" } } },
    yan: { "@type": "Card", version: "1.0", uid: "urn:uuid:yan", addressBookIds, kind: "individual", name: { full: "Yan Young" }, emails: { e: { address: "yan@crepes.fr" } } },
    team: { "@type": "Card", version: "1.0", uid: "urn:uuid:team", addressBookIds, kind: "group", name: { full: "Bakers" }, members: { "urn:uuid:zoe": true, "urn:uuid:yan": true } },
  } });
  const { one, to } = await writeNew(page);
  const chips = async (field) => (await one.locator(`[data-field=${field}] .chip`).allTextContents()).map((text) => text.trim());
  await to.pressSequentially("zoe");
  await one.getByRole("option").filter({ hasText: "zoe@crepes.fr" }).waitFor();
  await page.keyboard.press("Enter");
  assert.deepEqual(await chips("to"), ["Zoë Zucker"]);
  await to.pressSequentially("bak");
  await one.getByRole("option").filter({ hasText: "2 people" }).waitFor();
  await page.keyboard.press("Enter");
  assert.deepEqual((await chips("to")).sort(), ["Yan Young", "Zoë Zucker"]);
  await to.evaluate((input) => {
    const data = new DataTransfer();
    data.setData("text/plain", 'a@x.test, "B, the second" <b@x.test>; nobody\nc@x.test');
    input.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
  });
  assert.equal((await chips("to")).length, 6);
  assert.deepEqual((await one.locator(".chip.wrong").allTextContents()).map((text) => text.trim()), ["nobody"]);
  await page.keyboard.press("Control+Enter");
  await one.getByText("One of the recipients is no address").waitFor();
  await one.locator(".chip.wrong").focus();
  await page.keyboard.press("Delete");
  assert.equal(await one.locator(".chip.wrong").count(), 0);
  await one.getByRole("button", { name: "Cc, Bcc" }).click();
  await one.locator("[data-field=to] .chip").filter({ hasText: "a@x.test" }).dragTo(one.locator("[data-field=cc]"));
  assert.deepEqual(await chips("cc"), ["a@x.test"]);
  await one.locator("[data-field=to] .chip").filter({ hasText: "c@x.test" }).focus();
  await page.keyboard.press("Enter");
  await page.getByRole("menuitem", { name: "Move to Bcc" }).click();
  assert.deepEqual(await chips("bcc"), ["c@x.test"]);
  await one.getByRole("button", { name: "Discard draft" }).click();
  await page.context().close();
});

test("what people regret is asked about: no subject, no attachment, nobody", async () => {
  const page = await at(ALICE);
  const { one, paper, to } = await writeNew(page);
  await paper.click();
  await page.keyboard.type("See the attached file.");
  await page.keyboard.press("Control+Enter");
  await one.getByText("Nobody would get this").waitFor();
  await to.fill("bob@crepes.fr");
  await to.press("Control+Enter");
  await page.getByRole("heading", { name: "Send without a subject?" }).waitFor();
  await page.getByRole("button", { name: "Send anyway" }).click();
  await page.getByRole("heading", { name: "Did you forget the attachment?" }).waitFor();
  await page.getByRole("button", { name: "Cancel" }).click();
  assert.equal(await one.count(), 1);
  await one.getByRole("button", { name: "Discard draft" }).click();
  await one.waitFor({ state: "detached" });
  await page.locator(".toast").getByRole("button", { name: "Undo" }).click();
  await page.locator(".composer").frameLocator(".editor-frame").getByText("See the attached file.").waitFor();
  await page.locator(".composer").getByRole("button", { name: "Discard draft" }).click();
  await page.context().close();
});

test("files are dropped and pasted, and an upload can be cancelled", async () => {
  const page = await at(ALICE);
  const { one } = await writeNew(page);
  await page.route("**/jmap/upload/**", () => {});
  await one.evaluate((target) => {
    const data = new DataTransfer();
    data.items.add(new File([new Uint8Array(100_000)], "slow.bin"));
    target.dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
  });
  await one.getByLabel("slow.bin is on its way").waitFor();
  await one.getByRole("button", { name: "Cancel slow.bin" }).click();
  await one.getByText("slow.bin").waitFor({ state: "detached" });
  await page.unroute("**/jmap/upload/**");
  const frame = page.frames().find((each) => each.url().includes("/frames/editor.html"));
  await frame.evaluate(() => {
    const data = new DataTransfer();
    data.items.add(new File(["hello"], "note.txt", { type: "text/plain" }));
    document.getElementById("text").dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
  });
  await one.getByRole("button", { name: "Remove note.txt" }).waitFor();
  await one.getByRole("button", { name: "Discard draft" }).click();
  await page.context().close();
});

test("plain text stays plain, and goes back to rich", async () => {
  const page = await at(ALICE);
  const { one, paper, to, subject } = await writeNew(page);
  await to.fill("bob@crepes.fr");
  await subject.fill("Only text");
  await paper.click();
  await page.keyboard.type("first");
  await one.getByRole("button", { name: "More" }).click();
  await page.getByRole("menuitemcheckbox", { name: "Plain text" }).click();
  const plain = one.getByRole("textbox", { name: "Text of the message" });
  await plain.waitFor();
  assert.match(await plain.inputValue(), /^first/u);
  await plain.fill("first & <second>");
  await plain.press("Control+Enter");
  await one.waitFor({ state: "detached" });
  const got = await letterOf(page, BOB, "Only text");
  assert.match(got.text, /first & <second>/u);
  assert.deepEqual(got.htmlBody.map((part) => part.type), ["text/plain"]);
  await page.context().close();
});

test("several composers stand side by side; on a phone there is one", async () => {
  const page = await at(ALICE);
  for (let n = 0; n < 3; n += 1) {
    const { subject } = await writeNew(page);
    await subject.fill(`Number ${n}`);
  }
  assert.deepEqual(await page.locator(".composer").evaluateAll((all) => all.map((one) => one.dataset.shape)), ["minimised", "docked", "docked"]);
  await shot(page, "writing-three");
  await page.locator(".composer").first().getByRole("button", { name: "Open again" }).click();
  assert.equal(await page.locator(".composer").first().getAttribute("data-shape"), "docked");
  await page.locator(".composer").first().getByRole("button", { name: "Whole page" }).click();
  assert.equal(await page.locator(".composer").first().getAttribute("data-shape"), "full");
  await shot(page, "writing-full");
  for (let n = 2; n >= 0; n -= 1) await page.locator(".composer").nth(n).locator("button[aria-label='Discard draft']").evaluate((button) => button.click());
  await page.context().close();
  const phone = await at(ALICE, "phone");
  const first = await writeNew(phone);
  await first.subject.fill("On the road");
  await shot(phone, "writing-phone");
  await phone.evaluate(() => { /** @type {any} */ (document.querySelector(".compose-button")).click(); });
  // The first is saved and makes room for the second.
  await phone.locator(".composer").filter({ hasText: "New message" }).waitFor();
  await phone.locator(".composer").filter({ hasText: "On the road" }).waitFor({ state: "detached" });
  assert.equal(await phone.locator(".composer").count(), 1);
  await phone.context().close();
});

test("by keyboard alone, from the list to the sent message", async () => {
  const page = await at(ALICE);
  await page.locator(".compose-button").waitFor();
  await page.keyboard.press("c");
  const one = page.locator(".composer");
  await one.frameLocator(".editor-frame").locator("#text[aria-label]").waitFor();
  await page.waitForFunction(() => document.activeElement?.closest("[data-field=to]"));
  await page.keyboard.type("bob@crepes.fr,");
  for (let n = 0; n < 12 && !(await page.evaluate(() => document.activeElement?.id.startsWith("subject-"))); n += 1) await page.keyboard.press("Tab");
  await page.keyboard.type("By keys");
  for (let n = 0; n < 12 && !(await page.evaluate(() => document.activeElement?.tagName === "IFRAME")); n += 1) await page.keyboard.press("Tab");
  await page.keyboard.type("No mouse was harmed.");
  await page.keyboard.press("Control+Enter");
  await one.waitFor({ state: "detached" });
  assert.match((await letterOf(page, BOB, "By keys")).text, /No mouse was harmed\./u);
  await page.context().close();
});

test("a mailto link begins a message", async () => {
  const page = await at(ALICE);
  await page.goto(`${house.url}/compose?mailto=${encodeURIComponent("mailto:bob@crepes.fr?subject=From%20a%20link&body=Dear%20Bob")}`);
  const one = page.locator(".composer");
  await one.frameLocator(".editor-frame").getByText("Dear Bob").waitFor();
  assert.equal(await one.getByLabel("Subject").inputValue(), "From a link");
  await one.getByRole("button", { name: "Discard draft" }).click();
  await page.context().close();
});

test("a session that ends hides what is written; only its writer gets it back", async () => {
  const page = await at(CAROL);
  const { one, paper, subject } = await writeNew(page);
  await subject.fill("Mine alone");
  await paper.click();
  await page.keyboard.type("private");
  await saved(one);
  const again = async (who, path) => {
    await page.context().clearCookies();
    await page.evaluate((to) => { history.pushState({}, "", to); dispatchEvent(new PopStateEvent("popstate")); }, path);
    await page.getByLabel("Address or name").waitFor();
    assert.equal(await one.isVisible(), false);
    await page.getByLabel("Address or name").fill(who);
    await page.getByLabel("Password", { exact: true }).fill(PEOPLE[who]);
    await page.keyboard.press("Enter");
    await page.waitForURL((url) => !url.pathname.startsWith("/login"));
    await page.locator(".compose-button").waitFor();
  };
  await again(CAROL, "/outbox");
  await one.waitFor();
  assert.equal(await subject.inputValue(), "Mine alone");
  await again(BOB, "/contacts");
  await one.waitFor({ state: "detached" });
  assert.deepEqual(await page.evaluate(() => Object.keys(localStorage).filter((key) => key.startsWith("pillarbox.draft."))), []);
  await page.context().close();
});

test("a composer is right for a screen reader, on any screen", async () => {
  for (const look of ["wide", "dark", "phone", "narrow"]) {
    const page = await at(ALICE, look);
    const { one, to, subject } = await writeNew(page);
    await to.fill("bob@crepes.fr, nobody,");
    await subject.fill("Seen by all");
    await one.locator("input[type=file][id^=file-]").setInputFiles({ name: "a.txt", mimeType: "text/plain", buffer: Buffer.from("a") });
    await one.getByRole("button", { name: "Remove a.txt" }).waitFor();
    assert.deepEqual(page.logged, [], look);
    assert.deepEqual(await accessibility(page), [], look);
    await shot(page, `writing-${look}`);
    await one.getByRole("button", { name: "Discard draft" }).click();
    await page.context().close();
  }
});
