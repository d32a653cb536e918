// Rows, patches, plain text, hops, ways out of lists: what reading is made of.
import assert from "node:assert/strict";
import { test } from "node:test";
import { app } from "./modules.mjs";

const { isLabel, marked, rowOf, shortened } = await app("mail/rows.js");
const { applied, escapeStep, inverse, moving, needed } = await app("mail/patches.js");
const { blocks, foldQuotes, pieces } = await app("mail/plain-text.js");
const { fields, hops, readReceived } = await app("mail/hops.js");
const { lastWord, quoted } = await app("mail/search-words.js");
const { fits, fitting } = await app("core/fitting.js");
const { read, write } = await app("core/router.js");
const format = await app("core/format.js");
const { presets } = await app("mail/snooze-times.js");

const ada = { name: "Ada Lovelace", email: "ada@crepes.fr" };
const bob = { name: "Bob", email: "Bob@hamburger.edu" };
const email = (more) => ({ id: "E1", threadId: "T1", mailboxIds: { in: true }, keywords: {}, from: [ada], to: [bob], subject: "Hi", receivedAt: "2026-01-02T03:04:05Z", size: 1, hasAttachment: false, preview: "p", ...more });

test("a row tells of the whole conversation", () => {
  const members = [email({ id: "E1", keywords: { $seen: true, family: true } }), email({ id: "E2", from: [bob], keywords: { $seen: true } }), email({ id: "E3", hasAttachment: true, keywords: { $flagged: true } })];
  const row = rowOf(members[2], members, new Set(["bob@hamburger.edu"]), false);
  assert.deepEqual(row.people.map((one) => [one.who.email, one.unread, one.me]), [["ada@crepes.fr", true, false], ["Bob@hamburger.edu", false, true]]);
  assert.deepEqual([row.count, row.unread, row.starred, row.attachment, row.labels], [3, true, true, true, ["family"]]);
  assert.equal(rowOf(members[0], [members[0]], new Set(), true).people[0].who, bob);
  assert.equal(rowOf(email({ keywords: { $draft: true } }), [], new Set(), false).unread, false);
  assert.equal(rowOf(email({ from: null, subject: null }), [], new Set(), false).people.length, 0);
});

test("long lists of people are shortened, labels are told from states", () => {
  assert.deepEqual(shortened([1, 2, 3]), [1, 2, 3]);
  assert.deepEqual(shortened([1, 2, 3, 4, 5]), [1, null, 4, 5]);
  assert.deepEqual(["$seen", "junk", "NonJunk", "family"].filter(isLabel), ["family"]);
});

test("snippets become pieces, and nothing in them becomes HTML", () => {
  assert.deepEqual(marked("a &lt;b&gt; <mark>c &amp; d</mark>e"), [{ text: "a <b> ", mark: false }, { text: "c & d", mark: true }, { text: "e", mark: false }]);
  assert.deepEqual(marked("<img src=x>"), [{ text: "<img src=x>", mark: false }]);
});

test("a patch and its inverse leave all as it was", () => {
  const before = email({ keywords: { $seen: true, "a/b~c": true } });
  const patch = { "keywords/$seen": null, "keywords/$flagged": true, [`keywords/${escapeStep("a/b~c")}`]: null, ...moving(before, ["in"], "archive") };
  const after = applied(before, patch);
  assert.deepEqual([after.keywords, after.mailboxIds], [{ $flagged: true }, { archive: true }]);
  assert.deepEqual(applied(after, inverse(before, patch)), before);
  assert.deepEqual(before.keywords, { $seen: true, "a/b~c": true });
  assert.equal(needed(before, { "keywords/$seen": true }), null);
  assert.deepEqual(needed(before, { "keywords/$seen": true, "keywords/x": true }), { "keywords/x": true });
  assert.deepEqual(inverse(before, { "keywords/$seen": true }), {});
  assert.deepEqual(moving(before, ["in"], "in"), { "mailboxIds/in": true });
});

test("links end where the sentence does", () => {
  const hrefs = (line) => pieces(line).filter((one) => one.href).map((one) => one.href);
  assert.deepEqual(hrefs("See https://a.example/x?y=1. And (http://b.example/z), ada@crepes.fr!"), ["https://a.example/x?y=1", "http://b.example/z", "mailto:ada@crepes.fr"]);
  assert.deepEqual(hrefs("https://a.example/x_(y)"), ["https://a.example/x_(y)"]);
  assert.deepEqual(hrefs("javascript:alert(1) data:text/html,x file:///etc"), []);
  assert.equal(pieces("a https://b.example c").map((one) => one.text).join(""), "a https://b.example c");
});

