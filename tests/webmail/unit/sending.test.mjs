// Checks before sending, times, and the JMAP objects of a draft.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { doubts, obstacles, ownWords, promisesAttachment } from '../../../webmail/app/compose/checks.js';
import { formatLocal, judgeTime, parseLocal, presets } from '../../../webmail/app/compose/schedule.js';
import { draftOf, emailOf, emptyDraft, envelopeOf, isBlank, sentPatch, unsentPatch, usedEnclosures } from '../../../webmail/app/compose/draft.js';
import { ENTRY_MAX_CHARS, KEPT_MS, forgetDrafts, openJournal } from '../../../webmail/app/compose/journal.js';

const bob = { name: 'Bob', email: 'bob@crepes.fr' };
const checked = { to: [bob], cc: [], bcc: [], subject: 'Hi', text: '', attachments: 0, uploading: 0, failed: 0, replyAll: false };

test('what stops a message', () => {
  assert.deepEqual(obstacles(checked), []);
  assert.deepEqual(obstacles({ ...checked, to: [] }), ['noRecipients']);
  assert.deepEqual(obstacles({ ...checked, cc: [{ name: null, email: 'bob' }], uploading: 1, failed: 1 }), [
    'invalidRecipient',
    'uploading',
    'uploadFailed',
  ]);
});

test('what is asked about', () => {
  const words = ['attach', 'im anhang'];
  assert.deepEqual(doubts(checked, words), []);
  assert.deepEqual(doubts({ ...checked, subject: ' ' }, words), ['emptySubject']);
  assert.deepEqual(doubts({ ...checked, text: 'see the Attached file' }, words), ['forgottenAttachment']);
  assert.deepEqual(doubts({ ...checked, text: 'Im\n Anhang finden Sie', attachments: 1 }, words), []);
  const nine = Array.from({ length: 9 }, (_, n) => ({ name: null, email: `a${n}@x.org` }));
  assert.deepEqual(doubts({ ...checked, to: nine, replyAll: true }, words), []);
  assert.deepEqual(doubts({ ...checked, to: nine, cc: [bob], replyAll: true }, words), ['manyRecipients']);
});

test('a promise is a word from its beginning', () => {
  assert.ok(!promisesAttachment('unattached', ['attach']));
  assert.ok(promisesAttachment('(attached)', ['attach']));
  assert.ok(promisesAttachment('im   Anhang', ['im anhang']));
  assert.ok(!promisesAttachment('1.5 yen', ['1x5']));
});

test("only the writer's own words count", () => {
  assert.equal(ownWords('Hi\n> see attached\nBye\n-- \nattached'), 'Hi\nBye');
});

test('times that are offered', () => {
  const friday = new Date(2026, 10, 20, 10, 0);
  assert.deepEqual(presets(friday).map(({ key }) => key), ['thisEvening', 'tomorrowMorning', 'tomorrowAfternoon', 'mondayMorning']);
  assert.equal(presets(friday)[3]?.at.getTime(), new Date(2026, 10, 23, 8).getTime());
  const sundayNight = new Date(2026, 10, 22, 23, 0);
  assert.deepEqual(presets(sundayNight).map(({ key }) => key), ['tomorrowMorning', 'tomorrowAfternoon']);
  const monday = new Date(2026, 10, 23, 7, 0);
  assert.equal(presets(monday).at(-1)?.at.getDate(), 30);
});

test('the picker, there and back', () => {
  const at = new Date(2026, 1, 3, 4, 5);
  assert.equal(formatLocal(at), '2026-02-03T04:05');
  assert.equal(parseLocal('2026-02-03T04:05')?.getTime(), at.getTime());
  assert.equal(parseLocal('tomorrow'), null);
});

test('times the server takes', () => {
  const now = new Date(2026, 0, 1);
  const after = (ms) => new Date(now.getTime() + ms);
  assert.equal(judgeTime(null, now, 100), 'unreadable');
  assert.equal(judgeTime(after(59_999), now, 100), 'past');
  assert.equal(judgeTime(after(60_000), now, 100), 'ok');
  assert.equal(judgeTime(after(100_000), now, 100), 'ok');
  assert.equal(judgeTime(after(100_001), now, 100), 'tooLate');
});

const picture = { key: 'p1', blobId: 'B1', name: 'a.png', type: 'image/png', size: 3, cid: 'x@y', sent: 3, error: null };

test('a draft as JMAP takes it', () => {
  const draft = { ...emptyDraft('k'), to: [bob], subject: 'Hi', html: '<b>x</b><img src="cid:x@y">', text: 'x', enclosures: [picture] };
  const email = emailOf(draft, { name: 'Alice', email: 'alice@hamburger.edu' }, { replyTo: null, bcc: [bob] }, 'Mdrafts');
  assert.deepEqual(email.mailboxIds, { Mdrafts: true });
  assert.deepEqual(email.cc, null);
  assert.deepEqual(email.bcc, [bob]);
  assert.deepEqual(email.attachments, [{ blobId: 'B1', type: 'image/png', name: 'a.png', cid: 'x@y', disposition: 'inline' }]);
  assert.match(email.bodyValues.html.value, /<b>x<\/b>/u);
  const plain = emailOf({ ...draft, mode: 'plain' }, bob, { replyTo: null, bcc: null }, 'Mdrafts');
  assert.equal(plain.htmlBody, undefined);
});

