// The contacts: list at the side, one card shown, edited, or made.
//
// Owns the page and its paths: `/contacts`, `/contacts/<card id>`, `/contacts/<card id>/edit`, `/contacts/new`,
// `/contacts/new-group`, `/contacts/duplicates`.
import { html, nothing } from "lit-html";
import { repeat } from "lit-html/repeat";
import { effect, signal } from "signals";
import { menu } from "../core/dialogs.js";
import { addCatalogue, t } from "../core/i18n.js";
import { icon } from "../core/icons.js";
import { go, route, write } from "../core/router.js";
import { addSheet } from "../core/sheets.js";
import { element, mount as view } from "../core/view.js";
import { cards, followCards, readCards, sorted } from "./book.js";
import { cardHas, cardTitle, duplicates, emailsOf, isGroup } from "./card.js";
import { showCard } from "./detail.js";
import { mountDuplicates } from "./duplicates.js";
import { exportCards, importCards } from "./exchange.js";
import { mountForm } from "./form.js";
import { mountGroupForm } from "./group-form.js";

await Promise.all([addCatalogue("contacts"), addSheet("page"), addSheet("contacts")]);

/** Rows drawn at first; more come on asking, and searching is quicker anyway. */
const ROWS_FIRST = 300;

/** @param {HTMLElement} host */
export function mount(host) {
  const typed = signal("");
  const rows = signal(ROWS_FIRST);
  const failed = signal(false);
  const load = () => {
    failed.value = false;
    readCards().catch((error) => {
      console.error(error);
      failed.value = true;
    });
  };
  const frame = element("div", { class: "contacts" });
  const side = element("section", { class: "contacts-side" });
  const body = element("div", { class: "contacts-body" });
  // On a phone the list is not there while a card is; the page keeps its heading.
  const heading = element("h1", { class: "contacts-heading" });
  const part = element("div", { class: "contacts-part" });
  body.append(heading, part);
  frame.append(side, body);
  host.append(frame);
  if (cards.peek() === null) load();
  const stop = followCards();
  const ends = [
    stop,
    view(side, () => list({ typed, rows, failed: failed.value, again: load })),
    effect(() => { frame.dataset.shown = route.value.steps.length ? "card" : "list"; }),
    effect(() => side.setAttribute("aria-label", t("contacts.title"))),
    effect(() => { heading.textContent = t("contacts.title"); }),
    showBody(part),
  ];
  return () => {
    for (const end of ends) end();
    frame.remove();
  };
}

/** Shows what the path names. @param {HTMLElement} body @returns {() => void} */
function showBody(body) {
  let shown = "";
  let leave = () => {};
  const follow = effect(() => {
    const { page, steps } = route.value;
    const ready = cards.value !== null;
    const name = page === "contacts" && ready ? `${ready} ${steps.join("/")}` : "";
    if (name === shown || page !== "contacts") return;
    shown = name;
    queueMicrotask(() => {
      leave();
      leave = ready ? partOf(steps)(body) : () => {};
    });
  });
  return () => {
    follow();
    leave();
  };
}

/** @param {string[]} steps @returns {(host: HTMLElement) => () => void} */
function partOf([id, deed]) {
  if (id === "new") return (host) => mountForm(host, null);
  if (id === "new-group") return (host) => mountGroupForm(host, null);
  if (id === "duplicates") return mountDuplicates;
  const card = cards.peek()?.get(id ?? "");
  if (id && card && deed === "edit") return (host) => (isGroup(card) ? mountGroupForm : mountForm)(host, card);
  return (host) => view(host, () => showCard(id ?? ""));
}

/** @param {{ typed: import("signals").Signal<string>, rows: import("signals").Signal<number>, failed: boolean, again: () => void }} state */
function list({ typed, rows, failed, again }) {
  const wanted = typed.value.trim().toLowerCase();
  const found = wanted ? sorted.value.filter((card) => cardHas(card, wanted)) : sorted.value;
  const twice = wanted ? 0 : duplicates(sorted.value).length;
  return html`<header class="contacts-head"><h1>${t("contacts.title")}</h1>
      <button class="button primary small" @click=${() => go("/contacts/new")}>${icon("plus")}<span>${t("contacts.new")}</span></button>
      <button class="icon-button" aria-label=${t("more")} aria-haspopup="menu" @click=${more}>${icon("more")}</button></header>
    <input type="search" class="contacts-search" aria-label=${t("contacts.search")} placeholder=${t("contacts.search")} autocomplete="off" .value=${typed.value}
      @input=${(/** @type {Event} */ event) => { typed.value = /** @type {HTMLInputElement} */ (event.target).value; rows.value = ROWS_FIRST; }}>
    <p class="unseen" role="status">${cards.value ? t("contacts.count", { n: found.length }) : ""}</p>
    ${failed ? html`<p class="notice bad" role="alert">${t("contacts.unreachable")} <button class="button small" @click=${again}>${t("contacts.again")}</button></p>` : nothing}
    ${twice ? html`<p class="notice"><a href="/contacts/duplicates">${t("contacts.twice", { n: twice })}</a></p>` : nothing}
    ${cards.value && found.length === 0 ? html`<p class="hint contacts-none">${t(wanted ? "contacts.none-found" : "contacts.none")}</p>` : nothing}
    <ul class="contacts-list" @keydown=${listKey}>${repeat(found.slice(0, rows.value), (card) => card.id, row)}</ul>
    ${found.length > rows.value ? html`<button class="button small" @click=${() => { rows.value += ROWS_FIRST * 4; }}>${t("contacts.more", { n: found.length - rows.value })}</button>` : nothing}`;
}

/** @param {import("./card.js").Card} card */
function row(card) {
  const title = cardTitle(card) || t("contacts.nameless");
  const detail = isGroup(card) ? t("contacts.members", { n: Object.keys(card.members ?? {}).length }) : emailsOf(card)[0] ?? "";
  return html`<li><a class="contact-row" href=${write("contacts", [card.id])} aria-current=${route.value.steps[0] === card.id ? "true" : nothing}>
    <span class="avatar" aria-hidden="true">${isGroup(card) ? icon("people") : title.charAt(0).toUpperCase()}</span>
    <span class="contact-name">${title}</span><span class="contact-detail">${detail === title ? "" : detail}</span></a></li>`;
}

/** Arrow keys go from row to row. @param {KeyboardEvent} event */
function listKey(event) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step === undefined) return;
  const all = /** @type {HTMLElement[]} */ ([.../** @type {HTMLElement} */ (event.currentTarget).querySelectorAll("a")]);
  const to = all[all.indexOf(/** @type {HTMLElement} */ (document.activeElement)) + step];
  if (!to) return;
  event.preventDefault();
  to.focus();
}

/** @param {Event} event */
function more(event) {
  menu(/** @type {Element} */ (event.currentTarget), [
    { label: t("contacts.new-group"), icon: "people", run: () => go("/contacts/new-group") },
    { label: t("contacts.duplicates"), run: () => go("/contacts/duplicates") },
    null,
    { label: t("contacts.import"), icon: "up", run: () => void importCards() },
    { label: t("contacts.export-all"), icon: "download", run: () => void exportCards(sorted.peek()) },
  ]);
}
