// Settings: the answer while one is away. RFC 8621 §8.
import { html, nothing } from "lit-html";
import { signal } from "signals";
import { announce } from "../core/focus.js";
import { t } from "../core/i18n.js";
import { jmap } from "../core/session.js";
import { complain, toast } from "../core/toasts.js";
import { mount as view } from "../core/view.js";
import { utc } from "../compose/draft.js";
import { formatLocal, parseLocal } from "../compose/schedule.js";

/** @typedef {{ isEnabled: boolean, fromDate: string | null, toDate: string | null, subject: string | null, textBody: string | null, htmlBody: string | null }} Vacation */

const CAPABILITY = "urn:ietf:params:jmap:vacationresponse";

/** @param {HTMLElement} host */
export function mount(host) {
  const now = signal(/** @type {Vacation | null} */ (null));
  const problem = signal("");
  if (jmap.can(CAPABILITY)) {
    jmap.call("VacationResponse/get", { ids: ["singleton"] }).then((answer) => { now.value = answer.list[0] ?? null; }, () => { problem.value = t("settings.unreachable"); });
  } else problem.value = t("settings.vacation.none");
  const save = async (/** @type {Event} */ event) => {
    event.preventDefault();
    const given = read(/** @type {HTMLFormElement} */ (event.target));
    problem.value = given.fromDate && given.toDate && given.fromDate >= given.toDate ? t("settings.vacation.order") : "";
    if (problem.value) return;
    try {
      const answer = await jmap.call("VacationResponse/set", { update: { singleton: given } });
      const refused = answer.notUpdated?.singleton;
      if (refused) complain(t("settings.refused", { why: refused.description ?? refused.type }));
      else {
        now.value = given;
        toast(t(given.isEnabled ? "settings.vacation.on" : "settings.vacation.off"));
      }
    } catch {
      complain(t("settings.not-kept"));
    }
  };
  return view(host, () => html`<h2>${t("settings.vacation")}</h2><p class="soft">${t("settings.vacation.about")}</p>
    ${problem.value ? html`<p class="notice bad" role="alert">${problem.value}</p>` : nothing}
    ${now.value ? form(now.value, save) : nothing}`);
}

/** @param {Vacation} now @param {(event: Event) => void} save */
function form(now, save) {
  const local = (/** @type {string | null} */ date) => (date ? formatLocal(new Date(date)) : "");
  return html`<form class="form" @submit=${save} @input=${() => announce("")}>
    <label class="check"><input type="checkbox" name="enabled" .checked=${now.isEnabled}><span>${t("settings.vacation.enabled")}</span></label>
    <div class="form-row"><label class="field"><span>${t("settings.vacation.from")}</span><input type="datetime-local" name="from" .value=${local(now.fromDate)}></label>
      <label class="field"><span>${t("settings.vacation.until")}</span><input type="datetime-local" name="until" .value=${local(now.toDate)}></label></div>
    <label class="field"><span>${t("settings.vacation.subject")}</span><input name="subject" maxlength="900" .value=${now.subject ?? ""}><span class="hint">${t("settings.vacation.subject.hint")}</span></label>
    <label class="field"><span>${t("settings.vacation.text")}</span><textarea name="text" rows="8" maxlength="50000" .value=${now.textBody ?? ""}></textarea></label>
    <div><button class="button primary">${t("save")}</button></div></form>`;
}

/** @param {HTMLFormElement} form @returns {Vacation} */
function read(form) {
  const field = (/** @type {string} */ name) => /** @type {HTMLInputElement} */ (form.elements.namedItem(name));
  const date = (/** @type {string} */ name) => {
    const at = parseLocal(field(name).value);
    return at ? utc(at) : null;
  };
  return { isEnabled: field("enabled").checked, fromDate: date("from"), toDate: date("until"), subject: field("subject").value.trim() || null, textBody: field("text").value || null, htmlBody: null };
}
