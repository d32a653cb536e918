// The login page: password, code, passkey; and back to where one wanted to go.
//
// Owns the dialogue with `/api/login` (docs/http-api.md). What a session is, core/session.js knows.
import { html, nothing } from "lit-html";
import { signal } from "signals";
import { announce } from "../core/focus.js";
import { addCatalogue, LANGUAGES, language, t } from "../core/i18n.js";
import { addIcons, icon } from "../core/icons.js";
import { go, route } from "../core/router.js";
import { api, jmap, loggedIn, loggedInNow } from "../core/session.js";
import { addSheet } from "../core/sheets.js";
import { settings } from "../core/settings.js";
import { mount as view } from "../core/view.js";
import { forgetDrafts } from "../compose/journal.js";
import { safeNext } from "./next.js";
import { getPasskey, passkeysWork } from "./passkey.js";

await Promise.all([addCatalogue("login"), addSheet("login")]);

/** @typedef {"password" | "code"} Step */

addIcons({
  show: "M2 12s3.5-6.5 10-6.5S22 12 22 12s-3.5 6.5-10 6.5S2 12 2 12ZM12 15a3 3 0 1 0 0-6 3 3 0 0 0 0 6Z",
  hide: "M3 3l18 18M10 5.7A11 11 0 0 1 12 5.5C18.5 5.5 22 12 22 12a17 17 0 0 1-3 3.7M6 7.2A16 16 0 0 0 2 12s3.5 6.5 10 6.5a10 10 0 0 0 4-.8M9.9 9.9a3 3 0 0 0 4.2 4.2",
});

/** @param {HTMLElement} host */
export function mount(host) {
  const step = signal(/** @type {Step} */ ("password"));
  const problem = signal("");
  const busy = signal(false);
  const shown = signal(false);
  const given = { username: "", password: "" };

  const say = (/** @type {string} */ words) => {
    problem.value = words;
    announce(words, "urgent");
  };

  /** @param {() => Promise<any>} ask */
  const attempt = async (ask) => {
    if (busy.peek()) return;
    busy.value = true;
    problem.value = "";
    try {
      const answer = await ask();
      if (answer?.status === "code") {
        step.value = "code";
        requestAnimationFrame(() => document.getElementById("login-code")?.focus());
        return;
      }
      await loggedInNow();
      // One's own stay: a session may have ended in the middle of a sentence.
      forgetDrafts(localStorage, jmap.accountId);
      given.password = "";
      go(safeNext(route.peek().query.get("next")), { replace: true });
    } catch (error) {
      say(wordsOf(error, step.peek()));
      requestAnimationFrame(() => /** @type {HTMLInputElement | null} */ (host.querySelector(step.peek() === "code" ? "#login-code" : "#login-password"))?.select());
    } finally {
      busy.value = false;
    }
  };

  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    const form = /** @type {HTMLFormElement} */ (event.target);
    const read = (/** @type {string} */ name) => /** @type {HTMLInputElement | null} */ (form.elements.namedItem(name))?.value ?? "";
    if (step.peek() === "password") Object.assign(given, { username: read("username").trim(), password: read("password") });
    const code = step.peek() === "code" ? read("code").replace(/[\s]/gu, "") : "";
    void attempt(() => api("POST", "/login", { ...given, ...(code ? { code } : {}) }));
  };

  const passkey = () => void attempt(async () => {
    const { options } = await api("POST", "/login/passkey/begin", {});
    return api("POST", "/login/passkey", { credential: await getPasskey(options) });
  });

  return view(host, () => template({ step: step.value, problem: problem.value, busy: busy.value, shown: shown.value }, {
    submit, passkey,
    show: () => { shown.value = !shown.peek(); },
    back: () => { step.value = "password"; problem.value = ""; },
  }));
}

/**
 * @param {{ step: Step, problem: string, busy: boolean, shown: boolean }} state
 * @param {{ submit: (event: Event) => void, passkey: () => void, show: () => void, back: () => void }} deeds
 */
