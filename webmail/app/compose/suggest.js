// Completion of recipients: from the address book on the server, and from the mail that this page has seen.
//
// Owns the asking and the order. Cards themselves are app/contacts/.
import { emails } from "../core/data.js";
import { jmap } from "../core/session.js";
import { addressKey } from "./addresses.js";

/** @typedef {import("./addresses.js").Address} Address */
/**
 * @typedef {object} Suggestion
 * @property {string} name
 * @property {string} email of a group: ""
 * @property {Address[] | null} members of a group
 */

export const CONTACTS = "urn:ietf:params:jmap:contacts";
/** As many as one reads at a glance. */
const SHOWN_MAX = 8;
/** Answers kept, so that going back a letter asks nothing. */
const KEPT_MAX = 200;

/** @type {Map<string, Suggestion[]>} */
const kept = new Map();

/** The address book changed: what was known of it is old. */
export function forgetSuggestions() {
  kept.clear();
}

/**
 * Who may be meant by what is typed.
 * @param {string} typed
 * @returns {Promise<Suggestion[]>}
 */
export async function suggest(typed) {
  const wanted = typed.trim().toLowerCase();
  if (wanted.length === 0) return [];
  const before = kept.get(wanted);
  if (before) return before;
  const cards = jmap.can(CONTACTS) ? await fromCards(wanted).catch(() => []) : [];
  const all = merge([...cards, ...fromMail(wanted)]).slice(0, SHOWN_MAX);
  if (kept.size >= KEPT_MAX) kept.clear();
  kept.set(wanted, all);
  return all;
}

/** @param {Suggestion[]} all */
function merge(all) {
  const seen = new Set();
  return all.filter((one) => {
    const key = one.members ? `group ${one.name}` : addressKey(one.email);
    return !seen.has(key) && seen.add(key);
  });
}

/** @param {string} wanted @returns {Promise<Suggestion[]>} */
async function fromCards(wanted) {
  const { list } = await jmap.call("ContactCard/complete", { text: wanted, limit: SHOWN_MAX });
  return list.map((/** @type {any} */ one) => ({ name: String(one.name ?? ""), email: String(one.email ?? ""), members: Array.isArray(one.members) ? one.members : null }));
}

/** @param {Suggestion} one @param {string} wanted */
function startsWith(one, wanted) {
  return one.email.toLowerCase().startsWith(wanted) || one.name.toLowerCase().split(/\s+/u).some((word) => word.startsWith(wanted));
}

/** @param {string} wanted @returns {Suggestion[]} */
function fromMail(wanted) {
  /** @type {Suggestion[]} */ const all = [];
  for (const email of emails.values()) {
    for (const { name, email: address } of [...(email.from ?? []), ...(email.to ?? [])]) {
      const one = { name: name ?? "", email: address, members: null };
      if (startsWith(one, wanted)) all.push(one);
    }
    if (all.length > SHOWN_MAX * 8) break;
  }
  return all;
}
