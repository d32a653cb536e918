// The form of a group: one name for many addresses.
import { html, nothing } from "lit-html";
import { repeat } from "lit-html/repeat";
import { signal } from "signals";
import { t } from "../core/i18n.js";
import { go, write } from "../core/router.js";
import { mount as view } from "../core/view.js";
import { firstBook, setCards, sorted } from "./book.js";
import { cardHas, cardName, cardTitle, emailsOf, isGroup } from "./card.js";

/** People shown to choose from; typing finds the others. */
const SHOWN_MAX = 100;

/**
 * @param {HTMLElement} host
 * @param {import("./card.js").Card | null} group null: a new one
 */
export function mountGroupForm(host, group) {
  const chosen = signal(new Set(Object.keys(group?.members ?? {})));
  const typed = signal("");
  const problem = signal("");
  const save = async (/** @type {Event} */ event) => {
    event.preventDefault();
    const name = /** @type {HTMLInputElement} */ (/** @type {HTMLFormElement} */ (event.target).elements.namedItem("name")).value.trim();
    problem.value = name ? "" : t("contacts.group-name");
    if (problem.value) return;
    const fields = { name: { "@type": "Name", full: name }, members: Object.fromEntries([...chosen.peek()].map((uid) => [uid, true])) };
    const created = { "@type": "Card", version: "1.0", kind: "group", uid: `urn:uuid:${crypto.randomUUID()}`, addressBookIds: { [firstBook.peek()]: true }, ...fields };
    const made = group ? await setCards({ update: { [group.id]: fields } }) : await setCards({ create: { made: created } });
    if (made) go(write("contacts", [group?.id ?? made.made]), { replace: true });
  };
  const toggle = (/** @type {string} */ uid) => {
    const next = new Set(chosen.peek());
    if (!next.delete(uid)) next.add(uid);
    chosen.value = next;
  };
  return view(host, () => {
    const people = sorted.value.filter((card) => !isGroup(card) && emailsOf(card).length > 0);
    const wanted = typed.value.trim().toLowerCase();
    const first = people.filter((card) => chosen.value.has(card.uid));
    const found = people.filter((card) => !chosen.value.has(card.uid) && (!wanted || cardHas(card, wanted)));
    const shown = [...(wanted ? first.filter((card) => cardHas(card, wanted)) : first), ...found].slice(0, SHOWN_MAX + first.length);
    return html`<form class="page form contact-form" @submit=${save}>
      <h2>${group ? t("contacts.edit-of", { name: cardTitle(group) }) : t("contacts.new-group")}</h2>
      <label class="field"><span>${t("contacts.name")}</span><input name="name" required maxlength="200" autocomplete="off" .value=${group ? cardName(group) : ""}></label>
      <fieldset class="lines"><legend>${t("contacts.members", { n: chosen.value.size })}</legend>
        <input type="search" aria-label=${t("contacts.search")} placeholder=${t("contacts.search")} .value=${typed.value} @input=${(/** @type {Event} */ event) => { typed.value = /** @type {HTMLInputElement} */ (event.target).value; }}
          @keydown=${(/** @type {KeyboardEvent} */ event) => { if (event.key === "Enter") event.preventDefault(); }}>
        <div class="member-list">${repeat(shown, (card) => card.id, (card) => html`<label class="check"><input type="checkbox" .checked=${chosen.value.has(card.uid)} @change=${() => toggle(card.uid)}>
          <span>${cardTitle(card)}<span class="soft">${emailsOf(card)[0]}</span></span></label>`)}</div></fieldset>
      ${problem.value ? html`<p class="notice bad" role="alert">${problem.value}</p>` : nothing}
      <div class="form-row"><button class="button primary">${t("save")}</button><a class="button" href=${write("contacts", group ? [group.id] : [])}>${t("cancel")}</a></div></form>`;
  });
}
