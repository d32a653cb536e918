// The search box: words and operators, with suggestions while one types.
//
// The server understands the query (`{"query": ...}` of docs/jmap.md); here it is only helped along.
import { html, nothing } from "lit-html";
import { effect, signal } from "signals";
import { t } from "../core/i18n.js";
import { icon } from "../core/icons.js";
import { go, route, write } from "../core/router.js";
import { mount } from "../core/view.js";

/** @typedef {{ text: string, detail: string, icon: string, run?: () => void }} Suggestion */

/** Searches remembered in this tab. */
const RECENT_MAX = 8;

const text = signal("");
const isOpen = signal(false);
const at = signal(-1);
/** @type {string[]} */
let recent = [];

/** What makes suggestions, once the box was entered. @type {import("signals").Signal<typeof import("./search-suggest.js") | null>} */
const suggesting = signal(/** @type {typeof import("./search-suggest.js") | null} */ (null));

/** @param {string} typed @returns {Suggestion[]} */
const suggestions = (typed) => suggesting.value?.suggestions(typed, recent, search) ?? [];


/** @param {string} query */
function search(query) {
  const asked = query.trim();
  isOpen.value = false;
  if (!asked) {
    go("/mail");
    return;
  }
  recent = [asked, ...recent.filter((one) => one !== asked)].slice(0, RECENT_MAX);
  text.value = asked;
  go(write("search", [asked]));
  document.getElementById("search")?.blur();
}

/** @param {Suggestion} one */
function take(one) {
  if (one.run) return one.run();
  text.value = one.text;
  at.value = -1;
  document.getElementById("search")?.focus();
}

function enter() {
  isOpen.value = true;
  at.value = -1;
  if (!suggesting.value) import("./search-suggest.js").then((module) => {
    suggesting.value = module;
  }, () => {});
}

/** @param {KeyboardEvent} event */
function keydown(event) {
  const shown = isOpen.value ? suggestions(text.value) : [];
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    isOpen.value = true;
    const step = event.key === "ArrowDown" ? 1 : -1;
    at.value = shown.length ? (at.value + step + shown.length + (at.value < 0 && step < 0 ? 1 : 0)) % shown.length : -1;
  } else if (event.key === "Enter" || (event.key === "Tab" && at.value >= 0)) {
    const one = shown[at.value];
    if (one) take(one);
    else search(text.value);
  } else if (event.key === "Escape") {
    if (isOpen.value && text.value) isOpen.value = false;
    else /** @type {HTMLElement} */ (event.target).blur();
  } else return;
  event.preventDefault();
}

/**
 * Shows the box.
 * @param {HTMLElement} host
 */
export function showSearch(host) {
  effect(() => {
    const { page, steps } = route.value;
    text.value = page === "search" ? steps[0] ?? "" : "";
  });
  host.addEventListener("focusout", (event) => {
    if (!host.contains(/** @type {Node | null} */ (event.relatedTarget))) isOpen.value = false;
  });
  mount(host, () => {
    const shown = isOpen.value ? suggestions(text.value) : [];
    return html`<div class="search">${icon("search")}
      <input id="search" type="text" inputmode="search" enterkeyhint="search" role="combobox" aria-label=${t("search")} placeholder=${t("search.placeholder")} autocomplete="off" spellcheck="false"
        aria-expanded=${String(shown.length > 0)} aria-controls="suggested" aria-autocomplete="list" aria-activedescendant=${at.value >= 0 && shown[at.value] ? `suggested-${at.value}` : nothing}
        .value=${text.value} @keydown=${keydown} @focus=${enter}
        @input=${(/** @type {Event} */ event) => { text.value = /** @type {HTMLInputElement} */ (event.target).value; isOpen.value = true; at.value = -1; }}>
      ${text.value ? html`<button class="icon-button" aria-label=${t("search.clear")} @click=${() => search("")}>${icon("close")}</button>` : nothing}
      <div class="suggestions" role="listbox" id="suggested" aria-label=${t("search.suggestions")} ?hidden=${!shown.length}>
        ${shown.map((one, number) => html`<div role="option" id="suggested-${number}" aria-selected=${String(number === at.value)}
          @mousedown=${(/** @type {Event} */ event) => { event.preventDefault(); take(one); }}>${icon(one.icon)}<span>${one.text}</span><span class="soft">${one.detail}</span></div>`)}</div>
    </div>`;
  });
}
