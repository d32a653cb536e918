// One message: who, when, warnings, its text in a frame, its attachments, and what became of it when it was sent.
import { html, nothing } from "lit-html";
import { ownAddresses } from "../core/data.js";
import { command, commandLabel, keyHint, run } from "../core/commands.js";
import { menu } from "../core/dialogs.js";
import { displayName, longDate, relative, shortDate } from "../core/format.js";
import { t } from "../core/i18n.js";
import { icon } from "../core/icons.js";
import { compose } from "../core/pages.js";
import { change, settings } from "../core/settings.js";
import { toast } from "../core/toasts.js";
import * as actions from "./actions.js";
import { attachmentsTemplate } from "./attachments.js";
import { current, isOwn } from "./conversation.js";
import { attempt } from "./folders.js";
import { journeyTemplate } from "./journey.js";
import { imagesAllowed, imagesShown, messages, renderings, showImages } from "./message-data.js";
import { blocks, foldQuotes } from "./plain-text.js";
import { unsubscribe } from "./unsubscribe.js";
import { wayOut } from "./way-out.js";

/** @typedef {import("../core/data.js").Email} Email */
/** @typedef {import("./message-data.js").Message} Message */
/** @typedef {{ open: boolean, current: boolean, single: boolean, toggle: () => void }} Look */

/** @param {Email} one @param {Look} look */
export function messageTemplate(one, look) {
  return html`<article id="message-${one.id}" class="message ${look.open ? "open" : "folded"} ${look.current && !look.single ? "current" : ""}" aria-label=${t("message.of", { name: who(one), when: longDate(one.receivedAt) })}>
    ${head(one, look)}${look.open ? inside(one) : nothing}</article>`;
}

/** @param {Email} one */
function who(one) {
  const from = one.from?.[0];
  if (!from) return t("people.none");
  return ownAddresses.value.has(from.email.toLowerCase()) ? t("me") : displayName(from);
}

/** @param {Email} one @param {Look} look */
function head(one, look) {
  const from = one.from?.[0];
  const whole = messages.get(one.id);
  const seen = one.keywords.$seen || one.keywords.$draft;
  return html`<header class="message-top">
    <button class="message-head" aria-expanded=${String(look.open)} @click=${look.toggle} @focus=${() => { current.value = one.id; }}>
      <span class="avatar tint-${tint(from?.email ?? "")}" aria-hidden="true">${[...displayName(from)][0]?.toUpperCase() ?? "?"}</span>
      <span class="message-who"><h2 class="message-from ${seen ? "" : "strong"}">${one.keywords.$draft ? html`<span class="draft-mark">${t("draft")}</span> ` : nothing}${who(one)}
        ${look.open && from && displayName(from) !== from.email ? html`<span class="soft message-address">${from.email}</span>` : nothing}</h2>
        <span class="soft message-to">${look.open ? t("message.to", { names: recipients(one, whole) }) : one.preview}</span></span>
      ${one.hasAttachment && !look.open ? icon("attachment") : nothing}
      <time class="soft" datetime=${one.receivedAt} title=${longDate(one.receivedAt)}>${look.open ? `${shortDate(one.receivedAt)} · ${relative(one.receivedAt)}` : shortDate(one.receivedAt)}</time>
    </button>
    ${look.open ? html`<span class="message-tools">
      <button class="icon-button star" aria-pressed=${String(Boolean(one.keywords.$flagged))} aria-label=${t("command.star")} @click=${() => star(one)}>${icon(one.keywords.$flagged ? "star-on" : "star")}</button>
      ${one.keywords.$draft ? nothing : html`<button class="icon-button" aria-label=${commandLabel("reply")} title=${commandLabel("reply")} @click=${() => compose({ kind: "reply", emailId: one.id })}>${icon("reply")}</button>`}
      <button class="icon-button" aria-haspopup="menu" aria-label=${t("message.more", { name: who(one) })} @click=${(/** @type {Event} */ event) => more(event, one)}>${icon("more")}</button></span>` : nothing}
  </header>`;
}

