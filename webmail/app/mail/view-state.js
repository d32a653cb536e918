// What the mail page shows: which list, where the cursor is, what is selected, which conversation is open.
//
// Owns these signals; drawing and acting are others'.
import { computed, effect, signal } from "signals";
import { emails, mailboxes, rememberedRole, threads, withRole } from "../core/data.js";
import { go, route, write } from "../core/router.js";
import { settings } from "../core/settings.js";
import { ListData } from "./list-data.js";

/**
 * @typedef {object} Place
 * @property {"mailbox" | "all" | "search"} kind
 * @property {string} key as it stands in the path: a role, an id, a query
 * @property {string | undefined} mailboxId
 * @property {Record<string, any> | null} filter null: not known yet
 */

/** Where we are in the mail, from the path. @type {import("signals").ReadonlySignal<Place>} */
export const place = computed(() => {
  const { page, steps } = route.value;
  void mailboxes.value;
  if (page === "search") return { kind: "search", key: steps[0] ?? "", mailboxId: undefined, filter: searchFilter(steps[0] ?? "") };
  const key = steps[0] ?? "inbox";
  if (key === "all" && !withRole("all")) return { kind: "all", key, mailboxId: undefined, filter: everywhere() };
  const mailboxId = mailboxes.value?.has(key) ? key : rememberedRole(key) ?? (mailboxes.value ? undefined : key.length > 12 || !/^[a-z]+$/.test(key) ? key : undefined);
  return { kind: "mailbox", key, mailboxId, filter: mailboxId ? { inMailbox: mailboxId } : null };
});

/** All but trash and spam. */
function everywhere() {
  const not = ["trash", "junk"].map(rememberedRole).filter(Boolean);
  return not.length ? { inMailboxOtherThan: not } : {};
}

/** @param {string} query */
function searchFilter(query) {
  const asked = { query };
  if (/(^|[\s(-])in:/i.test(query)) return asked;
  const rest = everywhere();
  return Object.keys(rest).length ? { operator: "AND", conditions: [asked, rest] } : asked;
}

/** The conversation of the path. */
export const openThread = computed(() => (["mail", "search"].includes(route.value.page) ? route.value.steps[1] ?? "" : ""));

/** The list that is shown; null while its folder is not known. @type {import("signals").Signal<ListData | null>} */
export const list = signal(/** @type {ListData | null} */ (null));
/** The row with the focus. */
export const cursor = signal(0);
/** The row that gets the cursor as soon as it is in the list: one that undo brings back. @type {{ row: string | undefined }} */
export const wanted = { row: undefined };
/** Selected rows, by e-mail id. @type {import("signals").Signal<Set<string>>} */
export const selected = signal(/** @type {Set<string>} */ (new Set()));
/** Is everything selected that the list's query finds, seen or not? */
export const allSelected = signal(false);

/** Follows the path with the list. @returns {() => void} ends it */
export function followPlace() {
  let key = "";
  return effect(() => {
    const { filter } = place.value;
    const collapse = settings.value.conversations;
    const next = filter ? JSON.stringify([filter, collapse]) : "";
    if (next === key) return;
    key = next;
    const before = list.peek();
    if (before) before.ended = true;
    cursor.value = 0;
    clearSelection();
    list.value = filter ? new ListData(filter, collapse, place.value.kind === "search") : null;
  });
}

/** The path of the list, without a conversation. */
export function listPath() {
  const { page, steps } = route.peek();
  return write(page === "search" ? "search" : "mail", [steps[0] ?? "inbox"]);
}

/** Opens the conversation of a row. @param {number} index */
export function openRow(index) {
  const id = list.peek()?.ids[index];
  const threadId = id && emails.get(id)?.threadId;
  if (!threadId) return;
  cursor.value = index;
  const { page, steps } = route.peek();
  go(write(page === "search" ? "search" : "mail", [steps[0] ?? "inbox", threadId]), { replace: Boolean(openThread.peek()) });
}

/** Selects or unselects a row. @param {number} index @param {boolean} [on] */
export function select(index, on) {
  const id = list.peek()?.ids[index];
  if (!id) return;
  const next = new Set(selected.peek());
  if (on ?? !next.has(id)) next.add(id);
  else next.delete(id);
  allSelected.value = false;
  selected.value = next;
}

/** Selects the rows between two. @param {number} from @param {number} to */
export function selectRange(from, to) {
  const next = new Set(selected.peek());
  for (let at = Math.min(from, to); at <= Math.max(from, to); at += 1) {
    const id = list.peek()?.ids[at];
    if (id) next.add(id);
  }
  selected.value = next;
}

export function clearSelection() {
  if (selected.peek().size) selected.value = new Set();
  allSelected.value = false;
}

/** The e-mails of a conversation that are known, oldest first. @param {string} threadId */
export function members(threadId) {
  return (threads.get(threadId) ?? []).map((id) => emails.get(id)).filter((one) => one !== undefined);
}
