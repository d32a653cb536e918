/**
 * What is looked at before a message goes: things people regret. Each finding is a question and no wall, but for those
 * that make sending impossible. Pure.
 * @module
 */

import { isAddress } from './addresses.js';
import { MANY_RECIPIENTS } from './quoting.js';

/** @typedef {import('./addresses.js').Address} Address */
/**
 * @typedef {object} Checked
 * @property {Address[]} to
 * @property {Address[]} cc
 * @property {Address[]} bcc
 * @property {string} subject
 * @property {string} text the writer's own words, without what is quoted
 * @property {number} attachments
 * @property {number} uploading
 * @property {number} failed uploads that came to nothing
 * @property {boolean} replyAll
 */
/**
 * @typedef {'noRecipients' | 'invalidRecipient' | 'uploading' | 'uploadFailed'} Obstacle
 * @typedef {'emptySubject' | 'forgottenAttachment' | 'manyRecipients'} Doubt
 */

/**
 * What must be mended first.
 * @param {Checked} draft
 * @returns {Obstacle[]}
 */
export function obstacles(draft) {
  const all = [...draft.to, ...draft.cc, ...draft.bcc];
  /** @type {Obstacle[]} */
  const found = [];
  if (all.length === 0) found.push('noRecipients');
  if (all.some(({ email }) => !isAddress(email))) found.push('invalidRecipient');
  if (draft.uploading > 0) found.push('uploading');
  if (draft.failed > 0) found.push('uploadFailed');
  return found;
}

/**
 * What is asked about once.
 * @param {Checked} draft
 * @param {readonly string[]} words beginnings of words that promise an attachment, in lower case
 * @returns {Doubt[]}
 */
export function doubts(draft, words) {
  /** @type {Doubt[]} */
  const found = [];
  if (draft.subject.trim() === '') found.push('emptySubject');
  if (draft.attachments === 0 && promisesAttachment(`${draft.subject}\n${draft.text}`, words)) {
    found.push('forgottenAttachment');
  }
  const people = draft.to.length + draft.cc.length;
  if (draft.replyAll && people >= MANY_RECIPIENTS) found.push('manyRecipients');
  return found;
}

/**
 * Whether the words speak of something enclosed. A word counts from its beginning ("attach" is in "attached", and not
 * in "unattached").
 * @param {string} text
 * @param {readonly string[]} words
 */
export function promisesAttachment(text, words) {
  const folded = text.toLowerCase().normalize('NFC');
  return words.some((word) => {
    const escaped = word.replace(/[.*+?^${}()|[\]\\]/gu, '\\$&').replace(/\s+/gu, '\\s+');
    return new RegExp(`(?<![\\p{L}\\p{N}])${escaped}`, 'u').test(folded);
  });
}

/**
 * The writer's own lines of a plain text: neither quoted ones nor what follows a signature's mark.
 * @param {string} text
 */
export function ownWords(text) {
  const own = [];
  for (const line of text.split(/\r?\n/u)) {
    if (line === '-- ') break;
    if (!line.startsWith('>')) own.push(line);
  }
  return own.join('\n');
}
