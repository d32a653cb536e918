// The folders at the side: a tree with counts, made, renamed, moved, emptied and deleted from a menu, and a place to drop
// conversations on.
//
// Owns the order of folders and their drawing. Which folder is open is the router's; changes are folder-edit.js's.
import { html, nothing } from "lit-html";
import { signal } from "signals";
import { mailboxes, quotas } from "../core/data.js";
import { size } from "../core/format.js";
import { t } from "../core/i18n.js";
import { icon } from "../core/icons.js";
import { MethodError } from "../core/jmap.js";
import { route, write } from "../core/router.js";
import { settings } from "../core/settings.js";
import { complain } from "../core/toasts.js";

/** @typedef {import("../core/data.js").Mailbox} Mailbox */
/** @typedef {{ mailbox: Mailbox, depth: number, parent: boolean, children: Branch[] }} Branch */

/** The order of folders that have a role; the others follow by name. */
const ROLE_ORDER = ["inbox", "important", "flagged", "snoozed", "drafts", "sent", "archive", "all", "junk", "trash"];
/** Folders whose count is of all, not of unread, conversations: what waits for the person there is all of it. */
const COUNTS_ALL = new Set(["drafts", "snoozed"]);

/** Folders that are folded, by id. Kept on this device. @type {import("signals").Signal<Set<string>>} */
const folded = signal(new Set(kept()));

const FOLDED = "pillarbox.folded";

/** @returns {string[]} */
function kept() {
  try {
    return JSON.parse(localStorage.getItem("pillarbox.folded") ?? "[]");
  } catch {
    return [];
  }
}

/** @param {string} id */
function fold(id) {
  const next = new Set(folded.value);
  if (!next.delete(id)) next.add(id);
  folded.value = next;
  try {
    localStorage.setItem(FOLDED, JSON.stringify([...next]));
  } catch {
    // Folded until the page is left.
  }
}

/** The name of a folder: those with a role are named in the person's language. @param {Mailbox} mailbox */
export function folderName(mailbox) {
  if (mailbox.role && !mailbox.parentId && ROLE_ORDER.includes(mailbox.role)) return t(`role.${mailbox.role}`);
  return mailbox.name;
}

/** The icon of a folder. @param {Mailbox} mailbox */
export function folderIcon(mailbox) {
  const icons = /** @type {Record<string, string>} */ ({ flagged: "star", snoozed: "snooze" });
  if (mailbox.role && ROLE_ORDER.includes(mailbox.role)) return icons[mailbox.role] ?? mailbox.role;
  return "folder";
}

/**
 * The folders as a forest, in order.
 * @param {Iterable<Mailbox>} all
 * @returns {Branch[]}
 */
export function forest(all) {
  /** @type {Map<string | null, Mailbox[]>} */ const below = new Map();
  const known = new Map([...all].map((one) => [one.id, one]));
  for (const one of known.values()) {
    const parent = one.parentId && known.has(one.parentId) ? one.parentId : null;
    below.set(parent, [...(below.get(parent) ?? []), one]);
  }
  /** @type {(parent: string | null, depth: number) => Branch[]} */
  const branches = (parent, depth) => (below.get(parent) ?? []).sort(byOrder).map((mailbox) => ({
    mailbox, depth, parent: below.has(mailbox.id), children: depth < 32 ? branches(mailbox.id, depth + 1) : [],
  }));
  return branches(null, 0);
}

/** A forest as a list, parents before children. @param {Branch[]} branches @returns {Branch[]} */
export function flat(branches) {
  return branches.flatMap((one) => [one, ...flat(one.children)]);
}

/** @param {Mailbox} a @param {Mailbox} b */
function byOrder(a, b) {
  const rank = (/** @type {Mailbox} */ one) => {
    const at = ROLE_ORDER.indexOf(one.role ?? "");
    return at < 0 ? ROLE_ORDER.length : at;
  };
  return rank(a) - rank(b) || a.sortOrder - b.sortOrder || a.name.localeCompare(b.name, undefined, { numeric: true, sensitivity: "base" });
}

/** The forest as a list, without what is folded. @param {Branch[]} branches @returns {Branch[]} */
function visible(branches) {
  return branches.flatMap((one) => [one, ...(folded.value.has(one.mailbox.id) ? [] : visible(one.children))]);
}

/** Is this folder the one of the path? @param {Mailbox} mailbox */
export function isOpen(mailbox) {
  const { page, steps } = route.value;
  return page === "mail" && (steps[0] ?? "inbox") === (mailbox.role ?? mailbox.id);
}

/** How many are told beside the name. @param {Mailbox} mailbox */
function count(mailbox) {
  if (mailbox.role && COUNTS_ALL.has(mailbox.role)) return mailbox.totalEmails;
  // An unread answer elsewhere makes the conversation unread here too (RFC 8621 §2).
  return settings.value.conversations && mailbox.unreadEmails ? mailbox.unreadThreads : mailbox.unreadEmails;
}

/** The path of a folder. @param {Mailbox} mailbox */
export const folderPath = (mailbox) => write("mail", [mailbox.role ?? mailbox.id]);

