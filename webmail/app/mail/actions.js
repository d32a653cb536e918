// What can be done with conversations: at once here, then on the server, with undo.
//
// Owns the way of a change: cache and list first, Email/set after it, all taken back when the server refuses.
import { batch } from "signals";
import { emails, emailsTick, sync, withRole } from "../core/data.js";
import { announce } from "../core/focus.js";
import { t } from "../core/i18n.js";
import { MethodError } from "../core/jmap.js";
import { go, route } from "../core/router.js";
import { jmap } from "../core/session.js";
import { settings } from "../core/settings.js";
import { toast } from "../core/toasts.js";
import { attempt, folderName, plainError } from "./folders.js";
import { applied, escapeStep, inverse, moving, needed } from "./patches.js";
import { isUnread } from "./rows.js";
import { allSelected, clearSelection, cursor, list, listPath, members, openRow, openThread, place, selected, wanted } from "./view-state.js";

/** @typedef {import("../core/data.js").Email} Email */
/** @typedef {import("./patches.js").Patch} Patch */
/** @typedef {{ rowIds: string[], emails: Email[] }} Targets */

/** E-mails in one Email/set. */
const PORTION = 500;

/** What an action is done to: what is selected, else what is open, else the row with the cursor. @returns {Targets} */
export function targets() {
  const data = list.peek();
  if (selected.peek().size) return ofRows([...selected.peek()]);
  const thread = openThread.peek();
  if (thread) {
    const at = data?.indexOfThread(thread) ?? -1;
    return { rowIds: at >= 0 ? [/** @type {string} */ (data?.ids[at])] : [], emails: members(thread) };
  }
  const id = data?.ids[cursor.peek()];
  return id ? ofRows([id]) : { rowIds: [], emails: [] };
}

/** @param {string[]} rowIds @returns {Targets} */
export function ofRows(rowIds) {
  const found = rowIds.flatMap((id) => {
    const one = emails.get(id);
    if (!one) return [];
    return settings.peek().conversations ? withHead(members(one.threadId), one) : [one];
  });
  return { rowIds, emails: found };
}

/** @param {Email[]} all @param {Email} head */
function withHead(all, head) {
  return all.length ? all : [head];
}

/** Those of a conversation that an action of the list means: what lies in the open folder, else all but trash and spam.
 * @param {Email[]} all */
export function meant(all) {
  const here = place.peek().mailboxId;
  if (here) {
    const inside = all.filter((one) => one.mailboxIds[here]);
    return inside.length ? inside : all;
  }
  const out = ["trash", "junk"].map((role) => withRole(role)?.id ?? "");
  const kept = all.filter((one) => !out.some((id) => one.mailboxIds[id]));
  return kept.length ? kept : all;
}

/** @typedef {{ words: string, undo: () => Promise<void>, away: () => void }} Done */
/** What `z` takes back. @type {Done | null} */
let last = null;

/**
 * Changes e-mails: here now, on the server next.
 * @param {Map<string, Patch>} patches by e-mail
 * @param {{ words: string, quiet?: boolean, silent?: boolean, rowIds?: string[] }} how quiet: said to a screen reader only, no toast; silent: not
 *   said at all, and not what undo takes back
 */
export async function change(patches, how) {
  /** @type {Map<string, Patch>} */ const back = new Map();
  for (const [id, patch] of patches) {
    const one = emails.get(id);
    const left = one && needed(one, patch);
    if (!one || !left) continue;
    back.set(id, inverse(one, left));
    patches.set(id, left);
  }
  for (const id of [...patches.keys()]) if (!back.has(id)) patches.delete(id);
  if (!patches.size) return;
  const putBack = apply(patches, how.rowIds ?? []);
  const undo = async () => {
    apply(back, []);
    wanted.row = how.rowIds?.[0];
    await attempt(send(back).then(() => sync(null)));
  };
  if (!how.silent) last = { words: how.words, undo, away: () => {} };
  if (how.quiet) announce(how.words);
  else if (last && !how.silent) last.away = toast({ text: how.words, label: t("undo"), run: () => { last = null; undo(); } });
  try {
    await send(patches);
  } catch (error) {
    apply(back, []);
    putBack();
    last?.away();
    last = null;
    toast({ text: plainError(error), kind: "error" });
  }
}

/** Takes back the last action. */
export function undoLast() {
  const one = last;
  last = null;
  if (!one) {
    announce(t("undo.nothing"));
    return;
  }
  one.away();
  toast(t("undone", { what: one.words }));
  one.undo();
}

