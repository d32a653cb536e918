// Settings: language, look, reading, sending, notifications.
import { html } from "lit-html";
import { LANGUAGES, t } from "../core/i18n.js";
import { mount as view } from "../core/view.js";
import { complain } from "../core/toasts.js";
import { check, choice } from "./fields.js";

/** @param {HTMLElement} host */
export function mount(host) {
  return view(host, () => html`<h2>${t("settings.general")}</h2>
    <section class="card"><h3>${t("settings.look")}</h3><div class="form">
      ${choice("language", [["", t("settings.language.browser")], ...Object.entries(LANGUAGES)], { label: t("settings.language") })}
      ${choice("theme", [["auto", t("theme.auto")], ["light", t("theme.light")], ["dark", t("theme.dark")]], { label: t("settings.theme") })}
      ${choice("density", [["cosy", t("settings.density.cosy")], ["compact", t("settings.density.compact")]], { label: t("settings.density") })}
    </div></section>
    <section class="card"><h3>${t("settings.reading")}</h3><div class="form">
      ${check("conversations", { label: t("settings.conversations"), hint: t("settings.conversations.hint") })}
      ${choice("readAfterS", [[0, t("settings.read-after.0")], [1, t("settings.read-after.s", { n: 1 })], [3, t("settings.read-after.s", { n: 3 })], [10, t("settings.read-after.s", { n: 10 })], [-1, t("settings.read-after.never")]], { label: t("settings.read-after") })}
      ${choice("afterAction", [["next", t("settings.after.next")], ["list", t("settings.after.list")]], { label: t("settings.after") })}
    </div></section>
    <section class="card"><h3>${t("settings.sending")}</h3><div class="form">
      ${choice("undoSendS", [[0, t("settings.undo-send.0")], ...[5, 10, 20, 30, 60].map((n) => /** @type {[number, string]} */ ([n, t("settings.undo-send.s", { n })]))], { label: t("settings.undo-send"), hint: t("settings.undo-send.hint") })}
    </div></section>
    <section class="card"><h3>${t("settings.notices")}</h3><div class="form">
      ${check("notify", { label: t("settings.notify"), hint: t("settings.notify.hint") }, mayNotify)}
    </div></section>`);
}

/** Asks the browser, where it must be asked. @param {boolean} on @returns {Promise<boolean>} */
async function mayNotify(on) {
  if (!on) return true;
  if (typeof Notification === "undefined") {
    complain(t("settings.notify.none"));
    return false;
  }
  const answer = Notification.permission === "default" ? await Notification.requestPermission() : Notification.permission;
  if (answer !== "granted") complain(t("settings.notify.refused"));
  return answer === "granted";
}
