// A conversation: its messages one below the other, all folded but the unread and the last.
//
// Owns which messages are open, when they count as read, and the bar above. One message is message.js's.
import { html, nothing } from "lit-html";
import { repeat } from "lit-html/repeat";
import { effect, signal, untracked } from "signals";
import { emails, emailsTick, identities, pinned, withRole } from "../core/data.js";
import { command, commandLabel, keyHint, run } from "../core/commands.js";
import { menu } from "../core/dialogs.js";
import { announce } from "../core/focus.js";
import { t } from "../core/i18n.js";
import { icon } from "../core/icons.js";
import { compose } from "../core/pages.js";
import { go } from "../core/router.js";
import { settings } from "../core/settings.js";
import { mount } from "../core/view.js";
import * as actions from "./actions.js";
import { chip } from "./list.js";
import { fetchMessages, fetchThread, messages, messagesTick, renderAgain, renderings } from "./message-data.js";
import { messageTemplate } from "./message.js";
import { isLabel, isUnread } from "./rows.js";
import { cursor, list, listPath, members, openThread, place } from "./view-state.js";

/** @typedef {import("../core/data.js").Email} Email */

/** Messages that are open, by e-mail id; null while the conversation is not known yet: then those that will be.
 * @type {import("signals").Signal<Set<string> | null>} */
const chosen = signal(/** @type {Set<string> | null} */ (null));
const opened = () => chosen.value ?? new Set(openAtFirst(shown()));
/** The message that keys act on. */
export const current = signal("");
/** How the fetching stands. @type {import("signals").Signal<"" | "waiting" | "gone" | "failed">} */
const state = signal(/** @type {"" | "waiting" | "gone" | "failed"} */ (""));
/** Are the messages in trash and spam shown, too? */
const showsAll = signal(false);

/** The messages of the open conversation that are shown, oldest first. @returns {Email[]} */
export function shown() {
  const all = members(openThread.value);
  if (showsAll.value) return all;
  const out = ["trash", "junk"].map((role) => withRole(role)?.id ?? "").filter((id) => id && id !== place.value.mailboxId);
  const kept = all.filter((one) => !out.some((id) => one.mailboxIds[id]));
  return kept.length ? kept : all;
}

/** Which messages are open at first. @param {Email[]} all @returns {string[]} */
export function openAtFirst(all) {
  const last = all.at(-1);
  return all.filter((one) => one === last || isUnread(one)).map((one) => one.id);
}

/**
 * Shows the conversation of the path.
 * @param {HTMLElement} host @param {HTMLElement} scroller what scrolls it
 * @returns {() => void}
 */
export function showConversation(host, scroller) {
  let reading = 0;
  const ends = [
    mount(host, template),
    effect(() => {
      const thread = openThread.value;
      clearTimeout(reading);
      untracked(() => {
        if (thread) begin(thread, scroller);
      });
    }),
    effect(() => {
      const ids = [...(chosen.value ?? [])].filter((id) => emails.get(id)?.threadId === openThread.value);
      void messagesTick.value;
      clearTimeout(reading);
      const wait = settings.value.readAfterS;
      if (wait < 0) return;
      const unread = ids.filter((id) => messages.has(id) && isUnread(/** @type {Email} */ (emails.get(id))));
      if (unread.length) reading = window.setTimeout(() => markSeen(unread), wait * 1000);
    }),
    effect(() => {
      void settings.value.theme;
      untracked(() => {
        renderAgain([...opened()]).catch(console.error);
      });
    }),
  ];
  const scheme = matchMedia("(prefers-color-scheme: dark)");
  const again = () => {
    renderAgain([...opened()]).catch(console.error);
  };
  scheme.addEventListener("change", again);
  return () => {
    clearTimeout(reading);
    scheme.removeEventListener("change", again);
    for (const end of ends) end();
  };
}

