// Administration: what happened to a message, or to those of an address.
import { html, nothing } from "lit-html";
import { repeat } from "lit-html/repeat";
import { effect, signal } from "signals";
import { t } from "../core/i18n.js";
import { go, route } from "../core/router.js";
import { mount as view } from "../core/view.js";
import { moment, problemLine, reading, twin } from "./asking.js";

/** @typedef {{ queue_id: string, at: number, event: string, address: string | null, detail: string }} Line */

const LINES_MAX = 500;

/** @param {HTMLElement} host */
export function mount(host) {
  const what = signal(route.peek().query.get("what") ?? "");
  const found = /** @type {ReturnType<typeof reading<{ trace: Line[] }>>} */ (reading(() => `trace?what=${encodeURIComponent(what.peek())}&limit=${LINES_MAX}`));
  const follow = effect(() => {
    if (route.value.page !== "admin" || route.value.steps[0] !== "trace") return;
    what.value = route.value.query.get("what") ?? "";
    if (what.peek()) void found.load();
  });
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    const wanted = /** @type {HTMLInputElement} */ (/** @type {HTMLFormElement} */ (event.target).elements.namedItem("what")).value.trim();
    if (wanted === what.peek()) void found.load();
    else go(`/admin/trace?what=${encodeURIComponent(wanted)}`);
  };
  const end = view(host, () => html`<h2>${t("admin.trace")}</h2><p class="soft">${t("admin.trace.about")}</p>
    <form class="form-row" role="search" aria-label=${t("admin.trace")} @submit=${submit}><label class="field"><span>${t("admin.trace.what")}</span><input name="what" required maxlength="320" autocapitalize="off" spellcheck="false" .value=${what.value}></label><button class="button primary">${t("admin.trace.do")}</button></form>
    ${found.missing.value ? lines([]) : problemLine(found.problem.value, found.load)}
    ${found.value.value && !found.missing.value ? lines(found.value.value.trace) : nothing}
    ${twin(found.value.value?.command)}`);
  return () => {
    follow();
    found.stop();
    end();
  };
}

/** The lines of journeys, message by message. @param {Line[]} trace */
export function lines(trace) {
  if (trace.length === 0) return html`<p class="hint" role="status">${t("admin.trace.none")}</p>`;
  /** @type {Map<string, Line[]>} */ const byMessage = new Map();
  for (const line of trace) byMessage.set(line.queue_id, [...(byMessage.get(line.queue_id) ?? []), line]);
  return html`<p class="unseen" role="status">${t("admin.trace.found", { n: byMessage.size })}</p>${repeat([...byMessage], ([id]) => id, ([id, all]) => html`<section class="card"><h3><code>${id}</code></h3>
    <ol class="journey">${all.map((line) => html`<li class="event-${line.event}"><span class="journey-when">${moment(line.at)}</span><span><strong>${line.event}</strong>${line.address ? html` ${line.address}` : nothing}<span class="soft journey-detail">${line.detail}</span></span></li>`)}</ol></section>`)}`;
}
