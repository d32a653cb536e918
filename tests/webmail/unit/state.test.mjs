// State: words in two languages, and what is asked of the server after changes.
import assert from "node:assert/strict";
import { test } from "node:test";
import { app } from "./modules.mjs";

const { addCatalogue, speak, t } = await app("core/i18n.js");
const { emails, mailboxes, onScreen, pinned, states, sync, syncAfter, takeEmails, withRole } = await app("core/data.js");
const { jmap } = await app("core/session.js");
const { forest, flat } = await app("mail/folders.js");
const { adopt, change, keptBy, settings } = await app("core/settings.js");

test("words: values, plural forms, another language, words that come later", async () => {
  assert.equal(t("folder.created", { name: "{x}" }), "folder.created", "not there yet");
  await addCatalogue("reading");
  assert.equal(t("folder.created", { name: "$& {name}" }), "Folder $& {name} created");
  assert.deepEqual([t("selected", { n: 1 }), t("list.conversations", { n: 1 }), t("list.conversations", { n: 1234 })], ["1 selected", "1 conversation", "1,234 conversations"]);
  await speak("de-AT");
  assert.deepEqual([t("list.conversations", { n: 1234 }), t("folder.created", { name: "A" })], ["1.234 Unterhaltungen", "Ordner A angelegt"]);
  await speak("tlh");
  assert.equal(t("close"), "Close");
});

test("a language chosen twice at once, and another right after: the last stands, with all its words", async () => {
  await addCatalogue("reading");
  await Promise.all([speak("de"), speak("de")]);
  assert.equal(t("folder.created", { name: "A" }), "Ordner A angelegt");
  await Promise.all([speak("en"), speak("de"), addCatalogue("settings")]);
  assert.deepEqual([t("folder.created", { name: "A" }), t("settings.general")], ["Ordner A angelegt", "Allgemein"]);
  await Promise.all([speak("de"), speak("en")]);
  assert.equal(t("folder.created", { name: "A" }), "Folder A created");
});

test("changes that are told while a sync runs are asked once, after it", async () => {
  const asked = [];
  let answer = () => {};
  jmap.post = async (_, body) => {
    asked.push(body.methodCalls.map(([name]) => name));
    await new Promise((resolve) => { answer = resolve; });
    return { methodResponses: body.methodCalls.map(([name, , id]) => [name, { list: [], state: "9", created: [], updated: [], destroyed: [], newState: "9" }, id]) };
  };
  states.Email = "1";
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  const first = sync({ Email: "2" });
  await turn();
  const second = sync({ Email: "3" });
  const third = sync({ Mailbox: "10" });
  assert.equal(second, third);
  answer();
  await first;
  await turn();
  answer();
  await third;
  assert.equal(asked.length, 2);
  assert.equal(asked[0].filter((name) => name === "Email/changes").length, 1);
  assert.equal(states.Email, "9");
  await sync({ Email: "9" }); // known already: nothing is asked
  assert.equal(asked.length, 2);
});

test("after very many changes only what is on screen is read again", async () => {
  const asked = [];
  jmap.post = async (_, body) => ({ methodResponses: body.methodCalls.map(([name, args, id]) => {
    asked.push([name, args.ids?.length]);
    return [name, { list: (args.ids ?? []).map((one) => ({ id: one, threadId: `T${one}`, keywords: { $seen: true } })), state: "50", created: [], updated: [], destroyed: [], newState: "20", hasMoreChanges: true }, id];
  }) });
  emails.clear();
  takeEmails(Array.from({ length: 40 }, (_, at) => ({ id: `${at}`, threadId: `T${at}`, keywords: {} })));
  onScreen.add(() => ["3", "4", "unknown"]);
  states.Email = "10";
  await syncAfter(async () => {
    await sync({ Email: "15" });
    assert.equal(asked.length, 0, "not while it lasts");
  });
  assert.deepEqual([...emails.keys()].sort(), ["3", "4"]);
  assert.equal(states.Email, "50");
  onScreen.clear();
});

test("what is kept of e-mails has a bound; the open conversation stays", () => {
  emails.clear();
  pinned.add("T0");
  takeEmails(Array.from({ length: 20_000 }, (_, at) => ({ id: `E${at}`, threadId: `T${at}` })));
  assert.equal(emails.size, 20_000);
  takeEmails([{ id: "new", threadId: "Tnew" }]);
  assert.deepEqual([emails.size, emails.has("E0"), emails.has("E1"), emails.has("new")], [20_000, true, false, true]);
});

test("folders stand in their order, below their parents, and rings do no harm", () => {
  const box = (id, name, more = {}) => [id, { id, name, parentId: null, role: null, sortOrder: 0, ...more }];
  mailboxes.value = new Map([box("z", "Zoo"), box("a", "ants", { parentId: "z" }), box("t", "Trash", { role: "trash" }), box("i", "INBOX", { role: "inbox" }), box("o", "orphan", { parentId: "gone" }), box("r1", "ring", { parentId: "r2" }), box("r2", "ring", { parentId: "r1" })]);
  assert.deepEqual(flat(forest(mailboxes.value.values())).map((one) => `${one.depth}${one.mailbox.id}`), ["0i", "0t", "0o", "0z", "1a"]);
  assert.equal(withRole("trash")?.id, "t");
});

test("what the server said before it knew of a change does not undo it", async () => {
  let answer = () => {};
  keptBy(() => new Promise((done) => { answer = done; }));
  adopt({ theme: "light", language: "en" });
  const changing = change({ language: "de" });
  adopt({ theme: "dark", language: "en" });
  assert.deepEqual([settings.value.theme, settings.value.language], ["dark", "de"]);
  answer();
  await changing;
  assert.deepEqual([settings.value.theme, settings.value.language], ["dark", "de"]);
  adopt({ theme: "dark", language: "en" });
  assert.equal(settings.value.language, "en");
});

test("settings change here at once, and go back when the server refuses", async () => {
  adopt({ id: "settings", theme: "dark", language: null });
  assert.deepEqual([settings.value.theme, settings.value.language, settings.value.readAfterS], ["dark", "", 1]);
  keptBy(async () => { throw new Error("refused"); });
  await assert.rejects(change({ theme: "light" }));
  assert.equal(settings.value.theme, "dark");
  const sent = [];
  keptBy(async (patch) => { sent.push(patch); });
  await change({ theme: "light" });
  assert.deepEqual([settings.value.theme, sent], ["light", [{ theme: "light" }]]);
});
