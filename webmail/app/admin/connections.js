// Administration: who is connected now.
import { html, nothing } from "lit-html";
import { repeat } from "lit-html/repeat";
import { t } from "../core/i18n.js";
import { mount as view } from "../core/view.js";
import { moment, problemLine, reading, twin } from "./asking.js";

/** @typedef {{ id: number, listener: string, client: string, since: number, user?: string | null, tls?: string | null }} Connection */

/** Live: as often as one can read. */
const AGAIN_MS = 3000;
const ROWS_MAX = 500;

/** @param {HTMLElement} host */
export function mount(host) {
  const all = /** @type {ReturnType<typeof reading<{ connections: Connection[] }>>} */ (reading(() => "connections"));
  void all.load();
  const timer = setInterval(() => {
    if (document.visibilityState === "visible") void all.load();
  }, AGAIN_MS);
  const end = view(host, () => {
    const found = all.value.value?.connections ?? [];
    const counts = new Map();
    for (const { listener } of found) counts.set(listener, (counts.get(listener) ?? 0) + 1);
    return html`<h2>${t("admin.connections")}</h2>${problemLine(all.problem.value, all.load)}
      <p>${t("admin.connections.count", { n: found.length })}${[...counts].sort().map(([name, n]) => html` · ${name}: ${n}`)}</p>
      <div class="table-wrap" tabindex="0" role="region" aria-label=${t("admin.connections")}><table class="data"><caption class="unseen">${t("admin.connections")}</caption>
        <thead><tr><th scope="col">${t("admin.listener")}</th><th scope="col">${t("admin.client")}</th><th scope="col">${t("admin.user")}</th><th scope="col">${t("admin.tls")}</th><th scope="col">${t("admin.since")}</th></tr></thead>
        <tbody>${repeat(found.slice(0, ROWS_MAX), (one) => one.id, (one) => html`<tr><th scope="row">${one.listener}</th><td><code>${one.client}</code></td><td>${one.user ?? "–"}</td><td>${one.tls ?? t("admin.tls.none")}</td><td>${moment(one.since)}</td></tr>`)}</tbody></table></div>
      ${found.length > ROWS_MAX ? html`<p class="hint">${t("admin.more-rows", { n: found.length - ROWS_MAX })}</p>` : nothing}
      ${twin(all.value.value?.command)}`;
  });
  return () => {
    clearInterval(timer);
    all.stop();
    end();
  };
}
