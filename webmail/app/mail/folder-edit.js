// Changes of folders: made, renamed, moved, hidden, emptied, deleted (RFC 8621 §2.5), and their menu.
import { mailboxes, sync, withRole } from "../core/data.js";
import { confirm, fitting, menu, pick, prompt } from "../core/dialogs.js";
import { announce } from "../core/focus.js";
import { addCatalogue, t } from "../core/i18n.js";
import { MethodError } from "../core/jmap.js";
import { go } from "../core/router.js";
import { jmap } from "../core/session.js";
import { change, settings } from "../core/settings.js";
import { toast } from "../core/toasts.js";
import { attempt, flat, folderIcon, folderName, forest, isOpen } from "./folders.js";

await addCatalogue("reading");

/** @typedef {import("../core/data.js").Mailbox} Mailbox */

/** The menu of a folder. @param {Element} anchor @param {Mailbox} mailbox */
export function folderMenu(anchor, mailbox) {
  const rights = mailbox.myRights ?? {};
  const mayMove = rights.mayRename !== false && mailbox.role !== "inbox";
  const empties = mailbox.role === "trash" || mailbox.role === "junk";
  menu(anchor, [
    { label: t("folder.read-all"), icon: "read", run: () => { readAll(mailbox); } },
    ...(rights.mayCreateChild === false ? [] : [{ label: t("folder.new-below"), icon: "plus", run: () => { create(mailbox); } }]),
    ...(mayMove ? [{ label: t("folder.rename"), icon: "edit", run: () => { rename(mailbox); } }, { label: t("folder.move"), icon: "move", run: () => moveFolder(mailbox) }] : []),
    { label: t("folder.unsubscribe"), icon: "folder", run: () => { subscribe(mailbox, false); } },
    { label: t("folder.subscriptions"), icon: "menu", run: subscriptions },
    null,
    { label: t("folder.empty"), icon: "trash", danger: true, run: () => { empty(mailbox, empties); } },
    ...(rights.mayDelete === false || mailbox.role === "inbox" ? [] : [{ label: t("folder.delete"), icon: "trash", danger: true, run: () => { destroy(mailbox); } }]),
  ], { label: t("folder.menu", { name: folderName(mailbox) }) });
}

/**
 * Mailbox/set, with the error of its first refusal.
 * @param {Record<string, any>} args
 */
async function setMailbox(args) {
  const answer = await jmap.call("Mailbox/set", args);
  const refused = Object.values({ ...answer.notCreated, ...answer.notUpdated, ...answer.notDestroyed })[0];
  if (refused) throw new MethodError("Mailbox/set", refused);
  await sync(null);
  return answer;
}

/** A name that cannot be. @param {string} name @param {string | null} parentId @param {Mailbox} [self] */
function nameProblem(name, parentId, self) {
  if (!name) return t("folder.name.none");
  const taken = [...(mailboxes.value?.values() ?? [])].some((one) => one !== self && one.parentId === parentId && one.name === name);
  return taken ? t("folder.name.taken") : "";
}

/** @param {Mailbox | null} parent */
export async function create(parent) {
  const parentId = parent?.id ?? null;
  const name = await prompt({
    title: parent ? t("folder.new-in", { name: folderName(parent) }) : t("folder.new"), label: t("folder.name"), yes: t("create"),
    check: (value) => nameProblem(value, parentId),
  });
  if (!name) return undefined;
  let id;
  await attempt(setMailbox({ create: { new: { name, parentId, isSubscribed: true } } }).then((answer) => {
    id = answer.created?.new?.id;
    announce(t("folder.created", { name }));
  }));
  return id;
}

/** @param {Mailbox} mailbox */
async function rename(mailbox) {
  const name = await prompt({
    title: t("folder.rename"), label: t("folder.name"), value: mailbox.name, yes: t("folder.rename"),
    check: (value) => nameProblem(value, mailbox.parentId, mailbox),
  });
  if (!name || name === mailbox.name) return;
  const before = mailbox.name;
  if (!(await attempt(setMailbox({ update: { [mailbox.id]: { name } } })))) return;
  toast({ text: t("folder.renamed", { name }), label: t("undo"), run: () => { attempt(setMailbox({ update: { [mailbox.id]: { name: before } } })); } });
}

