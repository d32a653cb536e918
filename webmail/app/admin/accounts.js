// Administration: accounts.
import { html, nothing } from "lit-html";
import { repeat } from "lit-html/repeat";
import { signal } from "signals";
import { confirm, dialog, menu, prompt } from "../core/dialogs.js";
import { size } from "../core/format.js";
import { t } from "../core/i18n.js";
import { icon } from "../core/icons.js";
import { toast } from "../core/toasts.js";
import { mount as view } from "../core/view.js";
import { isAddress } from "../compose/addresses.js";
import { act, moment, octetsOf, problemLine, reading, twin } from "./asking.js";

/** @typedef {{ address: string, used: number, quota: number | null, messages: number, pop_delete: "remove" | "archive", has_password: boolean, has_apop: boolean, created: number }} Account */

/** Rows drawn; the search finds the others. */
const ROWS_MAX = 500;

/** @param {HTMLElement} host */
export function mount(host) {
  const typed = signal("");
  const all = /** @type {ReturnType<typeof reading<{ accounts: Account[] }>>} */ (reading(() => "accounts"));
  void all.load();
  const end = view(host, () => {
    const wanted = typed.value.trim().toLowerCase();
    const found = (all.value.value?.accounts ?? []).filter((one) => one.address.toLowerCase().includes(wanted));
    return html`<div class="card-head"><h2>${t("admin.accounts")}</h2><button class="button primary" @click=${() => void add(all.load)}>${icon("plus")}<span>${t("admin.account.new")}</span></button></div>
      ${problemLine(all.problem.value, all.load)}
      <input type="search" aria-label=${t("admin.account.search")} placeholder=${t("admin.account.search")} .value=${typed.value} @input=${(/** @type {Event} */ event) => { typed.value = /** @type {HTMLInputElement} */ (event.target).value; }}>
      <div class="table-wrap" tabindex="0" role="region" aria-label=${t("admin.accounts")}><table class="data"><caption class="unseen">${t("admin.accounts")}</caption>
        <thead><tr><th scope="col">${t("admin.address")}</th><th scope="col" class="number">${t("admin.messages")}</th><th scope="col" class="number">${t("admin.used")}</th><th scope="col">${t("admin.quota")}</th><th scope="col">${t("admin.login")}</th><th scope="col">${t("admin.created")}</th><th scope="col"><span class="unseen">${t("more")}</span></th></tr></thead>
        <tbody>${repeat(found.slice(0, ROWS_MAX), (one) => one.address, (one) => row(one, all.load))}</tbody></table></div>
      ${found.length > ROWS_MAX ? html`<p class="hint">${t("admin.more-rows", { n: found.length - ROWS_MAX })}</p>` : nothing}
      ${twin(all.value.value?.command)}`;
  });
  return () => {
    all.stop();
    end();
  };
}

/** @param {Account} one @param {() => Promise<void>} load */
function row(one, load) {
  const share = one.quota ? one.used / one.quota : 0;
  return html`<tr><th scope="row">${one.address}</th><td class="number">${one.messages.toLocaleString(document.documentElement.lang)}</td><td class="number">${size(one.used)}</td>
    <td>${one.quota === null ? t("admin.quota.none") : html`${size(one.quota)} ${share >= 0.9 ? html`<strong class="warn">${t("admin.quota.near")}</strong>` : nothing}`}</td>
    <td>${one.has_password ? t("admin.login.password") : html`<span class="warn">${t("admin.login.none")}</span>`}</td><td>${moment(one.created)}</td>
    <td><button class="icon-button" aria-label=${t("admin.more-of", { what: one.address })} aria-haspopup="menu" @click=${(/** @type {Event} */ event) => menu(/** @type {Element} */ (event.currentTarget), [
      { label: t("admin.account.password"), icon: "shield", run: () => void setPassword(one) },
      { label: t("admin.account.quota"), run: () => void setQuota(one, load) },
      { label: t("admin.account.pop-archive"), checked: one.pop_delete === "archive", run: () => void act("PUT", `accounts/${encodeURIComponent(one.address)}`, { pop_delete: one.pop_delete === "archive" ? "remove" : "archive" }).then(load) },
      null,
      { label: t("admin.account.remove"), icon: "trash", danger: true, run: () => void remove(one, load) },
    ])}>${icon("more")}</button></td></tr>`;
}

