/**
 * What a reply and a forward begin with: subject, recipients, references, the quoted words. Pure: words of the page's
 * language come in as a function.
 * @module
 */

import { addressKey, formatAddresses, uniqueAddresses } from './addresses.js';

/** @typedef {import('./addresses.js').Address} Address */
/**
 * What is needed of the e-mail that is answered.
 * @typedef {object} Source
 * @property {string} id
 * @property {string | null} subject
 * @property {Address[] | null} from
 * @property {Address[] | null} to
 * @property {Address[] | null} cc
 * @property {Address[] | null} replyTo
 * @property {string[] | null} messageId
 * @property {string[] | null} references
 * @property {string[] | null} inReplyTo
 * @property {string | null} sentAt
 * @property {string} receivedAt
 */

/** From this many people on, "reply all" asks whether all are meant. */
export const MANY_RECIPIENTS = 10;

/** RFC 5322 §3.6.4 sets no limit; a header of many thousand ids helps nobody. The first and the latest stay. */
export const REFERENCES_MAX = 50;

/**
 * "Re: " once, whatever was there, in the languages that have their own.
 * @param {string | null} subject
 */
export function replySubject(subject) {
  const base = withoutPrefixes(subject ?? '', /^(?:re|aw|sv|antw|odp|vs|rif)(?:\[\d+\])?\s*:\s*/iu);
  return `Re: ${base}`.trimEnd();
}

/**
 * "Fwd: " once.
 * @param {string | null} subject
 */
export function forwardSubject(subject) {
  const base = withoutPrefixes(subject ?? '', /^(?:fwd?|wg|tr|rv|enc|i)\s*:\s*/iu);
  return `Fwd: ${base}`.trimEnd();
}

/**
 * @param {string} subject
 * @param {RegExp} prefix
 */
function withoutPrefixes(subject, prefix) {
  let left = subject.replace(/[\u0000-\u001f\u007f]+/gu, ' ').trim();
  while (prefix.test(left)) left = left.replace(prefix, '');
  return left;
}

/**
 * Whom a reply goes to. To one's own message one answers those whom it went to.
 * @param {Source} source
 * @param {readonly string[]} own addresses of the account, which are never answered
 * @param {boolean} all
 * @returns {{to: Address[], cc: Address[]}}
 */
export function replyRecipients(source, own, all) {
  const mine = new Set(own.map(addressKey));
  const isMine = (/** @type {Address} */ one) => mine.has(addressKey(one.email));
  const from = source.from ?? [];
  const answered = source.replyTo?.length ? source.replyTo : from;
  const sentByMe = from.length > 0 && from.every(isMine);
  const to = uniqueAddresses(sentByMe ? (source.to ?? []) : answered);
  if (!all) return { to: to.length > 0 ? to : from, cc: [] };
  const first = new Set(to.map((one) => addressKey(one.email)));
  const others = [...(sentByMe ? [] : (source.to ?? [])), ...(source.cc ?? [])];
  const cc = uniqueAddresses(others).filter((one) => !isMine(one) && !first.has(addressKey(one.email)));
  return { to, cc };
}

/**
 * Which of one's own addresses the message came to: the reply leaves from there.
 * @param {Source} source
 * @param {readonly {id: string, email: string}[]} identities
 * @returns {string | null} an identity's id
 */
export function answeringIdentity(source, identities) {
  const seen = [...(source.to ?? []), ...(source.cc ?? []), ...(source.from ?? [])];
  for (const { email } of seen) {
    const found = identities.find((one) => matches(one.email, email));
    if (found) return found.id;
  }
  return null;
}

/**
 * An identity may be `*@domain` (RFC 8621 §6).
 * @param {string} identity
 * @param {string} email
 */
function matches(identity, email) {
  const key = addressKey(email);
  const own = addressKey(identity);
  return own.startsWith('*@') ? key.endsWith(own.slice(1)) : own === key;
}

/**
 * RFC 5322 §3.6.4: the parent's References, or its In-Reply-To where that is one, and its own id after them.
 * @param {Source} source
 * @returns {{inReplyTo: string[] | null, references: string[] | null}}
 */
export function threading(source) {
  const own = source.messageId ?? [];
  if (own.length === 0) return { inReplyTo: null, references: source.references ?? null };
  const single = source.inReplyTo?.length === 1 ? source.inReplyTo : [];
  const before = source.references?.length ? source.references : single;
  const all = [...new Set([...before, ...own])];
  const kept = all.length > REFERENCES_MAX ? [...all.slice(0, 1), ...all.slice(1 - REFERENCES_MAX)] : all;
  return { inReplyTo: own, references: kept };
}

/**
 * RFC 3676 §4.5: a mark before each line, none doubled by a blank; the signature of the other is left out.
 * @param {string} text
 */
export function quoteText(text) {
  const lines = text.replace(/\r\n?/gu, '\n').replace(/\n+$/u, '').split('\n');
  const signature = lines.findIndex((line) => line === '-- ');
  const kept = signature >= 0 ? lines.slice(0, signature) : lines;
  while (kept.length > 0 && kept.at(-1)?.trim() === '') kept.pop();
  return kept.map((line) => (line.startsWith('>') ? `>${line}` : line === '' ? '>' : `> ${line}`)).join('\n');
}

/** @param {string} text */
export function escapeHtml(text) {
  return text
    .replace(/&/gu, '&amp;')
    .replace(/</gu, '&lt;')
    .replace(/>/gu, '&gt;')
    .replace(/"/gu, '&quot;')
    .replace(/'/gu, '&#39;');
}

/**
 * The quoted message of a reply, as the editor takes it.
 * @param {string} attribution the line above it, plain
 * @param {string} html already made safe
 */
export function quoteHtml(attribution, html) {
  return `<div>${escapeHtml(attribution)}</div><blockquote type="cite">${html}</blockquote>`;
}

/**
 * The lines over a forwarded message.
 * @param {Source} source
 * @param {(key: string) => string} word names of the fields in the page's language
 * @param {(date: string) => string} date
 * @returns {string[]}
 */
export function forwardLines(source, word, date) {
  /** @type {[string, string][]} */
  const rows = [
    [word('from'), formatAddresses(source.from ?? [])],
    [word('date'), date(source.sentAt ?? source.receivedAt)],
    [word('subject'), source.subject ?? ''],
    [word('to'), formatAddresses(source.to ?? [])],
    [word('cc'), formatAddresses(source.cc ?? [])],
  ];
  return rows.filter(([, value]) => value !== '').map(([name, value]) => `${name}: ${value}`);
}