function template(state, deeds) {
  return html`<div class="login">
    <div class="login-card">
      <p class="login-brand"><svg class="mark" viewBox="0 0 24 24" aria-hidden="true"><path d="M6 22V8a6 6 0 0 1 12 0v14z"></path><path class="slot" d="M9 9.5h6"></path><path class="slot" d="M6 13h12"></path></svg>${t("brand")}</p>
      <h1>${t(state.step === "code" ? "login.code-title" : "login.title")}</h1>
      ${loggedIn.value === "in" ? html`<p class="soft">${t("login.already")} <a href="/mail">${t("login.to-mail")}</a></p>` : nothing}
      <form @submit=${deeds.submit} aria-busy=${state.busy}>
        ${state.step === "password" ? passwordFields(state, deeds) : codeField()}
        ${state.problem ? html`<p class="login-problem">${icon("warning")}<span>${state.problem}</span></p>` : nothing}
        <button class="button primary login-do" ?disabled=${state.busy}>${t(state.busy ? "login.busy" : state.step === "code" ? "login.code-do" : "login.do")}</button>
        ${state.step === "code" ? html`<button type="button" class="button" @click=${deeds.back}>${t("login.back")}</button>` : nothing}
      </form>
      ${state.step === "password" && passkeysWork() ? html`<p class="login-or"><span>${t("login.or")}</span></p>
        <button type="button" class="button login-do" ?disabled=${state.busy} @click=${deeds.passkey}>${icon("shield")}<span>${t("login.passkey")}</span></button>` : nothing}
      ${languages()}
    </div></div>`;
}

/** @param {{ shown: boolean }} state @param {{ show: () => void }} deeds */
function passwordFields(state, deeds) {
  // A link may say who: `pillarbox lab` prints such.
  const who = route.value.query.get("user") ?? "";
  return html`<label class="field"><span>${t("login.username")}</span>
      <input name="username" type="text" inputmode="email" value=${who} required ?autofocus=${!who} autocomplete="username webauthn" autocapitalize="off" spellcheck="false" maxlength="320"></label>
    <div class="field"><label for="login-password">${t("login.password")}</label>
      <span class="password-line"><input id="login-password" name="password" type=${state.shown ? "text" : "password"} required ?autofocus=${Boolean(who)} autocomplete="current-password" maxlength="1024">
      <button type="button" class="icon-button" aria-pressed=${state.shown} aria-label=${t("login.show-password")} title=${t("login.show-password")} @click=${deeds.show}>${icon(state.shown ? "hide" : "show")}</button></span></div>`;
}

function codeField() {
  return html`<p class="soft" id="login-code-why">${t("login.code-why")}</p>
    <label class="field"><span>${t("login.code")}</span>
      <input id="login-code" name="code" type="text" required autocomplete="one-time-code" autocapitalize="off" spellcheck="false" maxlength="64" aria-describedby="login-code-why"></label>`;
}

function languages() {
  return html`<p class="login-languages">${Object.entries(LANGUAGES).map(([tag, name]) => html`<button type="button" class="link-button" lang=${tag} aria-pressed=${language.value === tag}
    @click=${() => { settings.value = { ...settings.peek(), language: tag }; }}>${name}</button>`)}</p>`;
}

/**
 * What went wrong, in plain words.
 * @param {any} error @param {Step} step
 */
function wordsOf(error, step) {
  if (error?.name === "NotAllowedError") return t("login.passkey-none");
  if (error?.name === "Unreachable") return t("login.unreachable");
  const type = String(error?.type ?? "").split(":").at(-1);
  if (error?.status === 429 || type === "too-many") return t("login.too-many");
  if (error?.status === 401 || type === "credentials") return t(step === "code" ? "login.wrong-code" : "login.wrong");
  if (error?.status === 503) return t("login.unavailable");
  return t("login.other", { why: String(error?.message ?? "") });
}
