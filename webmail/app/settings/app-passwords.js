// Settings: passwords for other programs, each with what it may do and until when.
import { html, nothing } from "lit-html";
import { repeat } from "lit-html/repeat";
import { signal } from "signals";
import { confirm, dialog } from "../core/dialogs.js";
import { t } from "../core/i18n.js";
import { icon } from "../core/icons.js";
import { api } from "../core/session.js";
import { mount as view } from "../core/view.js";
import { attempt, dated } from "./passkeys.js";
import { showSecrets, withPassword } from "./security.js";

/** @typedef {{ id: string, name: string, scope: string, created: number, expires: number | null, last_used: number | null }} AppPassword */

const SCOPES = ["all", "mail", "read", "send"];
/** Days until it ends; 0: never. */
const LIFETIMES = [0, 30, 90, 365];
const DAY_MS = 86_400_000;

/** @param {HTMLElement} host */
export function mountAppPasswords(host) {
  const all = signal(/** @type {AppPassword[]} */ ([]));
  const load = async () => {
    all.value = (await api("GET", "/account/app-passwords").catch(() => null))?.app_passwords ?? [];
  };
  const add = async () => {
    const given = await ask();
    if (!given) return;
    const made = await withPassword(t("settings.app.add"), (password) => api("POST", "/account/app-passwords", { ...given, password }));
    await load();
    if (made) await showSecrets(t("settings.app.made", { name: given.name }), t("settings.app.once"), [made.secret]);
  };
  const remove = async (/** @type {AppPassword} */ one) => {
    if (!(await confirm({ title: t("settings.remove-of", { name: one.name }), text: t("settings.app.remove.sure"), yes: t("settings.remove"), danger: true }))) return;
    await attempt(() => api("DELETE", `/account/app-passwords/${encodeURIComponent(one.id)}`), load);
  };
  void load();
  return view(host, () => html`<div class="card-head"><h3>${t("settings.app")}</h3><button class="button" @click=${() => void add()}>${icon("plus")}<span>${t("settings.app.add")}</span></button></div>
    <p class="soft">${t("settings.app.about")}</p>
    ${all.value.length ? html`<ul class="rows">${repeat(all.value, (one) => one.id, (one) => row(one, remove))}</ul>` : nothing}`);
}

/** @param {AppPassword} one @param {(one: AppPassword) => void} remove */
function row(one, remove) {
  const facts = [
    t(`settings.app.scope.${SCOPES.includes(one.scope) ? one.scope : "all"}`),
    one.expires ? t("settings.expires", { when: dated(one.expires) }) : t("settings.app.forever"),
    one.last_used ? t("settings.used", { when: dated(one.last_used) }) : t("settings.never-used"),
  ];
  return html`<li>${icon("keyboard")}<span class="grow">${one.name}<span class="soft">${facts.join(" · ")}</span></span>
    <button class="icon-button" aria-label=${t("settings.remove-of", { name: one.name })} @click=${() => remove(one)}>${icon("trash")}</button></li>`;
}

/** @returns {Promise<{ name: string, scope: string, expires?: number } | undefined>} */
function ask() {
  return dialog({
    title: t("settings.app.add"),
    body: (close) => html`<form id="app-password" class="form" @submit=${(/** @type {Event} */ event) => {
      event.preventDefault();
      const form = /** @type {HTMLFormElement} */ (event.target);
      const read = (/** @type {string} */ name) => /** @type {HTMLInputElement} */ (form.elements.namedItem(name)).value;
      const days = Number(read("days"));
      close({ name: read("name").trim(), scope: read("scope"), ...(days ? { expires: Date.now() + days * DAY_MS } : {}) });
    }}><label class="field"><span>${t("settings.app.name")}</span><input name="name" required autofocus maxlength="100" placeholder=${t("settings.app.name.hint")}></label>
      <label class="field"><span>${t("settings.app.scope")}</span><select name="scope">${SCOPES.map((one) => html`<option value=${one} ?selected=${one === "mail"}>${t(`settings.app.scope.${one}`)}</option>`)}</select></label>
      <label class="field"><span>${t("settings.app.lifetime")}</span><select name="days">${LIFETIMES.map((n) => html`<option value=${n}>${n ? t("settings.app.days", { n }) : t("settings.app.forever")}</option>`)}</select></label></form>`,
    actions: (close) => html`<button class="button" @click=${() => close()}>${t("cancel")}</button><button class="button primary" form="app-password">${t("settings.go-on")}</button>`,
  });
}
