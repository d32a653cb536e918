// Settings: passkeys.
import { html, nothing } from "lit-html";
import { repeat } from "lit-html/repeat";
import { signal } from "signals";
import { confirm } from "../core/dialogs.js";
import { longDate } from "../core/format.js";
import { t } from "../core/i18n.js";
import { icon } from "../core/icons.js";
import { api } from "../core/session.js";
import { complain, toast } from "../core/toasts.js";
import { mount as view } from "../core/view.js";
import { createPasskey, passkeysWork } from "../login/passkey.js";
import { askName, refusal, withPassword } from "./security.js";

/** @typedef {{ id: string, name: string, created: number, last_used: number | null }} Passkey */

/** Milliseconds as a date in words. @param {number} at */
export const dated = (at) => longDate(new Date(at).toISOString());

/** @param {HTMLElement} host */
export function mountPasskeys(host) {
  const all = signal(/** @type {Passkey[]} */ ([]));
  const load = async () => {
    all.value = (await api("GET", "/account/passkeys").catch(() => null))?.passkeys ?? [];
  };
  const add = async () => {
    const made = await withPassword(t("settings.passkey.add"), async (password) => {
      const { options } = await api("POST", "/account/passkeys/begin", { password });
      const credential = await createPasskey(options);
      const name = (await askName(t("settings.passkey.add"), t("settings.passkey.name"))) || t("settings.passkey.name");
      return api("POST", "/account/passkeys", { name, credential });
    });
    if (made) toast(t("settings.passkey.added"));
    await load();
  };
  const rename = async (/** @type {Passkey} */ one) => {
    const name = await askName(t("settings.rename-of", { name: one.name }), one.name);
    if (name) await attempt(() => api("PUT", `/account/passkeys/${encodeURIComponent(one.id)}`, { name }), load);
  };
  const remove = async (/** @type {Passkey} */ one) => {
    if (!(await confirm({ title: t("settings.remove-of", { name: one.name }), text: t("settings.passkey.remove.sure"), yes: t("settings.remove"), danger: true }))) return;
    await attempt(() => api("DELETE", `/account/passkeys/${encodeURIComponent(one.id)}`), load);
  };
  void load();
  return view(host, () => html`<div class="card-head"><h3>${t("settings.passkeys")}</h3>
      ${passkeysWork() ? html`<button class="button" @click=${() => void add()}>${icon("plus")}<span>${t("settings.passkey.add")}</span></button>` : nothing}</div>
    <p class="soft">${t(passkeysWork() ? "settings.passkeys.about" : "settings.passkeys.cannot")}</p>
    ${all.value.length ? html`<ul class="rows">${repeat(all.value, (one) => one.id, (one) => html`<li>${icon("shield")}<span class="grow">${one.name}
        <span class="soft">${t("settings.since", { when: dated(one.created) })}${one.last_used ? ` · ${t("settings.used", { when: dated(one.last_used) })}` : ""}</span></span>
      <button class="button small" aria-label=${t("settings.rename-of", { name: one.name })} @click=${() => void rename(one)}>${t("settings.rename")}</button>
      <button class="icon-button" aria-label=${t("settings.remove-of", { name: one.name })} @click=${() => void remove(one)}>${icon("trash")}</button></li>`)}</ul>` : nothing}`);
}

/**
 * Does something at the server, then reads again; says what went wrong.
 * @param {() => Promise<unknown>} deed @param {() => Promise<void>} load
 */
export async function attempt(deed, load) {
  try {
    await deed();
  } catch (error) {
    complain(refusal(error));
  }
  await load();
}
