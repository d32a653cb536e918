// The commands of the mail page: their keys, when they may be given, and what they do.
//
// Registered once, so that the help and the settings name them on every page; `when` says that they wait for the mail page.
import { mailboxes, sync } from "../core/data.js";
import { register } from "../core/commands.js";
import { announce } from "../core/focus.js";
import { t } from "../core/i18n.js";
import { back, go, route } from "../core/router.js";
import { jmap } from "../core/session.js";
import { change, settings, WEBMAIL } from "../core/settings.js";
import { attempt } from "./folders.js";
import { focusList, moveCursor } from "./list.js";
import { loadReading, reading } from "./reading.js";
import { heading } from "./title.js";
import { allSelected, clearSelection, cursor, list, listPath, openRow, openThread, place, select, selected } from "./view-state.js";

const inList = () => ["mail", "search"].includes(route.value.page);
const some = () => inList() && (selected.value.size > 0 || allSelected.value || Boolean(openThread.value) || (list.value?.total.value ?? 0) > 0);
const isReading = () => inList() && Boolean(openThread.value);
const hereIs = (/** @type {string} */ role) => place.value.kind === "mailbox" && mailboxes.value?.get(place.value.mailboxId ?? "")?.role === role;

/** @returns {import("../core/commands.js").Command[]} */
function moving() {
  return [
    { id: "next", keys: ["j"], group: "list", icon: "down", when: inList, hidden: true, run: () => step(1) },
    { id: "previous", keys: ["k"], group: "list", icon: "up", when: inList, hidden: true, run: () => step(-1) },
    { id: "open", keys: ["o", "Enter"], group: "list", icon: "mail", when: () => inList() && !isButton(), hidden: true, run: open },
    { id: "back-to-list", keys: ["u", "Escape"], group: "list", icon: "back", when: () => isReading() || (inList() && selected.value.size > 0), run: leave },
    { id: "first", keys: ["g g"], group: "list", icon: "up", when: inList, hidden: true, run: () => jump(-Infinity) },
    { id: "last", keys: ["Shift+G"], group: "list", icon: "down", when: inList, hidden: true, run: () => jump(Infinity) },
    { id: "refresh", keys: ["Shift+N"], group: "list", icon: "refresh", when: inList, run: refresh },
  ];
}

/** Enter on a button presses it. */
function isButton() {
  return document.activeElement?.matches("button,a,summary,input,select,[role=option],iframe") ?? false;
}

/** @param {number} by */
function step(by) {
  moveCursor(by);
  if (!openThread.peek()) focusList();
}

/** @param {number} by */
function jump(by) {
  moveCursor(by);
  if (!openThread.peek()) focusList();
}

function open() {
  if (!openThread.peek()) openRow(cursor.peek());
  else reading.peek()?.openCurrent();
}

function leave() {
  if (selected.peek().size) clearSelection();
  else back(listPath());
}

async function refresh() {
  if (await attempt(sync(null))) announce(t("refreshed"));
}

/** @returns {import("../core/commands.js").Command[]} */
function acting() {
  return [
    { id: "archive", keys: ["e"], group: "message", icon: "archive", when: () => some() && !hereIs("archive"), run: act("archive") },
    { id: "trash", keys: ["#", "Delete"], group: "message", icon: "trash", when: some, run: act("trash") },
    { id: "spam", keys: ["!"], group: "message", icon: "junk", when: () => some() && !hereIs("junk"), run: act("spam") },
    { id: "not-spam", group: "message", icon: "inbox", when: () => some() && hereIs("junk"), run: act("notSpam") },
    { id: "to-inbox", group: "message", icon: "inbox", when: () => some() && !hereIs("inbox"), run: act("toInbox") },
    { id: "star", keys: ["s"], group: "message", icon: "star", when: some, run: act("toggleStar") },
    { id: "important", keys: ["+"], group: "message", icon: "important", when: some, run: more("toggleImportant") },
    { id: "mark-read", keys: ["Shift+I"], group: "message", icon: "read", when: some, run: act("markRead", true) },
    { id: "mark-unread", keys: ["Shift+U", "_"], group: "message", icon: "unread", when: some, run: markUnread },
    { id: "toggle-read", group: "message", icon: "read", when: some, hidden: true, run: act("toggleRead") },
    { id: "move", keys: ["v"], group: "message", icon: "move", when: some, opens: true, run: more("move") },
    { id: "label", keys: ["l"], group: "message", icon: "label", when: some, opens: true, run: more("label") },
    { id: "snooze", keys: ["b"], group: "message", icon: "snooze", when: () => some() && jmap.can(WEBMAIL), run: snooze },
    { id: "mute", keys: ["m"], group: "message", icon: "bell", when: some, run: more("mute") },
    { id: "archive-previous", keys: ["["], group: "message", icon: "archive", when: isReading, hidden: true, run: () => archiveAnd(-1) },
    { id: "archive-next", keys: ["]"], group: "message", icon: "archive", when: isReading, hidden: true, run: () => archiveAnd(1) },
    { id: "undo", keys: ["z"], group: "message", icon: "reply", run: act("undoLast") },
    { id: "toolbar", keys: [","], group: "other", icon: "menu", when: inList, hidden: true, run: () => /** @type {HTMLElement | null} */ (document.querySelector(openThread.peek() ? ".reader-bar button" : ".list-bar button, .list-bar input"))?.focus() },
  ];
}

