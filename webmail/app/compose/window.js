// How a composer looks: fields, text, files, buttons, in its three shapes.
//
// Owns the template and the keys of one composer. What it holds is composer.js's.
import { html, nothing } from "lit-html";
import { repeat } from "lit-html/repeat";
import { keyWords } from "../core/commands.js";
import { identities } from "../core/data.js";
import { menu } from "../core/dialogs.js";
import { size } from "../core/format.js";
import { t } from "../core/i18n.js";
import { icon } from "../core/icons.js";
import { holdMax } from "./sending.js";
import { toolbar } from "./toolbar.js";

/** @typedef {import("./composer.js").Composer} Composer */
/**
 * @typedef {object} Deeds what the buttons do, given by main.js
 * @property {() => void} send
 * @property {() => void} schedule
 * @property {() => void} close
 * @property {() => void} discard
 * @property {() => void} minimise
 * @property {() => void} enlarge
 */

/** @param {Composer} composer @param {Deeds} deeds */
export function windowTemplate(composer, deeds) {
  const draft = composer.draft.value;
  const rich = draft.mode === "rich";
  return html`${header(composer, deeds)}
    <div class="composer-body" ?hidden=${composer.shape.value === "minimised"}>
      <div class="composer-fields">
        ${identities.value.length > 1 ? from(composer) : nothing}
        ${composer.fields.to.template(composer.copies.value ? nothing : html`<button type="button" class="copies-button" @click=${() => showCopies(composer, "cc")}>${t("compose.copies")}</button>`)}
        ${composer.copies.value ? html`${composer.fields.cc.template()}${composer.fields.bcc.template()}` : nothing}
        <div class="subject-line"><label for="subject-${composer.key}">${t("compose.subject")}</label>
          <input id="subject-${composer.key}" type="text" autocomplete="off" maxlength="900" .value=${draft.subject}
            @input=${(/** @type {Event} */ event) => composer.change({ subject: /** @type {HTMLInputElement} */ (event.target).value })}></div>
      </div>
      ${rich && composer.formatting.value ? toolbar(composer) : nothing}
      <div class="composer-text" ?hidden=${!rich}>${composer.editor.frame}</div>
      ${rich ? nothing : html`<textarea class="composer-plain" aria-label=${t("compose.text")} .value=${draft.text} spellcheck="true"
        @input=${(/** @type {Event} */ event) => composer.change({ text: /** @type {HTMLTextAreaElement} */ (event.target).value })}
        @paste=${(/** @type {ClipboardEvent} */ event) => pasteFiles(composer, event)}></textarea>`}
      ${enclosures(composer)}
      ${composer.problem.value ? html`<p class="composer-problem" role="alert">${icon("warning")}<span>${composer.problem.value}</span></p>` : nothing}
      ${footer(composer, deeds)}
    </div>`;
}

/** @param {Composer} composer @param {Deeds} deeds */
function header(composer, deeds) {
  const small = composer.shape.value === "minimised";
  const full = composer.shape.value === "full";
  return html`<div class="composer-head" @dblclick=${deeds.enlarge}>
    <button type="button" class="composer-title" aria-expanded=${!small} @click=${deeds.minimise}>${composer.title.value}</button>
    <span class="composer-saved">${savedWords(composer)}</span>
    <button type="button" class="icon-button shape-button" aria-label=${t(small ? "compose.restore" : "compose.minimise")} @click=${deeds.minimise}>${icon(small ? "up" : "minimise")}</button>
    <button type="button" class="icon-button shape-button" aria-label=${t(full ? "compose.dock" : "compose.full")} @click=${deeds.enlarge}>${icon(full ? "shrink" : "enlarge")}</button>
    <button type="button" class="icon-button" aria-label=${t("compose.close")} title=${t("compose.close")} @click=${deeds.close}>${icon("close")}</button>
  </div>`;
}

/** @param {Composer} composer */
function savedWords(composer) {
  const state = composer.saving.value;
  return state === "clean" || state === "dirty" ? "" : t(`compose.state.${state}`);
}

/** @param {Composer} composer */
function from(composer) {
  return html`<div class="from-line"><label for="from-${composer.key}">${t("compose.from")}</label>
    <select id="from-${composer.key}" @change=${(/** @type {Event} */ event) => composer.chooseIdentity(/** @type {HTMLSelectElement} */ (event.target).value)}>
      ${identities.value.map((one) => html`<option value=${one.id} ?selected=${one.id === composer.draft.value.identityId}>${one.name ? `${one.name} <${one.email}>` : one.email}</option>`)}
    </select></div>`;
}

/** @param {Composer} composer @param {"cc" | "bcc"} name */
export function showCopies(composer, name) {
  composer.copies.value = true;
  requestAnimationFrame(() => document.getElementById(composer.fields[name].id)?.focus());
}

/** @param {Composer} composer @param {ClipboardEvent} event */
function pasteFiles(composer, event) {
  const files = [...(event.clipboardData?.files ?? [])];
  if (files.length === 0) return;
  event.preventDefault();
  composer.addFiles(files, false);
}

