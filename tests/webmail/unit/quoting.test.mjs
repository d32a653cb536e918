// What replies and forwards begin with.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import {
  REFERENCES_MAX,
  answeringIdentity,
  forwardLines,
  forwardSubject,
  quoteHtml,
  quoteText,
  replyRecipients,
  replySubject,
  threading,
} from '../../../webmail/app/compose/quoting.js';

const at = (email, name = null) => ({ name, email });
const source = {
  id: 'M1',
  subject: 'Hello',
  from: [at('bob@crepes.fr', 'Bob')],
  to: [at('alice@hamburger.edu'), at('carol@x.org')],
  cc: [at('dave@x.org'), at('Bob@crepes.fr')],
  replyTo: null,
  messageId: ['3@x'],
  references: ['1@x', '2@x'],
  inReplyTo: ['2@x'],
  sentAt: '2026-01-02T03:04:05Z',
  receivedAt: '2026-01-02T03:04:06Z',
};

test('subjects are marked once', () => {
  assert.equal(replySubject('Hello'), 'Re: Hello');
  assert.equal(replySubject('RE: AW: re[2]: Hello'), 'Re: Hello');
  assert.equal(replySubject(null), 'Re:');
  assert.equal(forwardSubject('WG: Fwd: Re: Hello'), 'Fwd: Re: Hello');
  assert.equal(replySubject('Hi\r\nBcc: x@y'), 'Re: Hi Bcc: x@y');
});

test('a reply goes to the sender, to all without oneself', () => {
  const own = ['alice@hamburger.edu'];
  assert.deepEqual(replyRecipients(source, own, false), { to: [at('bob@crepes.fr', 'Bob')], cc: [] });
  assert.deepEqual(replyRecipients(source, own, true), {
    to: [at('bob@crepes.fr', 'Bob')],
    cc: [at('carol@x.org'), at('dave@x.org')],
  });
});

test('Reply-To is honoured', () => {
  const listed = { ...source, replyTo: [at('list@x.org')] };
  assert.deepEqual(replyRecipients(listed, [], false).to, [at('list@x.org')]);
});

test('an answer to oneself goes on to the others', () => {
  const sent = { ...source, from: [at('Alice@hamburger.edu')], to: [at('bob@crepes.fr')], cc: [at('dave@x.org')] };
  assert.deepEqual(replyRecipients(sent, ['alice@hamburger.edu'], false).to, [at('bob@crepes.fr')]);
  assert.deepEqual(replyRecipients(sent, ['alice@hamburger.edu'], true).cc, [at('dave@x.org')]);
  const note = { ...sent, to: [], cc: [] };
  assert.deepEqual(replyRecipients(note, ['alice@hamburger.edu'], false).to, [at('Alice@hamburger.edu')]);
});

test('it leaves from the address that was written to', () => {
  const identities = [
    { id: 'I1', email: 'other@hamburger.edu' },
    { id: 'I2', email: 'alice@Hamburger.edu' },
    { id: 'I3', email: '*@x.org' },
  ];
  assert.equal(answeringIdentity(source, identities), 'I2');
  assert.equal(answeringIdentity({ ...source, to: [at('any@x.org')] }, identities), 'I3');
  assert.equal(answeringIdentity({ ...source, to: null, cc: null }, identities), null);
});

test('RFC 5322 §3.6.4: references', () => {
  assert.deepEqual(threading(source), { inReplyTo: ['3@x'], references: ['1@x', '2@x', '3@x'] });
  assert.deepEqual(threading({ ...source, references: null }).references, ['2@x', '3@x']);
  assert.deepEqual(threading({ ...source, messageId: null }).inReplyTo, null);
  for (const [count, kept] of [[REFERENCES_MAX - 1, REFERENCES_MAX], [REFERENCES_MAX, REFERENCES_MAX]]) {
    const references = Array.from({ length: count }, (_, n) => `r${n}@x`);
    const made = threading({ ...source, references }).references;
    assert.equal(made?.length, kept);
    assert.equal(made?.[0], 'r0@x');
    assert.equal(made?.at(-1), '3@x');
  }
});

test('quoted text', () => {
  assert.equal(quoteText('Hi\r\n\n> old\nBye\n\n-- \nBob'), '> Hi\n>\n>> old\n> Bye');
});

test('a quotation cannot break out of its attribution', () => {
  assert.equal(
    quoteHtml('<img src=x onerror=alert(1)> wrote:', '<p>x</p>'),
    '<div>&lt;img src=x onerror=alert(1)&gt; wrote:</div><blockquote type="cite"><p>x</p></blockquote>',
  );
});

test('the lines over a forwarded message', () => {
  const lines = forwardLines({ ...source, cc: null }, (key) => key.toUpperCase(), (date) => date.slice(0, 10));
  assert.deepEqual(lines, [
    'FROM: Bob <bob@crepes.fr>',
    'DATE: 2026-01-02',
    'SUBJECT: Hello',
    'TO: alice@hamburger.edu, carol@x.org',
  ]);
});
