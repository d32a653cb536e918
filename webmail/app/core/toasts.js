// Short messages at the edge of the page, with a way to take back what was done.
//
// Owns how long they stay: at least ten seconds, and as long as the pointer or the focus is on them (WCAG 2.2.1).
import { html, nothing } from "lit-html";
import { effect, signal } from "signals";
import { announce } from "./focus.js";
import { t } from "./i18n.js";
import { icon } from "./icons.js";
import { byId, mount } from "./view.js";

/**
 * @typedef {object} Toast
 * @property {string | (() => string)} text a function is read again when a signal in it changes, as for a countdown
 * @property {string} [label] of the button
 * @property {() => void} [run] what the button does
 * @property {number} [seconds] how long it stays; 0: until closed
 * @property {"note" | "error"} [kind]
 * @property {() => void} [gone] called when it goes without its button
 */
/** @typedef {Toast & { id: number, held: boolean, left: number }} Shown */

/** How long a toast stays. */
const STAY_S = 10;
/** Toasts at once: older ones go first. */
const SHOWN_MAX = 3;

/** @type {import("signals").Signal<Shown[]>} */
const shown = signal([]);
let numbered = 0;
let timer = 0;

/**
 * Shows a toast.
 * @param {string | Toast} what
 * @returns {() => void} takes it away
 */
export function toast(what) {
  const given = typeof what === "string" ? { text: what } : what;
  const one = { seconds: STAY_S, ...given, id: ++numbered, held: false, left: given.seconds ?? STAY_S };
  const kept = shown.value.slice(-(SHOWN_MAX - 1));
  for (const old of shown.value) if (!kept.includes(old)) old.gone?.();
  shown.value = [...kept, one];
  announce(typeof one.text === "string" ? one.text : one.text(), one.kind === "error" ? "urgent" : "polite");
  if (!timer) timer = window.setInterval(tick, 1000);
  return () => remove(one.id, false);
}

/** An error, in words. @param {string} text @param {{ label?: string, run?: () => void }} [action] */
export function complain(text, action = {}) {
  return toast({ text, kind: "error", ...action });
}

function tick() {
  for (const one of shown.value) {
    if (one.held || one.seconds === 0) continue;
    one.left -= 1;
    if (one.left <= 0) remove(one.id, true);
  }
  if (shown.value.length === 0) {
    clearInterval(timer);
    timer = 0;
  }
}

/** @param {number} id @param {boolean} untouched */
function remove(id, untouched) {
  const one = shown.value.find((each) => each.id === id);
  if (!one) return;
  shown.value = shown.value.filter((each) => each.id !== id);
  if (untouched) one.gone?.();
}

/** @param {Shown} one */
function template(one) {
  const hold = (/** @type {boolean} */ held) => () => {
    one.held = held;
  };
  return html`<div class="toast toast-${one.kind ?? "note"}" @mouseenter=${hold(true)} @mouseleave=${hold(false)} @focusin=${hold(true)} @focusout=${hold(false)}>
    <span>${typeof one.text === "string" ? one.text : one.text()}</span>
    ${one.run ? html`<button class="toast-action" @click=${() => { remove(one.id, false); one.run?.(); }}>${one.label}</button>` : nothing}
    <button class="icon-button" aria-label=${t("close")} @click=${() => remove(one.id, true)}>${icon("close")}</button>
  </div>`;
}

/** Begins to show toasts. */
export function showToasts() {
  effect(() => {
    byId("toasts").setAttribute("aria-label", t("toasts"));
  });
  mount(byId("toasts"), () => shown.value.map(template));
}
