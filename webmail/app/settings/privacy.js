// Settings: whose remote images are shown.
import { html, nothing } from "lit-html";
import { repeat } from "lit-html/repeat";
import { signal } from "signals";
import { t } from "../core/i18n.js";
import { icon } from "../core/icons.js";
import { settings } from "../core/settings.js";
import { mount as view } from "../core/view.js";
import { isAddress } from "../compose/addresses.js";
import { check, keep } from "./fields.js";

/**
 * A sender, or a whole domain as `@domain`, in small letters; "" when it is neither.
 * @param {string} typed
 */
export function senderOf(typed) {
  const text = typed.trim().toLowerCase();
  if (text.startsWith("@")) return isAddress(`x${text}`) ? text : "";
  return isAddress(text) ? text : "";
}

/** @param {HTMLElement} host */
export function mount(host) {
  const problem = signal("");
  const add = async (/** @type {Event} */ event) => {
    event.preventDefault();
    const input = /** @type {HTMLInputElement} */ (/** @type {HTMLFormElement} */ (event.target).elements.namedItem("sender"));
    const sender = senderOf(input.value);
    problem.value = sender ? "" : t("settings.images.wrong");
    if (!sender || !(await keep({ imagesFrom: [...new Set([...settings.peek().imagesFrom, sender])].sort() }))) return;
    input.value = "";
  };
  return view(host, () => html`<h2>${t("settings.privacy")}</h2>
    <p class="soft">${t("settings.images.about")}</p>
    <form class="form-row" @submit=${add}><label class="field"><span>${t("settings.images.add")}</span><input name="sender" required maxlength="320" inputmode="email" placeholder="@example.org" autocapitalize="off" spellcheck="false"></label>
      <button class="button">${t("settings.add")}</button></form>
    ${problem.value ? html`<p class="notice bad" role="alert">${problem.value}</p>` : nothing}
    ${settings.value.imagesFrom.length ? html`<ul class="rows">${repeat(settings.value.imagesFrom, (one) => one, (one) => html`<li><span class="grow">${one}</span>
      <button class="icon-button" aria-label=${t("settings.images.remove", { who: one })} @click=${() => void keep({ imagesFrom: settings.peek().imagesFrom.filter((each) => each !== one) })}>${icon("close")}</button></li>`)}</ul>`
      : html`<p class="hint">${t("settings.images.none")}</p>`}
    <section class="card"><h3>${t("settings.contacts")}</h3><div class="form">${check("keepRecipients", { label: t("settings.keep-recipients"), hint: t("settings.keep-recipients.hint") })}</div></section>`);
}
