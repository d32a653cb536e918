// Changes to all e-mails that a filter finds, however many: in portions, with progress told and a way to stop.
//
// Owns only the loop. Which change, and whether it can be undone, is the caller's.
import { signal } from "signals";
import { syncAfter } from "../core/data.js";
import { announce } from "../core/focus.js";
import { addCatalogue, t } from "../core/i18n.js";
import { MethodError } from "../core/jmap.js";
import { jmap } from "../core/session.js";
import { toast } from "../core/toasts.js";

await addCatalogue("reading");

/** E-mails in one portion, when the server does not allow fewer (maxObjectsInSet). */
const PORTION = 500;

/**
 * Changes all that the filter finds.
 * @param {Record<string, any>} filter @param {Record<string, any>} patch for each, as Email/set takes it
 * @param {string} words what is being done
 * @returns {Promise<string[]>} the ids changed
 */
export function changeByFilter(filter, patch, words) {
  return portions(filter, words, (ids) => ({ update: Object.fromEntries(ids.map((id) => [id, patch])) }));
}

/**
 * Destroys all that the filter finds, for good.
 * @param {Record<string, any>} filter @param {string} words
 */
export function destroyByFilter(filter, words) {
  return portions(filter, words, (ids) => ({ destroy: ids }));
}

/**
 * All ids are asked first: what the filter finds changes under the work, so positions mean nothing after the first portion.
 * @param {Record<string, any>} filter @param {string} words @param {(ids: string[]) => Record<string, any>} args
 */
async function portions(filter, words, args) {
  const ids = await allIds(filter);
  const portion = Math.min(PORTION, jmap.capability("urn:ietf:params:jmap:core").maxObjectsInSet ?? PORTION);
  const done = signal(0);
  let stopped = false;
  const end = ids.length <= portion ? () => {} : toast({
    text: () => t("bulk.progress", { words, done: done.value, n: ids.length }), seconds: 0, label: t("stop"), run: () => {
      stopped = true;
    },
  });
  const all = async () => {
    for (let from = 0; from < ids.length && !stopped; from += portion) {
      const answer = await jmap.call("Email/set", args(ids.slice(from, from + portion)));
      const refused = Object.values({ ...answer.notUpdated, ...answer.notDestroyed }).find((/** @type {any} */ one) => one.type !== "notFound");
      if (refused) throw new MethodError("Email/set", /** @type {any} */ (refused));
      done.value = Math.min(ids.length, from + portion);
    }
  };
  try {
    await syncAfter(all);
  } finally {
    end();
  }
  announce(t("bulk.done", { n: done.value }));
  return ids.slice(0, done.value);
}

/** Ids told in one answer. */
const IDS_MAX = 5000;

/** All ids that a filter finds. @param {Record<string, any>} filter @returns {Promise<string[]>} */
export async function allIds(filter) {
  /** @type {Set<string>} */ const ids = new Set();
  for (;;) {
    const answer = await jmap.call("Email/query", { filter, sort: [{ property: "receivedAt", isAscending: false }], position: ids.size, limit: IDS_MAX });
    const before = ids.size;
    for (const id of answer.ids) ids.add(id);
    if (answer.ids.length === 0 || ids.size === before) return [...ids];
    if (answer.ids.length < (answer.limit ?? IDS_MAX)) return [...ids];
  }
}
