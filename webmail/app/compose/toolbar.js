// The buttons over the text.
//
// Owns which formats are offered. What they do happens in the editor's frame.
import { html } from "lit-html";
import { menu, prompt } from "../core/dialogs.js";
import { rove } from "../core/focus.js";
import { t } from "../core/i18n.js";
import { addIcons, icon } from "../core/icons.js";

/** @typedef {import("./composer.js").Composer} Composer */

addIcons({
  bold: "M7 5h6a3.5 3.5 0 0 1 0 7H7zM7 12h7a3.5 3.5 0 0 1 0 7H7z",
  italic: "M10 5h8M6 19h8M14.5 5l-5 14",
  underline: "M7 4v7a5 5 0 0 0 10 0V4M5 20h14",
  strike: "M4 12h16M16 7.5C15.5 5.5 14 5 12 5c-2.5 0-4 1.2-4 3 0 1 .5 1.7 1.2 2.2M8 16c.5 2 2 3 4.2 3 2.5 0 4-1.2 4-3 0-.7-.2-1.2-.5-1.7",
  bullets: "M9 6h11M9 12h11M9 18h11M4.5 6v.1M4.5 12v.1M4.5 18v.1",
  numbers: "M10 6h10M10 12h10M10 18h10M4 4.5 5.5 4v4M4 11h2l-2 3h2M4 16.5h2v3.5H4M5 18.2h1",
  quote: "M5 6v12M9 8h10M9 12h10M9 16h6",
  unquote: "M5 6v12M19 12h-9M13 9l-3 3 3 3",
  link: "M10 14a4 4 0 0 0 6 .5l3-3a4.2 4.2 0 0 0-6-6l-1.5 1.5M14 10a4 4 0 0 0-6-.5l-3 3a4.2 4.2 0 0 0 6 6l1.5-1.5",
  clear: "M6 5h12M12 5 9.5 19M4 4l16 16",
  textsize: "M3 18 8 6l5 12M5 14h6M14 18l3.5-8 3.5 8M15.2 15.5h4.6",
  colour: "M6 16 12 4l6 12M8 12h8M5 20h14",
  align: "M4 6h16M4 10h10M4 14h16M4 18h10",
  undo: "M8 5 4 9l4 4M4 9h10a6 6 0 0 1 0 12h-3",
  redo: "M16 5l4 4-4 4M20 9H10a6 6 0 0 0 0 12h3",
  minimise: "M5 18h14",
  enlarge: "M14 5h5v5M19 5l-6 6M10 19H5v-5M5 19l6-6",
  shrink: "M19 10h-5V5M14 10l6-6M5 14h5v5M10 14l-6 6",
  send: "M4 12 20 4l-6 16-3-7zM11 13l9-9",
  text: "M5 6h14M12 6v13M9 19h6",
});

/** In the order of the bar. */
const SIMPLE = /** @type {const} */ (["bold", "italic", "underline", "strike"]);
const BLOCKS = /** @type {const} */ (["bullets", "numbers", "quote", "unquote"]);
/** Sizes readers agree on. */
const SIZES = /** @type {const} */ ([["small", "13px"], ["normal", ""], ["large", "20px"], ["huge", "28px"]]);
/** Colours that are read on white and on dark paper. */
const COLOURS = /** @type {const} */ ([["black", ""], ["grey", "#6b7280"], ["red", "#c22f2f"], ["orange", "#b45309"], ["green", "#22863a"], ["blue", "#2563c9"], ["violet", "#7c3aed"]]);

/** @param {Composer} composer */
export function toolbar(composer) {
  const { editor } = composer;
  const button = (/** @type {string} */ name) => html`<button type="button" class="icon-button" tabindex=${name === "bold" ? 0 : -1}
      aria-label=${t(`compose.format.${name}`)} title=${t(`compose.format.${name}`)} aria-pressed=${editor.formats.value[name] === true}
      @mousedown=${keepFocus} @click=${() => editor.format(name)}>${icon(name)}</button>`;
  return html`<div class="format-bar" role="toolbar" aria-label=${t("compose.formatting")}
      @keydown=${(/** @type {KeyboardEvent} */ event) => rove(event, /** @type {HTMLElement} */ (event.currentTarget), "button")}>
    ${SIMPLE.map(button)}${opener("textsize", (anchor) => menu(anchor, SIZES.map(([name, value]) => ({ label: t(`compose.size.${name}`), checked: editor.size.peek() === value, run: () => editor.format("size", value) }))))}
    ${opener("colour", (anchor) => menu(anchor, COLOURS.map(([name, value]) => ({ label: t(`colour.${name}`), run: () => editor.format("colour", value) }))))}
    ${BLOCKS.map(button)}
    ${opener("align", (anchor) => menu(anchor, ["left", "center", "right"].map((value) => ({ label: t(`compose.align.${value}`), run: () => editor.format("align", value) }))))}
    <button type="button" class="icon-button" tabindex="-1" aria-label=${t("compose.format.link")} title=${t("compose.format.link")} aria-pressed=${editor.formats.value.link === true}
      @click=${() => void askLink(composer)}>${icon("link")}</button>
    ${button("clear")}
    <button type="button" class="icon-button" tabindex="-1" aria-label=${t("compose.format.undo")} title=${t("compose.format.undo")} aria-disabled=${!editor.undo.value.canUndo}
      @mousedown=${keepFocus} @click=${() => editor.format("undo")}>${icon("undo")}</button>
    <button type="button" class="icon-button" tabindex="-1" aria-label=${t("compose.format.redo")} title=${t("compose.format.redo")} aria-disabled=${!editor.undo.value.canRedo}
      @mousedown=${keepFocus} @click=${() => editor.format("redo")}>${icon("redo")}</button>
  </div>`;
}

/** @param {Event} event a press keeps the selection of the text */
function keepFocus(event) {
  event.preventDefault();
}

/** @param {string} name @param {(anchor: Element) => void} open */
function opener(name, open) {
  return html`<button type="button" class="icon-button" tabindex="-1" aria-haspopup="menu" aria-label=${t(`compose.format.${name}`)} title=${t(`compose.format.${name}`)}
    @click=${(/** @type {Event} */ event) => open(/** @type {Element} */ (event.currentTarget))}>${icon(name)}</button>`;
}

/** @param {Composer} composer */
export async function askLink(composer) {
  if (composer.editor.formats.peek().link) {
    composer.editor.format("link", "");
    return;
  }
  const href = await prompt({ title: t("compose.format.link"), label: t("compose.link-address"), value: "https://", yes: t("compose.link-add"), check: (value) => (linkOf(value) ? "" : t("compose.link-wrong")) });
  const link = linkOf(href ?? "");
  if (link) composer.editor.format("link", link);
}

/**
 * What was typed, as an address that a mail may carry; "" when it cannot be one.
 * @param {string} typed
 */
export function linkOf(typed) {
  const text = typed.trim();
  if (/^(?:https?:\/\/|mailto:|tel:)\S+$/iu.test(text)) return /^https?:\/\/[^\s/]/iu.test(text) || !/^https?:/iu.test(text) ? text : "";
  if (/^[^\s@]+@[^\s@]+\.[^\s@]+$/u.test(text)) return `mailto:${text}`;
  return /^[\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)+(?:[/?#:]\S*)?$/u.test(text) ? `https://${text}` : "";
}
