// Dialogs, questions and menus: native <dialog> and popovers, so that focus, Escape and the backdrop are the browser's.
//
// Owns their frame. What stands in them is the caller's.
import { html, nothing, render } from "lit-html";
import { rememberFocus, rove } from "./focus.js";
export { fitting } from "./fitting.js";
import { t } from "./i18n.js";
import { icon } from "./icons.js";
import { addSheet } from "./sheets.js";
import { element, mount } from "./view.js";

await addSheet("dialogs");

/**
 * @typedef {object} Dialog
 * @property {string} title
 * @property {(close: (result?: any) => void) => unknown} body a template; it may read signals
 * @property {(close: (result?: any) => void) => unknown} [actions] the buttons; without it, one that closes
 * @property {string} [className] more classes: "wide", "full"
 */

/**
 * Shows a modal dialog.
 * @param {Dialog} what
 * @returns {Promise<any>} what `close` was given; undefined when it was dismissed
 */
export function dialog(what) {
  const giveBack = rememberFocus();
  const host = /** @type {HTMLDialogElement} */ (element("dialog", { class: `dialog ${what.className ?? ""}`, "aria-label": what.title }));
  document.body.append(host);
  return new Promise((resolve) => {
    /** @type {any} */ let result;
    const close = (/** @type {any} */ given) => {
      result = given;
      host.close();
    };
    const end = mount(host, () => frame(what, close));
    host.addEventListener("close", () => {
      end();
      host.remove();
      giveBack();
      resolve(result);
    });
    host.addEventListener("mousedown", (event) => {
      if (event.target === host) close(undefined);
    });
    host.showModal();
    /** @type {HTMLElement | null} */ (host.querySelector("[autofocus]"))?.focus();
  });
}

/** @param {Dialog} what @param {(result?: any) => void} close */
function frame(what, close) {
  return html`<div class="dialog-frame">
    <header><h2>${what.title}</h2>
      <button class="icon-button" aria-label=${t("close")} @click=${() => close()}>${icon("close")}</button></header>
    <div class="dialog-body">${what.body(close)}</div>
    <footer>${what.actions ? what.actions(close) : html`<button class="button" @click=${() => close()}>${t("close")}</button>`}</footer>
  </div>`;
}

/**
 * A question with yes and no.
 * @param {{ title: string, text: string, yes: string, danger?: boolean }} question
 * @returns {Promise<boolean>}
 */
export async function confirm(question) {
  return (await dialog({
    title: question.title,
    body: () => html`<p>${question.text}</p>`,
    actions: (close) => html`<button class="button" @click=${() => close(false)}>${t("cancel")}</button>
      <button class="button ${question.danger ? "danger" : "primary"}" autofocus @click=${() => close(true)}>${question.yes}</button>`,
  })) === true;
}

/**
 * Asks for one line of text.
 * @param {{ title: string, label: string, value?: string, yes: string, check?: (value: string) => string }} question
 *   `check` answers what is wrong, or "".
 * @returns {Promise<string | undefined>}
 */
export function prompt(question) {
  let value = question.value ?? "";
  return dialog({
    title: question.title,
    body: (close) => html`<form id="prompt" @submit=${(/** @type {Event} */ event) => {
      event.preventDefault();
      const input = /** @type {HTMLInputElement} */ (/** @type {HTMLFormElement} */ (event.target).elements.namedItem("value"));
      input.setCustomValidity(question.check?.(value.trim()) ?? "");
      if (input.reportValidity()) close(value.trim());
    }}><label class="field"><span>${question.label}</span>
      <input name="value" autofocus required autocomplete="off" .value=${value} @input=${(/** @type {Event} */ event) => {
        const input = /** @type {HTMLInputElement} */ (event.target);
        input.setCustomValidity("");
        value = input.value;
      }}></label></form>`,
    actions: (close) => html`<button class="button" @click=${() => close()}>${t("cancel")}</button>
      <button class="button primary" form="prompt">${question.yes}</button>`,
  });
}

/**
 * @typedef {object} MenuItem
 * @property {string} label
 * @property {string} [icon]
 * @property {string} [hint] shown at the end: keys, counts
 * @property {boolean} [checked] makes it a checkbox
 * @property {boolean} [danger]
 * @property {() => void} [run] without it, a heading
 */

/**
 * A menu at an element. Arrow keys, Home, End, first letters and Escape work.
 * @param {Element} anchor
 * @param {(MenuItem | null)[]} items null: a line between
 * @param {{ label?: string }} [how]
 */
export function menu(anchor, items, how = {}) {
  const giveBack = rememberFocus();
  const host = element("div", { class: "menu", role: "menu", popover: "auto", "aria-label": how.label ?? "" });
  // Beside what it belongs to: a modal dialog lets nothing outside of it act, and landmarks hold what they should.
  (anchor.closest("dialog,main,nav,header") ?? document.body).append(host);
  const end = mount(host, () => items.map((item) => menuItem(item, () => host.hidePopover())));
  host.addEventListener("toggle", (event) => {
    if (/** @type {ToggleEvent} */ (event).newState === "open") return;
    end();
    host.remove();
    if (document.activeElement === document.body || document.activeElement === null) giveBack();
  });
  host.addEventListener("keydown", (event) => menuKey(event, host));
  host.showPopover();
  place(host, anchor);
  /** @type {HTMLElement | null} */ (host.querySelector("button"))?.focus();
}

