// Cards of the address book: the form, what it changes, and two that are one.
import { test } from "node:test";
import assert from "node:assert/strict";
import { again, cardHas, cardName, cardTitle, duplicates, emailsOf, formOf, groupsAfter, merged, newCard, patchOf } from "../../../webmail/app/contacts/card.js";

const ada = {
  id: "c1", uid: "u1", kind: "individual", addressBookIds: { b: true },
  name: { components: [{ kind: "given", value: "Ada" }, { kind: "separator", value: " " }, { kind: "surname", value: "Lovelace" }] },
  emails: { x: { address: "ada@home.example", contexts: { private: true }, pref: 2 }, y: { address: "ada@work.example", pref: 1, label: "lab" } },
  phones: { p: { number: "+44 1", features: { voice: true } } },
  anniversaries: { a: { kind: "wedding", date: { year: 1835 } }, b: { kind: "birth", date: { year: 1815, month: 12, day: 10 } } },
};

test("names and addresses", () => {
  assert.equal(cardName(ada), "Ada Lovelace");
  assert.deepEqual(emailsOf(ada), ["ada@work.example", "ada@home.example"]);
  assert.equal(cardTitle({ emails: { e: { address: "x@y" } } }), "x@y");
  assert.equal(cardTitle({ organizations: { o: { name: "Crepes" } } }), "Crepes");
  assert.ok(cardHas(ada, "love work"));
  assert.ok(!cardHas(ada, "love nowhere"));
});

test("a form that is not touched changes nothing", () => {
  assert.deepEqual(patchOf(ada, formOf(ada)), {});
  assert.deepEqual(patchOf({}, formOf({})), {});
});

test("what is changed keeps what the form does not show", () => {
  const form = formOf(ada);
  form.emails[1].value = "ada@new.example";
  form.emails.push({ key: "", value: "third@x.example", context: "work" });
  form.birthday = "1815-12-11";
  const patch = patchOf(ada, form);
  assert.deepEqual(Object.keys(patch).sort(), ["anniversaries", "emails"]);
  assert.deepEqual(patch.emails.y, { pref: 1, label: "lab", address: "ada@new.example" });
  assert.deepEqual(patch.emails.x.contexts, { private: true });
  assert.deepEqual(patch.emails["1"], { "@type": "EmailAddress", address: "third@x.example", contexts: { work: true } });
  assert.equal(patch.anniversaries.a.kind, "wedding");
  assert.equal(patch.anniversaries["1"].date.day, 11);
});

test("what is emptied goes", () => {
  const form = { ...formOf(ada), emails: [], name: "", birthday: "" };
  const patch = patchOf(ada, form);
  assert.equal(patch.emails, null);
  assert.equal(patch.name, null);
  assert.deepEqual(Object.keys(patch.anniversaries), ["a"]);
});

test("a new card", () => {
  const form = { ...formOf({}), name: "Bob", emails: [{ key: "", value: " bob@x.example ", context: "" }], note: "hm" };
  assert.deepEqual(newCard(form, "b", "u9"), {
    "@type": "Card", version: "1.0", uid: "u9", kind: "individual", addressBookIds: { b: true },
    name: { "@type": "Name", full: "Bob" }, notes: { 1: { note: "hm" } }, emails: { 1: { "@type": "EmailAddress", address: "bob@x.example" } },
  });
  assert.equal(again({ ...ada, blobId: "x" }).id, undefined);
});

test("who is twice there", () => {
  const other = { id: "c2", uid: "u2", name: { full: "A. L." }, emails: { 1: { address: "ADA@work.example" } } };
  const third = { id: "c3", uid: "u3", name: { full: "a. l." } };
  const stranger = { id: "c4", uid: "u4", name: { full: "Bob" } };
  const group = { id: "g", uid: "ug", kind: "group", name: { full: "Bob" } };
  assert.deepEqual(duplicates([ada, other, third, stranger, group]).map((all) => all.map((one) => one.id)), [["c1", "c2", "c3"]]);
});

test("two become one, and groups follow", () => {
  const other = { id: "c2", uid: "u2", addressBookIds: { b2: true }, emails: { x: { address: "ada@WORK.example" }, z: { address: "ada@third.example" } }, notes: { n: { note: "met 1833" } } };
  const { keep, patch, drop } = merged([other, ada]);
  assert.equal(keep.id, "c1");
  assert.deepEqual(drop, ["c2"]);
  assert.deepEqual(Object.values(patch.emails).map((one) => one.address).sort(), ["ada@home.example", "ada@third.example", "ada@work.example"]);
  assert.deepEqual(patch.addressBookIds, { b: true, b2: true });
  assert.equal(patch.name, undefined);
  const group = { id: "g", uid: "ug", kind: "group", members: { u2: true, u7: true } };
  assert.deepEqual(groupsAfter([ada, group], ["u2"], "u1"), { g: { members: { u7: true, u1: true } } });
});
