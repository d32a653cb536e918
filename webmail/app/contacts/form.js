// The form of one person.
import { html, nothing } from "lit-html";
import { repeat } from "lit-html/repeat";
import { signal } from "signals";
import { t } from "../core/i18n.js";
import { icon } from "../core/icons.js";
import { go, leaving, write } from "../core/router.js";
import { mount as view } from "../core/view.js";
import { isAddress } from "../compose/addresses.js";
import { firstBook, setCards } from "./book.js";
import { CONTEXTS, cardTitle, formOf, newCard, patchOf } from "./card.js";

/** @typedef {import("./card.js").Line & { at: number }} FormLine */
/** Lines of one sort; nobody has more. */
const LINES_MAX = 50;

/**
 * @param {HTMLElement} host
 * @param {import("./card.js").Card | null} card null: a new one
 */
export function mountForm(host, card) {
  const begun = formOf(card ?? {});
  let numbered = 0;
  const lines = (/** @type {import("./card.js").Line[]} */ given) => signal(/** @type {FormLine[]} */ ((given.length ? given : [{ key: "", value: "", context: "" }]).map((line) => ({ ...line, at: ++numbered }))));
  const emails = lines(begun.emails);
  const phones = lines(begun.phones);
  const problem = signal("");
  const busy = signal(false);
  let touched = false;
  const mayLeave = () => !touched || busy.peek() || window.confirm(t("contacts.leave"));
  leaving.add(mayLeave);
  const add = (/** @type {import("signals").Signal<FormLine[]>} */ list) => {
    if (list.peek().length < LINES_MAX) list.value = [...list.peek(), { key: "", value: "", context: "", at: ++numbered }];
  };

  const save = async (/** @type {Event} */ event) => {
    event.preventDefault();
    const read = (/** @type {string} */ name) => /** @type {HTMLInputElement} */ (/** @type {HTMLFormElement} */ (event.target).elements.namedItem(name)).value.trim();
    const plain = (/** @type {FormLine[]} */ all) => all.map(({ key, value, context }) => ({ key, value: value.trim(), context }));
    const form = { name: read("name"), nickname: read("nickname"), organization: read("organization"), title: read("title"), emails: plain(emails.peek()), phones: plain(phones.peek()), address: read("address"), birthday: read("birthday"), note: read("note") };
    const wrong = form.emails.find((line) => line.value && !isAddress(line.value));
    problem.value = wrong ? t("contacts.wrong-address", { who: wrong.value }) : form.name || form.organization || form.emails.some((line) => line.value) ? "" : t("contacts.empty");
    if (problem.value || busy.peek()) return;
    busy.value = true;
    const made = card ? await setCards({ update: { [card.id]: patchOf(card, form) } }) : await setCards({ create: { made: newCard(form, firstBook.peek(), `urn:uuid:${crypto.randomUUID()}`) } });
    if (made) go(write("contacts", [card?.id ?? made.made]), { replace: true });
    busy.value = false;
  };

  const end = view(host, () => html`<form class="page form contact-form" @submit=${save} @input=${() => { touched = true; }}>
    <div class="card-head"><h2>${card ? t("contacts.edit-of", { name: cardTitle(card) }) : t("contacts.new")}</h2></div>
    <label class="field"><span>${t("contacts.name")}</span><input name="name" ?autofocus=${!card} maxlength="500" autocomplete="off" .value=${begun.name}></label>
    ${lineFields("email", emails, add)}${lineFields("phone", phones, add)}
    ${text("organization", begun.organization)}${text("title", begun.title, "contacts.job")}${text("nickname", begun.nickname)}
    <label class="field"><span>${t("contacts.address")}</span><textarea name="address" rows="2" maxlength="2000" .value=${begun.address}></textarea></label>
    <label class="field"><span>${t("contacts.birthday")}</span><input type="date" name="birthday" .value=${begun.birthday}></label>
    <label class="field"><span>${t("contacts.note")}</span><textarea name="note" rows="3" maxlength="20000" .value=${begun.note}></textarea></label>
    ${problem.value ? html`<p class="notice bad" role="alert">${problem.value}</p>` : nothing}
    <div class="form-row"><button class="button primary" ?disabled=${busy.value}>${t("save")}</button>
      <a class="button" href=${write("contacts", card ? [card.id] : [])}>${t("cancel")}</a></div></form>`);
  if (!card) requestAnimationFrame(() => /** @type {HTMLElement | null} */ (host.querySelector("input"))?.focus());
  return () => {
    leaving.delete(mayLeave);
    end();
  };
}

/** @param {string} name @param {string} value @param {string} [label] */
function text(name, value, label = `contacts.${name}`) {
  return html`<label class="field"><span>${t(label)}</span><input name=${name} maxlength="500" autocomplete="off" .value=${value}></label>`;
}

/**
 * Addresses or numbers, each with what it is for.
 * @param {"email" | "phone"} sort @param {import("signals").Signal<FormLine[]>} list @param {(list: import("signals").Signal<FormLine[]>) => void} add
 */
function lineFields(sort, list, add) {
  const change = (/** @type {number} */ at, /** @type {Partial<FormLine>} */ patch) => {
    list.value = list.peek().map((line) => (line.at === at ? { ...line, ...patch } : line));
  };
  return html`<fieldset class="lines"><legend>${t(`contacts.${sort}s`)}</legend>
    ${repeat(list.value, (line) => line.at, (line, index) => html`<div class="line">
      <input type="text" inputmode=${sort === "email" ? "email" : "tel"} aria-label=${t("contacts.line", { what: t(`contacts.${sort}`), n: index + 1 })} maxlength="500" autocapitalize="off" autocomplete="off" .value=${line.value}
        @input=${(/** @type {Event} */ event) => change(line.at, { value: /** @type {HTMLInputElement} */ (event.target).value })}>
      <select aria-label=${t("contacts.context-of", { n: index + 1 })} @change=${(/** @type {Event} */ event) => change(line.at, { context: /** @type {HTMLSelectElement} */ (event.target).value })}>
        ${CONTEXTS.map((one) => html`<option value=${one} ?selected=${one === line.context}>${t(`contacts.context.${one || "any"}`)}</option>`)}</select>
      <button type="button" class="icon-button" aria-label=${t("contacts.line-remove", { what: line.value || t(`contacts.${sort}`) })} @click=${() => { list.value = list.peek().filter((one) => one.at !== line.at); }}>${icon("close")}</button></div>`)}
    <button type="button" class="button small" @click=${() => add(list)}>${icon("plus")}<span>${t(`contacts.add-${sort}`)}</span></button></fieldset>`;
}
