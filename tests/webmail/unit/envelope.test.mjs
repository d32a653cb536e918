// The envelope, from what the last server wrote down or what was handed over, and how it stands to the letter.
import assert from "node:assert/strict";
import { test } from "node:test";
import { app } from "./modules.mjs";

const { fromHeader, fromSubmission, relation } = await app("mail/envelope.js");

test("the topmost Return-Path counts; a source route is left out", () => {
  assert.deepEqual(fromHeader({ returnPath: [" <bounce@bulk.test>", " <older@elsewhere.test>"], deliveredTo: [" alice@hamburger.edu", " <alice@hamburger.edu>", " sales@hamburger.edu"] }),
    { from: "bounce@bulk.test", to: ["alice@hamburger.edu", "sales@hamburger.edu"] });
  assert.equal(fromHeader({ returnPath: ["<@relay.test:bob@crepes.fr>"], deliveredTo: [] }).from, "bob@crepes.fr");
  assert.deepEqual(fromHeader({ returnPath: [" <>"], deliveredTo: [] }), { from: "", to: [] });
  assert.deepEqual(fromHeader({ returnPath: [], deliveredTo: [] }), { from: null, to: [] });
});

test("at most a hundred recipients are read of a header", () => {
  const many = (n) => Array.from({ length: n }, (_, at) => `a${at}@x.test`);
  assert.equal(fromHeader({ returnPath: [], deliveredTo: many(100) }).to.length, 100);
  assert.equal(fromHeader({ returnPath: [], deliveredTo: many(101) }).to.length, 100);
});

test("what was handed over is known whole, blind copies too", () => {
  assert.deepEqual(fromSubmission({ mailFrom: { email: "alice@hamburger.edu" }, rcptTo: [{ email: "bob@crepes.fr" }, { email: "carol@hamburger.edu" }] }),
    { from: "alice@hamburger.edu", to: ["bob@crepes.fr", "carol@hamburger.edu"] });
  assert.equal(fromSubmission(null), null);
});

test("envelope and letter agree, differ, or cannot be compared", () => {
  const of = (from) => relation({ from, to: [] }, ["Service@bank.test"]);
  assert.deepEqual([of("service@BANK.test"), of("bounce@bulk.test"), of(""), of(null)], ["same", "other", "nobody", "unknown"]);
});