/** @param {string} email */
function tint(email) {
  let sum = 0;
  for (const letter of email.toLowerCase()) sum = (sum * 31 + (letter.codePointAt(0) ?? 0)) % 9973;
  return sum % 8;
}

/** @param {Email} one */
function star(one) {
  actions.change(new Map([[one.id, { "keywords/$flagged": one.keywords.$flagged ? null : true }]]), { words: t(one.keywords.$flagged ? "done.unstarred" : "done.starred", { n: 1 }), quiet: true });
}

/** @param {Email} one @param {Message | undefined} whole */
function recipients(one, whole) {
  const all = [...(one.to ?? []), ...(whole?.cc ?? []), ...(whole?.bcc ?? [])];
  const names = all.slice(0, 4).map((each) => (ownAddresses.value.has(each.email.toLowerCase()) ? t("me.to") : displayName(each)));
  if (all.length > 4) names.push(t("message.others", { n: all.length - 4 }));
  return names.join(", ") || t("people.none");
}

/** @param {Event} event @param {Email} one */
function more(event, one) {
  current.value = one.id;
  const item = (/** @type {string} */ id) => command(id) && { label: commandLabel(id), icon: command(id)?.icon, hint: keyHint(id), run: () => { current.value = one.id; run(id); } };
  menu(/** @type {Element} */ (event.currentTarget), /** @type {any} */ ([
    item("reply"), item("reply-all"), item("forward"),
    { label: t("message.forward-attached"), icon: "attachment", run: () => { compose({ kind: "forwardAttached", emailId: one.id }); } },
    { label: t("message.again"), icon: "edit", run: () => { compose({ kind: "again", emailId: one.id }); } }, null,
    { label: t("message.details"), icon: "info", run: () => { import("./details.js").then((module) => module.showDetails(one)); } }, item("print"), item("source"), item("hops"),
  ].filter((each) => each !== undefined)));
}

/** @param {Email} one */
function inside(one) {
  const whole = messages.get(one.id);
  if (!whole) return html`<div class="message-body waiting" aria-busy="true"><span class="bone"></span><span class="bone"></span><span class="bone"></span></div>`;
  return html`${bars(one, whole)}${body(one, whole)}${attachmentsTemplate(whole)}${journeyTemplate(one)}
    ${one.keywords.$draft ? html`<div class="reply-line"><button class="button primary" @click=${() => compose({ kind: "draft", emailId: one.id })}>${icon("edit")}<span>${t("draft.edit")}</span></button></div>` : nothing}`;
}

/** What is to be said before the text. @param {Email} one @param {Message} whole */
function bars(one, whole) {
  const rendering = renderings.get(one.id);
  const from = one.from?.[0];
  const blocked = (rendering?.remoteCount ?? 0) > 0 && Boolean(rendering?.frame) && !imagesShown.value.has(one.id) && !imagesAllowed(from);
  const warned = (rendering?.links ?? []).filter((link) => link.warnings?.length);
  const way = isOwn(one) ? null : wayOut(whole["header:List-Unsubscribe:asURLs"], whole["header:List-Unsubscribe-Post:asText"]);
  const warnings = [...(rendering?.sender ?? []).map((kind) => t(`sender.${kind}`)), ...(rendering?.doubted ? [t("message.doubted")] : []), ...(rendering?.shortened ? [t("message.shortened")] : [])];
  return html`
    ${warnings.map((words) => html`<div class="note warn">${icon("warning")}<span>${words}</span></div>`)}
    ${warned.length ? html`<details class="note warn"><summary>${icon("warning")}<span>${t("links.warning", { n: warned.length })}</span>${icon("down")}</summary>
      <ul>${warned.map((link) => html`<li>${t("links.lead", { text: link.text, href: link.href })} <span class="soft">${link.warnings.map((kind) => t(`link.${kind}`)).join(", ")}</span></li>`)}</ul></details>` : nothing}
    ${blocked ? html`<div class="note">${icon("image")}<span>${t("images.blocked", { n: rendering?.remoteCount ?? 0 })}${rendering?.trackers ? ` ${t("images.trackers", { n: rendering.trackers })}` : ""}</span>
      <button class="button small" @click=${() => showImages(one.id)}>${t("images.show")}</button>
      ${from ? html`<button class="button small" @click=${() => allowImages(one.id, from.email)}>${t("images.always", { name: from.email })}</button>` : nothing}</div>` : nothing}
    ${way && from ? html`<div class="note">${icon("info")}<span>${t("unsubscribe.from", { name: displayName(from) })}</span>
      <button class="button small" @click=${() => unsubscribe(way, { name: displayName(from), emailId: one.id })}>${t("unsubscribe")}</button></div>` : nothing}`;
}