/**
 * @param {Map<string, Patch>} patches @param {string[]} rowIds rows that may leave the list
 * @returns {() => void} puts the rows back
 */
function apply(patches, rowIds) {
  return batch(() => {
    for (const [id, patch] of patches) {
      const one = emails.get(id);
      if (one) emails.set(id, applied(one, patch));
    }
    emailsTick.value += 1;
    const gone = new Set(rowIds.filter(leaves));
    return gone.size ? leave(gone) : () => {};
  });
}

/** Does a row no longer belong to the list? @param {string} rowId */
function leaves(rowId) {
  const one = emails.get(rowId);
  if (!one) return true;
  const all = settings.peek().conversations ? withHead(members(one.threadId), one) : [one];
  const here = place.peek().mailboxId;
  if (here) return !all.some((each) => each.mailboxIds[here]);
  const out = ["trash", "junk"].map((role) => withRole(role)?.id ?? "");
  return all.every((each) => out.some((id) => each.mailboxIds[id]));
}

/**
 * Takes rows out of the list, and goes on to the next conversation where one of them was open.
 * @param {Set<string>} gone
 * @returns {() => void} puts them back
 */
export function leave(gone) {
  const data = list.peek();
  if (!data) return () => {};
  const thread = openThread.peek();
  const openAt = thread ? data.indexOfThread(thread) : -1;
  const openGone = openAt >= 0 && gone.has(data.ids[openAt] ?? "");
  const before = data.ids.slice(0, cursor.peek()).filter((id) => id && gone.has(id)).length;
  const { path } = route.peek();
  const rowsBack = data.remove(gone);
  const putBack = () => {
    rowsBack();
    if (openGone && openThread.peek()) go(path, { replace: true });
  };
  clearSelection();
  cursor.value = Math.max(0, Math.min(cursor.peek() - before, data.ids.length - 1));
  if (!openGone) return putBack;
  const next = Math.min(openAt, data.ids.length - 1);
  if (settings.peek().afterAction === "next" && next >= 0 && data.ids[next]) openRow(next);
  else go(listPath(), { replace: true });
  return putBack;
}

/** @param {Map<string, Patch>} patches */
async function send(patches) {
  const all = [...patches];
  for (let from = 0; from < all.length; from += PORTION) {
    const answer = await jmap.call("Email/set", { update: Object.fromEntries(all.slice(from, from + PORTION)) });
    const refused = Object.values(answer.notUpdated ?? {}).find((/** @type {any} */ one) => one.type !== "notFound");
    if (refused) throw new MethodError("Email/set", /** @type {any} */ (refused));
  }
}

/**
 * A patch for each, or null for none.
 * @param {Email[]} all @param {(one: Email) => Patch | null} patch @returns {Map<string, Patch>}
 */
export function patched(all, patch) {
  return new Map(all.flatMap((one) => {
    const made = patch(one);
    return made ? [/** @type {[string, Patch]} */ ([one.id, made])] : [];
  }));
}

/** Is everything meant that the query finds? Then it is done in portions. @param {Patch} patch @param {string} words @returns {Promise<boolean>} */
export async function inBulk(patch, words) {
  const { filter } = place.peek();
  if (!allSelected.peek() || !filter) return false;
  const total = list.peek()?.total.peek() ?? 0;
  const { confirm } = await import("../core/dialogs.js");
  if (!(await confirm({ title: words, text: t("bulk.sure", { n: total }), yes: words }))) return true;
  const { changeByFilter } = await import("./bulk.js");
  clearSelection();
  await attempt(changeByFilter(filter, patch, words));
  await list.peek()?.again();
  return true;
}

/** How many conversations, for the words. @param {Targets} on */
export const counted = (on) => Math.max(1, on.rowIds.length);

/** The mailbox of a role, made when there is none. @param {string} role @returns {Promise<string | undefined>} */
export async function ensureRole(role) {
  const known = withRole(role);
  if (known) return known.id;
  const names = /** @type {Record<string, string>} */ ({ archive: "Archive", trash: "Trash", junk: "Junk", snoozed: "Snoozed" });
  const answer = await jmap.call("Mailbox/set", { create: { new: { name: names[role] ?? role, role, isSubscribed: true } } });
  const refused = answer.notCreated?.new;
  if (refused) throw new MethodError("Mailbox/set", refused);
  await sync(null);
  return answer.created.new.id;
}

/**
 * Moves conversations.
 * @param {string} to id of the mailbox @param {(n: number) => string} words @param {Targets} [on]
 * @param {Patch} [marks] changed with it
 */
