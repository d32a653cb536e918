// The list of conversations: a window of rows over a list of any length.
//
// Owns drawing, scrolling, pointer and focus of rows. Rows have one height, so that a position is a multiplication.
import { html, nothing } from "lit-html";
import { repeat } from "lit-html/repeat";
import { effect, signal, untracked } from "signals";
import { emails, emailsTick, onScreen, ownAddresses } from "../core/data.js";
import { displayName, firstName, longDate, shortDate } from "../core/format.js";
import { t } from "../core/i18n.js";
import { icon } from "../core/icons.js";
import { settings } from "../core/settings.js";
import { element, mount } from "../core/view.js";
import { command, commandLabel, keyHint, run } from "../core/commands.js";
import { dragged } from "./folders.js";
import { marked, rowOf, shortened } from "./rows.js";
import { allSelected, cursor, list, members, openRow, openThread, place, select, selected, selectRange, wanted } from "./view-state.js";

/** Rows drawn beyond the edges, so that scrolling shows no gap. */
const BEYOND = 6;
/** A list that moves faster than this many rows in a frame shows blanks and asks for nothing until it slows down. */
const FAST_ROWS = 60;

/** The window of rows that is drawn. */
const frame = signal({ first: 0, end: 40 });
/** Where a selection with Shift begins. */
let anchorRow = 0;
let rowHeight = 74;
let scrolledFast = 0;

/**
 * Shows the list.
 * @param {HTMLElement} host
 * @returns {() => void}
 */
export function showList(host) {
  const scroller = element("div", { class: "list-scroll", tabindex: "-1" });
  const grid = element("div", { class: "list-grid", role: "grid", "aria-multiselectable": "true" });
  const rows = element("div", { class: "list-rows", role: "rowgroup" });
  const after = element("div", { class: "list-after" });
  grid.append(rows);
  scroller.append(grid, after);
  host.append(scroller);
  const look = () => {
    const first = Math.max(0, Math.floor(scroller.scrollTop / rowHeight) - BEYOND);
    const end = Math.ceil((scroller.scrollTop + scroller.clientHeight) / rowHeight) + BEYOND;
    kept.top = list.peek()?.ids[Math.floor(scroller.scrollTop / rowHeight)];
    const moved = Math.abs(first - frame.peek().first);
    if (first !== frame.peek().first || end !== frame.peek().end) frame.value = { first, end };
    clearTimeout(scrolledFast);
    if (moved < FAST_ROWS) list.peek()?.need(first, end);
    else scrolledFast = window.setTimeout(() => list.peek()?.need(frame.peek().first, frame.peek().end), 80);
  };
  scroller.addEventListener("scroll", look, { passive: true });
  const shown = () => /** @type {string[]} */ (list.peek()?.ids.slice(frame.peek().first, frame.peek().end).filter(Boolean) ?? []);
  onScreen.add(shown);
  const measured = new ResizeObserver(() => {
    measure(scroller);
    look();
  });
  measured.observe(scroller);
  const ends = [
    mount(rows, rowsTemplate, () => keepFocus(rows, scroller)),
    mount(after, afterTemplate),
    effect(() => {
      const data = list.value;
      scroller.scrollTop = 0;
      kept.cursor = undefined;
      kept.top = undefined;
      frame.value = { first: 0, end: frame.peek().end };
      data?.need(0, Math.max(frame.peek().end, 30));
    }),
    effect(() => {
      const data = list.value;
      void settings.value.density;
      void data?.tick.value;
      measure(scroller);
      const total = data?.total.value ?? 0;
      grid.style.height = `${Math.max(0, total) * rowHeight}px`;
      grid.setAttribute("aria-rowcount", String(total));
      grid.setAttribute("aria-label", t("list.name"));
      grid.hidden = total === 0;
      if (data && total >= 0) queueMicrotask(() => data.need(frame.peek().first, frame.peek().end));
    }),
    effect(() => {
      rows.style.transform = `translateY(${frame.value.first * rowHeight}px)`;
    }),
    effect(() => {
      const row = cursor.value;
      const id = list.peek()?.ids[row];
      // Pushed down by what came above, it is still the same row: who looks at the newest goes on seeing the newest.
      if (id === undefined || id !== kept.cursor) reveal(scroller, row);
      kept.cursor = id;
    }),
    effect(() => {
      const data = list.value;
      void data?.tick.value;
      if (data) untracked(() => keepPlace(data, scroller));
    }),
  ];
  grid.addEventListener("keydown", gridKey);
  grid.addEventListener("focusin", () => {
    hasFocus = true;
  });
  grid.addEventListener("focusout", (event) => {
    // A row that is drawn no more loses the focus without another getting it; then it is kept for the cursor.
    const row = /** @type {Element} */ (event.target);
    queueMicrotask(() => {
      if (row.isConnected && !grid.contains(document.activeElement)) hasFocus = false;
    });
  });
  return () => {
    measured.disconnect();
    onScreen.delete(shown);
    for (const end of ends) end();
  };
}