/** @param {string} thread @param {HTMLElement} host */
async function begin(thread, host) {
  pinned.clear();
  pinned.add(thread);
  const known = shown();
  chosen.value = known.length ? new Set(openAtFirst(known)) : null;
  current.value = known.at(-1)?.id ?? "";
  showsAll.value = false;
  state.value = known.length && openAtFirst(known).every((id) => messages.has(id)) ? "" : "waiting";
  host.scrollTop = 0;
  try {
    const found = await fetchThread(thread, openAtFirst, known);
    if (openThread.peek() !== thread) return;
    chosen.value ??= new Set(openAtFirst(shown()));
    current.value ||= shown().at(-1)?.id ?? "";
    state.value = found ? "" : "gone";
    if (found) ahead(thread);
    if (found) announce(t("reader.opened", { subject: shown()[0]?.subject || t("subject.none"), n: shown().length }));
  } catch (error) {
    console.error(error);
    if (openThread.peek() === thread) state.value = known.every((one) => messages.has(one.id)) && known.length ? "" : "failed";
  }
}

/** How long a conversation must be open before the next one is fetched ahead. */
const AHEAD_MS = 200;

/** Fetches the messages of the next row, so that going on costs no wait. @param {string} thread */
function ahead(thread) {
  setTimeout(() => {
    if (openThread.peek() !== thread) return;
    const next = emails.get(list.peek()?.ids[cursor.peek() + 1] ?? "");
    if (next) fetchMessages(openAtFirst(members(next.threadId))).catch(() => {});
  }, AHEAD_MS);
}

/** @param {string[]} ids */
function markSeen(ids) {
  const patches = new Map(ids.filter((id) => emails.has(id)).map((id) => [id, /** @type {import("./patches.js").Patch} */ ({ "keywords/$seen": true })]));
  actions.change(patches, { words: "", silent: true });
}

/** Forgets the frames that are not on screen: a server that was started anew knows their addresses no longer. */
export function forgetFrames() {
  const kept = opened();
  for (const id of [...renderings.keys()]) if (!kept.has(id)) renderings.delete(id);
}

/** Opens or folds a message. @param {string} id @param {boolean} [on] */
export function toggle(id, on) {
  const next = new Set(opened());
  const opens = on ?? !next.has(id);
  if (opens) next.add(id);
  else next.delete(id);
  chosen.value = next;
  current.value = id;
  if (opens) fetchMessages([id]).catch(console.error);
}

/** Opens all, or folds all. @param {boolean} on */
export function toggleAll(on) {
  const ids = shown().map((one) => one.id);
  chosen.value = new Set(on ? ids : []);
  if (on) fetchMessages(ids).catch(console.error);
}

/** Goes to the next or previous message of the conversation. @param {number} by */
export function moveMessage(by) {
  const all = shown();
  const at = all.findIndex((one) => one.id === current.peek());
  const next = all[Math.max(0, Math.min(all.length - 1, at + by))];
  if (!next) return;
  toggle(next.id, true);
  queueMicrotask(() => {
    const target = /** @type {HTMLElement | null} */ (document.getElementById(`message-${next.id}`)?.querySelector(".message-head"));
    target?.focus();
    target?.scrollIntoView({ block: "nearest" });
  });
}

/** The message that keys act on, or the last one. @returns {Email | undefined} */
export function currentMessage() {
  const all = shown();
  return all.find((one) => one.id === current.peek()) ?? all.at(-1);
}

