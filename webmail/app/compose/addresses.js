/**
 * Addresses as people type and paste them: taking a line of many apart, putting one back together, and telling whether
 * it can be one. Pure; what the server thinks of an address is its own matter. RFC 5322 §3.4, RFC 6532 for UTF-8.
 * @module
 */

/** @typedef {{name?: string | null, email: string}} Address */

/** More than this from one paste is a mistake, or an attack on the page: the server takes fewer recipients anyway. */
export const PASTE_MAX = 2000;

/** RFC 5321 §4.5.3.1: 64 octets for the local part, 255 for the domain. */
const LOCAL_MAX = 64;
const DOMAIN_MAX = 255;

const encoder = new TextEncoder();

/**
 * Takes a line of addresses apart: commas, semicolons and line ends separate, names may be quoted, groups give their
 * members, comments are dropped. Bare addresses may be separated by blanks alone.
 * @param {string} text
 * @returns {Address[]} in the order of the text; what is no address is kept as `email`, for the user to mend
 */
export function parseAddresses(text) {
  const found = [];
  for (const piece of split(text)) {
    for (const address of parsePiece(piece)) {
      found.push(address);
      if (found.length === PASTE_MAX) return found;
    }
  }
  return found;
}

/**
 * Cuts at separators that stand outside quotes, angle brackets and comments.
 * @param {string} text
 */
function split(text) {
  const pieces = [];
  let piece = '';
  let comment = 0;
  let quoted = false;
  let angle = false;
  for (let at = 0; at < text.length; at += 1) {
    const c = text.charAt(at);
    if (c === '\\' && (quoted || comment > 0)) {
      if (comment === 0) piece += c + text.charAt(at + 1);
      at += 1;
      continue;
    }
    if (c === '\n' || c === '\r') {
      quoted = false;
      angle = false;
      comment = 0;
    } else if (quoted || comment > 0) {
      if (c === '"' && comment === 0) quoted = false;
      else if (c === '(' && comment > 0) comment += 1;
      else if (c === ')' && comment > 0) {
        comment -= 1;
        continue;
      }
      if (comment === 0) piece += c;
      continue;
    }
    if (c === '(') comment = 1;
    else if (c === '"') {
      quoted = true;
      piece += c;
    } else if (!angle && (c === ',' || c === ';' || c === '\n' || c === '\r')) {
      pieces.push(piece);
      piece = '';
    } else {
      if (c === '<') angle = true;
      if (c === '>') angle = false;
      piece += c;
    }
  }
  pieces.push(piece);
  return pieces.map((one) => one.trim()).filter((one) => one !== '');
}

/**
 * One piece: `name <address>`, a bare address, a group's opening before one, or several bare addresses with blanks.
 * @param {string} piece
 * @returns {Address[]}
 */
function parsePiece(piece) {
  const open = openingBracket(piece);
  if (open >= 0) {
    const close = piece.indexOf('>', open);
    const email = piece.slice(open + 1, close < 0 ? undefined : close).trim();
    const name = cleanName(withoutGroup(piece.slice(0, open)));
    const rest = close < 0 ? '' : piece.slice(close + 1).trim();
    const first = { name: name === '' ? null : name, email: cleanEmail(email) };
    return rest === '' ? [first] : [first, ...parsePiece(rest)];
  }
  const bare = withoutGroup(piece).trim();
  if (bare === '') return [];
  const words = bare.split(/\s+/u);
  if (words.length > 1 && words.every((word) => word.includes('@'))) {
    return words.map((word) => ({ name: null, email: cleanEmail(word) }));
  }
  const last = words.at(-1) ?? '';
  if (words.length > 1 && isAddress(cleanEmail(last)) && !bare.startsWith('"')) {
    return [{ name: cleanName(words.slice(0, -1).join(' ')), email: cleanEmail(last) }];
  }
  return [{ name: null, email: cleanEmail(bare) }];
}

/** @param {string} piece */
function openingBracket(piece) {
  let quoted = false;
  for (let at = 0; at < piece.length; at += 1) {
    const c = piece.charAt(at);
    if (c === '\\') at += 1;
    else if (c === '"') quoted = !quoted;
    else if (c === '<' && !quoted) return at;
  }
  return -1;
}

