// The envelope of a message, as far as it is known: the sender and the recipients that servers tell each other, which need
// not be those in the letter (RFC 5321 §2.3.1).
//
// Pure. Where the envelope comes from, details.js knows.

/** @typedef {{ from: string | null, to: string[] }} Envelope `from` is "" for the empty reverse-path, null where it is not known */

/** Recipients read of one header: each forwarder adds one, and no honest way is longer (RFC 5321 §6.3). */
const RECIPIENTS_MAX = 100;

/** The address of a path; source routes are left out (RFC 5321 §4.1.1.3). @param {string} text */
const address = (text) => text.trim().replace(/^<(.*)>$/s, "$1").replace(/^@[^:]*:/, "").trim();

/**
 * What the last server wrote down of the envelope at delivery (RFC 5321 §4.4); of each field the topmost is the newest.
 * @param {{ returnPath: string[], deliveredTo: string[] }} header values as they stand
 * @returns {Envelope}
 */
export function fromHeader({ returnPath, deliveredTo }) {
  const [path] = returnPath;
  return { from: path === undefined ? null : address(path), to: [...new Set(deliveredTo.slice(0, RECIPIENTS_MAX).map(address).filter(Boolean))] };
}

/**
 * The envelope that a message was handed over with (RFC 8621 §7).
 * @param {{ mailFrom: { email: string }, rcptTo: { email: string }[] } | null | undefined} given
 * @returns {Envelope | null}
 */
export function fromSubmission(given) {
  return given ? { from: given.mailFrom.email, to: given.rcptTo.map(({ email }) => email) } : null;
}

/**
 * How the two senders relate.
 * @param {Envelope} envelope @param {string[]} from addresses of the letter
 * @returns {"unknown" | "nobody" | "same" | "other"}
 */
export function relation(envelope, from) {
  const sender = envelope.from?.toLowerCase();
  if (sender === undefined) return "unknown";
  if (sender === "") return "nobody";
  return from.some((one) => one.toLowerCase() === sender) ? "same" : "other";
}