async function markUnread() {
  const reading = openThread.peek();
  (await actions()).markRead(false);
  // Left open it would count as read again at once.
  if (reading) go(listPath(), { replace: true });
}

async function snooze() {
  const { snoozeMenu } = await import("./snooze.js");
  snoozeMenu(document.querySelector(openThread.peek() ? ".reader-bar" : ".list-rows [tabindex='0']") ?? document.body);
}

/** @param {number} by */
async function archiveAnd(by) {
  const at = cursor.peek();
  await (await actions()).archive();
  openRow(by < 0 ? Math.max(0, at - 1) : at);
}

/** @returns {import("../core/commands.js").Command[]} */
function messages() {
  const message = () => isReading() && Boolean(reading.value?.currentMessage());
  const id = () => reading.peek()?.currentMessage()?.id ?? "";
  return [
    { id: "reply", keys: ["r"], group: "message", icon: "reply", when: some, opens: true, run: () => answering("reply") },
    { id: "reply-all", keys: ["a"], group: "message", icon: "reply-all", when: some, opens: true, run: () => answering("replyAll") },
    { id: "forward", keys: ["f"], group: "message", icon: "forward", when: some, opens: true, run: () => answering("forward") },
    { id: "next-message", keys: ["n"], group: "list", icon: "down", when: message, hidden: true, run: () => reading.peek()?.moveMessage(1) },
    { id: "previous-message", keys: ["p"], group: "list", icon: "up", when: message, hidden: true, run: () => reading.peek()?.moveMessage(-1) },
    { id: "open-all", keys: [";"], group: "message", icon: "down", when: message, run: () => reading.peek()?.toggleAll(true) },
    { id: "fold-all", keys: [":"], group: "message", icon: "up", when: message, run: () => reading.peek()?.toggleAll(false) },
    { id: "print", keys: ["Mod+p"], group: "message", icon: "print", when: message, run: print },
    { id: "source", group: "message", icon: "code", when: message, run: () => { import("./source.js").then((module) => module.showSource(id())); } },
    { id: "hops", group: "message", icon: "route", when: message, run: () => { import("./source.js").then((module) => module.showHops(id())); } },
  ];
}

/** Answers what is open, or the row with the cursor. @param {"reply" | "replyAll" | "forward"} kind */
function answering(kind) {
  if (!openThread.peek()) openRow(cursor.peek());
  return loadReading().then((module) => module.answer(kind));
}

async function print() {
  (await import("./print.js")).printConversation();
}

/** @returns {import("../core/commands.js").Command[]} */
function selecting() {
  const by = /** @type {const} */ ({ all: "* a", none: "* n", read: "* r", unread: "* u", starred: "* s", unstarred: "* t" });
  return [
    { id: "select", keys: ["x"], group: "select", icon: "check", when: inList, hidden: true, run: () => select(cursor.peek()) },
    ...Object.entries(by).map(([which, keys]) => ({
      id: `select-${which}`, keys: [keys], group: "select", icon: "check", when: inList, hidden: true, run: act("selectBy", which),
    })),
  ];
}

/** @returns {import("../core/commands.js").Command[]} */
function arranging() {
  const mailbox = () => (place.value.mailboxId ? mailboxes.value?.get(place.value.mailboxId) : undefined);
  return [
    { id: "new-folder", group: "other", icon: "plus", run: () => { import("./folder-edit.js").then((module) => module.create(null)); } },
    { id: "read-all", group: "other", icon: "read", when: () => inList() && Boolean(place.value.filter), run: readAll },
    { id: "empty-folder", group: "other", icon: "trash", when: () => hereIs("trash") || hereIs("junk"), run: () => {
      const one = mailbox();
      if (one) import("./folder-edit.js").then((module) => module.empty(one, true));
    } },
    { id: "save-search", group: "other", icon: "search", when: () => place.value.kind === "search" && Boolean(place.value.key), run: () => { import("./search-suggest.js").then((module) => module.saveSearch(place.peek().key)); } },
    { id: "toggle-conversations", group: "other", icon: "people", when: inList, run: () => { attempt(change({ conversations: !settings.peek().conversations })); } },
    { id: "toggle-density", group: "other", icon: "menu", when: inList, run: () => { attempt(change({ density: settings.peek().density === "compact" ? "cosy" : "compact" })); } },
  ];
}

async function readAll() {
  const { filter } = place.peek();
  if (!filter) return;
  const { changeByFilter } = await import("./bulk.js");
  await attempt(changeByFilter({ operator: "AND", conditions: [filter, { notKeyword: "$seen" }] }, { "keywords/$seen": true }, t("folder.reading", { name: heading() })));
}

/** What acts on e-mails, fetched after the first view. */
const actions = () => import("./actions.js");

/** An action of actions.js. @param {"archive" | "trash" | "spam" | "notSpam" | "toInbox" | "toggleStar" | "markRead" | "toggleRead" | "undoLast" | "selectBy"} name @param {any} [how] @returns {() => void} */
function act(name, how) {
  return () => {
    actions().then((module) => {
      const does = /** @type {(how?: any) => unknown} */ (module[name]);
      return does(how);
    });
  };
}

/** An action of actions-more.js. @param {"move" | "label" | "toggleImportant" | "mute"} name @returns {() => Promise<void>} */
function more(name) {
  return () => import("./actions-more.js").then((module) => module[name]());
}

register([...moving(), ...acting(), ...messages(), ...selecting(), ...arranging()]);