export async function moveTo(to, words, on = targets(), marks = {}) {
  const here = place.peek().mailboxId;
  if (await inBulk({ ...(here ? { [`mailboxIds/${escapeStep(here)}`]: null } : {}), [`mailboxIds/${escapeStep(to)}`]: true, ...marks }, words(counted(on)))) return;
  const patches = patched(meant(on.emails), (one) => ({ ...moving(one, here && one.mailboxIds[here] ? [here] : Object.keys(one.mailboxIds), to), ...marks }));
  await change(patches, { words: words(counted(on)), rowIds: on.rowIds });
}

/** @param {string} role @param {(n: number) => string} words @param {Targets} [on] @param {Patch} [marks] */
async function moveToRole(role, words, on, marks) {
  await attempt((async () => {
    const id = await ensureRole(role);
    if (id) await moveTo(id, words, on, marks);
  })());
}

/** Archives. @param {Targets} [on] */
export const archive = (on) => moveToRole("archive", (n) => t("done.archived", { n }), on);
/** To the trash; from the trash, away for good. @param {Targets} [on] */
export async function trash(on = targets()) {
  const bin = withRole("trash");
  if (bin && place.peek().mailboxId === bin.id) return (await import("./actions-more.js")).destroy(on);
  return moveToRole("trash", (n) => t("done.trashed", { n }), on);
}
/** Says that it is spam. @param {Targets} [on] */
export const spam = (on) => moveToRole("junk", (n) => t("done.spam", { n }), on, { "keywords/$junk": true, "keywords/$notjunk": null });
/** Says that it is no spam: back to the inbox. @param {Targets} [on] */
export const notSpam = (on) => moveToRole("inbox", (n) => t("done.not-spam", { n }), on, { "keywords/$junk": null, "keywords/$notjunk": true });
/** To the inbox. @param {Targets} [on] */
export const toInbox = (on) => moveToRole("inbox", (n) => t("done.inbox", { n }), on);

/** To a folder, dropped there or picked. @param {import("../core/data.js").Mailbox} mailbox @param {Targets} [on] */
export function moveToFolder(mailbox, on) {
  return moveTo(mailbox.id, (n) => t("done.moved", { n, name: folderName(mailbox) }), on);
}

/** Read or unread. @param {boolean} seen @param {Targets} [on] */
export async function markRead(seen, on = targets()) {
  const words = t(seen ? "done.read" : "done.unread", { n: counted(on) });
  /** @type {Patch} */ const patch = { "keywords/$seen": seen ? true : null };
  if (await inBulk(patch, words)) return;
  const all = meant(on.emails);
  // Of a conversation, the last message alone becomes unread: that is where one reads on.
  const some = seen ? all : lastOfEach(all);
  await change(patched(some, () => patch), { words, quiet: true, rowIds: [] });
}

/** @param {Email[]} all */
export function lastOfEach(all) {
  return [...new Map(all.map((one) => [one.threadId, one])).values()];
}

/** Reads or unreads, whichever changes something. */
export function toggleRead() {
  const on = targets();
  return markRead(meant(on.emails).some(isUnread), on);
}

/** Stars or takes the star away. @param {Targets} [on] */
export async function toggleStar(on = targets()) {
  const star = !on.emails.some((one) => one.keywords.$flagged);
  const words = t(star ? "done.starred" : "done.unstarred", { n: counted(on) });
  /** @type {Patch} */ const patch = { "keywords/$flagged": star ? true : null };
  if (await inBulk(patch, words)) return;
  const some = star ? lastOfEach(meant(on.emails)) : on.emails;
  await change(patched(some, () => patch), { words, quiet: true });
}

/** Selects by what rows are. @param {"all" | "none" | "read" | "unread" | "starred" | "unstarred"} which */
export function selectBy(which) {
  const data = list.peek();
  if (!data) return;
  clearSelection();
  if (which === "none") return;
  const wanted = (/** @type {Email[]} */ all) => ({
    all: true, read: !all.some(isUnread), unread: all.some(isUnread), starred: all.some((one) => one.keywords.$flagged), unstarred: !all.some((one) => one.keywords.$flagged),
  })[which];
  const ids = data.ids.filter((id) => {
    const one = id && emails.get(id);
    return one && wanted(settings.peek().conversations ? withHead(members(one.threadId), one) : [one]);
  });
  selected.value = new Set(/** @type {string[]} */ (ids));
  announce(t("selected", { n: ids.length }));
}