/** The whole: folders, saved searches, quota. */
export function folders() {
  const all = mailboxes.value;
  const shown = visible(forest([...(all?.values() ?? [])].filter((one) => one.isSubscribed || one.role)));
  return html`<div class="side-heading"><span>${t("folders")}</span>
      <button class="icon-button" aria-label=${t("folder.new")} title=${t("folder.new")} @click=${() => { edit().then((module) => module.create(null)); }}>${icon("plus")}</button></div>
    <ul class="folders">${shown.map(folderRow)}</ul>
    ${savedSearches()}${quotaLine()}`;
}

/** @param {Branch} branch */
function folderRow({ mailbox, depth, parent }) {
  const told = count(mailbox);
  const name = folderName(mailbox);
  const label = told ? t(mailbox.role && COUNTS_ALL.has(mailbox.role) ? "folder.total" : "folder.unread", { name, n: told }) : name;
  const isFolded = folded.value.has(mailbox.id);
  return html`<li class="folder-row depth-${Math.min(depth, 6)}" @dragover=${dragOver} @dragleave=${dragLeave} @drop=${(/** @type {DragEvent} */ event) => drop(event, mailbox)}>
    ${parent ? html`<button class="folder-twist" aria-expanded=${String(!isFolded)} aria-label=${t("folder.fold", { name })} @click=${() => fold(mailbox.id)}>${icon("right")}</button>` : nothing}
    <a class="folder ${told ? "has-unread" : ""}" href=${folderPath(mailbox)} aria-label=${label} aria-current=${isOpen(mailbox) ? "page" : nothing}
      @contextmenu=${(/** @type {Event} */ event) => { event.preventDefault(); openMenu(event, mailbox); }}>
      ${icon(folderIcon(mailbox))}<span class="folder-name">${name}</span>
      ${told ? html`<span class="folder-count" aria-hidden="true">${told.toLocaleString()}</span>` : nothing}</a>
    <button class="icon-button folder-more" aria-haspopup="menu" aria-label=${t("folder.menu", { name })} @click=${(/** @type {Event} */ event) => openMenu(event, mailbox)}>${icon("more")}</button>
  </li>`;
}

function savedSearches() {
  const saved = settings.value.savedSearches;
  if (!saved.length) return nothing;
  return html`<div class="side-heading"><span>${t("search.saved")}</span></div><ul class="folders">${saved.map((one) => html`<li class="folder-row">
    <a class="folder" href=${write("search", [one.query])} aria-current=${route.value.page === "search" && route.value.steps[0] === one.query ? "page" : nothing}>
      ${icon("search")}<span class="folder-name">${one.name}</span></a>
    <button class="icon-button folder-more" aria-label=${t("search.forget", { name: one.name })} @click=${() => { edit().then((module) => module.forgetSearch(one)); }}>${icon("close")}</button></li>`)}</ul>`;
}

function quotaLine() {
  const octets = quotas.value.find((one) => one.resourceType === "octets" && one.hardLimit);
  if (!octets) return nothing;
  return html`<div class="quota"><meter min="0" max=${octets.hardLimit} high=${octets.hardLimit * 0.9} value=${octets.used} aria-label=${t("quota")}></meter>
    <span>${t("quota.used", { used: size(octets.used), limit: size(octets.hardLimit) })}</span></div>`;
}

/** Carries what is dragged from the list: set by the list while it drags. @type {import("signals").Signal<((mailbox: Mailbox) => void) | null>} */
export const dragged = signal(/** @type {((mailbox: Mailbox) => void) | null} */ (null));

/** @param {DragEvent} event */
function dragOver(event) {
  if (!dragged.value) return;
  event.preventDefault();
  /** @type {Element} */ (event.currentTarget).classList.add("drop-here");
}
/** @param {DragEvent} event */
function dragLeave(event) {
  /** @type {Element} */ (event.currentTarget).classList.remove("drop-here");
}
/** @param {DragEvent} event @param {Mailbox} mailbox */
function drop(event, mailbox) {
  dragLeave(event);
  event.preventDefault();
  dragged.value?.(mailbox);
}

/** What changes folders, fetched when it is first wanted. */
const edit = () => import("./folder-edit.js");

/** @param {Event} event @param {Mailbox} mailbox */
function openMenu(event, mailbox) {
  const anchor = /** @type {Element} */ (event.currentTarget);
  edit().then((module) => module.folderMenu(anchor, mailbox));
}

/** Waits for a change and says what went wrong in plain words. @param {Promise<unknown>} doing @returns {Promise<boolean>} */
export async function attempt(doing) {
  try {
    await doing;
    return true;
  } catch (error) {
    complain(plainError(error));
    return false;
  }
}

/** An error of the server in words. @param {unknown} error */
export function plainError(error) {
  const { name, status } = /** @type {{ name?: string, status?: number }} */ (error ?? {});
  const key = `error.${error instanceof MethodError ? error.type : name === "Unreachable" ? "unreachable" : status === 401 ? "loggedOut" : "unknown"}`;
  const words = t(key);
  if (words !== key) return words;
  return t("error.other", { why: error instanceof Error ? error.message : String(error) });
}