/**
 * RFC 5322 §3.4: `group = display-name ":" [group-list] ";"`. A colon outside quotes, with no @ before it.
 * @param {string} text
 */
function withoutGroup(text) {
  const colon = text.indexOf(':');
  if (colon < 0) return text;
  const before = text.slice(0, colon);
  if (before.includes('@') || before.includes('"') || before.includes('[')) return text;
  return text.slice(colon + 1);
}

/** @param {string} text */
function cleanName(text) {
  const trimmed = text.trim();
  const inner = /^"(.*)"$/su.exec(trimmed);
  const plain = inner ? (inner[1] ?? '').replace(/\\(.)/gsu, '$1') : trimmed;
  return plain.replace(/[\u0000-\u001f\u007f]+/gu, ' ').trim();
}

/** @param {string} text */
function cleanEmail(text) {
  return text
    .replace(/^mailto:/iu, '')
    .replace(/[\u0000-\u001f\u007f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]/gu, '')
    .replace(/^[<'\s]+|[>'\s.]+$/gu, '');
}

/**
 * Whether this can be an address: a local part and a domain of legal shape. RFC 5321 §4.1.2.
 * @param {string} email
 */
export function isAddress(email) {
  const at = email.lastIndexOf('@');
  if (at < 1) return false;
  const local = email.slice(0, at);
  const domain = email.slice(at + 1);
  return isLocal(local) && isDomain(domain);
}

/** @param {string} local */
function isLocal(local) {
  if (encoder.encode(local).length > LOCAL_MAX) return false;
  if (/^"(?:[^"\\\u0000-\u001f\u007f]|\\[\u0020-\u007e])*"$/u.test(local)) return true;
  return /^[^\s"(),.:;<>@[\\\]\u0000-\u001f\u007f]+(?:\.[^\s"(),.:;<>@[\\\]\u0000-\u001f\u007f]+)*$/u.test(local);
}

/** @param {string} domain */
function isDomain(domain) {
  if (encoder.encode(domain).length > DOMAIN_MAX) return false;
  if (/^\[(?:\d{1,3}(?:\.\d{1,3}){3}|IPv6:[0-9a-f:.]+)\]$/iu.test(domain)) return true;
  const labels = domain.split('.');
  return labels.every((label) => label.length <= 63 && /^[\p{L}\p{N}](?:[\p{L}\p{N}\p{M}-]*[\p{L}\p{N}\p{M}])?$/u.test(label));
}

/**
 * Two addresses are one person's when local part and domain agree without regard to case. (RFC 5321 §2.4 lets local
 * parts differ by case; no mailbox people write to does.)
 * @param {string} a
 * @param {string} b
 */
export function sameAddress(a, b) {
  return addressKey(a) === addressKey(b);
}

/**
 * What sets and maps of addresses are kept by.
 * @param {string} email
 */
export function addressKey(email) {
  return email.trim().toLowerCase();
}

/**
 * `name <address>`, quoted where RFC 5322 wants it; the address alone without a name.
 * @param {Address} address
 */
export function formatAddress({ name, email }) {
  if (!name) return email;
  const plain = /^[^"(),.:;<>@[\\\]]+$/u.test(name);
  const shown = plain ? name : `"${name.replace(/(["\\])/gu, '\\$1')}"`;
  return `${shown} <${email}>`;
}

/**
 * Many, for the clipboard and for a drag.
 * @param {readonly Address[]} addresses
 */
export function formatAddresses(addresses) {
  return addresses.map(formatAddress).join(', ');
}

/**
 * Without those that come twice; the first one's name stays, unless it had none.
 * @param {readonly Address[]} addresses
 * @returns {Address[]}
 */
export function uniqueAddresses(addresses) {
  /** @type {Map<string, Address>} */
  const seen = new Map();
  for (const one of addresses) {
    const key = addressKey(one.email);
    const before = seen.get(key);
    if (!before) seen.set(key, one);
    else if (!before.name && one.name) seen.set(key, one);
  }
  return [...seen.values()];
}
