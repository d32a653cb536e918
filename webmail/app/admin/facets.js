// The queue seen from three sides: where it goes, how old it is, why it waits. Pure.

/**
 * @typedef {object} Row one recipient that waits
 * @property {string} queue_id @property {number} recipient @property {string} sender @property {string} to
 * @property {string} state @property {number} created @property {number} due @property {number} attempts
 * @property {string | null} said @property {number} size @property {string | null} route
 */
/** @typedef {{ key: string, label: string, n: number, oldest: number }} Bucket */

/** Ages as `qshape` has them, in minutes; the last is open. */
export const AGES_MINUTES = [0, 5, 20, 60, 240, 1440];

/** Where a row goes: the host an administrator chose, else the domain. @param {Row} row */
export const destinationOf = (row) => row.route || (row.to.split("@").at(-1) ?? "").toLowerCase();

/**
 * Which age a row has: the largest bound that it has reached, in minutes.
 * @param {Row} row @param {number} now
 */
export function ageOf(row, now) {
  const minutes = (now - row.created) / 60_000;
  return AGES_MINUTES.findLast((bound) => minutes >= bound) ?? 0;
}

/**
 * What was said, without what differs from one message to the next: numbers of their own, addresses, names of hosts.
 * @param {string | null} said
 */
export function reasonOf(said) {
  if (!said) return "";
  return said.replace(/<?[^\s<>@]+@[^\s<>@]+>?/gu, "…").replace(/\b[0-9a-f]{8,}\b|\b\d{5,}\b/giu, "…").replace(/\[[0-9a-f.:]+\]/giu, "[…]").replace(/\s+/gu, " ").trim().slice(0, 120);
}

/**
 * @param {readonly Row[]} rows @param {(row: Row) => string} keyOf
 * @returns {Bucket[]} the largest first
 */
export function bucketsOf(rows, keyOf) {
  /** @type {Map<string, Bucket>} */ const all = new Map();
  for (const row of rows) {
    const key = keyOf(row);
    const before = all.get(key);
    if (before) {
      before.n += 1;
      before.oldest = Math.min(before.oldest, row.created);
    } else all.set(key, { key, label: key, n: 1, oldest: row.created });
  }
  return [...all.values()].sort((a, b) => b.n - a.n || a.key.localeCompare(b.key));
}

/**
 * @typedef {object} Filter what the server narrows by; empty ones narrow nothing
 * @property {string} host @property {string} sender @property {string} to @property {string} said @property {string} held "true" or "" @property {string} older_than_s
 */

/** @returns {Filter} */
export const noFilter = () => ({ host: "", sender: "", to: "", said: "", held: "", older_than_s: "" });

/** As a query. @param {Filter} filter @param {number} limit */
export function queryOf(filter, limit) {
  const query = new URLSearchParams(Object.entries(filter).filter(([, value]) => value !== ""));
  query.set("limit", String(limit));
  return query.toString();
}

/**
 * As the body of a change has it.
 * @param {Filter} filter
 * @returns {Record<string, string | boolean | number>}
 */
export function whichOf(filter) {
  const which = /** @type {Record<string, string | boolean | number>} */ (Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== "")));
  if (which.held !== undefined) which.held = which.held === "true";
  if (which.older_than_s !== undefined) which.older_than_s = Number(which.older_than_s);
  return which;
}
