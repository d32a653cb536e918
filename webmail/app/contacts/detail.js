// One card, to be read: addresses to write to, numbers to call, groups with their members.
import { html, nothing } from "lit-html";
import { compose } from "../core/pages.js";
import { t } from "../core/i18n.js";
import { icon } from "../core/icons.js";
import { go, write } from "../core/router.js";
import { toast } from "../core/toasts.js";
import { cards, setCards } from "./book.js";
import { again, cardName, cardTitle, emailsOf, formOf, isGroup } from "./card.js";
import { exportCards } from "./exchange.js";

/** @typedef {import("./card.js").Card} Card */

/** @param {string} id */
export function showCard(id) {
  const card = cards.value?.get(id);
  if (!card) return html`<div class="empty">${icon("people")}<h2>${t(id ? "contacts.gone" : "contacts.choose")}</h2><p>${t("contacts.choose.hint")}</p></div>`;
  const title = cardTitle(card) || t("contacts.nameless");
  const form = formOf(card);
  return html`<article class="page contact-card" aria-label=${title}>
    <header class="contact-head"><a class="icon-button contact-back" href="/contacts" aria-label=${t("contacts.back")}>${icon("back")}</a>
      <span class="avatar big" aria-hidden="true">${isGroup(card) ? icon("people") : title.charAt(0).toUpperCase()}</span>
      <div class="contact-title"><h2>${title}</h2>${form.title || form.organization ? html`<p class="soft">${[form.title, form.organization].filter((text) => text && text !== title).join(", ")}</p>` : nothing}</div>
    </header>
    <div class="contact-deeds">
      <button class="button primary" ?disabled=${peopleOf(card).length === 0} @click=${() => void compose({ kind: "new", to: peopleOf(card) })}>${icon("mail")}<span>${t("contacts.write")}</span></button>
      <button class="button" @click=${() => go(write("contacts", [card.id, "edit"]))}>${icon("edit")}<span>${t("contacts.edit")}</span></button>
      ${isGroup(card) ? nothing : html`<button class="button" @click=${() => go(write("search", [emailsOf(card).map((email) => `from:${email}`).join(" OR ") || title]))}>${icon("search")}<span>${t("contacts.mail-of")}</span></button>`}
      <button class="button" @click=${() => void exportCards([card])}>${icon("download")}<span>${t("contacts.export")}</span></button>
      <button class="button danger" @click=${() => void remove(card)}>${icon("trash")}<span>${t("delete")}</span></button>
    </div>
    ${isGroup(card) ? membersOf(card) : facts(card, form)}
  </article>`;
}

/** @param {Card} card @returns {import("../core/format.js").EmailAddress[]} */
function peopleOf(card) {
  if (!isGroup(card)) return emailsOf(card).slice(0, 1).map((email) => ({ name: cardName(card) || null, email }));
  return groupMembers(card).flatMap((one) => (isGroup(one) ? [] : peopleOf(one)));
}

/** The cards that a group names. @param {Card} group @returns {Card[]} */
export function groupMembers(group) {
  const uids = group.members ?? {};
  return [...(cards.value?.values() ?? [])].filter((card) => card.id !== group.id && uids[card.uid]);
}

/** @param {Card} card @param {import("./card.js").CardForm} form */
function facts(card, form) {
  const contextOf = (/** @type {{ context: string }} */ line) => (line.context ? html` <span class="soft">${t(`contacts.context.${line.context}`)}</span>` : nothing);
  /** @type {[string, unknown][]} */
  const rows = [
    ...form.emails.map((line) => /** @type {[string, unknown]} */ ([t("contacts.email"), html`<button class="link-button" @click=${() => void compose({ kind: "new", to: [{ name: cardName(card) || null, email: line.value }] })}>${line.value}</button>${contextOf(line)}`])),
    ...form.phones.map((line) => /** @type {[string, unknown]} */ ([t("contacts.phone"), html`<a href="tel:${line.value.replace(/[^+\d]/gu, "")}" target="_self">${line.value}</a>${contextOf(line)}`])),
    [t("contacts.nickname"), form.nickname], [t("contacts.organization"), form.organization], [t("contacts.job"), form.title],
    [t("contacts.address"), form.address], [t("contacts.birthday"), form.birthday ? new Date(`${form.birthday}T12:00`).toLocaleDateString(document.documentElement.lang, { dateStyle: "long" }) : ""],
    [t("contacts.note"), form.note],
  ];
  const groups = [...(cards.value?.values() ?? [])].filter((one) => isGroup(one) && one.members?.[card.uid]);
  if (groups.length) rows.push([t("contacts.groups"), groups.map((one, at) => html`${at ? ", " : ""}<a href=${write("contacts", [one.id])}>${cardTitle(one)}</a>`)]);
  return html`<dl class="contact-facts">${rows.filter(([, value]) => value !== "").map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`;
}

/** @param {Card} card */
function membersOf(card) {
  const members = groupMembers(card);
  return html`<h3>${t("contacts.members", { n: members.length })}</h3>
    <ul class="rows">${members.map((one) => html`<li><span class="avatar" aria-hidden="true">${cardTitle(one).charAt(0).toUpperCase()}</span><span class="grow"><a href=${write("contacts", [one.id])}>${cardTitle(one)}</a><span class="soft">${emailsOf(one)[0] ?? ""}</span></span></li>`)}</ul>`;
}

/** @param {Card} card */
async function remove(card) {
  const before = again(card);
  if (!(await setCards({ destroy: [card.id] }))) return;
  go("/contacts", { replace: true });
  toast({ text: t("contacts.deleted", { name: cardTitle(card) }), label: t("undo"), run: async () => {
    const made = await setCards({ create: { back: before } });
    if (made?.back) go(write("contacts", [made.back]));
  } });
}
