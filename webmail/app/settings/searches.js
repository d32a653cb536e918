// Settings: saved searches, which the folders show.
import { html } from "lit-html";
import { repeat } from "lit-html/repeat";
import { signal } from "signals";
import { dialog } from "../core/dialogs.js";
import { t } from "../core/i18n.js";
import { icon } from "../core/icons.js";
import { write } from "../core/router.js";
import { settings } from "../core/settings.js";
import { mount as view } from "../core/view.js";
import { keep } from "./fields.js";

/** @typedef {{ name: string, query: string }} Saved */

/** @param {HTMLElement} host */
export function mount(host) {
  return view(host, () => {
    const all = settings.value.savedSearches;
    return html`<div class="card-head"><h2>${t("settings.searches")}</h2><button class="button" @click=${() => void edit(-1)}>${icon("plus")}<span>${t("settings.search.new")}</span></button></div>
      <p class="soft">${t("settings.searches.about")}</p>
      ${all.length ? html`<ul class="rows">${repeat(all, (one, index) => `${index} ${one.name}`, row)}</ul>` : html`<p class="hint">${t("settings.searches.none")}</p>`}`;
  });
}

/** @param {Saved} one @param {number} index */
function row(one, index) {
  return html`<li>${icon("search")}<span class="grow"><a href=${write("search", [one.query])}>${one.name}</a><span class="soft code">${one.query}</span></span>
    <button class="icon-button" ?disabled=${index === 0} aria-label=${t("settings.search.up", { name: one.name })} @click=${() => void move(index)}>${icon("up")}</button>
    <button class="button small" aria-label=${t("settings.search.edit-of", { name: one.name })} @click=${() => void edit(index)}>${t("settings.edit")}</button>
    <button class="icon-button" aria-label=${t("settings.search.delete-of", { name: one.name })} @click=${() => void keep({ savedSearches: settings.peek().savedSearches.filter((_, at) => at !== index) })}>${icon("trash")}</button></li>`;
}

/** One place up. @param {number} index */
function move(index) {
  const all = [...settings.peek().savedSearches];
  const [one] = all.splice(index, 1);
  if (one) all.splice(index - 1, 0, one);
  return keep({ savedSearches: all });
}

/** @param {number} index -1: a new one */
async function edit(index) {
  const before = settings.peek().savedSearches[index] ?? { name: "", query: "" };
  const name = signal(before.name);
  const query = signal(before.query);
  const given = await dialog({
    title: index < 0 ? t("settings.search.new") : t("settings.search.edit-of", { name: before.name }),
    body: (close) => html`<form id="saved-search" class="form" @submit=${(/** @type {Event} */ event) => { event.preventDefault(); close({ name: name.peek().trim(), query: query.peek().trim() }); }}>
      <label class="field"><span>${t("settings.search.name")}</span><input autofocus required maxlength="100" .value=${before.name} @input=${(/** @type {Event} */ event) => { name.value = /** @type {HTMLInputElement} */ (event.target).value; }}></label>
      <label class="field"><span>${t("settings.search.query")}</span><input required maxlength="1000" spellcheck="false" .value=${before.query} @input=${(/** @type {Event} */ event) => { query.value = /** @type {HTMLInputElement} */ (event.target).value; }}><span class="hint">${t("settings.search.hint")}</span></label></form>`,
    actions: (close) => html`<button class="button" @click=${() => close()}>${t("cancel")}</button><button class="button primary" form="saved-search">${t("save")}</button>`,
  });
  if (!given?.name || !given.query) return;
  const all = [...settings.peek().savedSearches];
  if (index < 0) all.push(given);
  else all[index] = given;
  await keep({ savedSearches: all });
}