test("quotes have their depth, and a quoted end is folded", () => {
  const all = blocks("Hello\r\n\r\n> one\n> > two\n> three");
  assert.deepEqual(all.map((one) => one.depth), [0, 1, 2, 1]);
  const { shown, folded } = foldQuotes(all);
  assert.deepEqual([shown.length, folded.length], [1, 3]);
  assert.equal(foldQuotes(blocks("> only\n> a\n> quote")).folded.length, 0);
  assert.equal(foldQuotes(blocks("> a\nanswer below")).folded.length, 0);
  assert.equal(blocks(`${">".repeat(5000)} deep`)[0].depth, 5000);
});

test("hops are told first to last, with their delays", () => {
  const header = fields("Received: from a.example (a.example [192.0.2.1])\r\n by b.example with ESMTPS id 1 (using TLS; (nested))\r\n ; Thu, 1 Jan 2026 00:01:30 +0000\r\n"
    + "Received: from [10.0.0.1] by a.example with ESMTP; Thu, 1 Jan 2026 00:00:00 +0000\r\nSubject: x\r\n\r\nReceived: in the body\r\n");
  const way = hops(header);
  assert.deepEqual(way.map((one) => [one.from, one.by, one.delay, one.secure]), [["[10.0.0.1]", "a.example", null, false], ["a.example", "b.example", 90, true]]);
  assert.deepEqual(readReceived("nonsense"), { from: "", by: "", with: "", at: null, delay: null, secure: false });
  assert.equal(hops(Array.from({ length: 500 }, () => ({ name: "received", value: "from a by b; x" }))).length, 100);
});

test("the last word of a query is completed, quotes are kept together", () => {
  assert.deepEqual(lastWord("from:ada sub"), { before: "from:ada ", word: "sub" });
  assert.deepEqual(lastWord("a subject:\"two wo"), { before: "a ", word: "subject:\"two wo" });
  assert.deepEqual(lastWord(""), { before: "", word: "" });
  assert.deepEqual([quoted("plain"), quoted("two words"), quoted("a\"b c")], ["plain", "\"two words\"", "\"ab c\""]);
});

test("type-ahead puts beginnings of words first", () => {
  assert.ok(fits("arc", "Archive") > fits("arc", "Search"));
  assert.equal(fits("zz", "Archive"), 0);
  assert.equal(fitting([{ label: "Go to Inbox" }, { label: "Inbox" }], "inb")[0].label, "Inbox");
  assert.equal(fitting([{ label: "rust-users", detail: "Lists" }], "lists rust").length, 1);
});

test("paths are read as they are written", () => {
  for (const steps of [["inbox"], ["inbox", "T1"], ["from:\"a/b\" ü?&#", "T1"]]) assert.deepEqual(read(write("search", steps)).steps, steps);
  assert.deepEqual([read("/").page, read("/mail/%E0%A4").steps[0], read("/x?next=%2Fmail").query.get("next")], ["mail", "%E0%A4", "/mail"]);
});

test("dates, sizes and names", () => {
  const now = new Date(2026, 5, 15, 12).getTime();
  assert.match(format.shortDate(new Date(2026, 5, 15, 9, 5).toISOString(), now), /9:05/);
  assert.match(format.shortDate(new Date(2025, 1, 3).toISOString(), now), /2025/);
  assert.equal(format.shortDate("nonsense"), "");
  assert.equal(format.relative(new Date(now - 3 * 3_600_000).toISOString(), now), "3 hours ago");
  assert.deepEqual([format.size(999), format.size(1500), format.size(52_428_800)], ["999 octets", "1.5 kB", "52 MB"]);
  assert.deepEqual([format.firstName({ name: "Lovelace, Ada", email: "x@y" }), format.firstName({ name: null, email: "ada@y" })], ["Ada", "ada"]);
  assert.equal(format.fullAddress({ name: "A, \"B\"", email: "a@b" }), "\"A, \\\"B\\\"\" <a@b>");
});

test("times to snooze until lie ahead, each once", () => {
  const told = (...date) => presets(new Date(...date)).map((one) => `${one.key} ${one.at.getDate()} ${one.at.getHours()}`);
  assert.deepEqual(told(2026, 5, 17, 10), ["later 17 13", "evening 17 18", "tomorrow 18 8", "weekend 20 9", "week 22 8"]); // a Wednesday
  assert.deepEqual(told(2026, 5, 19, 17, 58), ["later 19 20", "tomorrow 20 8", "week 22 8"]); // a Friday evening
  assert.deepEqual(told(2026, 5, 21, 10), ["later 21 13", "evening 21 18", "tomorrow 22 8", "weekend 27 9"]); // a Sunday: tomorrow is next week
  for (let day = 1; day <= 31; day += 1) {
    for (const hour of [0, 7, 15, 18, 23]) {
      const now = new Date(2026, 11, day, hour, 59);
      const all = presets(now).map((one) => one.at.getTime());
      assert.ok(all.length >= 2 && all.every((at) => at > now.getTime()) && new Set(all).size === all.length);
    }
  }
});
