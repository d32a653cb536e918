// `mailto:` addresses (RFC 6068): what a link on another page, or an unsubscribe header, wants to be written.
//
// Pure. Only fields that are harmless are taken; Bcc and attachments of a stranger's link are not (RFC 6068 §7).
import { parseAddresses } from "./addresses.js";

/** A link longer than this carries something else than a message. */
export const MAILTO_MAX_CHARS = 64_000;

/**
 * @param {string} link
 * @returns {{ to: import("./addresses.js").Address[], cc: import("./addresses.js").Address[], subject: string, text: string, inReplyTo: string[] | null } | null}
 *   null: this is no such link
 */
export function parseMailto(link) {
  if (!/^mailto:/i.test(link) || link.length > MAILTO_MAX_CHARS) return null;
  const [path = "", query = ""] = link.slice("mailto:".length).split("?", 2);
  const fields = fieldsOf(query);
  const listed = path.split(",").map(decode).join(", ");
  const reply = (fields.get("in-reply-to") ?? "").match(/<[^<>\s]+>/g)?.map((/** @type {string} */ id) => id.slice(1, -1)) ?? null;
  return {
    to: [...parseAddresses(listed), ...parseAddresses(fields.get("to") ?? "")],
    cc: parseAddresses(fields.get("cc") ?? ""),
    subject: (fields.get("subject") ?? "").replace(/[\r\n]+/g, " "),
    text: (fields.get("body") ?? "").replace(/\r\n?/g, "\n"),
    inReplyTo: reply,
  };
}

/** RFC 6068 §2: `+` is a plus here, and names know no case. @param {string} query */
function fieldsOf(query) {
  const fields = new Map();
  for (const pair of query.split("&")) {
    const at = pair.indexOf("=");
    if (at < 0) continue;
    const name = decode(pair.slice(0, at)).toLowerCase();
    const value = decode(pair.slice(at + 1));
    fields.set(name, fields.has(name) && name === "to" ? `${fields.get(name)}, ${value}` : value);
  }
  return fields;
}

/** @param {string} text */
function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