/** @param {Composer} composer */
function enclosures(composer) {
  const listed = composer.draft.value.enclosures.filter((one) => !one.cid || one.error);
  if (listed.length === 0) return nothing;
  return html`<ul class="enclosures" aria-label=${t("compose.attachments")}>${repeat(listed, (one) => one.key, (one) => enclosure(composer, one))}</ul>`;
}

/** @param {Composer} composer @param {import("./draft.js").Enclosure} one */
function enclosure(composer, one) {
  const going = !one.blobId && !one.error;
  return html`<li class="enclosure ${one.error ? "failed" : ""}">${icon(one.error ? "warning" : "file")}
    <span class="enclosure-name" title=${one.name}>${one.name}</span>
    <span class="enclosure-size">${one.error ? t(`compose.upload-${one.error}`) : size(one.size)}</span>
    ${going ? html`<progress max=${one.size || 1} .value=${one.sent} aria-label=${t("compose.uploading", { name: one.name })}></progress>` : nothing}
    <button type="button" class="icon-button" aria-label=${t(going ? "compose.upload-cancel" : "compose.attachment-remove", { name: one.name })}
      @click=${() => composer.removeEnclosure(one.key)}>${icon("close")}</button></li>`;
}

/** @param {Composer} composer @param {Deeds} deeds */
function footer(composer, deeds) {
  const busy = composer.busy.value;
  const file = `file-${composer.key}`;
  return html`<div class="composer-foot">
    <button type="button" class="button primary" ?disabled=${busy} title="${t("compose.send")} (${keyWords("Mod+Enter")})" @click=${deeds.send}>${icon("send")}<span>${t(busy ? "compose.sending" : "compose.send")}</span></button>
    ${holdMax() > 60 ? html`<button type="button" class="icon-button" ?disabled=${busy} aria-label=${t("compose.schedule")} title=${t("compose.schedule")} @click=${deeds.schedule}>${icon("clock")}</button>` : nothing}
    <button type="button" class="icon-button" aria-label=${t("compose.attach")} title=${t("compose.attach")}
      @click=${() => document.getElementById(file)?.click()}>${icon("attachment")}</button>
    <input id=${file} type="file" multiple hidden tabindex="-1" aria-label=${t("compose.attach")} @change=${(/** @type {Event} */ event) => picked(composer, event)}>
    ${composer.draft.value.mode === "rich" ? html`<button type="button" class="icon-button" aria-label=${t("compose.insert-image")} title=${t("compose.insert-image")}
        @click=${() => document.getElementById(`image-${composer.key}`)?.click()}>${icon("image")}</button>
      <input id="image-${composer.key}" type="file" multiple hidden tabindex="-1" accept="image/png,image/jpeg,image/gif,image/webp,image/avif" aria-label=${t("compose.insert-image")} @change=${(/** @type {Event} */ event) => picked(composer, event, true)}>
      <button type="button" class="icon-button" aria-pressed=${composer.formatting.value} aria-label=${t("compose.formatting")} title=${t("compose.formatting")}
        @click=${() => { composer.formatting.value = !composer.formatting.value; }}>${icon("text")}</button>` : nothing}
    <span class="spring"></span>
    <button type="button" class="icon-button" aria-label=${t("more")} aria-haspopup="menu" @click=${(/** @type {Event} */ event) => more(composer, event)}>${icon("more")}</button>
    <button type="button" class="icon-button" aria-label=${t("compose.discard")} title=${t("compose.discard")} @click=${deeds.discard}>${icon("trash")}</button>
  </div>`;
}

/** @param {Composer} composer @param {Event} event @param {boolean} [shown] within the text */
function picked(composer, event, shown = false) {
  const input = /** @type {HTMLInputElement} */ (event.target);
  composer.addFiles([...(input.files ?? [])], shown);
  input.value = "";
}

/** @param {Composer} composer @param {Event} event */
function more(composer, event) {
  menu(/** @type {Element} */ (event.currentTarget), [
    { label: t("compose.plain-mode"), checked: composer.draft.peek().mode === "plain", run: () => void composer.switchMode() },
    { label: t("compose.cc-show"), hint: keyWords("Mod+Shift+C"), run: () => showCopies(composer, "cc") },
    { label: t("compose.bcc-show"), hint: keyWords("Mod+Shift+B"), run: () => showCopies(composer, "bcc") },
  ]);
}

/**
 * The keys of a composer, from its fields and from the editor.
 * @param {Composer} composer @param {Deeds} deeds @param {KeyboardEventInit & { key: string }} event
 * @returns {boolean} whether it was one
 */
export function composerKey(composer, deeds, event) {
  const held = event.ctrlKey || event.metaKey;
  const key = event.key.toLowerCase();
  if (held && key === "enter") deeds.send();
  else if (held && event.shiftKey && key === "c") showCopies(composer, "cc");
  else if (held && event.shiftKey && key === "b") showCopies(composer, "bcc");
  else if (held && event.shiftKey && key === "d") deeds.discard();
  else if (key === "escape") deeds.close();
  else return false;
  return true;
}
