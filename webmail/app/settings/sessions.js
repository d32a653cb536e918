// Settings: where one is logged in, and how to end that.
import { html, nothing } from "lit-html";
import { repeat } from "lit-html/repeat";
import { signal } from "signals";
import { relative } from "../core/format.js";
import { t } from "../core/i18n.js";
import { icon } from "../core/icons.js";
import { api } from "../core/session.js";
import { mount as view } from "../core/view.js";
import { attempt, dated } from "./passkeys.js";

/** @typedef {{ id: string, current: boolean, client: string, address: string, created: number, last_seen: number, expires: number }} Session */

/** @param {HTMLElement} host */
export function mountSessions(host) {
  const all = signal(/** @type {Session[]} */ ([]));
  const load = async () => {
    all.value = (await api("GET", "/sessions").catch(() => null))?.sessions ?? [];
  };
  const end = (/** @type {Session} */ one) => void attempt(() => api("DELETE", `/sessions/${encodeURIComponent(one.id)}`), load);
  const endOthers = () => void attempt(() => api("DELETE", "/sessions"), load);
  void load();
  return view(host, () => html`<div class="card-head"><h3>${t("settings.sessions")}</h3>
      ${all.value.length > 1 ? html`<button class="button" @click=${endOthers}>${t("settings.sessions.end-others")}</button>` : nothing}</div>
    <p class="soft">${t("settings.sessions.about")}</p>
    <ul class="rows">${repeat(all.value, (one) => one.id, (one) => row(one, end))}</ul>`);
}

/** @param {Session} one @param {(one: Session) => void} end */
function row(one, end) {
  const seen = relative(new Date(one.last_seen).toISOString());
  return html`<li>${icon("person")}<span class="grow">${one.client || t("settings.sessions.unknown")}${one.current ? html` <strong>${t("settings.sessions.this")}</strong>` : nothing}
      <span class="soft" title=${t("settings.expires", { when: dated(one.expires) })}>${one.address} · ${t("settings.used", { when: seen })} · ${t("settings.since", { when: dated(one.created) })}</span></span>
    ${one.current ? nothing : html`<button class="button small" aria-label=${t("settings.sessions.end-of", { name: one.client || one.address })} @click=${() => end(one)}>${t("settings.sessions.end")}</button>`}</li>`;
}
