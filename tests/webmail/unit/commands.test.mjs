// Keys: names, sequences, remapping, the off-switch, and which command wins.
import assert from "node:assert/strict";
import { test } from "node:test";
import { app } from "./modules.mjs";

const { allCommands, find, keyChoices, keyName, keysOf, register, run } = await app("core/commands.js");
const { wayOut } = await app("mail/way-out.js");
const press = (key, held = {}) => keyName({ key, ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, ...held });

test("keys have names that do not depend on the keyboard", () => {
  assert.deepEqual([press("j"), press("J", { shiftKey: true }), press("#", { shiftKey: true }), press("k", { ctrlKey: true }), press(" "), press("Enter", { shiftKey: true })], ["j", "Shift+J", "#", "Mod+k", "Space", "Shift+Enter"]);
  assert.equal(press("J"), "j"); // with caps lock
});

test("sequences, and what breaks them", () => {
  const done = [];
  const end = register([{ id: "go", keys: ["g i"], run: () => done.push("go") }, { id: "i", keys: ["i"], run: () => done.push("i") }]);
  assert.equal(find("g", 1000, false), "more");
  assert.equal(find("i", 1100, false)?.id, "go");
  assert.equal(find("i", 1200, false)?.id, "i");
  assert.equal(find("g", 2000, false), "more");
  assert.equal(find("i", 9000, false)?.id, "i", "too late");
  assert.equal(find("g", 10_000, false), "more");
  assert.equal(find("x", 10_100, false), undefined);
  assert.equal(find("i", 10_200, true), undefined, "while writing");
  end();
  assert.equal(find("i", 11_000, false), undefined);
});

test("the person's keys replace ours; single keys can be switched off", () => {
  const end = register([{ id: "archive", keys: ["e"], run: () => {} }, { id: "palette", keys: ["Mod+k"], typing: true, run: () => {} }]);
  keyChoices.value = { single: true, keys: { archive: ["y"] } };
  assert.equal(find("e", 0, false), undefined);
  assert.equal(find("y", 0, false)?.id, "archive");
  keyChoices.value = { single: false, keys: {} };
  assert.equal(find("e", 0, false), undefined);
  assert.equal(find("Mod+k", 0, true)?.id, "palette");
  assert.deepEqual(keysOf(allCommands().find((one) => one.id === "archive")), []);
  keyChoices.value = { single: true, keys: {} };
  end();
});

test("of two commands with one name, the last that may run runs", () => {
  const done = [];
  let may = false;
  const ends = [register([{ id: "same", run: () => done.push(1) }]), register([{ id: "same", when: () => may, run: () => done.push(2) }])];
  run("same");
  may = true;
  run("same");
  assert.deepEqual(done, [1, 2]);
  assert.equal(allCommands().filter((one) => one.id === "same").length, 1);
  for (const end of ends) end();
  assert.equal(run("same"), false);
});

test("the way out of a list", () => {
  const web = "https://lists.example/u";
  const mail = "mailto:leave@lists.example";
  assert.deepEqual(wayOut([web, mail]), { kind: "mail", url: mail });
  assert.deepEqual(wayOut([web]), { kind: "web", url: web });
  assert.equal(wayOut(["http://plain.example/u", "javascript:alert(1)"]), null);
  assert.equal(wayOut(null), null);
  const once = "List-Unsubscribe=One-Click";
  assert.deepEqual(wayOut([mail, web], once), { kind: "press", url: web });
  assert.deepEqual(wayOut([web], " list-unsubscribe=one-click "), { kind: "press", url: web });
  assert.deepEqual(wayOut([mail], once), { kind: "mail", url: mail });
  assert.deepEqual(wayOut([web], `${once}&more=1`), { kind: "web", url: web });
  assert.equal(wayOut([web, "https://other.example/"], once)?.kind, "web");
});
