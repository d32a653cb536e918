// Settings: labels (keywords) and their colours.
import { html } from "lit-html";
import { repeat } from "lit-html/repeat";
import { prompt } from "../core/dialogs.js";
import { t } from "../core/i18n.js";
import { icon } from "../core/icons.js";
import { settings } from "../core/settings.js";
import { mount as view } from "../core/view.js";
import { keep } from "./fields.js";

/** The colours there are, as style/tokens.css has them. */
const COLOURS = ["grey", "red", "orange", "yellow", "green", "teal", "blue", "purple", "pink"];

/**
 * Whether this can be a keyword of JMAP and IMAP (RFC 8621 §4.1.1, RFC 9051 §2.3.2): what is wrong, or "".
 * @param {string} name
 */
export function wrongLabel(name) {
  if (name.length === 0 || name.length > 100) return t("settings.label.length");
  if (name.startsWith("$")) return t("settings.label.system");
  return /^[\u0021-\u007e]+$/u.test(name) && !/[(){%*"\\\]]/u.test(name) ? "" : t("settings.label.letters");
}

/** @param {HTMLElement} host */
export function mount(host) {
  return view(host, () => {
    const all = Object.entries(settings.value.labelColours).sort(([a], [b]) => a.localeCompare(b));
    return html`<div class="card-head"><h2>${t("settings.labels")}</h2><button class="button" @click=${add}>${icon("plus")}<span>${t("settings.label.new")}</span></button></div>
      <p class="soft">${t("settings.labels.about")}</p>
      ${all.length ? html`<ul class="rows">${repeat(all, ([name]) => name, ([name, colour]) => row(name, colour))}</ul>` : html`<p class="hint">${t("settings.labels.none")}</p>`}`;
  });
}

/** @param {string} name @param {string} colour */
function row(name, colour) {
  return html`<li><span class="grow"><span class="label-chip label-${colour}">${name}</span></span>
    <label><span class="unseen">${t("settings.label.colour-of", { name })}</span>
      <select @change=${(/** @type {Event} */ event) => void paint(name, /** @type {HTMLSelectElement} */ (event.target).value)}>
        ${COLOURS.map((one) => html`<option value=${one} ?selected=${one === colour}>${t(`settings.colour.${one}`)}</option>`)}</select></label>
    <button class="icon-button" aria-label=${t("settings.label.delete-of", { name })} title=${t("settings.label.delete-of", { name })} @click=${() => void forget(name)}>${icon("trash")}</button></li>`;
}

/** @param {string} name @param {string} colour */
const paint = (name, colour) => keep({ labelColours: { ...settings.peek().labelColours, [name]: colour } });

/** @param {string} name */
function forget(name) {
  return keep({ labelColours: Object.fromEntries(Object.entries(settings.peek().labelColours).filter(([one]) => one !== name)) });
}

async function add() {
  const name = await prompt({ title: t("settings.label.new"), label: t("settings.label.name"), yes: t("create"), check: wrongLabel });
  if (!name) return;
  const used = Object.values(settings.peek().labelColours);
  const colour = COLOURS.find((one) => one !== "grey" && !used.includes(one)) ?? "grey";
  await paint(name.toLowerCase(), colour);
}
