// The way a message came: its Received lines (RFC 5321 §4.4) as hops with delays.
//
// Pure. What a line says is its writer's word: names and times may be made up.

/** @typedef {{ name: string, value: string }} Field */
/** @typedef {{ from: string, by: string, with: string, at: number | null, delay: number | null, secure: boolean }} Hop */

/** Hops read of one message: no honest one has more (RFC 5321 §6.3 speaks of 100). */
const HOPS_MAX = 100;

/**
 * Splits a header into fields, unfolded (RFC 5322 §2.2.3).
 * @param {string} source a message, or its header
 * @returns {Field[]}
 */
export function fields(source) {
  const end = source.search(/\r?\n\r?\n/);
  const header = end < 0 ? source : source.slice(0, end);
  return header.replace(/\r?\n(?=[ \t])/g, "").split(/\r?\n/).flatMap((line) => {
    const colon = line.indexOf(":");
    return colon > 0 ? [{ name: line.slice(0, colon).trim(), value: line.slice(colon + 1).trim() }] : [];
  });
}

/**
 * The hops, first to last.
 * @param {Field[]} header
 * @returns {Hop[]}
 */
export function hops(header) {
  const lines = header.filter((one) => one.name.toLowerCase() === "received").slice(0, HOPS_MAX).reverse();
  /** @type {Hop[]} */ const all = [];
  let before = null;
  for (const { value } of lines) {
    const hop = readReceived(value);
    if (hop.at !== null) {
      if (before !== null) hop.delay = Math.max(0, (hop.at - before) / 1000);
      before = hop.at;
    }
    all.push(hop);
  }
  return all;
}

/** @param {string} value @returns {Hop} */
export function readReceived(value) {
  const plain = withoutComments(value);
  const cut = plain.lastIndexOf(";");
  const words = (cut < 0 ? plain : plain.slice(0, cut)).split(/\s+/).filter(Boolean);
  const after = (/** @type {string} */ word) => {
    const at = words.findIndex((one) => one.toLowerCase() === word);
    return at < 0 ? "" : words[at + 1] ?? "";
  };
  const date = cut < 0 ? Number.NaN : Date.parse(plain.slice(cut + 1).trim());
  const protocol = after("with").toUpperCase();
  return {
    from: after("from") || after("for"), by: after("by"), with: protocol, at: Number.isNaN(date) ? null : date, delay: null,
    secure: /^(UTF8)?(E?SMTP|LMTP)SA?$/.test(protocol) || /\bTLS|cipher\b/i.test(value),
  };
}

/** Comments are nested parentheses (RFC 5322 §3.2.2). @param {string} value */
function withoutComments(value) {
  let depth = 0;
  let plain = "";
  for (const sign of value) {
    if (sign === "(") depth += 1;
    else if (sign === ")" && depth > 0) depth -= 1;
    else if (depth === 0) plain += sign;
  }
  return plain;
}