/** @param {string} id @param {string} email */
async function allowImages(id, email) {
  const before = settings.value.imagesFrom;
  await showImages(id);
  if (!(await attempt(change({ imagesFrom: [...new Set([...before, email.toLowerCase()])] })))) return;
  toast({ text: t("images.allowed", { name: email }), label: t("undo"), run: () => { attempt(change({ imagesFrom: before })); } });
}

/** @param {Email} one @param {Message} whole */
function body(one, whole) {
  const rendering = renderings.get(one.id);
  if (rendering?.frame && !rendering.doubted) return frame(one, rendering);
  const text = rendering?.text || whole.textBody.map((part) => (part.partId ? whole.bodyValues[part.partId]?.value ?? "" : "")).join("\n");
  const { shown, folded } = foldQuotes(blocks(text));
  return html`<div class="message-body plain">${shown.map(block)}
    ${folded.length ? html`<details class="quote-fold"><summary aria-label=${t("quote.show")}>•••</summary>${folded.map(block)}</details>` : nothing}</div>`;
}

/** @param {import("./plain-text.js").Block} block */
function block({ depth, lines }) {
  const text = lines.map((line, at) => html`${at ? "\n" : ""}${line.map((piece) => (piece.href ? html`<a href=${piece.href} target="_blank" rel="noopener noreferrer nofollow" title=${piece.href}
    @click=${(/** @type {Event} */ event) => mailLink(event, piece.href ?? "")}>${piece.text}</a>` : piece.text))}`);
  return depth ? html`<blockquote class="quote depth-${Math.min(depth, 3)}">${text}</blockquote>` : html`<div>${text}</div>`;
}

/** @param {Event} event @param {string} href */
function mailLink(event, href) {
  if (!href.startsWith("mailto:")) return;
  event.preventDefault();
  compose({ kind: "new", mailto: href });
}

/**
 * The frame with the message: its own document from the server, in a sandbox without scripts and without our origin. We
 * cannot look inside, so its height is reckoned from how much there is, and it scrolls where that is too little.
 * @param {Email} one @param {import("./message-data.js").Rendering} rendering
 */
function frame(one, rendering) {
  return html`<iframe class="message-frame" sandbox="allow-popups allow-popups-to-escape-sandbox" referrerpolicy="no-referrer"
    title=${t("message.text", { name: who(one) })} src=${rendering.frame} .style=${`height: ${frameHeight(rendering.extent, frameWidth(), innerHeight)}px`}></iframe>`;
}

/** The width that a message has, as far as is known before it is drawn. */
function frameWidth() {
  return Math.max(280, (document.getElementById("reader")?.clientWidth ?? innerWidth) - 60);
}

/**
 * How high a frame is made.
 * @param {{ characters: number, lines: number, pictures: number } | undefined} extent @param {number} width @param {number} room of the window
 */
export function frameHeight(extent, width, room) {
  if (!extent) return 320;
  const wanted = extent.lines * 24 + (extent.characters * 160) / width + extent.pictures + 60;
  return Math.round(Math.max(120, Math.min(wanted, Math.max(320, room - 200))));
}
