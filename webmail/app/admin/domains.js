// Administration: domains.
import { html, nothing } from "lit-html";
import { repeat } from "lit-html/repeat";
import { confirm, prompt } from "../core/dialogs.js";
import { t } from "../core/i18n.js";
import { icon } from "../core/icons.js";
import { mount as view } from "../core/view.js";
import { isAddress } from "../compose/addresses.js";
import { act, problemLine, reading, twin } from "./asking.js";

/** @typedef {{ domain: string, source: string, origin: string | null, accounts: number }} Domain */

/** @param {HTMLElement} host */
export function mount(host) {
  const all = /** @type {ReturnType<typeof reading<{ domains: Domain[] }>>} */ (reading(() => "domains"));
  void all.load();
  const end = view(host, () => html`<div class="card-head"><h2>${t("admin.domains")}</h2><button class="button primary" @click=${() => void add(all.load)}>${icon("plus")}<span>${t("admin.domain.new")}</span></button></div>
    ${problemLine(all.problem.value, all.load)}<p class="soft">${t("admin.domains.about")}</p>
    <div class="table-wrap" tabindex="0" role="region" aria-label=${t("admin.domains")}><table class="data"><caption class="unseen">${t("admin.domains")}</caption>
      <thead><tr><th scope="col">${t("admin.domain")}</th><th scope="col" class="number">${t("admin.accounts")}</th><th scope="col">${t("admin.domain.from")}</th><th scope="col"><span class="unseen">${t("more")}</span></th></tr></thead>
      <tbody>${repeat(all.value.value?.domains ?? [], (one) => one.domain, (one) => row(one, all.load))}</tbody></table></div>
    ${twin(all.value.value?.command)}`);
  return () => {
    all.stop();
    end();
  };
}

/** @param {Domain} one @param {() => Promise<void>} load */
function row(one, load) {
  return html`<tr><th scope="row">${one.domain}</th><td class="number">${one.accounts}</td><td>${one.origin ? html`<code>${one.origin}</code>` : t("admin.domain.by-hand")}</td>
    <td>${one.origin ? nothing : html`<button class="icon-button" aria-label=${t("admin.remove-of", { what: one.domain })} @click=${() => void remove(one, load)}>${icon("trash")}</button>`}</td></tr>`;
}

/** @param {() => Promise<void>} load */
async function add(load) {
  const domain = await prompt({ title: t("admin.domain.new"), label: t("admin.domain"), yes: t("create"), check: (value) => (isAddress(`x@${value}`) ? "" : t("admin.domain.wrong")) });
  if (!domain) return;
  await act("POST", "domains", { domain });
  await load();
}

/** @param {Domain} one @param {() => Promise<void>} load */
async function remove(one, load) {
  if (!(await confirm({ title: t("admin.remove-of", { what: one.domain }), text: t("admin.domain.remove.sure", { n: one.accounts }), yes: t("admin.remove"), danger: true }))) return;
  await act("DELETE", `domains/${encodeURIComponent(one.domain)}`);
  await load();
}