/** @param {MenuItem | null} item @param {() => void} close */
function menuItem(item, close) {
  if (!item) return html`<hr>`;
  if (!item.run) return html`<div class="menu-heading">${item.label}</div>`;
  const role = item.checked === undefined ? "menuitem" : "menuitemcheckbox";
  return html`<button role=${role} aria-checked=${item.checked === undefined ? nothing : String(item.checked)} class=${item.danger ? "danger" : ""} tabindex="-1"
      @click=${() => { close(); item.run?.(); }}>
    ${item.checked === undefined ? (item.icon ? icon(item.icon) : html`<span class="icon"></span>`) : item.checked ? icon("check") : html`<span class="icon"></span>`}
    <span class="menu-label">${item.label}</span>${item.hint ? html`<kbd>${item.hint}</kbd>` : nothing}</button>`;
}

/** @param {KeyboardEvent} event @param {HTMLElement} host */
function menuKey(event, host) {
  event.stopPropagation();
  if (event.key === "Tab") host.hidePopover();
  if (rove(event, host, "button") || event.key.length !== 1 || event.ctrlKey || event.metaKey) return;
  const all = [...host.querySelectorAll("button")];
  const at = all.indexOf(/** @type {HTMLButtonElement} */ (document.activeElement));
  const letter = event.key.toLowerCase();
  const order = [...all.slice(at + 1), ...all.slice(0, at + 1)];
  order.find((one) => one.textContent?.trim().toLowerCase().startsWith(letter))?.focus();
}

/**
 * Puts a popover below an element, or above it, inside the page.
 * @param {HTMLElement} host @param {Element} anchor
 */
export function place(host, anchor) {
  const at = anchor.getBoundingClientRect();
  const own = host.getBoundingClientRect();
  const room = 8;
  const below = at.bottom + 4 + own.height <= innerHeight - room;
  const top = below ? at.bottom + 4 : Math.max(room, at.top - own.height - 4);
  const left = Math.max(room, Math.min(at.left, innerWidth - own.width - room));
  host.style.top = `${top}px`;
  host.style.left = `${left}px`;
}

/**
 * @typedef {object} Choice
 * @property {string} label
 * @property {string} [detail] shown after it, searched too
 * @property {string} [icon]
 * @property {string} [hint] keys
 * @property {() => void} run
 */

/**
 * A list to type into: move, label, palette. The best fitting choices come first.
 * @param {{ title: string, placeholder: string, choices: (typed: string) => Choice[], className?: string }} what
 */
export function pick(what) {
  let typed = "";
  let at = 0;
  /** @type {Choice[]} */ let found = what.choices("");
  const giveBack = rememberFocus();
  const host = /** @type {HTMLDialogElement} */ (element("dialog", { class: `dialog picker ${what.className ?? ""}`, "aria-label": what.title }));
  document.body.append(host);
  const close = () => host.close();
  const choose = (/** @type {Choice | undefined} */ choice) => {
    if (!choice) return;
    close();
    choice.run();
  };
  const draw = () => render(pickerBody(what, found, at, choose), host);
  const keydown = (/** @type {KeyboardEvent} */ event) => {
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8 }[event.key];
    if (step !== undefined) at = Math.max(0, Math.min(found.length - 1, at + step));
    else if (event.key === "Enter") choose(found[at]);
    else return;
    event.preventDefault();
    draw();
    host.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: "nearest" });
  };
  host.addEventListener("keydown", keydown);
  host.addEventListener("input", (event) => {
    typed = /** @type {HTMLInputElement} */ (event.target).value;
    found = what.choices(typed);
    at = 0;
    draw();
  });
  host.addEventListener("mousedown", (event) => {
    if (event.target === host) close();
  });
  host.addEventListener("close", () => {
    host.remove();
    giveBack();
  });
  draw();
  host.showModal();
  host.querySelector("input")?.focus();
}

/** @param {{ title: string, placeholder: string }} what @param {Choice[]} found @param {number} at @param {(choice: Choice) => void} choose */
function pickerBody(what, found, at, choose) {
  return html`<div class="picker-frame">
    <input type="text" role="combobox" aria-expanded="true" aria-controls="picked" aria-autocomplete="list" aria-label=${what.title}
      aria-activedescendant=${found.length ? `picked-${at}` : nothing} placeholder=${what.placeholder} autocomplete="off" spellcheck="false">
    <div class="picker-list" role="listbox" id="picked" aria-label=${what.title}>
      ${found.map((choice, number) => html`<div role="option" id="picked-${number}" aria-selected=${number === at} @click=${() => choose(choice)}>
        ${choice.icon ? icon(choice.icon) : nothing}<span class="picker-label">${choice.label}</span>
        ${choice.detail ? html`<span class="picker-detail">${choice.detail}</span>` : nothing}
        ${choice.hint ? html`<kbd>${choice.hint}</kbd>` : nothing}</div>`)}
    </div>
    ${found.length === 0 ? html`<p class="picker-none">${t("picker.none")}</p>` : nothing}
  </div>`;
}