let hasFocus = false;

/** What stood at the cursor and at the upper edge, by id: both stay with their rows when rows come and go above them.
 * @type {{ cursor: string | undefined, top: string | undefined }} */
const kept = { cursor: undefined, top: undefined };

/** @param {import("./list-data.js").ListData} data @param {HTMLElement} scroller */
function keepPlace(data, scroller) {
  const topRow = Math.floor(scroller.scrollTop / rowHeight);
  const top = kept.top && topRow > 0 ? data.indexOf(kept.top) : -1;
  if (top >= 0 && top !== topRow) scroller.scrollTop += (top - topRow) * rowHeight;
  const back = wanted.row ? data.indexOf(wanted.row) : -1;
  if (back >= 0) {
    kept.cursor = wanted.row;
    wanted.row = undefined;
    reveal(scroller, back);
  }
  const at = kept.cursor ? data.indexOf(kept.cursor) : -1;
  if (at >= 0 && at !== cursor.peek()) cursor.value = at;
  kept.cursor = data.ids[cursor.peek()];
  kept.top = data.ids[Math.floor(scroller.scrollTop / rowHeight)];
}

/** @param {HTMLElement} scroller */
function measure(scroller) {
  const said = Number.parseFloat(getComputedStyle(scroller).getPropertyValue("--row"));
  if (said > 0) rowHeight = said;
}

/** Scrolls as little as shows the row. @param {HTMLElement} scroller @param {number} row */
function reveal(scroller, row) {
  const top = row * rowHeight;
  if (top < scroller.scrollTop) scroller.scrollTop = top;
  else if (top + rowHeight > scroller.scrollTop + scroller.clientHeight) scroller.scrollTop = top + rowHeight - scroller.clientHeight;
}

/** Gives the focus to the row with the cursor, when the list has it. @param {HTMLElement} rows @param {HTMLElement} scroller */
function keepFocus(rows, scroller) {
  if (!hasFocus || (document.activeElement !== document.body && !scroller.contains(document.activeElement))) return;
  const row = /** @type {HTMLElement | null} */ (rows.querySelector('[tabindex="0"]'));
  if (row && document.activeElement !== row && !row.contains(document.activeElement)) row.focus({ preventScroll: true });
}

/** Moves the focus into the list. */
export function focusList() {
  hasFocus = true;
  // After the drawing that a moved cursor has asked for: the row that takes the focus becomes the cursor's.
  queueMicrotask(focusCursor);
}

function focusCursor() {
  const row = /** @type {HTMLElement | null} */ (document.querySelector('.list-rows [tabindex="0"]') ?? document.querySelector(".list-scroll"));
  row?.focus({ preventScroll: true });
}

/**
 * Moves the cursor by some rows. With a conversation open, the next one is opened.
 * @param {number} by
 */
export function moveCursor(by) {
  const data = list.peek();
  const total = data?.total.peek() ?? 0;
  if (total <= 0) return;
  const next = Math.max(0, Math.min(total - 1, cursor.peek() + by));
  cursor.value = next;
  anchorRow = next;
  hasFocus = true;
  if (openThread.peek()) openSoon();
}

let opening = 0;
/** How long the cursor must rest before its conversation is opened: keys held down do not fetch every one. */
const REST_MS = 90;

function openSoon() {
  clearTimeout(opening);
  opening = window.setTimeout(() => openRow(cursor.peek()), REST_MS);
}

