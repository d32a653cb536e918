// Administration: aliases, and addresses that have moved.
import { html, nothing } from "lit-html";
import { repeat } from "lit-html/repeat";
import { signal } from "signals";
import { confirm, dialog } from "../core/dialogs.js";
import { t } from "../core/i18n.js";
import { icon } from "../core/icons.js";
import { mount as view } from "../core/view.js";
import { isAddress, parseAddresses } from "../compose/addresses.js";
import { act, problemLine, reading, twin } from "./asking.js";

/** @typedef {{ address: string, members?: string[], moved?: string }} Alias */

/** @param {HTMLElement} host */
export function mount(host) {
  const all = /** @type {ReturnType<typeof reading<{ aliases: Alias[] }>>} */ (reading(() => "aliases"));
  void all.load();
  const end = view(host, () => html`<div class="card-head"><h2>${t("admin.aliases")}</h2><button class="button primary" @click=${() => void add(all.load)}>${icon("plus")}<span>${t("admin.alias.new")}</span></button></div>
    ${problemLine(all.problem.value, all.load)}<p class="soft">${t("admin.aliases.about")}</p>
    <div class="table-wrap" tabindex="0" role="region" aria-label=${t("admin.aliases")}><table class="data"><caption class="unseen">${t("admin.aliases")}</caption>
      <thead><tr><th scope="col">${t("admin.address")}</th><th scope="col">${t("admin.alias.leads")}</th><th scope="col"><span class="unseen">${t("more")}</span></th></tr></thead>
      <tbody>${repeat(all.value.value?.aliases ?? [], (one) => one.address, (one) => html`<tr><th scope="row">${one.address}</th>
        <td>${one.moved ? t("admin.alias.moved-to", { who: one.moved }) : (one.members ?? []).join(", ")}</td>
        <td><button class="icon-button" aria-label=${t("admin.remove-of", { what: one.address })} @click=${() => void remove(one, all.load)}>${icon("trash")}</button></td></tr>`)}</tbody></table></div>
    ${twin(all.value.value?.command)}`);
  return () => {
    all.stop();
    end();
  };
}

/** @param {() => Promise<void>} load */
async function add(load) {
  const problem = signal("");
  const given = await dialog({
    title: t("admin.alias.new"),
    body: (close) => html`<form id="alias" class="form" @submit=${(/** @type {Event} */ event) => {
      event.preventDefault();
      const form = /** @type {HTMLFormElement} */ (event.target);
      const read = (/** @type {string} */ name) => /** @type {HTMLInputElement} */ (form.elements.namedItem(name)).value.trim();
      const members = parseAddresses(read("members")).map((one) => one.email);
      const wrong = [read("address"), ...members].find((one) => !isAddress(one));
      const moved = /** @type {HTMLInputElement} */ (form.elements.namedItem("moved")).checked;
      problem.value = wrong !== undefined ? t("admin.wrong-address", { who: wrong }) : members.length === 0 || (moved && members.length > 1) ? t("admin.alias.how-many") : "";
      if (!problem.value) close({ address: read("address"), ...(moved ? { moved: members[0] } : { members }) });
    }}><label class="field"><span>${t("admin.address")}</span><input name="address" inputmode="email" required autofocus maxlength="320" autocapitalize="off" autocomplete="off"></label>
      <label class="field"><span>${t("admin.alias.leads")}</span><textarea name="members" rows="4" required spellcheck="false"></textarea><span class="hint">${t("admin.alias.hint")}</span></label>
      <label class="check"><input type="checkbox" name="moved"><span>${t("admin.alias.moved")}<span class="soft">${t("admin.alias.moved.hint")}</span></span></label>
      ${problem.value ? html`<p class="notice bad" role="alert">${problem.value}</p>` : nothing}</form>`,
    actions: (close) => html`<button class="button" @click=${() => close()}>${t("cancel")}</button><button class="button primary" form="alias">${t("create")}</button>`,
  });
  if (!given) return;
  await act("POST", "aliases", given);
  await load();
}

/** @param {Alias} one @param {() => Promise<void>} load */
async function remove(one, load) {
  if (!(await confirm({ title: t("admin.remove-of", { what: one.address }), text: t("admin.alias.remove.sure"), yes: t("admin.remove"), danger: true }))) return;
  await act("DELETE", `aliases/${encodeURIComponent(one.address)}`);
  await load();
}
