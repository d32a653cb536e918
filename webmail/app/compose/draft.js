/**
 * What is written, as plain data: what a composer holds, what JMAP takes and gives of it, the envelope it leaves with.
 * Pure. RFC 8621 §4.6 (Email/set), §7 (EmailSubmission), RFC 4865 (FUTURERELEASE).
 * @module
 */

import { addressKey, uniqueAddresses } from './addresses.js';

/** @typedef {import('./addresses.js').Address} Address */
/**
 * A file that goes with the message.
 * @typedef {object} Enclosure
 * @property {string} key of this page alone
 * @property {string | null} blobId null until it is on the server
 * @property {string} name
 * @property {string} type
 * @property {number} size octets
 * @property {string | null} cid for pictures within the text
 * @property {number} sent octets that went up so far
 * @property {string | null} error
 */
/**
 * @typedef {'new' | 'reply' | 'replyAll' | 'forward' | 'draft'} DraftKind
 * @typedef {object} Draft
 * @property {string} key of this page alone, and of the copy kept in the browser
 * @property {DraftKind} kind
 * @property {string | null} emailId of the draft on the server
 * @property {string | null} sourceId of the e-mail that is answered or forwarded
 * @property {string | null} identityId
 * @property {Address[]} to
 * @property {Address[]} cc
 * @property {Address[]} bcc
 * @property {string} subject
 * @property {'rich' | 'plain'} mode
 * @property {string} html
 * @property {string} text
 * @property {Enclosure[]} enclosures
 * @property {string[] | null} inReplyTo
 * @property {string[] | null} references
 */

/** A blank one. `key` tells it from others. @param {string} key @returns {Draft} */
export function emptyDraft(key) {
  return {
    key,
    kind: 'new',
    emailId: null,
    sourceId: null,
    identityId: null,
    to: [],
    cc: [],
    bcc: [],
    subject: '',
    mode: 'rich',
    html: '',
    text: '',
    enclosures: [],
    inReplyTo: null,
    references: null,
  };
}

/**
 * Whether there is something worth keeping.
 * @param {Draft} draft
 * @param {string} begun the text it began with: a signature alone is nothing written
 */
export function isBlank(draft, begun) {
  const people = draft.to.length + draft.cc.length + draft.bcc.length;
  return people === 0 && draft.subject.trim() === '' && draft.enclosures.length === 0 && draft.text.trim() === begun.trim();
}

/**
 * The object that Email/set creates.
 * @param {Draft} draft
 * @param {{name: string | null, email: string}} from
 * @param {{replyTo: Address[] | null, bcc: Address[] | null}} extra of the identity
 * @param {string} draftsId
 * @returns {Record<string, unknown>}
 */
export function emailOf(draft, from, extra, draftsId) {
  const rich = draft.mode === 'rich';
  const parts = draft.enclosures.filter((one) => one.blobId !== null);
  const bcc = uniqueAddresses([...draft.bcc, ...(extra.bcc ?? [])]);
  return {
    mailboxIds: { [draftsId]: true },
    keywords: { $draft: true, $seen: true },
    from: [from],
    to: some(draft.to),
    cc: some(draft.cc),
    bcc: some(bcc),
    replyTo: some(extra.replyTo ?? []),
    subject: draft.subject,
    inReplyTo: draft.inReplyTo,
    references: draft.references,
    textBody: [{ partId: 'text', type: 'text/plain' }],
    ...(rich ? { htmlBody: [{ partId: 'html', type: 'text/html' }] } : {}),
    attachments: parts.map(attachmentOf),
    bodyValues: {
      text: { value: draft.text },
      ...(rich ? { html: { value: pageOf(draft.html) } } : {}),
    },
  };
}

/** @template T @param {T[]} list @returns {T[] | null} */
function some(list) {
  return list.length > 0 ? list : null;
}

/** @param {Enclosure} one */
function attachmentOf(one) {
  return {
    blobId: one.blobId,
    type: one.type,
    name: one.name,
    cid: one.cid,
    disposition: one.cid ? 'inline' : 'attachment',
  };
}

/** A whole document, so that no reader guesses. @param {string} html */
function pageOf(html) {
  return `<!DOCTYPE html><html><head><meta charset="utf-8"></head><body>${html}</body></html>`;
}

/** What Email/get must give for `draftOf`. */
export const DRAFT_PROPERTIES = /** @type {const} */ ([
  'id', 'from', 'to', 'cc', 'bcc', 'subject', 'inReplyTo', 'references', 'messageId', 'sentAt', 'receivedAt', 'replyTo', 'size',
  'textBody', 'htmlBody', 'attachments', 'bodyValues', 'keywords', 'mailboxIds',
]);

/** @typedef {{partId: string | null, blobId: string | null, type: string, name: string | null, size: number, cid: string | null, disposition: string | null}} Part */

