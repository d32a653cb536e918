// Pure corners of writing and settings: pictures of a quotation, links, senders, where a login leads, sizes, charts.
import assert from "node:assert/strict";
import { test } from "node:test";
import { app } from "./modules.mjs";

// Modules that bring a sheet along find a page that has it at once.
globalThis.document = { createElement: () => ({ addEventListener: (name, run) => name === "load" && queueMicrotask(run) }), head: { append() {} } };

const { ownPictures, PICTURES_MAX, withCids } = await app("compose/pictures.js");
const { linkOf } = await app("compose/toolbar.js");
const { senderOf } = await app("settings/privacy.js");
const { wrongLabel } = await app("settings/labels.js");
const { safeNext } = await app("login/next.js");
const { octetsOf } = await app("admin/asking.js");
const { pathOf, roundUp, spread } = await app("admin/chart.js");
const { fromBase64Url, toBase64Url } = await app("login/passkey.js");

test("pictures of ours are found and get a content id", () => {
  const html = '<p><img alt="a" src="https://mail.x/render/pic/AB?x=1&amp;y=2"><img src="/render/pic/CD" width="1"><img src="https://elsewhere.test/x.png"><img src="data:image/svg+xml;base64,AA"><img src="data:image/png;base64,AA"></p>';
  assert.deepEqual(ownPictures(html), ["https://mail.x/render/pic/AB?x=1&y=2", "/render/pic/CD", "data:image/png;base64,AA"]);
  const after = withCids(html, new Map([["/render/pic/CD", "c@x"]]));
  assert.match(after, /<img src="cid:c@x" width="1">/u);
  assert.match(after, /<img alt="a" src="">/u);
  assert.match(after, /src="https:\/\/elsewhere.test\/x.png"/u);
  const many = (n) => ownPictures(Array.from({ length: n }, (_, at) => `<img src="/render/${at}">`).join("")).length;
  assert.equal(many(PICTURES_MAX), PICTURES_MAX);
  assert.equal(many(PICTURES_MAX + 1), PICTURES_MAX);
});

test("what may be a link", () => {
  assert.equal(linkOf("example.org/a?b"), "https://example.org/a?b");
  assert.equal(linkOf(" https://x.org "), "https://x.org");
  assert.equal(linkOf("bob@x.org"), "mailto:bob@x.org");
  assert.equal(linkOf("tel:+1"), "tel:+1");
  for (const bad of ["", "https://", "javascript:alert(1)", "data:text/html,x", "https:/x", "two words.org", "//x.org/"]) assert.equal(linkOf(bad), "", bad);
});

test("senders and whole domains", () => {
  assert.equal(senderOf(" Bob@X.org "), "bob@x.org");
  assert.equal(senderOf("@X.org"), "@x.org");
  for (const bad of ["", "bob", "@", "@x..org", "a b@x.org"]) assert.equal(senderOf(bad), "", bad);
});

test("names of labels are keywords", () => {
  assert.equal(wrongLabel("work"), "");
  assert.equal(wrongLabel("a".repeat(100)), "");
  for (const bad of ["", "a".repeat(101), "$seen", "two words", "grün", "a(b", 'a"b', "a%b", "a]b"]) assert.notEqual(wrongLabel(bad), "", bad);
});

test("a login leads nowhere else", () => {
  assert.equal(safeNext("/mail/inbox/T1?x=1"), "/mail/inbox/T1?x=1");
  for (const bad of [null, "", "https://evil.test", "//evil.test", "/\\evil.test", "/\tevil", "javascript:alert(1)", "/api/logout", "/login?next=/x", "/jmap/api"]) assert.equal(safeNext(bad), "/mail", String(bad));
});

test("sizes as people write them", () => {
  assert.deepEqual(["500 MB", "5 GiB", "1000", "1,5k", "2t"].map(octetsOf), [500_000_000, 5_368_709_120, 1000, 1500, 2_000_000_000_000]);
  for (const bad of ["", "-1", "5 XB", "much", "9999999999 TB"]) assert.equal(octetsOf(bad), null, bad);
});

test("scales and lines of charts", () => {
  assert.deepEqual([0, 1, 2, 3, 7, 10, 11, 999].map(roundUp), [1, 1, 2, 5, 10, 10, 20, 1000]);
  assert.equal(pathOf([0, null, 1], 1), "M52.0 176.0M544.0 12.0");
  const placed = spread([50, 52, 51, 175]);
  const sorted = [...placed].sort((a, b) => a - b);
  assert.ok(sorted.every((y, at) => at === 0 || y - sorted[at - 1] >= 13.99), String(placed));
  assert.ok(Math.max(...spread([176, 176, 176])) <= 176);
});

test("base64url there and back", () => {
  const octets = Uint8Array.from({ length: 256 }, (_, n) => n);
  const text = toBase64Url(octets.buffer);
  assert.match(text, /^[\w-]+$/u);
  assert.deepEqual(new Uint8Array(fromBase64Url(text)), octets);
});