/** @param {KeyboardEvent} event */
function gridKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const page = Math.max(1, Math.floor((frame.peek().end - frame.peek().first) - 2 * BEYOND - 1));
  const by = /** @type {Record<string, number>} */ ({ ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity })[event.key];
  if (by !== undefined) {
    const from = anchorRow;
    moveCursor(by);
    if (event.shiftKey) {
      selectRange(from, cursor.peek());
      anchorRow = from;
    }
  } else if (event.key === "Enter" && event.target instanceof Element && event.target.matches("[role=row]")) openRow(cursor.peek());
  else if (event.key === " " && event.target instanceof Element && event.target.matches("[role=row]")) select(cursor.peek());
  else return;
  event.preventDefault();
}

function rowsTemplate() {
  const data = list.value;
  void data?.tick.value;
  void emailsTick.value;
  const total = data?.total.value ?? -1;
  const { first, end } = frame.value;
  const last = total < 0 ? Math.min(end, 12) : Math.min(end, total);
  const indexes = [];
  for (let at = Math.min(first, Math.max(0, last)); at < last; at += 1) indexes.push(at);
  // While part of a list is read again, one e-mail may stand in it twice: keys must differ all the same.
  const seen = new Set();
  const key = (/** @type {number} */ at) => {
    const id = data?.ids[at] ?? `gap-${at}`;
    return seen.has(id) ? `${id}-${at}` : (seen.add(id), id);
  };
  // Made here, not in the callback of `repeat`: only what is read now is followed.
  const rows = indexes.map((at) => ({ key: key(at), row: rowTemplate(data?.ids[at], at) }));
  return repeat(rows, (one) => one.key, (one) => one.row);
}

/** @param {string | undefined} id @param {number} at */
function rowTemplate(id, at) {
  const head = id ? emails.get(id) : undefined;
  if (!head || !id) return html`<div class="row waiting" role="row" aria-rowindex=${at + 1} tabindex=${at === cursor.value ? "0" : "-1"}><span role="gridcell" class="row-text"><span class="bone"></span><span class="bone"></span><span class="bone"></span></span></div>`;
  const role = place.value.kind === "mailbox" ? place.value.key : "";
  const collapse = settings.value.conversations;
  const row = rowOf(head, collapse ? members(head.threadId) : [head], ownAddresses.value, role === "sent" || role === "drafts");
  const isSelected = selected.value.has(id);
  const isOpen = openThread.value === row.threadId;
  const classes = `row ${row.unread ? "unread" : ""} ${isSelected ? "selected" : ""} ${isOpen ? "open" : ""} ${at === cursor.value ? "cursor" : ""}`;
  const snippet = list.value?.snippets.get(id);
  return html`<div class=${classes} role="row" aria-rowindex=${at + 1} aria-selected=${String(isSelected)} aria-label=${spoken(row)} tabindex=${at === cursor.value ? "0" : "-1"}
      draggable="true" @click=${(/** @type {MouseEvent} */ event) => click(event, at)} @focus=${() => focused(at)} @dragstart=${(/** @type {DragEvent} */ event) => dragStart(event, id)} @dragend=${dragEnd}
      @contextmenu=${(/** @type {MouseEvent} */ event) => contextMenu(event, at)}>
    <span role="gridcell" class="row-pick"><label class="pick-target"><input type="checkbox" tabindex="-1" .checked=${isSelected} aria-label=${t("list.select")} @click=${(/** @type {MouseEvent} */ event) => pickClick(event, at)}>
      <span class="avatar tint-${tint(row)}" aria-hidden="true">${initial(row)}</span></label></span>
    <span role="gridcell" class="row-text">
      <span class="row-first"><span class="row-people">${people(row)}</span>${row.count > 1 ? html`<span class="row-count">${row.count}</span>` : nothing}
        ${row.answered ? icon("reply") : nothing}${row.attachment ? icon("attachment") : nothing}
        <time class="row-date" datetime=${row.date} title=${longDate(row.date)}>${shortDate(row.date)}</time></span>
      <span class="row-second"><span class="row-subject">${pieces(snippet?.subject, row.subject || t("subject.none"))}</span>
        <span class="row-preview">${pieces(snippet?.preview, row.preview)}</span>
        ${row.labels.length ? html`<span class="row-labels">${row.labels.slice(0, 3).map(chip)}</span>` : nothing}</span>
    </span>
    <span role="gridcell" class="row-star"><button class="icon-button star" tabindex="-1" aria-pressed=${String(row.starred)} aria-label=${t("command.star")}
      @click=${(/** @type {MouseEvent} */ event) => { event.stopPropagation(); actions().then((does) => does.toggleStar(does.ofRows([id]))); }}>${icon(row.starred ? "star-on" : "star")}</button></span>
  </div>`;
}

