// Settings: the code of an app as a second factor (TOTP), and the codes for the day the phone is gone.
import { html, nothing } from "lit-html";
import { signal } from "signals";
import { dialog } from "../core/dialogs.js";
import { t } from "../core/i18n.js";
import { api, me } from "../core/session.js";
import { mount as view } from "../core/view.js";
import { toast } from "../core/toasts.js";
import { refusal, showSecrets, withPassword } from "./security.js";

/** Below this the person is told to make new ones. */
const FEW_CODES = 3;

/**
 * @param {HTMLElement} host
 * @param {import("signals").Signal<import("./security.js").Account | null>} account
 * @param {() => Promise<void>} changed
 */
export function mountSecondFactor(host, account, changed) {
  return view(host, () => {
    const now = account.value;
    return html`<h3>${t("settings.second")}</h3><p class="soft">${t("settings.second.about")}</p>
      ${now === null ? nothing : now.second_factor ? html`<p>${t("settings.second.is-on")} ${t("settings.second.codes-left", { n: now.recovery_codes })}</p>
        ${now.recovery_codes < FEW_CODES ? html`<p class="notice bad">${t("settings.second.few")}</p>` : nothing}
        <div class="form-row"><button class="button" @click=${() => void newCodes(changed)}>${t("settings.second.new-codes")}</button>
          <button class="button danger" @click=${() => void turnOff(changed)}>${t("settings.second.turn-off")}</button></div>`
        : html`<div><button class="button primary" @click=${() => void turnOn(changed)}>${t("settings.second.turn-on")}</button></div>`}`;
  });
}

/** @param {() => Promise<void>} changed */
async function turnOn(changed) {
  const begun = await withPassword(t("settings.second.turn-on"), (password) => api("POST", "/account/second-factor", { password }));
  if (!begun) return;
  const codes = await enrol(begun);
  if (!codes) return;
  me.value = { ...me.peek(), second_factor: true };
  await changed();
  await showSecrets(t("settings.second.codes"), t("settings.second.codes.about"), codes);
}

/**
 * Shows the picture and takes the first code.
 * @param {{ secret: string, uri: string, qr: string }} begun
 * @returns {Promise<string[] | undefined>} the recovery codes
 */
function enrol(begun) {
  const problem = signal("");
  const picture = `data:image/svg+xml;utf8,${encodeURIComponent(begun.qr)}`;
  return dialog({
    title: t("settings.second.turn-on"),
    body: (close) => html`<p>${t("settings.second.scan")}</p>
      <p class="qr"><img src=${picture} alt=${t("settings.second.qr")} width="200" height="200"></p>
      <p class="hint">${t("settings.second.type")} <span class="code">${begun.secret.replace(/(.{4})/gu, "$1 ").trim()}</span></p>
      <form id="enrol" class="form" @submit=${async (/** @type {Event} */ event) => {
        event.preventDefault();
        const code = /** @type {HTMLInputElement} */ (/** @type {HTMLFormElement} */ (event.target).elements.namedItem("code")).value.replace(/\s/gu, "");
        try {
          const answer = await api("PUT", "/account/second-factor", { code });
          close(answer.recovery_codes);
        } catch (/** @type {any} */ error) {
          problem.value = error?.status === 422 || error?.status === 401 || error?.status === 400 ? t("settings.second.wrong") : refusal(error);
        }
      }}><label class="field"><span>${t("settings.second.code")}</span><input name="code" required autofocus inputmode="numeric" autocomplete="one-time-code" maxlength="12"></label>
        ${problem.value ? html`<p class="notice bad" role="alert">${problem.value}</p>` : nothing}</form>`,
    actions: (close) => html`<button class="button" @click=${() => close()}>${t("cancel")}</button><button class="button primary" form="enrol">${t("settings.second.turn-on")}</button>`,
  });
}

/** @param {() => Promise<void>} changed */
async function turnOff(changed) {
  const done = await withPassword(t("settings.second.turn-off"), async (password) => {
    await api("POST", "/account/second-factor/off", { password });
    return true;
  });
  if (!done) return;
  me.value = { ...me.peek(), second_factor: false };
  toast(t("settings.second.is-off"));
  await changed();
}

/** @param {() => Promise<void>} changed */
async function newCodes(changed) {
  const made = await withPassword(t("settings.second.new-codes"), (password) => api("POST", "/account/second-factor/recovery-codes", { password }));
  if (!made) return;
  await changed();
  await showSecrets(t("settings.second.codes"), t("settings.second.codes.about"), made.recovery_codes);
}