/** @param {() => Promise<void>} load */
async function add(load) {
  const problem = signal("");
  const given = await dialog({
    title: t("admin.account.new"),
    body: (close) => html`<form id="account" class="form" @submit=${(/** @type {Event} */ event) => {
      event.preventDefault();
      const form = /** @type {HTMLFormElement} */ (event.target);
      const read = (/** @type {string} */ name) => /** @type {HTMLInputElement} */ (form.elements.namedItem(name)).value.trim();
      const quota = read("quota") ? octetsOf(read("quota")) : null;
      problem.value = !isAddress(read("address")) ? t("admin.wrong-address", { who: read("address") }) : read("quota") && quota === null ? t("admin.quota.wrong") : "";
      if (!problem.value) close({ address: read("address"), ...(read("password") ? { password: read("password") } : {}), ...(quota === null ? {} : { quota }) });
    }}><label class="field"><span>${t("admin.address")}</span><input name="address" inputmode="email" required autofocus maxlength="320" autocapitalize="off" autocomplete="off"></label>
      <label class="field"><span>${t("admin.password")}</span><input type="password" name="password" maxlength="1024" autocomplete="new-password"><span class="hint">${t("admin.password.hint")}</span></label>
      <label class="field"><span>${t("admin.quota")}</span><input name="quota" maxlength="20" placeholder="5 GiB"><span class="hint">${t("admin.quota.hint")}</span></label>
      ${problem.value ? html`<p class="notice bad" role="alert">${problem.value}</p>` : nothing}</form>`,
    actions: (close) => html`<button class="button" @click=${() => close()}>${t("cancel")}</button><button class="button primary" form="account">${t("create")}</button>`,
  });
  if (!given || !(await act("POST", "accounts", given))) return;
  toast(t("admin.account.made", { who: given.address }));
  await load();
}

/** @param {Account} one */
async function setPassword(one) {
  const password = await dialog({
    title: t("admin.account.password-of", { who: one.address }),
    body: (close) => html`<form id="new-password" class="form" @submit=${(/** @type {Event} */ event) => {
      event.preventDefault();
      close(/** @type {HTMLInputElement} */ (/** @type {HTMLFormElement} */ (event.target).elements.namedItem("password")).value);
    }}><label class="field"><span>${t("admin.password")}</span><input type="password" name="password" required autofocus minlength="8" maxlength="1024" autocomplete="new-password"></label></form>`,
    actions: (close) => html`<button class="button" @click=${() => close()}>${t("cancel")}</button><button class="button primary" form="new-password">${t("save")}</button>`,
  });
  if (password && (await act("PUT", `accounts/${encodeURIComponent(one.address)}/password`, { password }))) toast(t("admin.account.password-set", { who: one.address }));
}

/** @param {Account} one @param {() => Promise<void>} load */
async function setQuota(one, load) {
  const text = await dialog({
    title: t("admin.account.quota-of", { who: one.address }),
    body: (close) => html`<form id="quota" class="form" @submit=${(/** @type {Event} */ event) => {
      event.preventDefault();
      const input = /** @type {HTMLInputElement} */ (/** @type {HTMLFormElement} */ (event.target).elements.namedItem("quota"));
      input.setCustomValidity(input.value.trim() === "" || octetsOf(input.value) !== null ? "" : t("admin.quota.wrong"));
      input.addEventListener("input", () => input.setCustomValidity(""), { once: true });
      if (input.reportValidity()) close(input.value.trim());
    }}><label class="field"><span>${t("admin.quota")}</span><input name="quota" autofocus maxlength="20" .value=${one.quota === null ? "" : `${Math.round(one.quota / 1_048_576)} MiB`}><span class="hint">${t("admin.quota.hint")}</span></label></form>`,
    actions: (close) => html`<button class="button" @click=${() => close()}>${t("cancel")}</button><button class="button primary" form="quota">${t("save")}</button>`,
  });
  if (text === undefined) return;
  await act("PUT", `accounts/${encodeURIComponent(one.address)}`, { quota: text === "" ? null : octetsOf(text) });
  await load();
}

/** Typed once more: what goes with an account does not come back. @param {Account} one @param {() => Promise<void>} load */
async function remove(one, load) {
  if (one.messages > 0) {
    const typed = await prompt({ title: t("admin.account.remove-of", { who: one.address }), label: t("admin.account.remove.type", { n: one.messages, who: one.address }), yes: t("admin.account.remove"), check: (value) => (value === one.address ? "" : t("admin.account.remove.differs")) });
    if (typed !== one.address) return;
  } else if (!(await confirm({ title: t("admin.account.remove-of", { who: one.address }), text: t("admin.account.remove.empty"), yes: t("admin.account.remove"), danger: true }))) return;
  await act("DELETE", `accounts/${encodeURIComponent(one.address)}`);
  await load();
}