/** A text with the words that were searched. @param {string | null | undefined} snippet @param {string} plain */
function pieces(snippet, plain) {
  if (!snippet) return plain;
  return marked(snippet).map(({ text, mark }) => (mark ? html`<mark>${text}</mark>` : text));
}

/** A label. @param {string} name */
export function chip(name) {
  const colour = settings.value.labelColours[name] ?? "grey";
  return html`<span class="label-chip label-${colour}">${settings.value.labelNames[name] ?? name}</span>`;
}

/** @param {import("./rows.js").Row} row */
function people(row) {
  const name = (/** @type {{ who: import("../core/format.js").EmailAddress, me: boolean }} */ one) => (one.me ? t("me") : row.people.length > 1 ? firstName(one.who) : displayName(one.who));
  if (!row.people.length) return html`<span class="soft">${t(row.draft ? "people.no-recipient" : "people.none")}</span>`;
  const shown = shortened(row.people).map((one, at) => (one === null ? " … " : html`${at > 0 ? (row.people.length > 3 && at === 2 ? "" : ", ") : ""}<span class=${one.unread ? "strong" : ""}>${name(one)}</span>`));
  return html`${row.draft ? html`<span class="draft-mark">${t("draft")}</span> ` : nothing}${shown}`;
}

/** What a screen reader says of a row. @param {import("./rows.js").Row} row */
function spoken(row) {
  const who = row.people.map((one) => (one.me ? t("me") : displayName(one.who))).join(", ") || t("people.none");
  return [
    row.unread ? t("spoken.unread") : "", row.starred ? t("spoken.starred") : "", row.draft ? t("draft") : "", who, row.count > 1 ? t("spoken.count", { n: row.count }) : "",
    row.subject || t("subject.none"), longDate(row.date), row.attachment ? t("spoken.attachment") : "", ...row.labels,
  ].filter(Boolean).join(", ");
}

