// Both languages have the same words, and every word that the code names is there.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

const root = new URL("../../../webmail/", import.meta.url);
const catalogues = readdirSync(new URL("locales/", root)).filter((name) => name.startsWith("en"));
const load = async (name) => (await import(new URL(`locales/${name}`, root))).default;

function sources(folder) {
  return readdirSync(new URL(folder, root), { withFileTypes: true }).flatMap((one) => (one.isDirectory() ? sources(`${folder}${one.name}/`) : [readFileSync(new URL(folder + one.name, root), "utf8")]));
}

for (const name of catalogues) {
  test(`${name} and its German twin have the same keys, forms and values`, async () => {
    const english = await load(name);
    const german = await load(name.replace(/^en/, "de"));
    assert.deepEqual(Object.keys(german).sort(), Object.keys(english).sort());
    const values = (phrase) => [...new Set(JSON.stringify(phrase).match(/\{\w+\}/g) ?? [])].sort();
    for (const [key, phrase] of Object.entries(english)) {
      assert.equal(typeof german[key], typeof phrase, key);
      assert.deepEqual(values(german[key]), values(phrase), key);
      if (typeof phrase !== "string") assert.ok(phrase.other && german[key].other, key);
    }
  });
}

test("every word that the code names is in a catalogue", async () => {
  const all = Object.assign({}, ...(await Promise.all(catalogues.map(load))));
  const text = sources("app/").join("\n");
  const named = [...text.matchAll(/\bt\("([a-z][\w.-]*)"/g), ...text.matchAll(/\bt\([^()"`]*\? "([a-z][\w.-]*)"/g), ...text.matchAll(/\bt\([^()`]*: "([a-z][\w.-]*)"/g)].map((found) => found[1]);
  const missing = [...new Set(named)].filter((key) => !(key in all));
  assert.deepEqual(missing, []);
  const commands = [...text.matchAll(/\{ id: "([a-z-]+)", (?:keys|group)/g)].map((found) => found[1]);
  assert.ok(commands.length > 30);
  assert.deepEqual(commands.filter((id) => !(`command.${id}` in all)), []);
});