function template() {
  const thread = openThread.value;
  if (!thread) return nothing;
  void emailsTick.value;
  void messagesTick.value;
  const all = shown();
  if (!all.length && state.value === "gone") return html`${bar()}<div class="empty">${icon("info")}<h1>${t("reader.gone")}</h1></div>`;
  if (state.value === "failed") return html`${bar()}<div class="empty">${icon("warning")}<h1>${t("reader.failed")}</h1><button class="button" @click=${() => location.reload()}>${t("reload")}</button></div>`;
  const openIds = opened();
  const isOpen = (/** @type {string} */ id) => openIds.has(id);
  const subject = all[0]?.subject || (all.length ? t("subject.none") : "");
  const labels = [...new Set(all.flatMap((one) => Object.keys(one.keywords).filter(isLabel)))];
  const hidden = members(thread).length - all.length;
  const drawn = all.map((one) => ({ id: one.id, message: messageTemplate(one, { open: isOpen(one.id), current: one.id === current.value, single: all.length === 1, toggle: () => toggle(one.id) }) }));
  return html`${bar()}<div class="conversation">
    <header class="conversation-head"><h1 id="conversation-subject" tabindex="-1">${subject}</h1>${labels.map(chip)}
      ${all.length > 1 ? html`<span class="spacer"></span><button class="button small" @click=${() => toggleAll(!all.every((one) => isOpen(one.id)))}>
        ${t(all.every((one) => isOpen(one.id)) ? "messages.fold" : "messages.open", { n: all.length })}</button>` : nothing}</header>
    ${hidden > 0 ? html`<p class="conversation-note">${t("messages.hidden", { n: hidden })} <button class="button small" @click=${() => { showsAll.value = true; }}>${t("show")}</button></p>` : nothing}
    ${repeat(drawn, (one) => one.id, (one) => one.message)}
    ${all.length && !all.at(-1)?.keywords.$draft ? replyLine(/** @type {Email} */ (all.at(-1))) : nothing}
  </div>`;
}

/** @param {Email} one */
function replyLine(one) {
  return html`<div class="reply-line">${["reply", "reply-all", "forward"].map((id) => html`<button class="button" title=${keyHint(id)} @click=${() => { current.value = one.id; run(id); }}>${icon(id)}<span>${commandLabel(id)}</span></button>`)}</div>`;
}

function bar() {
  const button = (/** @type {string} */ id, /** @type {string} */ image = "") => (command(id) ? html`<button class="icon-button" data-command=${id} aria-label=${commandLabel(id)} title="${commandLabel(id)}${keyHint(id) ? ` (${keyHint(id)})` : ""}" @click=${() => run(id)}>${icon(image || command(id)?.icon || "more")}</button>` : nothing);
  void emailsTick.value;
  const starred = members(openThread.value).some((one) => one.keywords.$flagged);
  return html`<div class="reader-bar" role="toolbar" aria-label=${t("reader.tools")}>
    <button class="icon-button reader-back" aria-label=${t("reader.back")} title="${t("reader.back")} (${keyHint("back-to-list")})" @click=${() => go(listPath())}>${icon("back")}</button>
    ${button("archive")}${button("trash")}${button(place.value.key === "junk" ? "not-spam" : "spam")}<span class="bar-line"></span>
    ${button("mark-unread")}${button("snooze")}${button("move")}${button("label")}${button("star", starred ? "star-on" : "star")}
    <span class="spacer"></span>${button("previous", "up")}${button("next", "down")}
    <button class="icon-button" aria-haspopup="menu" aria-label=${t("more")} @click=${more}>${icon("more")}</button></div>`;
}

/** @param {Event} event */
function more(event) {
  const anchor = /** @type {Element} */ (event.currentTarget);
  import("./list-menus.js").then(({ items }) => menu(anchor, items(["reply", "reply-all", "forward", "", "label", "star", "spam", "important", "mute", "to-inbox", "", "print", "source", "hops", "open-all"])));
}

/** Answers or forwards the message with the cursor. @param {"reply" | "replyAll" | "forward"} kind */
export async function answer(kind) {
  const one = currentMessage();
  if (one) await compose({ kind, emailId: one.id });
}

/** Opens or folds the message with the cursor; a draft is written on. */
export function openCurrent() {
  const one = currentMessage();
  if (one?.keywords.$draft) compose({ kind: "draft", emailId: one.id });
  else if (one) toggle(one.id);
}

/** Is this e-mail one that the person sent? @param {Email} one */
export function isOwn(one) {
  const from = one.from?.[0]?.email.toLowerCase();
  return Boolean(from && !one.keywords.$draft && identities.value.some((each) => each.email.toLowerCase() === from));
}
