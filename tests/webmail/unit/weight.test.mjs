// The first view is light: what is fetched before the list stands is at most 60 kB as it travels.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants } from "node:zlib";

const root = fileURLToPath(new URL("../../../webmail/", import.meta.url));
const index = readFileSync(path.join(root, "index.html"), "utf8");
const map = JSON.parse(/type="importmap">(.*?)<\/script>/s.exec(index)[1]).imports;
const travels = (file) => brotliCompressSync(readFileSync(file), { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }).length;

/** A module and all that it imports statically. */
function closure(file, found = new Set()) {
  if (found.has(file)) return found;
  found.add(file);
  const text = readFileSync(file, "utf8").replace(/^\s*(\/\/|\*).*$/gm, "");
  for (const [, name] of text.matchAll(/\b(?:import|export)\s*(?:[\w\s{},*$]+\bfrom\s*)?["']([^"']+)["']/g)) {
    const to = map[name] ? path.join(root, map[name]) : path.resolve(path.dirname(file), name);
    assert.ok(existsSync(to), `${name} in ${file}`);
    closure(to, found);
  }
  return found;
}

test("scripts and styles of the first view", () => {
  const sheets = [...index.matchAll(/rel="stylesheet" href="([^"]+)"/g)].map(([, href]) => path.join(root, href));
  const scripts = [...closure(path.join(root, "app/main.js"))];
  assert.ok(scripts.length > 20 && sheets.length > 3);
  const octets = [...scripts, ...sheets].reduce((sum, file) => sum + travels(file), 0);
  assert.ok(octets <= 60 * 1024, `${octets} octets`);
});

test("libraries are what their makers published", () => {
  const [, ...rows] = readFileSync(path.join(root, "vendor/vendor.tsv"), "utf8").trim().split("\n").map((line) => line.split("\t"));
  assert.ok(rows.length > 5);
  for (const [file, , version, licence, , sha256] of rows) {
    assert.equal(createHash("sha256").update(readFileSync(path.join(root, "vendor", file))).digest("hex"), sha256, file);
    assert.ok(version && /MIT|BSD|Apache|MPL/.test(licence), file);
  }
});
