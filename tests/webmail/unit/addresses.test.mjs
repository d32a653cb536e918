// Addresses as they are typed and pasted.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import {
  PASTE_MAX,
  formatAddress,
  formatAddresses,
  isAddress,
  parseAddresses,
  sameAddress,
  uniqueAddresses,
} from '../../../webmail/app/compose/addresses.js';

const emails = (text) => parseAddresses(text).map((one) => one.email);

test('many at once, in all the ways they are separated', () => {
  const text = 'bob@crepes.fr, Carol <carol@crepes.fr>; "Doe, Jane" <jane@x.org>\ndave@x.org\r\n\n ,;';
  assert.deepEqual(parseAddresses(text), [
    { name: null, email: 'bob@crepes.fr' },
    { name: 'Carol', email: 'carol@crepes.fr' },
    { name: 'Doe, Jane', email: 'jane@x.org' },
    { name: null, email: 'dave@x.org' },
  ]);
  assert.deepEqual(emails('a@x.org b@x.org\tc@x.org'), ['a@x.org', 'b@x.org', 'c@x.org']);
});

test('groups give their members, comments go', () => {
  assert.deepEqual(emails('Friends: a@x.org, B <b@x.org>; c@x.org'), ['a@x.org', 'b@x.org', 'c@x.org']);
  assert.deepEqual(parseAddresses('a@x.org (Anna (the, first))'), [{ name: null, email: 'a@x.org' }]);
  assert.deepEqual(emails('nobody:;'), []);
});

test('quotes keep what they hold', () => {
  assert.deepEqual(parseAddresses('"A \\"B\\" <C>; D" <a@x.org>'), [{ name: 'A "B" <C>; D', email: 'a@x.org' }]);
  assert.deepEqual(emails('"odd, local"@x.org'), ['"odd, local"@x.org']);
  assert.deepEqual(emails('"never closed <a@x.org>\nb@x.org').at(-1), 'b@x.org');
});

test('what is no address stays to be mended', () => {
  assert.deepEqual(emails('bob, carol@'), ['bob', 'carol@']);
  assert.deepEqual(parseAddresses('Bob Baker bob@x.org'), [{ name: 'Bob Baker', email: 'bob@x.org' }]);
});

test('controls and directions cannot hide in a chip', () => {
  assert.deepEqual(emails('bo\u202eb@x.org'), ['bob@x.org']);
  assert.deepEqual(parseAddresses('"Bo\u0000b" <b@x.org>')[0]?.name, 'Bo b');
});

test('a paste is cut at the limit', () => {
  const many = Array.from({ length: PASTE_MAX + 1 }, (_, n) => `a${n}@x.org`).join(',');
  assert.equal(parseAddresses(many).length, PASTE_MAX);
});

test('what can be an address', () => {
  for (const good of ['a@b', 'a.b+c@x.org', 'jürgen@müller.de', '"a b"@x.org', 'a@[192.0.2.1]', 'a@[IPv6:::1]', `${'a'.repeat(64)}@x.org`]) {
    assert.ok(isAddress(good), good);
  }
  for (const bad of ['', '@x.org', 'a@', 'a..b@x.org', '.a@x.org', 'a@-x.org', 'a@x..org', 'a b@x.org', `${'a'.repeat(65)}@x.org`, 'a@x.org>', `a@${'x'.repeat(64)}.org`]) {
    assert.ok(!isAddress(bad), bad);
  }
});

test('written and read again it is the same', () => {
  const list = [
    { name: 'Doe, "J" \\ Jane', email: 'jane@x.org' },
    { name: null, email: 'b@x.org' },
    { name: 'Zoë (at work)', email: 'z@x.org' },
  ];
  assert.deepEqual(parseAddresses(formatAddresses(list)), list);
  assert.equal(formatAddress({ name: 'Bob', email: 'b@x.org' }), 'Bob <b@x.org>');
});

test('none twice, and the name is kept', () => {
  const list = [
    { name: null, email: 'Bob@x.org' },
    { name: 'Bob', email: 'bob@X.org' },
  ];
  assert.deepEqual(uniqueAddresses(list), [{ name: 'Bob', email: 'bob@X.org' }]);
  assert.ok(sameAddress('A@x.org', 'a@X.ORG '));
});
