// Settings: the keys of commands, each to one's own liking, and the switch for single keys (WCAG 2.1.4).
import { html, nothing } from "lit-html";
import { repeat } from "lit-html/repeat";
import { signal } from "signals";
import { allCommands, commandLabel, keyName, keysOf, keyWords } from "../core/commands.js";
import { confirm, dialog } from "../core/dialogs.js";
import { announce } from "../core/focus.js";
import { t } from "../core/i18n.js";
import { settings } from "../core/settings.js";
import { mount as view } from "../core/view.js";
import { check, keep } from "./fields.js";

/** @typedef {import("../core/commands.js").Command} Command */

const GROUPS = ["list", "message", "select", "go", "compose", "other"];
/** A sequence is two keys, as in `g i`; longer ones nobody remembers. */
const SEQUENCE_MAX = 2;
/** So long after the first key the second may come. */
const SEQUENCE_MS = 1200;

/** @param {HTMLElement} host */
export function mount(host) {
  // The mail page brings most commands; without it there would be few to choose keys for.
  void import("../mail/page.js").catch(() => {});
  return view(host, () => html`<h2>${t("settings.keys")}</h2>
    <section class="card"><div class="form">${check("singleKeys", { label: t("settings.keys.single"), hint: t("settings.keys.single.hint") })}</div></section>
    ${Object.keys(settings.value.keys).length ? html`<p><button class="button small" @click=${() => void resetAll()}>${t("settings.keys.reset-all")}</button></p>` : nothing}
    ${GROUPS.map(group)}`);
}

/** @param {string} name */
function group(name) {
  const own = allCommands().filter((one) => (one.group ?? "other") === name && !one.hidden);
  if (own.length === 0) return nothing;
  return html`<section><h3>${t(`help.${name}`)}</h3><ul class="rows">${repeat(own, (one) => one.id, row)}</ul></section>`;
}

/** @param {Command} one */
function row(one) {
  const changed = settings.value.keys[one.id] !== undefined;
  const keys = settings.value.keys[one.id] ?? one.keys ?? [];
  return html`<li><span class="grow">${commandLabel(one.id)}</span>
    <span class="keys">${keys.length ? keys.map((key) => html`<span>${key.split(" ").map((part) => html`<kbd>${keyWords(part)}</kbd> `)}</span>`) : html`<span class="soft">${t("settings.keys.none")}</span>`}</span>
    <button class="button small" aria-label=${t("settings.keys.change-of", { name: commandLabel(one.id) })} @click=${() => void change(one)}>${t("settings.keys.change")}</button>
    ${changed ? html`<button class="button small" aria-label=${t("settings.keys.reset-of", { name: commandLabel(one.id) })} @click=${() => void set(one.id, null)}>${t("settings.keys.reset")}</button>` : nothing}</li>`;
}

/** @param {string} id @param {string[] | null} keys null: ours again */
function set(id, keys) {
  const { [id]: _, ...rest } = settings.peek().keys;
  return keep({ keys: keys ? { ...rest, [id]: keys } : rest });
}

async function resetAll() {
  if (await confirm({ title: t("settings.keys.reset-all"), text: t("settings.keys.reset-all.sure"), yes: t("settings.keys.reset") })) await keep({ keys: {} });
}

/** Asks for the new key of a command by having it pressed. @param {Command} one */
async function change(one) {
  const pressed = signal("");
  let last = 0;
  const taken = () => allCommands().find((other) => other.id !== one.id && keysOf(other).includes(pressed.value));
  const listen = (/** @type {KeyboardEvent} */ event) => {
    if (["Shift", "Control", "Alt", "Meta", "Tab", "Escape"].includes(event.key)) return;
    if (event.key === "Enter" && pressed.peek()) return;
    event.preventDefault();
    event.stopPropagation();
    const parts = pressed.peek().split(" ").filter(Boolean);
    const name = keyName(event);
    pressed.value = parts.length > 0 && parts.length < SEQUENCE_MAX && event.timeStamp - last < SEQUENCE_MS ? `${parts.join(" ")} ${name}` : name;
    last = event.timeStamp;
    announce(pressed.value);
  };
  const given = await dialog({
    title: t("settings.keys.change-of", { name: commandLabel(one.id) }),
    body: () => html`<div class="key-catcher" tabindex="0" autofocus role="textbox" aria-readonly="true" aria-label=${t("settings.keys.press")} @keydown=${listen}>
        ${pressed.value ? pressed.value.split(" ").map((part) => html`<kbd>${keyWords(part)}</kbd> `) : html`<span class="soft">${t("settings.keys.press")}</span>`}</div>
      ${pressed.value && taken() ? html`<p class="notice" role="status">${t("settings.keys.taken", { name: commandLabel(taken()?.id ?? "") })}</p>` : nothing}`,
    actions: (close) => html`<button class="button" @click=${() => close([])}>${t("settings.keys.without")}</button>
      <button class="button" @click=${() => close()}>${t("cancel")}</button><button class="button primary" ?disabled=${!pressed.value} @click=${() => close([pressed.peek()])}>${t("save")}</button>`,
  });
  if (!given) return;
  const other = given.length ? taken() : undefined;
  const keys = { ...settings.peek().keys, [one.id]: given, ...(other ? { [other.id]: keysOf(other).filter((key) => key !== given[0]) } : {}) };
  await keep({ keys });
}
