// Actions that ask first or are rarer: move and label by type-ahead, important, muted, deleted for good.
import { emails, mailboxes, sync } from "../core/data.js";
import { confirm, fitting, pick } from "../core/dialogs.js";
import { announce } from "../core/focus.js";
import { addCatalogue, t } from "../core/i18n.js";
import { MethodError } from "../core/jmap.js";
import { jmap } from "../core/session.js";
import { settings } from "../core/settings.js";
import { change, counted, ensureRole, inBulk, leave, meant, moveTo, moveToFolder, patched, targets } from "./actions.js";
import { attempt, folderIcon, folderName } from "./folders.js";
import { escapeStep } from "./patches.js";
import { isLabel } from "./rows.js";
import { allSelected, clearSelection, list, place } from "./view-state.js";

await addCatalogue("reading");

/** @typedef {import("./patches.js").Patch} Patch */
/** @typedef {import("./actions.js").Targets} Targets */

/** Asks for the folder, with type-ahead. */
export function move() {
  const on = targets();
  if (!on.emails.length && !allSelected.peek()) return;
  const here = place.peek().mailboxId;
  const choices = [...(mailboxes.value?.values() ?? [])].filter((one) => one.id !== here && one.myRights?.mayAddItems !== false)
    .map((one) => ({ label: folderName(one), detail: parentName(one), icon: folderIcon(one), run: () => { moveToFolder(one, on); } }));
  pick({
    title: t("command.move"), placeholder: t("folder.placeholder"),
    choices: (typed) => [...fitting(choices, typed), ...(typed.trim() ? [{
      label: t("folder.create", { name: typed.trim() }), icon: "plus", run: () => { moveToNew(typed.trim(), on); },
    }] : [])],
  });
}

/** @param {import("../core/data.js").Mailbox} one */
function parentName(one) {
  const parent = one.parentId ? mailboxes.value?.get(one.parentId) : undefined;
  return parent ? folderName(parent) : "";
}

/** @param {string} name @param {Targets} on */
async function moveToNew(name, on) {
  await attempt((async () => {
    const answer = await jmap.call("Mailbox/set", { create: { new: { name, parentId: null, isSubscribed: true } } });
    if (answer.notCreated?.new) throw new MethodError("Mailbox/set", answer.notCreated.new);
    await sync(null);
    const made = mailboxes.peek()?.get(answer.created.new.id);
    if (made) await moveToFolder(made, on);
  })());
}

/** Away for good. @param {Targets} on */
export async function destroy(on) {
  const n = allSelected.peek() ? list.peek()?.total.peek() ?? 0 : counted(on);
  if (!(await confirm({ title: t("destroy"), text: t("destroy.sure", { n }), yes: t("destroy"), danger: true }))) return;
  const { filter } = place.peek();
  if (allSelected.peek() && filter) {
    const { destroyByFilter } = await import("./bulk.js");
    clearSelection();
    await attempt(destroyByFilter(filter, t("destroy")));
    await list.peek()?.again();
    return;
  }
  const ids = meant(on.emails).map((one) => one.id);
  const putBack = leave(new Set(on.rowIds));
  const done = await attempt((async () => {
    const answer = await jmap.call("Email/set", { destroy: ids });
    const refused = Object.values(answer.notDestroyed ?? {})[0];
    if (refused) throw new MethodError("Email/set", /** @type {any} */ (refused));
  })());
  if (done) announce(t("destroyed", { n }));
  else putBack();
}

/** Important, or not. */
export function toggleImportant() {
  const on = targets();
  const important = !on.emails.some((one) => one.keywords.$important);
  return change(patched(on.emails, () => ({ "keywords/$important": important ? true : null })), { words: t(important ? "done.important" : "done.unimportant", { n: counted(on) }), quiet: true });
}

/** Every label that is known: those with a colour, and those seen. */
export function knownLabels() {
  const known = new Set(Object.keys(settings.peek().labelColours));
  for (const one of emails.values()) for (const keyword of Object.keys(one.keywords ?? {})) if (isLabel(keyword)) known.add(keyword);
  return [...known].sort((a, b) => a.localeCompare(b));
}

/** What a keyword cannot hold (RFC 8621 §4.1.1). */
const KEYWORD = /^[^\s(){%*"\\\]\x00-\x1f\x7f]{1,255}$/u;

/** A typed label as a keyword: small letters, no spaces; "" when it cannot be one. @param {string} typed */
export function labelKeyword(typed) {
  const made = typed.trim().toLowerCase().replace(/\s+/g, "-");
  return KEYWORD.test(made) && /^[\x21-\x7e]+$/.test(made) && isLabel(made) ? made : "";
}

/** Asks for a label, and puts it on or takes it off. */
export function label() {
  const on = targets();
  const has = (/** @type {string} */ name) => on.emails.some((one) => one.keywords[name]);
  const set = (/** @type {string} */ name) => {
    const off = has(name);
    /** @type {Patch} */ const patch = { [`keywords/${escapeStep(name)}`]: off ? null : true };
    const words = t(off ? "done.unlabelled" : "done.labelled", { n: counted(on), name });
    inBulk(patch, words).then(async (done) => {
      if (!done) await change(patched(meant(on.emails), () => patch), { words });
    });
  };
  pick({
    title: t("command.label"), placeholder: t("label.placeholder"),
    choices: (typed) => {
      const found = fitting(knownLabels().map((name) => ({ label: name, icon: has(name) ? "check" : "label", run: () => set(name) })), typed);
      const made = labelKeyword(typed);
      return made && !found.some((one) => one.label === made) ? [...found, { label: t("label.create", { name: made }), icon: "plus", run: () => set(made) }] : found;
    },
  });
}

/** Mutes conversations: read, archived and marked, so that what follows in them is not announced. */
export async function mute() {
  const on = targets();
  const id = await ensureRole("archive");
  if (!id) return;
  await moveTo(id, (n) => t("done.muted", { n }), on, { "keywords/$muted": true, "keywords/$seen": true });
}
