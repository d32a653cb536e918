// What a row of a list says: the conversation's people, counts and marks, made from its e-mails.
//
// Pure: no network, no DOM.

/** @typedef {import("../core/data.js").Email} Email */
/** @typedef {import("../core/format.js").EmailAddress} EmailAddress */

/**
 * @typedef {object} Row
 * @property {string} id of the e-mail that stands for the conversation
 * @property {string} threadId
 * @property {{ who: EmailAddress, unread: boolean, me: boolean }[]} people in order of their first word
 * @property {number} count of messages
 * @property {boolean} unread @property {boolean} starred @property {boolean} draft @property {boolean} answered @property {boolean} forwarded
 * @property {boolean} attachment
 * @property {string[]} labels
 * @property {string} subject @property {string} date @property {string} preview
 */

/** Keywords that are states, not labels, though they begin with no `$`. */
const NO_LABELS = new Set(["junk", "nonjunk", "forwarded", "mdnsent"]);

/** Is a keyword a label of the person's? @param {string} keyword */
export function isLabel(keyword) {
  return !/^[$\\]/.test(keyword) && !NO_LABELS.has(keyword.toLowerCase());
}

/**
 * @param {Email} head the e-mail that the query told
 * @param {Email[]} members of the conversation, oldest first, the head among them
 * @param {Set<string>} own the person's addresses, in small letters
 * @param {boolean} sent does the list show whom was written to, as Sent and Drafts do?
 * @returns {Row}
 */
export function rowOf(head, members, own, sent) {
  const all = members.length ? members : [head];
  const some = (/** @type {string} */ keyword) => all.some((one) => one.keywords?.[keyword]);
  return {
    id: head.id, threadId: head.threadId,
    people: sent ? writtenTo(head, own) : peopleOf(all, own),
    count: all.length,
    unread: all.some(isUnread), starred: some("$flagged"), draft: some("$draft"), answered: some("$answered"), forwarded: some("$forwarded"),
    attachment: all.some((one) => one.hasAttachment),
    labels: [...new Set(all.flatMap((one) => Object.keys(one.keywords ?? {}).filter(isLabel)))].sort(),
    subject: head.subject ?? "", date: head.receivedAt, preview: head.preview ?? "",
  };
}

/** Drafts are never news. @param {Email} one */
export function isUnread(one) {
  return !one.keywords?.$seen && !one.keywords?.$draft;
}

/** @param {Email[]} all @param {Set<string>} own */
function peopleOf(all, own) {
  /** @type {Map<string, { who: EmailAddress, unread: boolean, me: boolean }>} */
  const people = new Map();
  for (const one of all) {
    const who = one.from?.[0];
    if (!who) continue;
    const key = who.email.toLowerCase();
    const known = people.get(key);
    if (known) known.unread ||= isUnread(one);
    else people.set(key, { who, unread: isUnread(one), me: own.has(key) });
  }
  return [...people.values()];
}

/** @param {Email} head @param {Set<string>} own */
function writtenTo(head, own) {
  return (head.to ?? []).map((who) => ({ who, unread: false, me: own.has(who.email.toLowerCase()) }));
}

/** People shown in a row: the first, and the last ones. */
const PEOPLE_MAX = 3;

/**
 * Which people are shown, with a gap (null) where some are left out.
 * @template T @param {T[]} people @returns {(T | null)[]}
 */
export function shortened(people) {
  if (people.length <= PEOPLE_MAX) return people;
  return [/** @type {T} */ (people[0]), null, ...people.slice(-(PEOPLE_MAX - 1))];
}

/**
 * A search snippet (RFC 8621 §5) in pieces: the server's text has only `<mark>` and escaped signs in it.
 * @param {string} snippet @returns {{ text: string, mark: boolean }[]}
 */
export function marked(snippet) {
  const signs = /** @type {Record<string, string>} */ ({ amp: "&", lt: "<", gt: ">", quot: "\"", "#39": "'", apos: "'" });
  const plain = (/** @type {string} */ text) => text.replace(/&(amp|lt|gt|quot|#39|apos);/g, (_, name) => signs[name] ?? "");
  return snippet.split(/(<mark>[\s\S]*?<\/mark>)/).filter(Boolean).map((piece) => {
    const inside = /^<mark>([\s\S]*)<\/mark>$/.exec(piece);
    return { text: plain(inside?.[1] ?? piece), mark: Boolean(inside) };
  });
}