test('what is still going up is not in it', () => {
  const draft = { ...emptyDraft('k'), enclosures: [{ ...picture, blobId: null }] };
  assert.deepEqual(emailOf(draft, bob, { replyTo: null, bcc: null }, 'M').attachments, []);
});

test('a draft comes back as it was', () => {
  const email = {
    id: 'E1',
    keywords: { $draft: true },
    to: [bob],
    cc: null,
    bcc: null,
    subject: null,
    inReplyTo: ['1@x'],
    references: ['1@x'],
    textBody: [{ partId: '1', type: 'text/plain' }],
    htmlBody: [{ partId: '2', type: 'text/html' }],
    attachments: [{ partId: '3', blobId: 'B3', type: 'application/pdf', name: null, size: 9, cid: null, disposition: 'attachment' }],
    bodyValues: { 1: { value: 'x' }, 2: { value: '<p>x</p>' } },
  };
  const draft = draftOf(email, 'k');
  assert.equal(draft.emailId, 'E1');
  assert.equal(draft.mode, 'rich');
  assert.deepEqual(draft.inReplyTo, ['1@x']);
  assert.equal(draft.enclosures[0]?.name, 'attachment.pdf');
  const asNew = draftOf({ ...email, keywords: {} }, 'k');
  assert.equal(asNew.emailId, null);
  assert.equal(asNew.inReplyTo, null);
});

test('pictures taken out of the text do not go along', () => {
  const draft = { ...emptyDraft('k'), html: '<p>no</p>', enclosures: [picture] };
  assert.deepEqual(usedEnclosures(draft), []);
  assert.deepEqual(usedEnclosures({ ...draft, html: '<img src="cid:x@y">' }), [picture]);
  assert.deepEqual(usedEnclosures({ ...draft, mode: 'plain' }), [picture]);
});

test('a signature alone is nothing written', () => {
  const draft = { ...emptyDraft('k'), text: '\n-- \nAlice\n' };
  assert.ok(isBlank(draft, '-- \nAlice'));
  assert.ok(!isBlank({ ...draft, subject: 'x' }, '-- \nAlice'));
});

test('the envelope carries the wait', () => {
  const draft = { ...emptyDraft('k'), to: [bob], bcc: [{ name: null, email: 'BOB@crepes.fr' }] };
  const me = { email: 'alice@hamburger.edu', bcc: null };
  assert.equal(envelopeOf(draft, me, null), null);
  const held = envelopeOf(draft, me, { seconds: 10 });
  assert.deepEqual(held?.mailFrom, { email: 'alice@hamburger.edu', parameters: { HOLDFOR: '10' } });
  assert.equal(held?.rcptTo.length, 1);
  const until = envelopeOf(draft, me, { until: new Date(Date.UTC(2026, 0, 2, 3, 4, 5, 678)) });
  assert.deepEqual(until?.mailFrom, { email: 'alice@hamburger.edu', parameters: { HOLDUNTIL: '2026-01-02T03:04:05Z' } });
});

test('sent and unsent are each other turned round', () => {
  assert.deepEqual(sentPatch('D', 'S'), { 'mailboxIds/D': null, 'mailboxIds/S': true, 'keywords/$draft': null });
  assert.deepEqual(unsentPatch('D', 'S'), { 'mailboxIds/D': true, 'mailboxIds/S': null, 'keywords/$draft': true });
  assert.deepEqual(sentPatch('D', null), { 'keywords/$draft': null });
});

class Shelf {
  #map = new Map();
  get length() {
    return this.#map.size;
  }
  key(index) {
    return [...this.#map.keys()][index] ?? null;
  }
  getItem(key) {
    return this.#map.get(key) ?? null;
  }
  setItem(key, value) {
    this.#map.set(key, value);
  }
  removeItem(key) {
    this.#map.delete(key);
  }
}

test('what is left behind is found again, by its own account only', () => {
  const shelf = new Shelf();
  const journal = openJournal(shelf, 'A1');
  assert.ok(journal.keep({ ...emptyDraft('k'), subject: 'kept' }, 1000));
  assert.equal(openJournal(shelf, 'A2').left(1000).length, 0);
  assert.equal(journal.left(1000)[0]?.subject, 'kept');
  shelf.setItem('pillarbox.draft.A1.bad', '{"draft":{"to":"x"},"at":1}');
  shelf.setItem('pillarbox.draft.A1.worse', 'not json');
  assert.equal(journal.left(1000).length, 1);
  assert.equal(shelf.length, 1);
  assert.equal(journal.left(1000 + KEPT_MS - 1).length, 1);
  assert.equal(journal.left(1000 + KEPT_MS).length, 0);
  journal.keep(emptyDraft('k2'), 1);
  openJournal(shelf, 'A2').keep(emptyDraft('k3'), 1);
  forgetDrafts(shelf, 'A1');
  assert.equal(shelf.length, 1);
  forgetDrafts(shelf, null);
  assert.equal(shelf.length, 0);
});

test('a copy has a limit', () => {
  const journal = openJournal(new Shelf(), 'A1');
  const around = JSON.stringify({ draft: emptyDraft('k'), at: 1 }).length;
  assert.ok(journal.keep({ ...emptyDraft('k'), text: 'x'.repeat(ENTRY_MAX_CHARS - around) }, 1));
  assert.ok(!journal.keep({ ...emptyDraft('k'), text: 'x'.repeat(ENTRY_MAX_CHARS - around + 1) }, 1));
});