/** @param {Mailbox} mailbox */
function moveFolder(mailbox) {
  const within = new Set([mailbox.id]);
  for (const one of flat(forest(mailboxes.value?.values() ?? []))) if (one.mailbox.parentId && within.has(one.mailbox.parentId)) within.add(one.mailbox.id);
  const to = (/** @type {string | null} */ parentId) => () => {
    attempt(setMailbox({ update: { [mailbox.id]: { parentId } } }));
  };
  const choices = [...(mailboxes.value?.values() ?? [])].filter((one) => !within.has(one.id) && one.myRights?.mayCreateChild !== false)
    .map((one) => ({ label: folderName(one), icon: folderIcon(one), run: to(one.id) }));
  pick({ title: t("folder.move"), placeholder: t("folder.placeholder"), choices: (typed) => fitting([{ label: t("folder.top"), icon: "up", run: to(null) }, ...choices], typed) });
}

/** @param {Mailbox} mailbox @param {boolean} isSubscribed */
async function subscribe(mailbox, isSubscribed) {
  if (!(await attempt(setMailbox({ update: { [mailbox.id]: { isSubscribed } } })))) return;
  if (!isSubscribed) toast({ text: t("folder.hidden", { name: folderName(mailbox) }), label: t("undo"), run: () => { subscribe(mailbox, true); } });
}

function subscriptions() {
  pick({
    title: t("folder.subscriptions"), placeholder: t("folder.placeholder"),
    choices: (typed) => fitting([...(mailboxes.value?.values() ?? [])].map((one) => ({
      label: folderName(one), detail: one.isSubscribed ? t("folder.shown") : t("folder.not-shown"), icon: one.isSubscribed ? "check" : "plus",
      run: () => { subscribe(one, !one.isSubscribed); },
    })), typed),
  });
}

/** @param {Mailbox} mailbox */
async function destroy(mailbox) {
  const name = folderName(mailbox);
  const yes = await confirm({ title: t("folder.delete"), text: t("folder.delete.sure", { name, n: mailbox.totalEmails }), yes: t("folder.delete"), danger: true });
  if (!yes) return;
  if (isOpen(mailbox)) go("/mail");
  const done = await attempt(setMailbox({ destroy: [mailbox.id], onDestroyRemoveEmails: true }));
  if (done) announce(t("folder.deleted", { name }));
}

/** @param {Mailbox} mailbox */
async function readAll(mailbox) {
  const { changeByFilter } = await import("./bulk.js");
  await attempt(changeByFilter({ inMailbox: mailbox.id, notKeyword: "$seen" }, { "keywords/$seen": true }, t("folder.reading", { name: folderName(mailbox) })));
}

/** Removes all messages of a folder: for good from trash and spam, to the trash from others. @param {Mailbox} mailbox @param {boolean} forGood */
export async function empty(mailbox, forGood) {
  const name = folderName(mailbox);
  const yes = await confirm({ title: t("folder.empty"), text: t(forGood ? "folder.empty.good" : "folder.empty.sure", { name, n: mailbox.totalEmails }), yes: t("folder.empty"), danger: true });
  if (!yes) return;
  const { changeByFilter, destroyByFilter } = await import("./bulk.js");
  const trash = withRole("trash");
  const doing = forGood || !trash ? destroyByFilter({ inMailbox: mailbox.id }, t("folder.emptying", { name }))
    : changeByFilter({ inMailbox: mailbox.id }, { [`mailboxIds/${mailbox.id}`]: null, [`mailboxIds/${trash.id}`]: true }, t("folder.emptying", { name }));
  await attempt(doing);
}

/** Forgets a saved search. @param {{ name: string, query: string }} gone */
export async function forgetSearch(gone) {
  const before = settings.value.savedSearches;
  await attempt(change({ savedSearches: before.filter((one) => one !== gone) }));
  toast({ text: t("search.forgotten", { name: gone.name }), label: t("undo"), run: () => { attempt(change({ savedSearches: before })); } });
}
