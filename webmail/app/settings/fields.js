// The fields of settings: each changes one setting at once and says that it is kept.
//
// Owns how a setting is shown and what is said when the server refuses it.
import { html, nothing } from "lit-html";
import { announce } from "../core/focus.js";
import { t } from "../core/i18n.js";
import { change, settings } from "../core/settings.js";
import { complain } from "../core/toasts.js";

/** @typedef {import("../core/settings.js").Settings} Settings */

/**
 * Changes settings, and says so.
 * @param {Partial<Settings>} patch
 * @returns {Promise<boolean>}
 */
export async function keep(patch) {
  try {
    await change(patch);
    announce(t("settings.kept"));
    return true;
  } catch {
    complain(t("settings.not-kept"));
    return false;
  }
}

/**
 * A choice of one of several.
 * @param {keyof Settings} name
 * @param {[string | number, string][]} choices value and words
 * @param {{ label: string, hint?: string }} words
 */
export function choice(name, choices, words) {
  const now = String(settings.value[name]);
  const listed = choices.some(([value]) => String(value) === now) ? choices : [...choices, /** @type {[string | number, string]} */ ([now, now])];
  const changed = (/** @type {Event} */ event) => {
    const { value } = /** @type {HTMLSelectElement} */ (event.target);
    const found = choices.find(([one]) => String(one) === value);
    if (found) void keep(/** @type {Partial<Settings>} */ ({ [name]: found[0] }));
  };
  return html`<label class="field"><span>${words.label}</span>
    <select name=${name} @change=${changed}>${listed.map(([value, text]) => html`<option value=${value} ?selected=${String(value) === now}>${text}</option>`)}</select>
    ${words.hint ? html`<span class="hint">${words.hint}</span>` : nothing}</label>`;
}

/**
 * A yes or no.
 * @param {keyof Settings} name @param {{ label: string, hint?: string }} words
 * @param {(on: boolean) => Promise<boolean>} [before] asked first; false keeps it as it was
 */
export function check(name, words, before) {
  const changed = async (/** @type {Event} */ event) => {
    const input = /** @type {HTMLInputElement} */ (event.target);
    const on = input.checked;
    if ((before && !(await before(on))) || !(await keep(/** @type {Partial<Settings>} */ ({ [name]: on })))) input.checked = !on;
  };
  return html`<label class="check"><input type="checkbox" name=${name} .checked=${settings.value[name] === true} @change=${changed}>
    <span>${words.label}${words.hint ? html`<span class="soft">${words.hint}</span>` : nothing}</span></label>`;
}
