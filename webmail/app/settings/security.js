// Settings: everything about getting in. Password, second factor, passkeys, app passwords, sessions (docs/http-api.md).
import { html, nothing } from "lit-html";
import { signal } from "signals";
import { dialog, prompt } from "../core/dialogs.js";
import { t } from "../core/i18n.js";
import { api } from "../core/session.js";
import { complain, toast } from "../core/toasts.js";
import { element, mount as view } from "../core/view.js";
import { mountAppPasswords } from "./app-passwords.js";
import { mountPasskeys } from "./passkeys.js";
import { mountSecondFactor } from "./second-factor.js";
import { mountSessions } from "./sessions.js";

/**
 * @typedef {object} Account what `GET /api/account` says
 * @property {string} address @property {boolean} second_factor @property {number} recovery_codes
 * @property {number} passkeys @property {number} app_passwords @property {number} sessions
 */

/** @param {HTMLElement} host */
export function mount(host) {
  const account = signal(/** @type {Account | null} */ (null));
  const problem = signal("");
  const load = async () => {
    try {
      account.value = await api("GET", "/account");
    } catch {
      problem.value = t("settings.unreachable");
    }
  };
  const places = ["head", "password", "second", "passkeys", "app", "sessions"].map((name) => element("section", { class: name === "head" ? "" : "card", "data-part": name }));
  host.append(...places);
  const [head, password, second, passkeys, app, sessions] = /** @type {[HTMLElement, HTMLElement, HTMLElement, HTMLElement, HTMLElement, HTMLElement]} */ (places);
  void load();
  const ends = [
    view(head, () => html`<h2>${t("settings.security")}</h2>${problem.value ? html`<p class="notice bad" role="alert">${problem.value}</p>` : nothing}`),
    mountPassword(password),
    mountSecondFactor(second, account, load),
    mountPasskeys(passkeys),
    mountAppPasswords(app),
    mountSessions(sessions),
  ];
  return () => {
    for (const end of ends) end();
    for (const place of places) place.remove();
  };
}

/**
 * Asks for the password once more, does something with it, and says what went wrong.
 * @template T
 * @param {string} title
 * @param {(password: string) => Promise<T>} deed
 * @returns {Promise<T | undefined>} undefined: it was given up, or refused
 */
export async function withPassword(title, deed) {
  const password = await askPassword(title);
  if (!password) return undefined;
  try {
    return await deed(password);
  } catch (error) {
    complain(refusal(error));
    return undefined;
  }
}

/** @param {string} title @returns {Promise<string | undefined>} */
function askPassword(title) {
  return dialog({
    title,
    body: (close) => html`<form id="password-again" class="form" @submit=${(/** @type {Event} */ event) => {
      event.preventDefault();
      close(/** @type {HTMLInputElement} */ (/** @type {HTMLFormElement} */ (event.target).elements.namedItem("password")).value);
    }}><p>${t("settings.password-again")}</p>
      <label class="field"><span>${t("settings.password.current")}</span><input type="password" name="password" required autofocus autocomplete="current-password" maxlength="1024"></label></form>`,
    actions: (close) => html`<button class="button" @click=${() => close()}>${t("cancel")}</button><button class="button primary" form="password-again">${t("settings.go-on")}</button>`,
  });
}

/** An error of the HTTP API in plain words. @param {any} error */
export function refusal(error) {
  const type = String(error?.type ?? "").split(":").at(-1);
  if (error?.name === "NotAllowedError") return t("settings.passkey.none-made");
  if (error?.name === "InvalidStateError") return t("settings.passkey.there");
  if (error?.name === "Unreachable") return t("settings.unreachable");
  if (type === "credentials" || error?.status === 401) return t("settings.password.wrong");
  if (type === "too-many" || error?.status === 429) return t("settings.too-many");
  return t("settings.refused", { why: error?.message ?? "" });
}

/** @param {HTMLElement} host */
function mountPassword(host) {
  const problem = signal("");
  const submit = async (/** @type {Event} */ event) => {
    event.preventDefault();
    const form = /** @type {HTMLFormElement} */ (event.target);
    const read = (/** @type {string} */ name) => /** @type {HTMLInputElement} */ (form.elements.namedItem(name)).value;
    problem.value = read("new") === read("again") ? "" : t("settings.password.differ");
    if (problem.value) return;
    try {
      const answer = await api("PUT", "/account/password", { current: read("current"), new: read("new") });
      form.reset();
      toast([t("settings.password.changed"), ...(answer?.notes ?? [])].join(" "));
    } catch (error) {
      problem.value = refusal(error);
    }
  };
  return view(host, () => html`<h3>${t("settings.password")}</h3>
    <form class="form" @submit=${submit}>
      <label class="field"><span>${t("settings.password.current")}</span><input type="password" name="current" required autocomplete="current-password" maxlength="1024"></label>
      <label class="field"><span>${t("settings.password.new")}</span><input type="password" name="new" required minlength="8" autocomplete="new-password" maxlength="1024"><span class="hint">${t("settings.password.hint")}</span></label>
      <label class="field"><span>${t("settings.password.new-again")}</span><input type="password" name="again" required autocomplete="new-password" maxlength="1024"></label>
      ${problem.value ? html`<p class="notice bad" role="alert">${problem.value}</p>` : nothing}
      <div><button class="button">${t("settings.password.change")}</button></div></form>`);
}

/**
 * A secret that is shown this once.
 * @param {string} title @param {string} text @param {string[]} secrets
 */
export function showSecrets(title, text, secrets) {
  return dialog({
    title,
    body: () => html`<p>${text}</p><div class="copyable"><span class="code">${secrets.map((one) => html`<span class="secret-line">${one}</span>`)}</span>
      <button class="button small" @click=${() => void copy(secrets.join("\n"))}>${t("settings.copy")}</button></div>`,
    actions: (close) => html`<button class="button primary" @click=${() => close()}>${t("settings.noted")}</button>`,
  });
}

/** @param {string} text */
async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    toast(t("settings.copied"));
  } catch {
    complain(t("settings.not-copied"));
  }
}

/** A name for a key or a password. @param {string} title @param {string} value */
export const askName = (title, value) => prompt({ title, label: t("settings.name"), value, yes: t("settings.go-on"), check: (name) => (name.length > 100 ? t("settings.name.long") : "") });
