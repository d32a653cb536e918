// Settings: who one sends as, with name, signature, Reply-To and Bcc. RFC 8621 §6.
import { html, nothing } from "lit-html";
import { repeat } from "lit-html/repeat";
import { signal } from "signals";
import { identities, sync } from "../core/data.js";
import { confirm, dialog } from "../core/dialogs.js";
import { t } from "../core/i18n.js";
import { icon } from "../core/icons.js";
import { jmap } from "../core/session.js";
import { complain, toast } from "../core/toasts.js";
import { mount as view } from "../core/view.js";
import { formatAddresses, isAddress, parseAddresses } from "../compose/addresses.js";
import { htmlToText, textToHtml } from "../compose/plain.js";

/** @typedef {import("../core/data.js").Identity} Identity */

/** @param {HTMLElement} host */
export function mount(host) {
  return view(host, () => html`<div class="card-head"><h2>${t("settings.identities")}</h2>
      <button class="button" @click=${() => edit(null)}>${icon("plus")}<span>${t("settings.identity.new")}</span></button></div>
    <p class="soft">${t("settings.identities.about")}</p>
    <ul class="rows">${repeat(identities.value, (one) => one.id, row)}</ul>`);
}

/** @param {Identity} one */
function row(one) {
  const signature = plainSignature(one);
  return html`<li>${icon("person")}<span class="grow">${one.name || one.email}<span class="soft">${one.name ? one.email : ""}${signature ? html`${one.name ? " · " : ""}${t("settings.identity.signed")}` : nothing}</span></span>
    <button class="button small" @click=${() => edit(one)} aria-label=${t("settings.identity.edit-of", { who: named(one) })}>${t("settings.edit")}</button>
    ${one.mayDelete ? html`<button class="icon-button" aria-label=${t("settings.identity.delete-of", { who: named(one) })} @click=${() => remove(one)}>${icon("trash")}</button>` : nothing}</li>`;
}

/** How it is told from another of the same address. @param {Identity} one */
const named = (one) => formatAddresses([one]);

/** The signature as plain text: what is edited here. @param {Identity} one */
function plainSignature(one) {
  if (one.textSignature.trim()) return one.textSignature.trim();
  return one.htmlSignature ? htmlToText(/** @type {any} */ (new DOMParser().parseFromString(one.htmlSignature, "text/html").body)) : "";
}

/**
 * The form of one identity. A signature is written as text; where it is changed, its HTML form is made of it.
 * @param {Identity | null} one null: a new one
 */
async function edit(one) {
  const problem = signal("");
  const before = one ? plainSignature(one) : "";
  const given = await dialog({
    title: one ? t("settings.identity.edit-of", { who: named(one) }) : t("settings.identity.new"),
    body: (close) => html`<form id="identity" class="form" @submit=${(/** @type {Event} */ event) => {
      event.preventDefault();
      const read = reader(/** @type {HTMLFormElement} */ (event.target));
      const wrong = wrongIn(read, one === null);
      if (wrong) problem.value = wrong;
      else close(read);
    }}>
      <label class="field"><span>${t("settings.identity.name")}</span><input name="name" autofocus maxlength="200" autocomplete="name" .value=${one?.name ?? ""}></label>
      ${one ? nothing : html`<label class="field"><span>${t("settings.identity.email")}</span><input name="email" type="text" inputmode="email" required maxlength="320" autocapitalize="off"></label>`}
      <label class="field"><span>${t("settings.identity.signature")}</span><textarea name="signature" rows="5" maxlength="20000" .value=${before}></textarea></label>
      <label class="field"><span>${t("settings.identity.reply-to")}</span><input name="replyTo" inputmode="email" .value=${formatAddresses(one?.replyTo ?? [])}><span class="hint">${t("settings.identity.reply-to.hint")}</span></label>
      <label class="field"><span>${t("settings.identity.bcc")}</span><input name="bcc" inputmode="email" .value=${formatAddresses(one?.bcc ?? [])}><span class="hint">${t("settings.identity.bcc.hint")}</span></label>
      ${problem.value ? html`<p class="notice bad" role="alert">${problem.value}</p>` : nothing}</form>`,
    actions: (close) => html`<button class="button" @click=${() => close()}>${t("cancel")}</button><button class="button primary" form="identity">${t("save")}</button>`,
  });
  if (given) await store(one, given, before);
}

/** @typedef {{ name: string, email: string, signature: string, replyTo: string, bcc: string }} Given */

/** @param {HTMLFormElement} form @returns {Given} */
function reader(form) {
  const read = (/** @type {string} */ name) => /** @type {HTMLInputElement | null} */ (form.elements.namedItem(name))?.value.trim() ?? "";
  return { name: read("name"), email: read("email"), signature: read("signature"), replyTo: read("replyTo"), bcc: read("bcc") };
}

/** @param {Given} given @param {boolean} isNew @returns {string} what is wrong, or "" */
function wrongIn(given, isNew) {
  if (isNew && !isAddress(given.email)) return t("settings.identity.wrong", { who: given.email });
  const bad = [...parseAddresses(given.replyTo), ...parseAddresses(given.bcc)].find(({ email }) => !isAddress(email));
  return bad ? t("settings.identity.wrong", { who: bad.email }) : "";
}

/** @param {Identity | null} one @param {Given} given @param {string} before the signature as it was */
async function store(one, given, before) {
  const list = (/** @type {string} */ text) => (text ? parseAddresses(text) : null);
  const signed = given.signature === before ? {} : { textSignature: given.signature, htmlSignature: given.signature ? textToHtml(given.signature) : "" };
  const fields = { name: given.name, replyTo: list(given.replyTo), bcc: list(given.bcc), ...signed };
  try {
    const answer = await jmap.call("Identity/set", one ? { update: { [one.id]: fields } } : { create: { made: { ...fields, email: given.email } } });
    const refused = one ? answer.notUpdated?.[one.id] : answer.notCreated?.made;
    if (refused) complain(refused.type === "forbiddenFrom" ? t("settings.identity.forbidden", { who: given.email }) : t("settings.refused", { why: refused.description ?? refused.type }));
    else toast(t("settings.kept"));
    await reload();
  } catch {
    complain(t("settings.not-kept"));
  }
}

/** @param {Identity} one */
async function remove(one) {
  if (!(await confirm({ title: t("settings.identity.delete-of", { who: named(one) }), text: t("settings.identity.delete.sure"), yes: t("delete"), danger: true }))) return;
  try {
    await jmap.call("Identity/set", { destroy: [one.id] });
    await reload();
  } catch {
    complain(t("settings.not-kept"));
  }
}

async function reload() {
  identities.value = (await jmap.call("Identity/get", { ids: null })).list;
  void sync({}).catch(() => {});
}
