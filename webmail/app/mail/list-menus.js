// The menus of the list: of a row, of the selection, of the list itself.
import { menu } from "../core/dialogs.js";
import { command, commandLabel, keyHint, run } from "../core/commands.js";
import * as actions from "./actions.js";

/** Commands of the menu of a row. */
const ROW = ["reply", "forward", "", "archive", "trash", "spam", "not-spam", "snooze", "move", "label", "", "toggle-read", "star"];

/** Commands as items; "" is a line, and what may not be done now is left out. @param {string[]} ids */
export function items(ids) {
  return ids.filter((id) => id === "" || command(id)).map((id) => (id === "" ? null : { label: commandLabel(id), icon: command(id)?.icon, hint: keyHint(id), run: () => { run(id); } }));
}

/** @param {Element} anchor */
export const rowMenu = (anchor) => menu(anchor, items(ROW));
/** @param {Element} anchor */
export const moreMenu = (anchor) => menu(anchor, items(["snooze", "star", "mark-unread", "important", "mute", "to-inbox", "not-spam"]));
/** @param {Element} anchor */
export const listMenu = (anchor) => menu(anchor, items(["read-all", "empty-folder", "save-search", "toggle-conversations", "toggle-density"]));
/** @param {Element} anchor */
export function selectMenu(anchor) {
  const which = /** @type {const} */ (["all", "none", "read", "unread", "starred", "unstarred"]);
  menu(anchor, which.map((one) => ({ label: commandLabel(`select-${one}`), hint: keyHint(`select-${one}`), run: () => actions.selectBy(one) })));
}
