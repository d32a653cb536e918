// Who one is to the server and to others: passkeys, identities with their signatures, the answer while one is away.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { asker, composer } from "./asking.mjs";
import { accessibility, launch, logIn, open, shot } from "./browser.mjs";
import { ALICE, BOB, CAROL, House, PEOPLE } from "./house.mjs";

/** @type {House} */ let house;
/** @type {any} */ let browser;
before(async () => {
  house = await House.start();
  house.command(["alias", "add", "sales@hamburger.edu", ALICE]);
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await house?.close();
});

const { count, jmap, letterOf } = asker(() => house);

/** A section of the settings of somebody who is logged in. */
async function section(name, who) {
  const page = await open(browser);
  await logIn(page, house, who);
  await page.goto(`${house.url}/settings/${name}`);
  await page.locator(".settings-body h2").first().waitFor();
  return page;
}

/** A device that has a passkey for whoever asks, and a finger on it. */
async function device(page) {
  const cdp = await page.context().newCDPSession(page);
  await cdp.send("WebAuthn.enable");
  const { authenticatorId } = await cdp.send("WebAuthn.addVirtualAuthenticator", {
    options: { protocol: "ctap2", transport: "internal", hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true },
  });
  return { held: async () => (await cdp.send("WebAuthn.getCredentials", { authenticatorId })).credentials };
}

test("a passkey is made, lets in without a password, and lets nobody in once it is removed", async () => {
  const page = await section("security", CAROL);
  const own = await device(page);
  await page.getByRole("button", { name: "Add passkey" }).click();
  await page.getByRole("dialog").getByLabel("Password now").fill(PEOPLE[CAROL]);
  await page.keyboard.press("Enter");
  await page.getByRole("dialog").getByLabel("Name").fill("My finger");
  await page.keyboard.press("Enter");
  const listed = page.locator("[data-part=passkeys]").getByText("My finger");
  await listed.waitFor();
  assert.equal((await own.held()).length, 1);
  assert.deepEqual(await accessibility(page), []);
  const byPasskey = async () => {
    await page.context().clearCookies();
    await page.goto(`${house.url}/login`);
    await page.getByRole("button", { name: "Log in with a passkey" }).click();
  };
  await byPasskey();
  await page.waitForURL((url) => url.pathname.startsWith("/mail"));
  await page.goto(`${house.url}/settings/security`);
  await page.getByRole("button", { name: "Remove My finger" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Remove", exact: true }).click();
  await listed.waitFor({ state: "detached" });
  await byPasskey();
  await page.getByRole("alert").filter({ hasText: /\S/u }).first().waitFor();
  assert.equal(new URL(page.url()).pathname, "/login");
  await page.context().close();
});

test("an identity is made, sent by with its signature, and removed; a foreign one is refused", async () => {
  const page = await section("identities", ALICE);
  await jmap(page, ALICE, "Settings/set", { update: { settings: { undoSendS: 0 } } });
  const make = async (email) => {
    await page.getByRole("button", { name: "Add address" }).click();
    await page.getByRole("dialog").getByLabel("Your name").fill("Sales of Hamburger");
    await page.getByRole("dialog").getByLabel("Address", { exact: true }).fill(email);
    await page.getByRole("dialog").getByLabel("Signature").fill("Sales\nHamburger & Co");
    await page.getByRole("dialog").getByRole("button", { name: "Save" }).click();
  };
  await make("stranger@crepes.fr");
  await page.getByText("stranger@crepes.fr is not yours to send from.", { exact: false }).first().waitFor();
  await make("sales@hamburger.edu");
  await page.getByRole("button", { name: "Edit Sales of Hamburger <sales@hamburger.edu>" }).waitFor();
  await shot(page, "settings-identity-made");
  await page.reload();
  const { one, paper, to, subject } = await composer(page, () => page.locator(".compose-button").click());
  await one.getByLabel("From").selectOption({ label: "Sales of Hamburger <sales@hamburger.edu>" });
  await paper.getByText("Hamburger & Co").waitFor();
  await to.fill("bob@crepes.fr");
  await subject.fill("An offer");
  await paper.click({ position: { x: 10, y: 8 } });
  await page.keyboard.press("Control+Home");
  await page.keyboard.type("Cheap buns.");
  await page.keyboard.press("Control+Enter");
  await one.waitFor({ state: "detached" });
  const got = await letterOf(page, BOB, "An offer");
  assert.deepEqual(got.from, [{ name: "Sales of Hamburger", email: "sales@hamburger.edu" }]);
  assert.match(got.text, /Cheap buns\.[\s\S]*Sales\r?\nHamburger & Co/u);
  await page.getByRole("button", { name: "Remove Sales of Hamburger <sales@hamburger.edu>" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete", exact: true }).click();
  await page.getByRole("button", { name: "Edit Sales of Hamburger <sales@hamburger.edu>" }).waitFor({ state: "detached" });
  await page.context().close();
});

test("while one is away the server answers, once, with the words of the form", async () => {
  const page = await section("vacation", ALICE);
  await page.getByLabel("Answer for me").check();
  await page.getByLabel("Subject").fill("At the sea");
  await page.getByLabel("Text").fill("I am at the sea.\nWrite to Carol.");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("Saved. It answers for you.").first().waitFor();
  for (const [who, name] of [[BOB, "Bob"], [BOB, "Bob"], [CAROL, "Carol"]]) await house.deliver({ subject: "Are you there?", from: `${name} <${who}>` }, { from: who });
  // Carol asked last: when she has her answer, Bob would have had a second one.
  await letterOf(page, CAROL, "At the sea");
  assert.equal(await count(page, BOB, { subject: "At the sea" }), 1);
  const answer = await letterOf(page, BOB, "At the sea");
  assert.match(answer.text, /I am at the sea\.\r?\nWrite to Carol\./u);
  assert.equal(answer.from[0].email, ALICE);
  await page.reload();
  await page.getByLabel("Answer for me").waitFor();
  assert.equal(await page.getByLabel("Subject").inputValue(), "At the sea");
  await page.getByLabel("Answer for me").uncheck();
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("Saved. It does not answer.").first().waitFor();
  await page.context().close();
});