/** @param {import("./rows.js").Row} row */
function initial(row) {
  const who = row.people.at(-1)?.who;
  return who ? [...displayName(who).replace(/^["'\s]+/, "")][0]?.toUpperCase() ?? "?" : "?";
}

/** A colour for somebody, always the same. @param {import("./rows.js").Row} row */
function tint(row) {
  let sum = 0;
  for (const letter of row.people.at(-1)?.who.email.toLowerCase() ?? "") sum = (sum * 31 + (letter.codePointAt(0) ?? 0)) % 9973;
  return sum % 8;
}

/** @param {number} at */
function focused(at) {
  if (cursor.peek() !== at) cursor.value = at;
}

/** @param {MouseEvent} event @param {number} at */
function click(event, at) {
  if (event.target instanceof Element && event.target.closest(".row-pick")) return;
  if (event.shiftKey) selectRange(anchorRow, at);
  else if (event.ctrlKey || event.metaKey) select(at);
  else openRow(at);
  if (!event.shiftKey) anchorRow = at;
  cursor.value = at;
}

/** @param {MouseEvent} event @param {number} at */
function pickClick(event, at) {
  event.stopPropagation();
  if (event.shiftKey) selectRange(anchorRow, at);
  else select(at);
  anchorRow = at;
  cursor.value = at;
}

/** @param {DragEvent} event @param {string} id */
function dragStart(event, id) {
  const rows = selected.peek().has(id) ? [...selected.peek()] : [id];
  dragged.value = (mailbox) => {
    actions().then((does) => does.moveToFolder(mailbox, does.ofRows(rows)));
  };
  event.dataTransfer?.setData("text/plain", t("list.dragged", { n: rows.length }));
  if (event.dataTransfer) event.dataTransfer.effectAllowed = "move";
}

function dragEnd() {
  dragged.value = null;
}

/** @param {MouseEvent} event @param {number} at */
function contextMenu(event, at) {
  event.preventDefault();
  cursor.value = at;
  const anchor = /** @type {Element} */ (event.currentTarget);
  import("./list-menus.js").then((module) => module.rowMenu(anchor));
}

/** What can be done with rows, fetched after the first view. */
const actions = () => import("./actions.js");

/** @param {"all" | "none"} which */
const selectBy = (which) => {
  actions().then((does) => does.selectBy(which));
};

/** Opens a menu of the bar. @param {"selectMenu" | "moreMenu" | "listMenu"} name */
const opens = (name) => (/** @type {Event} */ event) => {
  const anchor = /** @type {Element} */ (event.currentTarget);
  import("./list-menus.js").then((module) => module[name](anchor));
};

function afterTemplate() {
  const data = list.value;
  if (!data) return nothing;
  if (data.failed.value && data.total.value < 0) return html`<div class="empty">${icon("warning")}<h2>${t("list.failed")}</h2><p>${String(/** @type {any} */ (data.failed.value).message)}</p>
    <button class="button" @click=${() => { data.failed.value = null; data.need(0, 30); }}>${t("again")}</button></div>`;
  if (data.total.value !== 0) return nothing;
  const { kind, key } = place.value;
  const known = ["inbox", "drafts", "sent", "archive", "junk", "trash", "snoozed"].includes(key) ? key : "folder";
  const which = kind === "search" ? "search" : kind === "all" ? "folder" : known;
  return html`<div class="empty">${icon(which === "search" ? "search" : which)}<h2>${t(`empty.${which}`)}</h2><p>${t(`empty.${which}.why`)}</p></div>`;
}

/** The bar above the list: what is selected, and what may be done with it. */
export function listBar() {
  const data = list.value;
  const total = data?.total.value ?? -1;
  const n = allSelected.value ? total : selected.value.size;
  void emailsTick.value;
  const button = (/** @type {string} */ id) => (command(id) ? html`<button class="icon-button" aria-label=${commandLabel(id)} title="${commandLabel(id)} ${keyHint(id) ? `(${keyHint(id)})` : ""}" @click=${() => run(id)}>${icon(command(id)?.icon ?? "more")}</button>` : nothing);
  const loaded = data?.ids.filter(Boolean).length ?? 0;
  return html`<div class="list-bar" role="toolbar" aria-label=${t("list.tools")}>
    <input type="checkbox" aria-label=${t("list.select-all")} .checked=${n > 0 && n >= loaded} .indeterminate=${n > 0 && n < loaded} @change=${() => selectBy(n > 0 ? "none" : "all")}>
    <button class="icon-button narrow" aria-haspopup="menu" aria-label=${t("list.select-which")} @click=${opens("selectMenu")}>${icon("down")}</button>
    ${n > 0 ? html`<span class="unseen">${titleOf()}</span><span class="list-selected">${t("selected", { n })}</span><span class="spacer"></span>
      ${["archive", "trash", place.value.key === "junk" ? "not-spam" : "spam", "toggle-read", "move", "label"].map(button)}
      <button class="icon-button" aria-haspopup="menu" aria-label=${t("more")} @click=${opens("moreMenu")}>${icon("more")}</button>`
    : html`<span class="list-title">${titleOf()}</span><span class="spacer"></span>
      <span class="soft list-total">${total > 0 ? t(settings.value.conversations ? "list.conversations" : "list.messages", { n: total }) : nothing}</span>
      <button class="icon-button" aria-label=${t("command.refresh")} title=${t("command.refresh")} @click=${() => run("refresh")}>${icon("refresh")}</button>
      <button class="icon-button" aria-haspopup="menu" aria-label=${t("more")} @click=${opens("listMenu")}>${icon("more")}</button>`}
  </div>
  ${n === 0 && total > 0 && command("empty-folder") ? html`<div class="list-note"><button class="button small" @click=${() => run("empty-folder")}>${commandLabel("empty-folder")}</button></div>` : nothing}
  ${n > 0 && n >= loaded && total > loaded && !allSelected.value ? html`<div class="list-note">${t("list.all-loaded", { n })} <button class="button small" @click=${() => { allSelected.value = true; }}>${t("list.all-found", { n: total })}</button></div>` : nothing}
  ${allSelected.value && total > 0 ? html`<div class="list-note">${t("list.all-selected", { n: total })} <button class="button small" @click=${() => selectBy("none")}>${t("list.none")}</button></div>` : nothing}`;
}

/** The heading of the list, told by the page. @type {() => unknown} */
let titleOf = () => "";
/** @param {() => unknown} title */
export function titledBy(title) {
  titleOf = title;
}