/**
 * The way back: a draft that was left, or any message "as new". The HTML still is the server's word of it and passes
 * the sanitiser before it is shown.
 * @param {Record<string, any>} email
 * @param {string} key
 * @returns {Draft}
 */
export function draftOf(email, key) {
  const html = valueOf(email, email.htmlBody, 'text/html');
  const text = valueOf(email, email.textBody, 'text/plain');
  const drafted = email.keywords?.$draft === true;
  return {
    ...emptyDraft(key),
    kind: 'draft',
    emailId: drafted ? email.id : null,
    to: email.to ?? [],
    cc: email.cc ?? [],
    bcc: email.bcc ?? [],
    subject: email.subject ?? '',
    mode: html === null ? 'plain' : 'rich',
    html: html ?? '',
    text: text ?? '',
    enclosures: enclosuresOf(email),
    inReplyTo: drafted ? (email.inReplyTo ?? null) : null,
    references: drafted ? (email.references ?? null) : null,
  };
}

/**
 * @param {Record<string, any>} email
 * @param {Part[] | undefined} parts
 * @param {string} type
 * @returns {string | null}
 */
function valueOf(email, parts, type) {
  const own = (parts ?? []).filter((part) => part.type === type && part.partId !== null);
  if (own.length === 0) return null;
  return own.map((part) => email.bodyValues?.[part.partId ?? '']?.value ?? '').join('\n');
}

/**
 * The parts of a message that go along when it is forwarded or opened again.
 * @param {Record<string, any>} email
 * @returns {Enclosure[]}
 */
export function enclosuresOf(email) {
  /** @type {Part[]} */
  const inline = [...(email.htmlBody ?? []), ...(email.textBody ?? [])].filter((part) => !part.type.startsWith('text/'));
  /** @type {Part[]} */
  const all = [...(email.attachments ?? []), ...inline];
  const seen = new Set();
  const kept = all.filter((part) => part.blobId !== null && !seen.has(part.blobId) && seen.add(part.blobId));
  return kept.map((part) => ({
    key: `b${part.blobId}`,
    blobId: part.blobId,
    name: part.name ?? fallbackName(part.type),
    type: part.type,
    size: part.size,
    cid: part.cid,
    sent: part.size,
    error: null,
  }));
}

/** @param {string} type */
function fallbackName(type) {
  if (type === 'message/rfc822') return 'message.eml';
  const end = /^[a-z]+\/([a-z0-9]+)$/u.exec(type)?.[1];
  return end ? `attachment.${end}` : 'attachment';
}

/**
 * Drops pictures that the text no longer shows: the user took them out.
 * @param {Draft} draft
 * @returns {Enclosure[]}
 */
export function usedEnclosures(draft) {
  if (draft.mode === 'plain') return draft.enclosures;
  return draft.enclosures.filter((one) => !one.cid || !one.key.startsWith('p') || draft.html.includes(`cid:${one.cid}`));
}

/**
 * @typedef {{seconds: number} | {until: Date} | null} Hold
 */

/**
 * The envelope: given whole where the message is to wait, since the waiting is a parameter of MAIL FROM (RFC 8621 §7,
 * RFC 4865 §4). Without a wait the server makes it of the header.
 * @param {Draft} draft
 * @param {{email: string, bcc: Address[] | null}} identity
 * @param {Hold} hold
 * @returns {Record<string, unknown> | null}
 */
export function envelopeOf(draft, identity, hold) {
  if (!hold) return null;
  const everyone = [...draft.to, ...draft.cc, ...draft.bcc, ...(identity.bcc ?? [])];
  const unique = new Map(everyone.map(({ email }) => [addressKey(email), { email, parameters: null }]));
  const parameters = 'seconds' in hold ? { HOLDFOR: String(hold.seconds) } : { HOLDUNTIL: utc(hold.until) };
  return { mailFrom: { email: identity.email, parameters }, rcptTo: [...unique.values()] };
}

/** RFC 3339 without a fraction, as JMAP's UTCDate. @param {Date} date */
export function utc(date) {
  return date.toISOString().replace(/\.\d+Z$/u, 'Z');
}

/**
 * What the sent message becomes once the server has taken it: out of Drafts, into Sent (RFC 8621 §7.5,
 * `onSuccessUpdateEmail`).
 * @param {string} draftsId
 * @param {string | null} sentId
 * @returns {Record<string, unknown>}
 */
export function sentPatch(draftsId, sentId) {
  if (!sentId) return { 'keywords/$draft': null };
  return { [`mailboxIds/${draftsId}`]: null, [`mailboxIds/${sentId}`]: true, 'keywords/$draft': null };
}

/**
 * And back again, when the sending was taken back.
 * @param {string} draftsId
 * @param {string | null} sentId
 * @returns {Record<string, unknown>}
 */
export function unsentPatch(draftsId, sentId) {
  const back = { [`mailboxIds/${draftsId}`]: true, 'keywords/$draft': true };
  return sentId ? { ...back, [`mailboxIds/${sentId}`]: null } : back;
}
