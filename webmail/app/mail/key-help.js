// The help on keys: every command that has some, by group.
import { html } from "lit-html";
import { allCommands, commandLabel, keysOf, keyWords } from "../core/commands.js";
import { dialog } from "../core/dialogs.js";
import { addCatalogue, t } from "../core/i18n.js";
import { go } from "../core/router.js";
import { addSheet } from "../core/sheets.js";
import { change, settings } from "../core/settings.js";

await Promise.all([addCatalogue("reading"), addSheet("conversation")]);

/** The order of the groups. */
const GROUPS = ["list", "message", "select", "go", "compose", "other"];

/** Shows them. */
export function showKeyHelp() {
  dialog({
    title: t("command.help"), className: "wide",
    body: () => html`<label class="switch-line"><input type="checkbox" .checked=${settings.value.singleKeys} @change=${toggle}> ${t("help.single")}</label>
      <div class="key-groups">${GROUPS.map(group)}</div>`,
    actions: (close) => html`<button class="button" @click=${() => { close(); go("/settings/keys"); }}>${t("help.change")}</button>
      <button class="button primary" @click=${() => close()}>${t("close")}</button>`,
  });
}

/** @param {Event} event */
function toggle(event) {
  const singleKeys = /** @type {HTMLInputElement} */ (event.target).checked;
  change({ singleKeys }).catch(() => {
    settings.value = { ...settings.value, singleKeys };
  });
}

/** @param {string} name */
function group(name) {
  const own = allCommands().filter((one) => (one.group ?? "other") === name && keysOf(one).length);
  if (!own.length) return null;
  return html`<section><h3>${t(`help.${name}`)}</h3><dl>${own.map((one) => html`<div><dt>${commandLabel(one.id)}</dt>
    <dd>${keysOf(one).map((key) => html`${key.split(" ").map((part) => html`<kbd>${keyWords(part)}</kbd>`)} `)}</dd></div>`)}</dl></section>`;
}
