// Cards that seem to be of one person, side by side, to be made one.
import { html } from "lit-html";
import { repeat } from "lit-html/repeat";
import { signal } from "signals";
import { t } from "../core/i18n.js";
import { icon } from "../core/icons.js";
import { toast } from "../core/toasts.js";
import { mount as view } from "../core/view.js";
import { cards, setCards, sorted } from "./book.js";
import { again, cardTitle, duplicates, emailsOf, groupsAfter, merged } from "./card.js";

/** @typedef {import("./card.js").Card} Card */

/** @param {HTMLElement} host */
export function mountDuplicates(host) {
  const passed = signal(/** @type {Set<string>} */ (new Set()));
  const nameOf = (/** @type {Card[]} */ group) => group.map((card) => card.id).join(" ");
  return view(host, () => {
    const all = duplicates(sorted.value).filter((group) => !passed.value.has(nameOf(group)));
    return html`<div class="page"><a class="contact-back icon-button" href="/contacts" aria-label=${t("contacts.back")}>${icon("back")}</a>
      <h2 tabindex="-1">${t("contacts.duplicates")}</h2><p class="soft">${t(all.length ? "contacts.duplicates.about" : "contacts.duplicates.none")}</p>
      ${repeat(all, nameOf, (group) => html`<section class="card"><ul class="rows">${group.map((card) => html`<li><span class="avatar" aria-hidden="true">${cardTitle(card).charAt(0).toUpperCase()}</span><span class="grow">${cardTitle(card)}<span class="soft">${emailsOf(card).join(", ")}</span></span></li>`)}</ul>
        <div class="form-row"><button class="button primary" @click=${() => void merge(group)}>${t("contacts.merge")}</button>
          <button class="button" @click=${() => { passed.value = new Set([...passed.peek(), nameOf(group)]); }}>${t("contacts.keep-both")}</button></div></section>`)}</div>`;
  });
}

/** @param {Card[]} group */
async function merge(group) {
  const { keep, patch, drop } = merged(group);
  const gone = group.filter((card) => drop.includes(card.id));
  const groups = groupsAfter([...(cards.peek()?.values() ?? [])], gone.map((card) => card.uid), keep.uid);
  const before = Object.fromEntries(Object.keys(patch).map((field) => [field, keep[field] ?? null]));
  const groupsBefore = Object.fromEntries(Object.keys(groups).map((id) => [id, { members: cards.peek()?.get(id)?.members ?? {} }]));
  // First the one that stays has it all; only then do the others go.
  if (!(await setCards({ update: { [keep.id]: patch, ...groups } })) || !(await setCards({ destroy: drop }))) return;
  toast({ text: t("contacts.merged", { name: cardTitle(keep) }), label: t("undo"), run: () => {
    void setCards({ update: { [keep.id]: before, ...groupsBefore }, create: Object.fromEntries(gone.map((card, at) => [`b${at}`, again(card)])) });
  } });
}
